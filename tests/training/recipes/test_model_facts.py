"""What a model's files say of it, without a weight being read."""

import json
import struct

import pytest

from training.engines._child import model_file
from training.recipes import model_facts
from training.recipes.model_facts import Unreadable

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 10,
    "max_position_embeddings": 128,
}


def write_tensors(path, **tensors):
    """A safetensors file whose header names these shapes; its weights are not there."""
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]} for name, (dtype, shape) in tensors.items()
    }
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    write_tensors(tmp_path / "model-00001-of-00002.safetensors", one=("BF16", [10, 8]), two=("F32", [3]))
    write_tensors(tmp_path / "model-00002-of-00002.safetensors", three=("BF16", [2, 2, 2]))
    return tmp_path


def test_parameters_are_counted_over_all_files_and_named_by_what_most_are_kept_in(folder):
    found = model_facts.of(folder)
    # 10 × 8 + 3 + 2 × 2 × 2 = 91
    assert (found.parameters, found.dtype) == (91, "BF16")
    assert (found.architecture, found.layers, found.hidden, found.context) == ("LlamaForCausalLM", 2, 8, 128)
    # two heads of 8 / 4 numbers each
    assert found.keys == 4


def test_a_folder_without_its_weights_yet_is_sized_by_its_index(folder):
    for file in folder.glob("*.safetensors"):
        file.unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 200}}))
    assert model_facts.of(folder).parameters == 100


def test_the_packaged_model_has_its_135_million_parameters():
    found = model_facts.of(model_file())
    assert (found.parameters, found.dtype, found.kind) == (134_515_008, "GGUF", "llama")
    assert (found.layers, found.hidden, found.vocabulary, found.context) == (30, 576, 49_152, 8_192)


def test_half_a_gguf_file_is_told_from_a_whole_one(tmp_path):
    half = tmp_path / "half.gguf"
    half.write_bytes(model_file().read_bytes()[:5_000])
    with pytest.raises(Unreadable, match="only a part"):
        model_facts.of(half)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no config.json"),
        ({"adapter_config.json": "{}"}, "only an adapter"),
        ({"config.json": "{"}, "no config.json that can be read"),
        ({"config.json": "{}", "model.safetensors": "short"}, "no safetensors file"),
    ],
)
def test_a_folder_that_holds_no_model_says_why(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(Unreadable, match=said):
        model_facts.of(tmp_path)


def test_a_place_where_nothing_is_says_so(tmp_path):
    with pytest.raises(Unreadable, match="nothing at"):
        model_facts.of(tmp_path / "gone")
