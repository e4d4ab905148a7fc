"""Long work: held by one worker at a time, shown while it goes on, ended in words, taken up again after a death."""

import errno
from datetime import timedelta

import pytest
from django.utils import timezone

import training.tasks  # noqa: F401 - adds its own kinds
from annotations import tasks
from annotations.models import AuditEvent, SimilarityReport
from annotations.services import chores
from tests.databases import at_once
from tests.factories import make_benchmark, make_person

pytestmark = pytest.mark.django_db


def make_work(**fields):
    benchmark = make_benchmark()
    return SimilarityReport.objects.create(benchmark=benchmark, organisation=benchmark.organisation, **fields)


def again(work):
    return SimilarityReport.objects.get(pk=work.pk)


def done(hold):
    hold.beat(3, 3, now=True)
    return "finished"


def do(work, job=done):
    return chores.do(SimilarityReport, work.pk, job, "w1")


def test_work_is_done_and_its_progress_kept():
    work = make_work()
    assert do(work)
    work = again(work)
    assert (work.state, work.done, work.total, work.until) == ("finished", 3, 3, None)
    assert work.started_at and work.finished_at


def test_work_that_waits_for_a_person_has_no_end_yet():
    work = make_work()
    do(work, lambda hold: "waiting")
    assert (again(work).state, again(work).finished_at) == ("waiting", None)


def test_a_full_disk_is_said_in_words():
    def full(hold):
        raise OSError(errno.ENOSPC, "No space left on device")

    work = make_work()
    do(work, full)
    assert (again(work).state, again(work).reason) == ("failed", chores.FULL)


def test_finished_work_is_not_done_again():
    work = make_work()
    do(work)
    assert not do(work)


def test_work_that_somebody_holds_is_not_taken():
    work = make_work()
    assert chores.claim(SimilarityReport, work.pk, "w1") and chores.claim(SimilarityReport, work.pk, "w2") is None


def test_work_of_a_worker_that_died_is_taken_over_and_the_late_one_cannot_write():
    work = make_work()
    first = chores.claim(SimilarityReport, work.pk, "w1")
    SimilarityReport.objects.update(until=timezone.now() - timedelta(seconds=1))
    second = chores.claim(SimilarityReport, work.pk, "w2")
    with pytest.raises(chores.Stopped):
        first.save(done=1)
    second.save(done=2)
    assert again(work).done == 2


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_one_gets_the_work():
    work = make_work()
    held = at_once(*[lambda: chores.claim(SimilarityReport, work.pk, "w")] * 4)
    assert [hold is not None for hold in held].count(True) == 1


def test_a_problem_is_said_in_its_own_words():
    work = make_work()

    def job(hold):
        raise chores.ChoreProblem("The file is gone.")

    do(work, job)
    assert (again(work).state, again(work).reason) == ("failed", "The file is gone.")


def test_an_error_of_ours_is_owned_up_to():
    work = make_work()
    do(work, lambda hold: 1 / 0)
    assert again(work).state == "failed" and "ZeroDivisionError" in again(work).reason


def test_cancelled_work_stops_at_its_next_beat_and_stays_cancelled():
    work = make_work()

    def job(hold):
        chores.cancel(row=work, actor=make_person("ada"))
        hold.beat(1, now=True)
        return "finished"

    assert not do(work, job)
    assert again(work).state == "cancelled" and AuditEvent.objects.get().action == "cancelled"


def test_work_that_is_over_cannot_be_cancelled():
    work = make_work(state="finished")
    with pytest.raises(chores.ChoreProblem, match="already finished"):
        chores.cancel(row=work, actor=make_person("ada"))


def test_a_beat_does_not_write_each_time(django_assert_num_queries):
    hold = chores.claim(SimilarityReport, make_work().pk, "w1")
    with django_assert_num_queries(1):
        for number in range(1000):
            hold.beat(number)


def test_the_sweeper_finds_what_nobody_holds():
    queued, dead = make_work(), make_work(state="running", until=timezone.now() - timedelta(seconds=5))
    make_work(state="running", until=timezone.now() + timedelta(seconds=50))
    for state in ("waiting", "finished", "cancelled"):
        make_work(state=state)
    assert sorted(chores.in_need(SimilarityReport)) == [queued.pk, dead.pk]


def test_a_hint_and_the_sweeper_lead_to_the_work(monkeypatch):
    monkeypatch.setitem(tasks.JOBS, "similarityreport", done)
    first, second = make_work(), make_work()
    tasks.look_at_work("similarityreport", first.pk)
    tasks.do_now(second)
    assert {again(first).state, again(second).state} == {"finished"}


def test_every_kind_of_long_work_has_its_job():
    from annotations.models.work import Work

    assert {kind._meta.model_name for kind in Work.__subclasses__()} == set(tasks.JOBS)
