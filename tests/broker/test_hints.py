"""Hints on a real broker: carried, lost, doubled, of another version; and a broker that is stopped or restarted."""

import json
import time
from typing import Any

import pytest
from django.urls import reverse

from cosa_web.celery import app
from tests.broker.conftest import working
from tests.brokers import Broker
from tests.factories import make_person, make_run
from tests.stage import Stage, staged, until
from training import tasks
from training.models import EvaluationRun, Worker
from training.services import broker as asked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def stage() -> Any:
    with Stage() as server:
        yield server


def finished(run: EvaluationRun) -> bool:
    return bool(EvaluationRun.every.filter(pk=run.pk, state="finished").exists())


def test_a_hint_reaches_a_worker_and_five_of_them_ask_once(broker: Broker, stage: Stage) -> None:
    run = staged(stage, prompts=6)
    for _ in range(5):
        tasks.hint(run.pk)
    assert broker.length("llm") == asked._ask(frozenset({"llm"}))["llm"] == 5
    with working(("llm",)):
        until(lambda: finished(run) and broker.length("llm") == 0)
        assert Worker.objects.get().queues == ["llm"]
    assert stage.calls("ok") == 6 and Worker.objects.get().ended_at


def test_a_worker_takes_only_from_its_queues(broker: Broker, stage: Stage) -> None:
    run = staged(stage, prompts=1)
    tasks.hint(run.pk)
    with working(("short",)):
        tasks.sweep.apply_async()
        until(lambda: Worker.objects.exclude(swept_at=None).exists())
    assert (broker.length("llm") >= 1, broker.length("celery"), stage.calls()) == (True, 0, 0)


def test_a_hint_lost_with_the_brokers_memory_is_sent_again_by_a_sweep(broker: Broker, stage: Stage) -> None:
    run = staged(stage)
    tasks.hint(run.pk)
    broker.empty()
    with working():
        until(lambda: finished(run))


def test_a_message_of_another_version_does_not_end_the_worker(broker: Broker, stage: Stage) -> None:
    run = staged(stage, prompts=1)
    app.send_task("training.tasks.gone_since", (1, 2), queue="llm")
    app.send_task("training.tasks.look_at_run", ("no", "such", "thing", 4), queue="llm")
    broker.client().lpush("llm", json.dumps({"body": "?"}))
    with working(("llm",)):
        tasks.hint(run.pk)
        until(lambda: finished(run))


def test_a_page_answers_while_the_broker_is_stopped_and_its_run_is_done_later(
    broker: Broker, stage: Stage, client: Any
) -> None:
    client.force_login(make_person("grace"))
    run = staged(stage)
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused", reason="x")
    tasks.hint(0)  # a connection that is open already
    broker.stop()
    began = time.process_time()
    assert client.post(reverse("training:run-resume", args=[run.pk])).status_code == 302
    answer = client.get(reverse("training:worker-list"))
    assert answer.status_code == 200 and "The broker does not answer." in answer.content.decode()
    assert time.process_time() - began < 5
    broker.start()
    with working():
        until(lambda: finished(run))


def test_a_run_goes_on_through_a_restart_of_the_broker(broker: Broker, stage: Stage) -> None:
    first, second = staged(stage), make_run(1)
    stage.hold("ok")
    tasks.hint(first.pk)
    with working():
        until(lambda: stage.seen)
        broker.stop()
        broker.start()
        stage.release()
        until(lambda: finished(first))
        until(lambda: tasks.hint(second.pk) or finished(second), seconds=15)
