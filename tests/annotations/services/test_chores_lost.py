"""Work whose workers end: given up after the third death, put down by one that ends in order, unharmed by outages."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotations import tasks
from annotations.models import SimilarityReport
from annotations.services import chores, outages
from tests.factories import make_benchmark, make_training
from training.models import TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_work(**fields):
    benchmark = make_benchmark()
    return SimilarityReport.objects.create(benchmark=benchmark, organisation=benchmark.organisation, **fields)


def again(row):
    return type(row).objects.get(pk=row.pk)


def killed(row, worker="box:7"):
    """A worker claims the work and is killed; its hold runs out."""
    hold = chores.claim(type(row), row.pk, worker)
    type(row).objects.update(until=timezone.now() - timedelta(seconds=1))
    return hold


@pytest.fixture
def told_to_end():
    chores.STOP.set()
    yield
    chores.STOP.clear()


def test_the_third_worker_that_ends_is_the_last():
    row = make_work()
    for number in range(3):
        assert killed(row, f"box:{number}") is not None
        assert again(row).losses == number
    assert chores.claim(SimilarityReport, row.pk, "w4") is None
    row = again(row)
    assert (row.state, row.losses, row.until) == ("failed", 3, None) and row.finished_at
    assert row.reason.startswith("Three workers ended while they worked on this (the last: box:2 at 2")
    assert chores.in_need(SimilarityReport) == []


def test_a_worker_that_ends_well_leaves_no_loss():
    row = make_work()
    killed(row)
    assert chores.do(SimilarityReport, row.pk, lambda hold: "finished", "w2")
    assert (again(row).state, again(row).losses) == ("finished", 1)


def test_a_training_is_taken_over_as_often_as_it_takes_once_it_trains():
    run = make_training(phase="train")
    assert all(killed(run) for _ in range(5)) and again(run).losses == 0


def test_the_check_before_a_training_is_given_up_like_other_work():
    run = make_training(phase="check")
    assert [bool(killed(run)) for _ in range(4)] == [True, True, True, False]
    assert TrainingRun.objects.get().state == "failed"


def test_a_worker_that_stood_still_takes_its_loss_back():
    row = make_work()
    still = killed(row)
    other = chores.claim(SimilarityReport, row.pk, "w2")
    still.put_down()
    assert (again(row).losses, again(row).worker) == (0, "w2")
    other.save(done=1)


def test_work_given_up_for_a_worker_that_stood_still_is_queued_again():
    row = make_work(losses=2)
    still = killed(row)
    assert chores.claim(SimilarityReport, row.pk, "w2") is None and again(row).state == "failed"
    still.put_down()
    assert (again(row).state, again(row).losses, again(row).reason) == ("queued", 2, "")


def test_a_worker_whose_hold_only_ran_out_goes_on_and_nothing_is_counted():
    row = make_work()

    def job(hold):
        SimilarityReport.objects.update(until=timezone.now() - timedelta(seconds=1))  # the database was away so long
        hold.beat(1, now=True)
        return "finished"

    assert chores.do(SimilarityReport, row.pk, job, "w1") and again(row).losses == 0


@pytest.mark.usefixtures("told_to_end")
def test_a_worker_told_to_end_puts_its_work_down_at_its_next_beat():
    row = make_work()
    assert not chores.do(SimilarityReport, row.pk, lambda hold: hold.beat(1) or "finished", "w1")
    assert (again(row).state, again(row).until, again(row).losses) == ("queued", None, 0)


@pytest.mark.usefixtures("told_to_end")
def test_a_hint_that_reaches_a_worker_told_to_end_goes_to_another(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.look_at_work, "apply_async", lambda args, **how: sent.append((*args, how["queue"])))
    row = make_work()
    tasks.look_at_work("similarityreport", row.pk)
    assert sent == [("similarityreport", row.pk, "cpu")] and again(row).state == "queued"


def test_work_is_put_down_and_not_failed_when_the_database_was_away(monkeypatch):
    row = make_work()
    monkeypatch.setattr(outages, "is_away", lambda problem: isinstance(problem, OperationalError))

    def job(hold):
        raise OperationalError("the connection is closed")

    assert not chores.do(SimilarityReport, row.pk, job, "w1")
    assert (again(row).state, again(row).losses, again(row).reason) == ("queued", 0, "")


def test_a_statement_the_database_refused_is_no_outage():
    row = make_work()

    def job(hold):
        raise OperationalError("canceling statement due to statement timeout")

    chores.do(SimilarityReport, row.pk, job, "w1")
    assert again(row).state == "failed" and "OperationalError" in again(row).reason


def test_what_has_to_be_written_is_tried_until_the_database_is_back(monkeypatch):
    tries, slept = [OperationalError("gone"), OperationalError("gone"), "written"], []
    monkeypatch.setattr(outages, "is_away", lambda problem: True)
    monkeypatch.setattr(outages.time, "sleep", slept.append)
    monkeypatch.setattr(outages.connection, "close", lambda: None)

    def job():
        if isinstance(tries[0], Exception):
            raise tries.pop(0)
        return tries[0]

    assert outages.outlast(job) == "written" and len(slept) == 2
    tries.insert(0, OperationalError("gone"))
    with pytest.raises(OperationalError):
        outages.outlast(job, patience=-1)
