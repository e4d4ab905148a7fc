"""Merges: exact at both ends, right between them, and refused where two models do not fit together."""

import json
import tracemalloc

import numpy as np
import pytest

from tests import small_models
from training.recipes import _start, _tensors, checkpoints, merge, merge_settings, run_dir
from training.recipes._asked import Stopped
from training.recipes._base import NoModel
from training.recipes._run import Run
from training.recipes._tensors import BF16, Tensor
from training.recipes.merge_settings import MergeSettings
from training.recipes.run_dir import MERGE, BadRunDir, Config
from training.recipes.settings import BadSettings

Q0, Q1 = (f"model.layers.{number}.self_attn.q_proj.weight" for number in (0, 1))
EMBEDDING, NORM = "model.embed_tokens.weight", "model.norm.weight"


@pytest.fixture
def folder(tmp_path):
    """A run's folder beside two models, every number of the second 10 more than that of the first."""
    small_models.write(tmp_path / "base", 0)
    small_models.write(tmp_path / "other", 10)
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def merged(folder, **settings):
    config = Config(kind=MERGE, base="../base", other="../other", settings=settings)
    run_dir.write(folder / run_dir.CONFIG, config)
    return merge.merge(Run(folder, MERGE, config))


def numbers(place):
    return {name: _tensors.numbers(one) for name, one in _tensors.index(place).items()}


def stored(place):
    return {name: np.concatenate(list(_tensors.pieces(one))).tobytes() for name, one in _tensors.index(place).items()}


def test_between_two_models_each_number_is_worked_out(folder):
    result = merged(folder, weight=0.3)
    found, base = numbers(folder / "model"), numbers(folder.parent / "base")
    # 0.7·a + 0.3·(a + 10) = a + 3
    assert all(np.allclose(one, base[name] + 3, atol=1e-6) for name, one in found.items()) and len(found) == 4
    assert (result.state, result.step, result.steps) == ("finished", 4, 4)
    assert result.sha256 == checkpoints.read(folder / "model").sha256 and not checkpoints.wrong(folder / "model")
    assert result.metrics["peak_memory_bytes"] > 0


@pytest.mark.parametrize(("weight", "parent"), [(0, "base"), (1, "other")])
def test_at_either_end_the_parents_own_bytes_are_written(folder, weight, parent):
    merged(folder, weight=weight)
    assert stored(folder / "model") == stored(folder.parent / parent)


def test_layers_and_embeddings_may_have_weights_of_their_own(folder):
    merged(folder, weight=0.5, per_layer=[0.0, 1.0], embeddings=0.2)
    found, base = numbers(folder / "model"), numbers(folder.parent / "base")
    shares = {name: float((one - base[name]).mean()) / 10 for name, one in found.items()}
    assert shares == pytest.approx({EMBEDDING: 0.2, NORM: 0.5, Q0: 0.0, Q1: 1.0}, abs=1e-6)


def test_what_comes_out_is_written_in_shards_as_it_comes(folder, monkeypatch):
    monkeypatch.setattr(_tensors, "SHARD_BYTES", 100)
    merged(folder, weight=0.5)
    assert len(list((folder / "model").glob("*.safetensors"))) > 1
    assert numbers(folder / "model")[EMBEDDING][0, 0] == numbers(folder.parent / "base")[EMBEDDING][0, 0] + 5


def test_tokenizer_and_template_are_the_bases(folder):
    (folder.parent / "other" / "chat_template.jinja").write_text("another")
    merged(folder, weight=1)
    names = {one.name for one in (folder / "model").iterdir()}
    assert {"config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} <= names
    assert (folder / "model" / "chat_template.jinja").read_text() == "{{ messages }}"


def test_another_kind_of_numbers_is_said_in_the_config(folder):
    merged(folder, weight=0.5, dtype="bfloat16")
    assert {one.kind for one in _tensors.index(folder / "model").values()} == {BF16}
    assert json.loads((folder / "model" / "config.json").read_text())["dtype"] == "bfloat16"


def test_parents_in_different_kinds_of_numbers_are_merged(tmp_path):
    small_models.write(tmp_path / "base", 0)
    small_models.write(tmp_path / "other", 10, kind=BF16)
    (tmp_path / "run").mkdir()
    merged(tmp_path / "run", weight=0.5)
    assert numbers(tmp_path / "run/model")[EMBEDDING][0, 0] == numbers(tmp_path / "base")[EMBEDDING][0, 0] + 5


def test_a_model_merged_with_itself_is_read_once_and_stays_the_same(folder):
    config = Config(kind=MERGE, base="../base", other="../base", settings={"weight": 0.5})
    merge.merge(Run(folder, MERGE, config))
    assert stored(folder / "model") == stored(folder.parent / "base")


def test_memory_does_not_grow_with_the_tensor(tmp_path):
    big = 3_000_000  # numbers: 12 MB, and a piece has a hundredth of that
    plan = {"a": Tensor(tmp_path, "F32", (big,), 0)}
    for name in ("base", "other"):
        (tmp_path / name).mkdir()
        _tensors.write(tmp_path / name, plan, [("a", [np.ones(big, np.float32)])])
    one, two = (_tensors.index(tmp_path / name)["a"] for name in ("base", "other"))
    small = 30_000
    tracemalloc.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_tensors.pieces, "__defaults__", (small,))
        assert sum(len(piece) for piece in merge.mixed("a", one, two, "F32", 0.5)) == big
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < small * 4 * 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_act": "gelu", "model_type": "qwen2"}, "differ in model_type: llama and qwen2"),
        ({"num_attention_heads": 2}, "differ in num_attention_heads: 1 and 2"),
        ({"rope_parameters": {"rope_theta": 5.0}}, "differ in rope_parameters"),
    ],
)
def test_another_architecture_is_refused(tmp_path, change, said):
    one, two = small_models.write(tmp_path / "base"), small_models.write(tmp_path / "other", **change)
    with pytest.raises(BadRunDir, match=said):
        merge.refuse(one, two, _tensors.index(one), _tensors.index(two))


