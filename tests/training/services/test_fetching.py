"""Checkpoints are served on a node that does not have their files: which node, how they come, and what goes wrong."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings as site
from django.utils import timezone

from annotations.models import Artifact, LanguageModel
from annotations.services import artifacts
from annotations.services.artifacts import ArtifactProblem
from tests import small_models, stores
from tests.factories import make_candidate, make_deployment, make_judge, make_model, make_node, make_run
from tests.fake_vllm import FakeVllm
from training import tasks
from training.engines import NoWeights, _server
from training.models import Checkpoint, EvaluationRun, Gpu, JudgeTrial
from training.recipes import checkpoints
from training.services import fetching, places, registry, runs, serving, trials
from training.services.deploy import deployments
from training.services.trainer import kept
from training.services.work import work

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeVllm]:
    settings.TRAINING_DIR, settings.NODE = tmp_path / "forge", "forge"
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}
    settings.ARTIFACTS_SHARED = True
    yield FakeVllm(tmp_path, monkeypatch, settings)
    _server.stop_all()
    _server._servers.clear()
    fetching._troubles.clear()


@pytest.fixture
def made(vllm: FakeVllm, settings: Any) -> Checkpoint:
    """A checkpoint of the node forge, which has gone silent, seen from the node desk, which has nothing of it."""
    return checkpoint()


def checkpoint(**serving: int) -> Checkpoint:
    site.NODE, site.TRAINING_DIR = "forge", site.TRAINING_DIR.with_name("forge")
    made = small_models.registered()
    made.model.engine, made.model.serving = "vllm", {"gpus": 0} | serving
    made.model.save()
    made.run.node.seen_at = timezone.now() - timedelta(minutes=5)
    made.run.node.save()
    site.NODE, site.TRAINING_DIR = "desk", site.TRAINING_DIR.with_name("desk")
    return made


def serves(name: str, gpus: int = 0, **fields: Any) -> Any:
    return make_node(name, gpus=gpus, serving={"vllm": "0.32.0"}, **fields)


def evaluated(made: Checkpoint, **fields: Any) -> EvaluationRun:
    return make_run(2, candidate=make_candidate(made.model), **fields)


def worked_on(run: EvaluationRun, stop: Event | None = None) -> EvaluationRun:
    work(run.pk, "w1", stop or Event())
    run.refresh_from_db()
    return run


def away(*told: object) -> Iterator[bytes]:
    raise ArtifactProblem("The store of artifacts does not answer.")
    yield b""


def test_another_node_fetches_it_and_serves_it(made: Checkpoint, vllm: FakeVllm, settings: Any) -> None:
    serves("desk")
    reached = registry.endpoint(made.model)
    assert reached.weights == str(settings.TRAINING_DIR / made.folder) and not Path(reached.weights).exists()
    run = worked_on(evaluated(made))
    assert (run.state, run.reason, len(vllm.starts)) == ("finished", "", 1)
    assert checkpoints.wrong(Path(reached.weights)) == "" and fetching.troubles() == 0


def test_where_its_files_lie_nothing_is_fetched(made: Checkpoint, settings: Any) -> None:
    settings.NODE, settings.TRAINING_DIR = "forge", settings.TRAINING_DIR.with_name("forge")
    assert registry.endpoint(made.model).serving.files is None
    Path(made.model.weights).rename(settings.TRAINING_DIR / "lost")
    assert registry.endpoint(made.model).serving.files is not None  # its own node lost them: the store has them


def test_weights_that_somebody_named_since_are_not_exchanged_for_the_stores(made: Checkpoint) -> None:
    made.model.weights = "/models/quantised"
    made.model.save()
    assert fetching.of(made.model) is None and places.fixed([made.model]) == {made.model.pk: "forge"}


def test_the_file_for_llama_cpp_comes_alone(made: Checkpoint, tmp_path: Path, settings: Any) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    one = artifacts.keep(tmp_path / "model.gguf", "checkpoint", kept.KEY)
    made.gguf = f"{made.run_id}/model.gguf"
    made.lineage["gguf"] = {"name": "model.gguf", "bytes": 4, "sha256": one.sha256, "kind": "q8_0"}
    made.model.engine, made.model.weights = "embedded", str(tmp_path / "forge" / made.gguf)
    files = fetching.of(made.model)
    assert files and not files.are_here()
    files.bring(lambda: False)
    assert files.are_here() and Path(files.path).read_bytes() == b"GGUF"
    assert not (settings.TRAINING_DIR / made.folder).exists()


def test_while_the_store_is_away_the_run_waits_and_says_why_then_goes_on(
    made: Checkpoint, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    serves("desk")
    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "stream", away)
        run = worked_on(evaluated(made))
    assert (run.state, fetching.troubles()) == ("queued", 1)
    assert run.reason.endswith("cannot be fetched to desk. The store of artifacts does not answer.")
    assert runs.in_need_of_workers() == [run.pk] and not (settings.TRAINING_DIR / made.folder).exists()
    assert (worked_on(run).state, fetching.troubles()) == ("finished", 0)


def test_a_damaged_file_pauses_the_run_for_waiting_is_in_vain(made: Checkpoint, tmp_path: Path) -> None:
    serves("desk")
    name, (size, digest) = next(iter(made.files.items()))
    (path,) = (tmp_path / "store").rglob(digest)
    path.write_bytes(b"x" * size)
    run = worked_on(evaluated(made))
    assert run.state == "paused" and "is not what was kept there" in run.reason and name


def test_a_worker_that_ends_meanwhile_leaves_the_run_to_others(
    made: Checkpoint, monkeypatch: pytest.MonkeyPatch, vllm: FakeVllm
) -> None:
    stop, said = Event(), list[str]()
    run = evaluated(made)

    def told(checkpoint: Checkpoint, stopped: Any) -> None:
        said.append(EvaluationRun.objects.get(pk=run.pk).reason)
        stop.set()
        kept._leave_when(stopped)

    monkeypatch.setattr(kept, "bring", told)
    run = worked_on(run, stop)
    assert said == [f"Fetches the weights of {made.model} from the store of artifacts to desk."]
    assert (run.state, vllm.starts) == ("queued", []) and "told to end" in run.reason


def test_what_is_not_in_the_store_goes_to_the_node_that_has_it_and_its_page_says_so(made: Checkpoint) -> None:
    serves("desk")
    Artifact.objects.all().delete()
    run = evaluated(made)
    assert places.queue(run.pk) == "gpu-forge" and "is on the node forge alone" in serving.missing_node(run)
    assert "lie on forge" in places.away(made.model) and "lie on forge" in deployments.unservable(made.model)


def test_a_try_of_it_says_so_too(made: Checkpoint, tmp_path: Path) -> None:
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    assert (
        "not whole in the store of artifacts"
        in registry.try_model(LanguageModel.objects.get(pk=made.model_id), "hello").error
    )
    with pytest.raises(NoWeights):
        fetching.Weights(made.model, made, beside=False).bring(lambda: False)


def test_a_machine_that_is_no_node_says_that_it_has_no_cards() -> None:
    error = registry.try_model(checkpoint(gpus=1).model, "hello").error
    assert "needs 1 card, and this machine (desk) is none of the nodes that have some" in error


def test_the_queue_is_that_of_a_node_that_can_serve_it(django_assert_max_num_queries: Any) -> None:
    made = checkpoint(gpus=2)
    run = evaluated(made, judges=[make_judge("helpfulness", made.model)])
    assert places.queue(run.pk) == "gpu-forge"  # nobody reports: where it was made
    make_node("bare", gpus=8)
    serves("old", gpus=8, seen_at=timezone.now() - timedelta(minutes=5))
    serves("small", gpus=1)
    assert places.queue(run.pk) == "gpu-forge"
    busy, free = serves("busy", gpus=2), serves("free", gpus=2)
    Gpu.objects.filter(node=busy).update(model=make_model("other"), held_at=timezone.now())
    with django_assert_max_num_queries(6):
        assert places.queue(run.pk) == "gpu-free"
    Gpu.objects.filter(node=busy).update(model=made.model)
    assert places.queue(run.pk) == "gpu-busy"  # it serves the model already
    Gpu.objects.filter(node__in=[busy, free]).update(model=None, held_at=None)
    home = made.run.node
    Gpu.objects.bulk_create(Gpu(node=home, number=number, name="A100") for number in range(2))
    home.seen_at = timezone.now()
    home.save()
    assert places.queue(run.pk) == "gpu-forge"  # alive, with room
    Gpu.objects.filter(node=home).update(model=make_model("another"), held_at=timezone.now())
    assert places.queue(run.pk) == "gpu-busy"  # whose cards are free by now
    Gpu.objects.filter(model=None).update(model=make_model("a third"), held_at=timezone.now())
    assert places.queue(run.pk) == "gpu-forge"  # nobody has room


def test_a_trial_of_a_judge_goes_where_its_model_can_be_asked(made: Checkpoint) -> None:
    serves("desk")
    bound = make_model("bound", engine="vllm", base_url="", weights="/models/bound", node="anvil")
    judges = [make_judge("helpfulness", model) for model in (made.model, bound, make_model("echo"))]
    rows = [trials.start(judge=judge, actor=None).pk for judge in judges]
    queues = JudgeTrial.queues(rows)
    assert [queues[row] for row in rows] == ["gpu-desk", "gpu-anvil", "llm"]


def test_a_model_of_one_node_alone_takes_the_other_with_it(made: Checkpoint) -> None:
    serves("desk")
    bound = make_model("bound", engine="vllm", base_url="", weights="/models/bound", node="anvil")
    run = evaluated(made, judges=[make_judge("helpfulness", bound)])
    assert places.queue(run.pk) == "gpu-anvil" and places.nodes([run.pk]) == {run.pk: ["anvil"]}


def test_the_page_says_when_no_node_can_serve_it_and_the_models_says_where_it_is(as_person: Any) -> None:
    made = checkpoint(gpus=1)
    run, client = evaluated(made), as_person("ada")
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert "start the worker of any node with 1 card that has what they are served with, such as forge" in page
    assert "every node that can serve it fetches them" in client.get(f"/models/{made.model_id}/").content.decode()
    serves("desk", gpus=1)
    assert serving.missing_node(run) == "" and places.queue(run.pk) == "gpu-desk"


def test_it_can_be_deployed_and_is_worked_on_where_the_hint_says(
    made: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[Any]()
    monkeypatch.setattr(tasks.look_at_run, "apply_async", lambda args, **more: sent.append(more["queue"]))
    serves("desk")
    run = evaluated(made)
    tasks.hint(run.pk)
    tasks.look_at_run(run.pk)
    run.refresh_from_db()
    assert (sent, run.state) == (["gpu-desk"], "finished")
    assert deployments.unservable(made.model) == ""
    assert make_deployment("game", candidate_id=make_candidate(made.model).pk)
