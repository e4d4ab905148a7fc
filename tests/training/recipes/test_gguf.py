"""What is never written as a GGUF file, and in which words; the names and kinds of what is."""

import json

import numpy as np
import pytest

from tests import small_models
from training.recipes import _gguf_tokenizer, _splits, from_gguf, to_gguf
from training.recipes.run_dir import BadRunDir


class Writer:
    """Takes down what is added, by the name of the call."""

    def __init__(self):
        self.said = {}

    def __getattr__(self, name):
        return lambda *values: self.said.__setitem__(name.removeprefix("add_"), values[0])


def edit(folder, name, **changes):
    said = json.loads((folder / name).read_text()) | changes
    (folder / name).write_text(json.dumps(said))


@pytest.fixture
def folder(tmp_path):
    return small_models.write(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "GPT2LMHeadModel cannot be written as GGUF here"),
        ({"architectures": None}, "none cannot be written"),
        ({"attention_bias": True}, "has biases"),
        ({"hidden_act": "gelu"}, "an activation"),
        ({"sliding_window": 16}, "looks back over a window only"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "Positions of the kind yarn"),
    ],
)
def test_a_model_that_llama_cpp_would_read_otherwise_is_refused(change, said):
    with pytest.raises(BadRunDir, match=said):
        to_gguf._shape(small_models.CONFIG | change)


def test_a_window_that_is_switched_off_is_none():
    assert to_gguf._shape(small_models.CONFIG | {"sliding_window": 16, "use_sliding_window": False}).name == "llama"


def test_tensors_go_by_the_names_of_llama_cpp_and_a_tied_head_is_left_out():
    given = dict.fromkeys(
        (
            "model.layers.10.mlp.up_proj.weight",
            "model.layers.9.self_attn.q_proj.bias",
            "lm_head.weight",
            "model.norm.weight",
        )
    )
    assert list(to_gguf._named(given, tied=True)) == ["output_norm.weight", "blk.9.attn_q.bias", "blk.10.ffn_up.weight"]
    assert "output.weight" in to_gguf._named(given, tied=False)


def test_a_tensor_without_a_place_is_named():
    with pytest.raises(BadRunDir, match=r"model.layers.0.mlp.experts.weight has no place"):
        to_gguf._named({"model.layers.0.mlp.experts.weight": None}, tied=False)


@pytest.mark.parametrize(("shape", "kind"), [((64,), "f32"), ((6, 64), "q8_0"), ((64, 6), "f16")])
def test_a_matrix_whose_rows_are_no_whole_blocks_is_kept_in_sixteen_bits(shape, kind):
    assert to_gguf._kind(shape, "q8_0") == kind


def test_the_halves_of_each_head_are_put_between_each_other():
    # One head of 4 rows: halves 0 1 and 2 3 become 0 2 1 3; a second head likewise.
    rows = np.arange(8, dtype=np.float32).reshape(8, 1)
    assert to_gguf._twist(rows, 2).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_stretched_positions_leave_fast_pairs_alone_and_slow_ones_take_the_factor():
    rope = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    rope |= {"original_max_position_embeddings": 64, "rope_theta": 10_000.0}
    found = to_gguf._rope_factors({"head_dim": 4, "rope_parameters": rope})
    # Waves of 2π and 200π tokens in a context of 64: 64/2π = 10.2 turns (above 4) and 0.1 (below 1).
    assert found.tolist() == [1.0, 8.0]
    assert to_gguf._rope_factors({"head_dim": 4}) is None


def test_the_tokenizer_is_written_with_its_kinds_merges_ids_and_template(folder):
    writer = Writer()
    _gguf_tokenizer.add(writer, folder, 7)
    said = writer.said
    assert said["token_list"] == ["a", "b", "c", "d", "e", "<end>", "[PAD6]"]
    assert said["token_types"] == [1, 1, 1, 1, 1, 3, 5]
    assert said["token_merges"] == ["a b"]
    assert (said["tokenizer_pre"], said["eos_token_id"], said["add_bos_token"]) == ("gpt-2", 5, False)
    assert said["chat_template"] == "{{ messages }}"


def test_a_token_that_is_put_before_every_text_is_said(folder):
    steps = [{"type": "ByteLevel"}, {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<end>"}}]}]
    edit(folder, "tokenizer.json", post_processor={"type": "Sequence", "processors": steps})
    edit(folder, "tokenizer_config.json", bos_token={"content": "<end>"})
    writer = Writer()
    _gguf_tokenizer.add(writer, folder, 6)
    assert (writer.said["add_bos_token"], writer.said["bos_token_id"]) == (True, 5)


def test_more_tokens_than_the_model_has_are_refused(folder):
    with pytest.raises(BadRunDir, match="6 tokens and the model only 5"):
        _gguf_tokenizer.add(Writer(), folder, 5)


def test_a_tokenizer_that_splits_in_its_own_way_is_refused(folder):
    edit(folder, "tokenizer.json", pre_tokenizer={"type": "Whitespace"})
    with pytest.raises(
        BadRunDir, match="splits texts in a way we do not know; we know gpt-2, smollm, llama-bpe, qwen2"
    ):
        _gguf_tokenizer.add(Writer(), folder, 6)


def test_pieces_of_sentences_are_refused(folder):
    edit(folder, "tokenizer.json", model={"type": "Unigram", "vocab": []})
    with pytest.raises(BadRunDir, match="Only tokenizers of byte pairs"):
        _gguf_tokenizer.add(Writer(), folder, 6)


def test_a_model_without_a_template_is_refused(folder):
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(BadRunDir, match="no chat template"):
        _gguf_tokenizer.add(Writer(), folder, 6)


@pytest.mark.parametrize("name", _splits.SPLITS)
def test_every_way_to_split_is_known_again(name):
    assert _splits.name_of(json.loads(json.dumps(_splits.SPLITS[name]._asdict()))) == name


@pytest.mark.parametrize("module", [from_gguf, to_gguf])
def test_a_wrong_call_says_how_it_is_called(module, capsys):
    assert module.main(["one"]) == 2
    assert f"python -m {module.__name__}" in capsys.readouterr().err


def test_what_is_refused_is_said_and_leaves_nothing(tmp_path, capsys):
    folder = small_models.write(tmp_path / "model", architectures=["Strange"])
    assert to_gguf.main([str(folder), str(tmp_path / "out.gguf")]) == 1
    assert "Strange cannot be written" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["model"]