def test_another_tokenizer_is_refused(folder):
    place = folder.parent / "other" / "tokenizer.json"
    place.write_text(place.read_text().replace('"e": 4', '"é": 4'))
    with pytest.raises(BadRunDir, match="different tokenizers"):
        merged(folder)


def test_a_tensor_that_only_one_has_is_named(tmp_path):
    one, two = (
        small_models.write(tmp_path / "base"),
        small_models.write(tmp_path / "other", layers=1, num_hidden_layers=2),
    )
    with pytest.raises(BadRunDir, match=rf"Only one of the parents has the tensor {Q1}"):
        merge.refuse(one, two, _tensors.index(one), _tensors.index(two))


def spoil(place):
    """The last norm of the model there is infinite."""
    with (place / _tensors.WEIGHTS).open("r+b") as file:
        file.seek(_tensors.index(place)[NORM].start)
        file.write(np.full(small_models.WIDTH, np.inf, np.float32).tobytes())


def test_of_a_parent_without_weight_nothing_is_taken(folder):
    spoil(folder.parent / "other")  # 0 · ∞ is no number
    merged(folder, weight=0)
    assert stored(folder / "model") == stored(folder.parent / "base")


def test_numbers_that_are_none_are_refused(folder):
    spoil(folder.parent / "other")
    with pytest.raises(NoModel, match=f"The tensor {NORM} of one of the parents holds numbers that are not finite"):
        merged(folder, weight=0.5)


def test_more_weights_than_layers_are_refused(folder):
    with pytest.raises(BadSettings, match="The models have 2 layers, and there are weights for 3"):
        merged(folder, per_layer=[0, 0, 0])


def test_a_merge_that_is_asked_to_stop_leaves_no_model(folder):
    (folder / run_dir.STOP).touch()
    with pytest.raises(Stopped):
        merged(folder)
    assert not (folder / "model").exists()


def test_started_by_hand_it_writes_how_it_ended(folder, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)
    run_dir.write(folder / run_dir.CONFIG, Config(kind=MERGE, base="../base", other="../other"))
    assert _start.main(MERGE, merge.merge, [str(folder)]) == 0
    assert run_dir.read_result(folder).state == "finished"
    lines = [json.loads(line) for line in (folder / run_dir.METRICS).read_text().splitlines()]
    assert [one["name"] for one in lines][-2:] == ["save", "finished"] and lines[-1]["step"] == 4


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"weight": 1.5}, "weight"),
        ({"weight": None}, "weight"),
        ({"weight": True}, "weight"),
        ({"head": float("nan")}, "head"),
        ({"per_layer": [0.5, "a"]}, "per_layer"),
        ({"per_layer": 0.5}, "per_layer"),
        ({"dtype": "int8"}, "dtype"),
        ({"wieght": 0.5}, "wieght"),
    ],
)
def test_settings_that_no_merge_can_have_are_refused_by_name(values, field):
    with pytest.raises(BadSettings) as refused:
        merge_settings.read(values)
    assert set(refused.value.problems) == {field}


def test_settings_survive_being_written_down():
    settings = MergeSettings(weight=0.25, per_layer=(0.0, 1.0), head=0.5, dtype="float32")
    assert merge_settings.read(json.loads(json.dumps(merge_settings.plain(settings)))) == settings


def test_a_line_goes_evenly_from_the_first_layer_to_the_last():
    assert merge_settings.between(0.0, 1.0, 5) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert merge_settings.between(0.4, 0.8, 1) == (0.4,)
