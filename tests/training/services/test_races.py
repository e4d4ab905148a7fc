"""Who wins when several do the same at the same moment: one of them, whole, on either database."""

from datetime import timedelta
from functools import partial

import pytest

from annotations.models import Response
from tests.databases import at_once
from tests.factories import make_run
from tests.training.services.test_desk import answered, run_out, seat
from training.models import Call, EvaluationRun
from training.services import runs
from training.services.desk import Desk, Outcome

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_workers_who_claim_at_the_same_moment_share_no_item() -> None:
    run = make_run(40)
    desks = [seat(run, f"w{number}") for number in range(4)]
    claims = at_once(*[partial(desk.claim, 10) for desk in desks])
    claims += at_once(*[partial(desk.claim, 10) for desk in desks])
    claimed = [task.item_id for claim in claims for task in claim]
    assert len(claimed) == len(set(claimed)) == 40


@pytest.mark.parametrize("again", range(3))
def test_an_item_taken_over_at_the_moment_it_is_saved_belongs_to_one_worker(again: int) -> None:
    run = make_run(20)
    late, next_one = seat(run), seat(run, "w2")
    outcomes = [answered(task) for task in late.claim(20)]
    run_out(late)
    saved, taken = at_once(partial(late.save, outcomes), partial(next_one.claim, 20))
    assert saved + len(taken) == 20
    assert Response.objects.count() == Call.objects.count() == run.items.filter(state="done").count() == saved


def saved_and_left(desk: Desk, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        desk.save([outcome])
    desk.leave()


def test_of_workers_who_end_at_the_same_moment_the_last_finishes_the_run() -> None:
    run = make_run(20)
    desks = [seat(run, f"w{number}") for number in range(4)]
    shifts = [
        (desk, [answered(task) for task in desk.claim(count)]) for desk, count in zip(desks, [2, 4, 6, 8], strict=True)
    ]
    at_once(*[partial(saved_and_left, *shift) for shift in shifts])
    run.refresh_from_db()
    assert (run.state, run.items.filter(state="done").count(), run.leases_alive()) == ("finished", 20, False)
    last = run.items.latest("finished_at").finished_at
    assert run.finished_at >= last - timedelta(milliseconds=1)  # SQLite's clock counts milliseconds


@pytest.mark.parametrize("change", [runs.cancel, runs.resume], ids=["cancel", "resume"])
def test_of_people_who_press_one_button_at_the_same_moment_one_does_it(change) -> None:
    run = make_run(4)
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused")
    pressed = at_once(*[partial(change, run=EvaluationRun.objects.get(pk=run.pk), actor=None) for _ in range(4)])
    told = [answer for answer in pressed if answer is not None]
    assert len(told) == 3 and all(isinstance(answer, runs.RunProblem) for answer in told)
    run.refresh_from_db()
    assert run.state == {runs.cancel: "cancelled", runs.resume: "queued"}[change]
