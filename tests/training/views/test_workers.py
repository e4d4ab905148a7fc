"""The page of workers: who is there, what each does, what waits though nobody listens, and a broker that is away."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_benchmark, make_node, make_organisation, make_run, make_training
from training.models import Worker
from training.services import broker, sources
from training.services.desk import Desk, Vitals
from training.services.trainer import gpus

pytestmark = pytest.mark.django_db
ALL = ["short", "cpu", "llm"]


@pytest.fixture(autouse=True)
def depths(monkeypatch):
    """What the broker says: 7 hints in each queue."""
    monkeypatch.setattr(broker, "depths", lambda queues, page: dict.fromkeys(queues, 7))


def make_worker(name="box:1", queues=ALL, ago=0, **fields):
    seen = timezone.now() - timedelta(seconds=ago)
    values = {"node": "box", "threads": 4, "version": sources.version(), "memory_bytes": 2 << 20, "swept_at": seen}
    return Worker.objects.create(name=name, queues=queues, seen_at=seen, **values | fields)


def page(as_person, who="ada", **headers):
    return as_person(who).get(reverse("training:worker-list"), **headers)


def html(as_person, who="ada"):
    return page(as_person, who).content.decode()


def test_without_a_worker_the_page_says_how_to_start_one(as_person):
    text = html(as_person)
    assert "No worker reports" in text and "-B -Q short,cpu,llm" in text
    assert "Nobody has looked for lost work yet." in text


def test_a_worker_shows_what_it_is(as_person):
    make_worker()
    text = html(as_person)
    assert "box:1" in text and "short, cpu, llm" in text and "2.0\xa0MB" in text and "Alive" in text
    assert "pages run" not in text and "Nobody has looked" not in text


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"stopping_at": timezone.now()}, "Stopping"),
        ({"ago": 60}, "Silent"),
        ({"stopping_at": timezone.now(), "ended_at": timezone.now()}, "Ended"),
    ],
)
def test_a_worker_that_is_not_at_work_says_how_it_is(as_person, fields, word):
    make_worker(**fields)
    text = html(as_person)
    assert word in text and "Alive" not in text and text.count(">none<") == 3


def test_a_worker_that_ended_long_ago_is_not_shown(as_person):
    make_worker(ended_at=timezone.now() - timedelta(hours=1))
    assert "box:1" not in html(as_person)


def test_another_version_than_that_of_the_pages_is_marked(as_person):
    make_worker(version="0.0.9+abc")
    assert f"pages run {sources.version()}" in html(as_person)


def test_what_it_does_is_linked_as_far_as_the_person_may_see(as_person):
    make_worker("box:1"), make_worker("box:2", queues=["gpu-forge"])
    run = make_run(3)
    desk = Desk(run.pk, "box:1", 30)
    desk.beat(Vitals(in_flight=3, waiting=0, next_try=0, trouble=""))
    node = make_node("forge", gpus=1)
    until = timezone.now() + timedelta(minutes=1)
    held = {"state": "running", "worker": "box:2", "until": until, "node": node, "gpus": 1}
    training = make_training(title="Secret", organisation=make_organisation("elsewhere"), **held)
    gpus.lease(training)
    link = reverse("training:training-detail", args=[training.pk])
    text = html(as_person)
    assert f'<a href="{reverse("training:run-detail", args=[run.pk])}">Run {run.pk}</a> (3 in flight)' in text
    assert "a training run of another organisation" in text and link not in text and "Secret" not in text
    assert link in html(as_person, "grace")


def test_work_that_nobody_listens_for_is_said_with_the_command(as_person):
    make_worker(queues=["short"])
    make_run(1)
    make_training(node=make_node("forge"))
    text = html(as_person)
    assert "1 piece of work waits for" in text and "-Q llm" in text and "-Q gpu-forge" in text
    make_worker("box:2", queues=["llm", "gpu-forge"])
    assert "waits for" not in html(as_person)


def test_a_sweep_that_is_long_ago_is_said(as_person):
    make_worker(swept_at=timezone.now() - timedelta(minutes=5))
    assert "Nobody has looked for lost work since" in html(as_person)


def test_a_broker_that_does_not_answer_is_said_and_the_page_is_there(as_person, monkeypatch):
    monkeypatch.setattr(broker, "depths", lambda queues, page: None)
    make_worker()
    answer = page(as_person)
    assert answer.status_code == 200 and "The broker does not answer." in answer.content.decode()


@pytest.fixture
def hangs(monkeypatch):
    """A broker that answers, by 1 in each queue, once it is told to; what it was asked, and what tells it."""
    monkeypatch.undo()
    answers, asked = threading.Event(), []
    monkeypatch.setattr(broker, "_last", None)
    monkeypatch.setattr(
        broker, "_ask", lambda queues: (asked.append(queues), answers.wait(10), dict.fromkeys(queues, 1))[2]
    )
    return asked, answers


def test_a_broker_that_hangs_is_waited_for_once_and_briefly(monkeypatch, hangs):
    asked, answers = hangs
    monkeypatch.setattr(broker, "PATIENCE_SECONDS", 0.05)
    assert [broker.depths(["cpu"]), broker.depths(["cpu"])] == [None, None] and len(asked) == 1
    answers.set()
    while not broker._last[2].done():
        time.sleep(0.001)
    assert broker.depths(["cpu"]) == {"cpu": 1}


def test_a_page_waits_less_and_takes_an_older_answer(monkeypatch, hangs):
    asked, answers = hangs
    monkeypatch.setattr(broker, "PAGE_PATIENCE_SECONDS", 0.01)
    assert broker.depths(["cpu"], page=True) is None
    answers.set()
    broker._last[2].result(10)
    monkeypatch.setattr(broker, "_last", (time.monotonic() - 2, *broker._last[1:]))
    assert broker.depths(["cpu"], page=True) == {"cpu": 1} and len(asked) == 1
    assert broker.depths(["cpu"]) == {"cpu": 1} and len(asked) == 2


def test_who_asks_about_more_queues_than_an_open_question_is_told_of_all(hangs):
    _, answers = hangs
    of_one, of_both, of_other = (broker._asked(frozenset(some)) for some in (["short"], ["short", "cpu"], ["cpu"]))
    answers.set()
    assert (of_one.result(10), of_both.result(10)) == ({"short": 1}, {"short": 1, "cpu": 1})
    assert of_other is of_both and broker.depths(["cpu"]) == {"cpu": 1}


def test_the_fragment_is_a_fragment_that_asks_for_itself_again(as_person):
    text = page(as_person, headers={"HX-Request": "true"}).content.decode()
    assert "<body" not in text and 'hx-trigger="every 2s"' in text


def test_many_workers_and_runs_cost_as_many_questions_as_few(as_person):
    browser, counts = as_person("ada"), []
    for start, many in ((0, 2), (2, 8)):
        for number in range(start, start + many):
            make_worker(f"box:{number}")
            Desk(make_run(1, benchmark=make_benchmark(f"b{number}")).pk, f"box:{number}", 30)
            make_run(1, benchmark=make_benchmark(f"c{number}"))
            make_training(node=make_node(f"node{number}", gpus=1))
        with CaptureQueriesContext(connection) as asked:
            browser.get(reverse("training:worker-list"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25
