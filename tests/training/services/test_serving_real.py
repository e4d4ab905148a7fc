"""Checkpoints are really evaluated: trained by a recipe, taken into the registry, served here, asked and scored."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from annotations.models import LanguageModel
from tests import stores, trainer
from tests.factories import make_candidate, make_config, make_model, make_node, make_run, make_training, make_version
from training import queries
from training.engines import _server
from training.models import EvaluationRun
from training.recipes import run_dir
from training.services.trainer import kept, registry
from training.services.work import work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.xdist_group("tiny-base")]
PROMPTS = 8
VLLM = os.environ.get("COSA_VLLM_PYTHON", "")
BY_HAND = bool(VLLM or os.environ.get("COSA_TEST_TRANSFORMERS"))
"""Ten seconds of reading torch, or a minute of starting vLLM: docs/engines.md tells when to spend them."""


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, value in trainer.CALM.items():
        monkeypatch.setenv(name, value)
    settings.NODE, settings.TRAINING_DIR, settings.TRAINING_PYTHON = "forge", tmp_path / "runs", str(trainer.PYTHON)
    settings.VAR_DIR = tmp_path / "var"
    yield tmp_path
    _server.stop_all()
    _server._servers.clear()


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trainer.base(tmp_path_factory.getbasetemp().parent)


def trained(base: Path, place: Path) -> LanguageModel:
    """What came of two steps of SFT on the tiny base, as the registry has it."""
    node = make_node("forge")
    row = make_training("sft", base=make_model("tiny", weights=str(base)), node=node, phase="train", state="finished")
    pairs = trainer.write_pairs(place / "pairs.parquet")
    folder = trainer.make_folder(place / "runs" / str(row.pk), "sft", base, pairs, max_steps=2)
    assert trainer.run_recipe(folder) == 0, (folder / run_dir.LOG).read_text("utf-8")[-2000:]
    result = run_dir.read_result(folder)
    assert result is not None
    return registry.register(row, folder, result).model


def evaluated(model: LanguageModel) -> EvaluationRun:
    """A run of the model over prompts of each kind of two configs, judged by the program, worked on to its end."""
    make_version(make_config())
    run = make_run(PROMPTS, candidate=make_candidate(model, max_tokens=12))
    work(run.pk, "w1", Event())
    run.refresh_from_db()
    return run


def is_scored(run: EvaluationRun, model: LanguageModel, many: int = PROMPTS) -> None:
    assert (run.state, run.reason) == ("finished", "")
    scores = queries.scores(run)
    assert (scores.overall.n_scored, scores.overall.n_total) == (many, many)
    assert scores.mean is not None and scores.mean_interval is not None and scores.heuristic
    assert -1 <= scores.mean_interval.low <= scores.mean <= scores.mean_interval.high <= 1
    identities = set(run.items.values_list("response__identity", flat=True))
    assert all(identity.startswith(model.model) for identity in identities)  # it, and not the packaged model


def test_a_checkpoint_of_the_tiny_recipe_is_evaluated_on_a_benchmark_and_on_another_node(
    base: Path, place: Path, settings: Any
) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(place / "store")}
    settings.ARTIFACTS_SHARED = True
    model = trained(base, place)
    assert (model.engine, model.node, Path(model.weights).suffix) == ("embedded", "forge", ".gguf")
    is_scored(evaluated(model), model)
    _server.stop_all()
    (place / "runs").rename(place / "gone")  # forge is gone, and all it had
    settings.NODE, settings.TRAINING_DIR = "desk", place / "desk"
    run = make_run(PROMPTS, candidate=make_candidate(model, max_tokens=12, seed=1))
    work(run.pk, "w2", Event())
    run.refresh_from_db()
    is_scored(run, model, 2 * PROMPTS)
    assert [one.name for one in (place / "desk").rglob("*.*") if one.is_file()] == [kept.LOCK, "model.gguf"]


@pytest.mark.skipif(not BY_HAND, reason="by hand, with COSA_TEST_TRANSFORMERS=1: docs/engines.md")
def test_weights_without_a_gguf_file_are_evaluated_by_transformers(base: Path) -> None:
    values = {"engine": "transformers", "base_url": "", "weights": str(base), "node": "forge", "timeout": 60}
    model = make_model("run7-step90-0a1b2c3d", **values)
    is_scored(evaluated(model), model)


@pytest.mark.skipif(not VLLM, reason="COSA_VLLM_PYTHON names no environment with vLLM: docs/engines.md says how")
def test_weights_are_evaluated_by_vllm_on_the_processor(base: Path) -> None:
    serving = {"gpus": 0, "eager": True, "dtype": "bfloat16", "at_once": 8}
    weights = os.environ.get("COSA_TEST_VLLM_WEIGHTS", str(base))
    values = {"engine": "vllm", "base_url": "", "weights": weights, "node": "forge", "serving": serving}
    model = make_model("run8-step90-0a1b2c3d", context_tokens=1024, **values)
    is_scored(evaluated(model), model)
