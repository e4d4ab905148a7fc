"""Models whose servers workers start: on the node that has the weights, with cards of their own, or not at all."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotations.models import LanguageModel
from annotations.services.chores import worker_name
from tests.factories import make_candidate, make_judge, make_model, make_node, make_run, make_training
from tests.fake_vllm import FakeVllm
from training import tasks
from training.engines import NotServed, _server
from training.models import EvaluationRun, Gpu
from training.services import places, registry, runs, serving
from training.services.run_items import RunProblem
from training.services.work import work

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "forge"


@pytest.fixture(autouse=True)
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeVllm]:
    settings.NODE, settings.IDLE_SECONDS = HERE, 60
    yield FakeVllm(tmp_path, monkeypatch, settings)
    _server.stop_all()
    _server._servers.clear()
    assert serving._held == {}


def trained(slug: str = "run7-step90-0a1b2c3d", **fields: Any) -> LanguageModel:
    """A checkpoint that vLLM serves on two cards of this node."""
    values = {"engine": "vllm", "base_url": "", "weights": f"/models/{slug}", "node": HERE, "serving": {"gpus": 2}}
    return make_model(slug, **values | fields)


def evaluated(model: LanguageModel, **fields: Any) -> EvaluationRun:
    return make_run(3, candidate=make_candidate(model), **fields)


def worked_on(run: EvaluationRun) -> EvaluationRun:
    work(run.pk, "w1", Event())
    run.refresh_from_db()
    return run


def held() -> list[tuple[int, str]]:
    """The cards that models hold, with the worker of each."""
    return list(Gpu.objects.filter(model__isnull=False).order_by("number").values_list("number", "worker"))


def test_a_run_leases_the_cards_of_its_model_and_they_are_free_once_its_server_ended(vllm: FakeVllm) -> None:
    make_node(HERE, gpus=3)
    run = worked_on(evaluated(trained()))
    assert (run.state, run.items.filter(state="done").count()) == ("finished", 3)
    assert [json.loads(line)["CUDA_VISIBLE_DEVICES"] for line in vllm.starts] == ["0,1"]
    assert held() == [(0, worker_name()), (1, worker_name())]  # the server still runs
    _server.stop_all()
    assert held() == []


def test_a_run_that_asks_its_model_nothing_gives_the_cards_back_at_its_end(vllm: FakeVllm) -> None:
    make_node(HERE, gpus=2)
    model = trained()
    taken = serving.hold(0, [model, make_model("echo")])
    assert taken is not None and len(held()) == 2
    serving.let_go(taken)
    assert held() == [] and vllm.starts == []


def test_cards_stay_until_the_last_who_needs_them_is_done() -> None:
    make_node(HERE, gpus=2)
    shift, server = serving.ModelCards(trained(), 2), serving.ServerCards(trained(), 2)
    assert shift.take() == server.take() == [0, 1]
    shift.give_back()
    assert len(held()) == 2
    server.give_back()
    assert held() == []


def test_without_a_free_card_the_run_waits_says_for_what_and_goes_on_when_there_is_one(vllm: FakeVllm) -> None:
    node = make_node(HERE, gpus=2)
    training = make_training(node=node, state="running")
    Gpu.objects.filter(number=1).update(run=training, held_at=training.created_at)
    run = worked_on(evaluated(trained()))
    assert (run.state, vllm.starts, run.leases.count()) == ("queued", [], 0)
    assert run.reason == (
        f"Waits for 2 cards of forge to serve {run.candidate.model}; 1 of 2 free. Held by training run {training.pk}."
    )
    assert run.items.filter(state="queued").count() == 3 and runs.in_need_of_workers() == [run.pk] and held() == []
    Gpu.objects.update(run=None, held_at=None)
    run = worked_on(run)
    assert (run.state, run.reason) == ("finished", "")


def test_waiting_in_vain_pauses_the_run() -> None:
    make_node(HERE, gpus=1)
    run = worked_on(evaluated(trained()))
    assert run.state == "paused" and run.reason.endswith("needs 2 cards, and forge has 1 card. Enter fewer on the "
                                                         "model's page, or another node.")  # fmt: skip


def test_models_that_need_more_cards_together_than_there_are_pause_the_run() -> None:
    make_node(HERE, gpus=1)
    judge = make_judge("helpfulness", trained("judge", serving={"gpus": 1}))
    run = worked_on(evaluated(trained(serving={"gpus": 1}), judges=[judge]))
    assert run.state == "paused" and "need 2 cards of forge at the same time, and it has 1" in run.reason
    assert held() == []


def test_cards_are_given_back_when_the_database_fails_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    make_node(HERE, gpus=2)

    def locked(run_id: int) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(serving, "_open", locked)
    with pytest.raises(OperationalError):
        serving.hold(0, [trained()])
    assert held() == []


def test_before_the_node_has_said_what_it_has_the_run_waits() -> None:
    run = worked_on(evaluated(trained()))
    assert run.state == "queued" and "forge has not said yet what it has" in run.reason


def test_a_server_that_does_not_start_pauses_the_run_with_the_cause_and_fails_no_item(vllm: FakeVllm) -> None:
    make_node(HERE, gpus=2)
    vllm.behave("says-torch.OutOfMemoryError: CUDA out of memory.")
    run = worked_on(evaluated(trained()))
    assert run.state == "paused" and run.reason.startswith("vLLM ended (exit code 1). The memory of the card ran out.")
    assert run.items.filter(state="queued").count() == 3 and held() == [] and len(vllm.starts) == 1


def test_a_judges_server_that_does_not_start_pauses_the_run_as_well(vllm: FakeVllm) -> None:
    vllm.behave("says-torch.OutOfMemoryError: CUDA out of memory.")
    judge = make_judge("helpfulness", trained(serving={"gpus": 0}))
    run = worked_on(make_run(2, judges=[judge]))
    assert run.state == "paused" and "Judge “" in run.reason and "The memory of the card ran out" in run.reason
    assert run.items.filter(state="queued", response__isnull=False).count() == 2  # the answers are kept


def test_without_vllm_the_run_says_what_to_set(settings: Any) -> None:
    settings.VLLM_PYTHON = ""
    run = worked_on(evaluated(trained(serving={"gpus": 0})))
    assert run.state == "paused" and "set COSA_VLLM_PYTHON" in run.reason


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[int, ...], str | None]]:
    """The hints that would have left this machine, each with its queue."""
    hints: list[tuple[tuple[int, ...], str | None]] = []

    def send(args: tuple[int, ...], **options: Any) -> None:
        hints.append((args, options.get("queue")))

    monkeypatch.setattr(tasks.look_at_run, "apply_async", send)
    return hints


@pytest.mark.parametrize("as_judge", [False, True])
def test_hints_go_to_the_node_that_has_the_weights(sent: list[Any], as_judge: bool) -> None:
    model = trained(node="anvil")
    run = make_run(1, judges=[make_judge("helpfulness", model)]) if as_judge else evaluated(model)
    tasks.hint(run.pk)
    tasks.sweep()
    assert sent == [((run.pk, 0), "gpu-anvil"), ((run.pk,), "gpu-anvil")]


def test_a_sweep_sends_nothing_to_a_node_without_a_worker(sent: list[Any]) -> None:
    make_node("anvil", seen_at=timezone.now() - timedelta(minutes=11))
    evaluated(trained(node="anvil"))
    tasks.sweep()
    assert sent == []


@pytest.mark.parametrize(
    "fields", [{"node": ""}, {"weights": ""}, {"base_url": "http://127.0.0.1:9/v1"}, {"engine": "openai_http"}]
)
def test_what_every_worker_can_ask_has_no_queue_of_its_own(sent: list[Any], fields: dict[str, str]) -> None:
    run = evaluated(trained(**{"node": "anvil"} | fields))
    tasks.hint(run.pk)
    assert sent == [((run.pk, 0), "llm")]


def test_a_worker_of_another_node_passes_the_run_on_and_starts_nothing(vllm: FakeVllm, sent: list[Any]) -> None:
    run = evaluated(trained(node="anvil"))
    tasks.look_at_run(run.pk)
    tasks.look_at_run(run.pk, tasks.PASSES)
    run.refresh_from_db()
    assert sent == [((run.pk, 1), "gpu-anvil")]
    assert (run.state, vllm.starts) == ("queued", [])


def test_the_node_itself_works_on_it(sent: list[Any]) -> None:
    run = evaluated(trained(serving={"gpus": 0}))
    tasks.look_at_run(run.pk)
    run.refresh_from_db()
    assert (sent, run.state) == ([], "finished")


def test_a_test_call_elsewhere_says_who_can_ask_and_here_it_answers(vllm: FakeVllm, settings: Any) -> None:
    model = trained(serving={"gpus": 0})
    settings.NODE = "web"
    trial = registry.try_model(model, "hello")
    assert "lie on forge: only a worker of that node can ask it" in trial.error and vllm.starts == []
    settings.NODE = HERE
    assert registry.try_model(model, "hello").reply is not None and len(vllm.starts) == 1


def test_a_test_call_does_not_wait_for_a_server_that_takes_its_time(vllm: FakeVllm) -> None:
    vllm.behave("silent")
    trial = registry.try_model(trained(serving={"gpus": 0}), "hello", patience=0.2)
    assert trial.error.startswith("vLLM is being started with run7-step90-0a1b2c3d") and trial.seconds < 15
    assert trial.error.endswith(" s so far. Test it again in a while.")


def test_weights_of_ones_own_are_never_answered_by_the_packaged_models_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSA_EMBEDDED_URL", "http://127.0.0.1:9/v1")
    reached = registry.endpoint(make_model("a", engine="embedded", base_url="", weights="/models/a.gguf"))
    assert (reached.base_url, reached.weights) == ("", "/models/a.gguf")


def test_an_endpoint_has_what_a_start_needs(settings: Any) -> None:
    reached = registry.endpoint(trained(context_tokens=4096, serving={"gpus": 1, "memory": 0.8}))
    assert reached.serving.options == {"context": 4096, "gpus": 1, "memory": 0.8}
    assert (reached.serving.python, reached.serving.idle) == (settings.VLLM_PYTHON, 60)
    assert reached.serving.cards is not None and "secret" not in repr(reached)
    assert serving.cards_of(trained("plain", serving={})) == 1  # vLLM takes a card unless told otherwise
    assert serving.cards_of(trained("small", engine="transformers", serving={})) == 0


def test_models_on_two_nodes_are_refused_for_one_run() -> None:
    judge = make_judge("helpfulness", trained("judge", node="anvil"))
    with pytest.raises(RunProblem, match=r"different nodes \(anvil, forge\)"):
        evaluated(trained(), judges=[judge])


def test_an_open_run_says_that_its_node_is_unknown_or_silent() -> None:
    run = evaluated(trained())
    assert serving.missing_node(run).startswith(
        "A model of this run is on the node forge alone, and no worker of it has"
    )
    node = make_node(HERE)
    assert serving.missing_node(run) == ""
    node.seen_at = node.seen_at.replace(year=2020)
    node.save()
    assert "has not reported since 2020-" in serving.missing_node(run)
    assert serving.missing_node(make_run(1)) == ""


def test_the_page_of_such_a_run_says_so(as_person: Any) -> None:
    run = evaluated(trained())
    html = as_person("ada").get(f"/runs/{run.pk}/").content.decode()
    assert "is on the node forge alone" in html
    assert places.nodes([run.pk]) == {run.pk: [HERE]}


def test_cards_that_cannot_be_had_are_told_to_whoever_else_asks() -> None:
    make_node(HERE, gpus=1)
    with pytest.raises(NotServed, match="needs 2 cards"):
        serving.ModelCards(trained(), 2).take()
