"""Workers that say what they are, that they were told to end, that they have ended; and who is forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.services.chores import STOP
from training.models import Worker
from training.services import workers

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ME = "box:1"


@pytest.fixture
def me():
    facts = workers.facts(ME, ["llm", "cpu"], 4)
    workers.report(facts)
    return facts


def test_a_worker_says_what_it_is(me):
    row = Worker.objects.get()
    assert (row.name, row.queues, row.threads, row.stopping_at) == (ME, ["cpu", "llm"], 4, None)
    assert row.memory_bytes > 1 << 20 and row.version


def test_a_worker_told_to_end_says_since_when_and_then_that_it_has_ended(me):
    STOP.set()
    try:
        workers.report(me)
        first = Worker.objects.get().stopping_at
        workers.report(me)
    finally:
        STOP.clear()
    assert first and Worker.objects.get().stopping_at == first and Worker.objects.get().ended_at is None
    workers.end(me)
    assert Worker.objects.get().ended_at


def test_a_new_process_of_the_same_name_begins_anew_and_the_old_one_ends_nothing_of_it(me):
    workers.end(me)
    new = workers.facts(ME, ["short"], 1)
    workers.report(new)
    workers.end(me)
    row = Worker.objects.get()
    assert (row.queues, row.ended_at, row.started_at) == (["short"], None, new.started_at)


def test_a_sweep_is_noted_and_workers_long_gone_are_forgotten(me):
    day = timezone.now() - timedelta(days=1, minutes=1)
    Worker.objects.create(name="box:2", node="box", seen_at=day)
    Worker.objects.create(name="box:3", node="box", ended_at=day)
    Worker.objects.create(name="box:4", node="box", seen_at=timezone.now() - timedelta(hours=23))
    workers.swept(ME)
    assert list(Worker.objects.exclude(swept_at=None).values_list("name", flat=True)) == [ME]
    assert list(Worker.objects.values_list("name", flat=True)) == [ME, "box:4"]


def test_a_queue_is_unheard_when_others_report_and_none_listens(me):
    assert Worker.unheard({"llm", "gpu-forge"}) == {"gpu-forge"}
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    assert Worker.unheard({"llm"}) == set()  # nobody reports at all: better a hint too many
