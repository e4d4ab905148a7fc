"""Safetensors read and written piece by piece: every kind of number, shards, and what is refused."""

import json

import numpy as np
import pytest

from training.recipes import _tensors
from training.recipes._tensors import BF16, Tensor
from training.recipes.run_dir import BadRunDir


def write(folder, kind="F32", names=("a", "b"), size=6):
    arrays = {name: np.arange(size, dtype=np.float32) + at for at, name in enumerate(names)}
    plan = {name: Tensor(folder, kind, (2, size // 2), 0) for name in arrays}
    _tensors.write(folder, plan, ((name, [_tensors.stored(one, kind)]) for name, one in arrays.items()))
    return arrays


@pytest.mark.parametrize("kind", ["F32", "F16", BF16, "F64"])
def test_what_was_written_is_read_again(tmp_path, kind):
    arrays = write(tmp_path, kind)
    found = _tensors.index(tmp_path)
    assert list(found) == ["a", "b"]
    assert found["b"].shape == (2, 3) and found["b"].kind == kind
    np.testing.assert_array_equal(_tensors.numbers(found["b"]), arrays["b"].reshape(2, 3))


def test_bf16_is_rounded_to_the_nearest_and_ties_to_even():
    # bf16 keeps 8 bits: above 1 its steps are 2^-7. 1 + 2^-8 is half a step, to even 1; 1 + 3·2^-8 to even 1 + 2·2^-7.
    given = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -0.0], np.float32)
    found = _tensors.widened(_tensors.stored(given, BF16), BF16)
    assert found.tolist() == [1.0, 1 + 2**-6, 1 + 2**-7, 0.0] and np.signbit(found[3])


def test_large_models_lie_in_shards_with_an_index(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensors, "SHARD_BYTES", 50)  # two tensors of 24 bytes fit, three do not
    arrays = write(tmp_path, names=("a", "b", "c"))
    index = json.loads((tmp_path / _tensors.INDEX).read_text())
    assert index["weight_map"] == {
        "a": "model-00001-of-00002.safetensors",
        "b": "model-00001-of-00002.safetensors",
        "c": "model-00002-of-00002.safetensors",
    }
    assert index["metadata"]["total_size"] == 72
    np.testing.assert_array_equal(_tensors.numbers(_tensors.index(tmp_path)["c"]), arrays["c"].reshape(2, 3))


def test_pieces_are_no_longer_than_asked(tmp_path):
    write(tmp_path)
    found = list(_tensors.pieces(_tensors.index(tmp_path)["a"], 4))
    assert [piece.tolist() for piece in found] == [[0, 1, 2, 3], [4, 5]]


def test_a_shard_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(_tensors, "SHARD_BYTES", 30)
    write(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(BadRunDir, match="There is no model-00002-of-00002.safetensors"):
        _tensors.index(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x08\0\0\0\0\0\0\0nonsense"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / _tensors.WEIGHTS).write_bytes(content)
    with pytest.raises(BadRunDir, match=r"model.safetensors is no file of safetensors"):
        _tensors.index(tmp_path)


def test_numbers_of_a_kind_we_do_not_know_are_refused(tmp_path):
    header = json.dumps({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}).encode()
    (tmp_path / _tensors.WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(BadRunDir, match="a in model.safetensors holds numbers of the kind F8_E4M3"):
        _tensors.index(tmp_path)
