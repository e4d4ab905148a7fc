"""Reservations and counters in the database: no more than there is, between workers, sleepers and the dead."""

from functools import partial

import pytest

from annotations.models import AuditEvent
from tests.databases import at_once
from tests.factories import make_run
from tests.training.services.test_desk import VITALS, run_out, seat
from training.models import EvaluationRun
from training.services import budgets, ledger, runs
from training.services.costs import Amount, Bill
from training.services.desk import Desk
from training.services.ledger import dollars

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def limited(micros: int | None = None, tokens: int | None = None) -> EvaluationRun:
    run = make_run(4)
    EvaluationRun.objects.filter(pk=run.pk).update(budget_micros=micros, budget_tokens=tokens)
    return run


def granted(desk: Desk, micros: int, ahead: int = 0, back: int = 0) -> int:
    return desk.reserve(Amount(0, micros), Amount(0, ahead), Amount(0, back)).given.micros


def reserved(run: EvaluationRun) -> int:
    return sum(run.leases.values_list("reserved_micros", flat=True))


def test_a_budget_is_changed_on_record_while_the_run_stands() -> None:
    run = limited(tokens=100)
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused", spent_tokens=90)
    budgets.change(run=run, actor=None, tokens=200, micros=None)
    event = AuditEvent.objects.get(action="set_budget", object_id=run.pk)
    assert (run.budget_tokens, event.before["budget_tokens"], event.after["budget_tokens"]) == (200, 100, 200)


@pytest.mark.parametrize(("state", "tokens", "words"), [("running", 200, "already running"), ("paused", 80, "spent")])
def test_a_budget_is_refused_while_the_run_goes_on_and_below_what_is_spent(state: str, tokens: int, words: str) -> None:
    run = limited(tokens=100)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state, spent_tokens=90)
    with pytest.raises(runs.RunProblem, match=words):
        budgets.change(run=run, actor=None, tokens=tokens, micros=None)
    run.refresh_from_db()
    assert run.budget_tokens == 100


def test_a_budget_of_money_needs_the_models_prices() -> None:
    run = limited()
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused")
    with pytest.raises(runs.RunProblem, match="No price is known of Echo"):
        budgets.change(run=run, actor=None, tokens=None, micros=5)


@pytest.mark.django_db(transaction=True)
def test_workers_who_reserve_at_one_moment_get_no_more_than_there_is() -> None:
    run = limited(micros=1_000)
    desks = [seat(run, f"w{number}") for number in range(4)]
    given = at_once(*[partial(granted, desk, 90, 200) for desk in desks * 2])
    assert sum(given) == reserved(run) == 1_000
    assert sorted(given)[-3:] == [290, 290, 290]


def test_what_does_not_fit_is_refused_whole() -> None:
    run = limited(micros=100)
    one, two = seat(run), seat(run, "w2")
    assert (granted(one, 60), granted(two, 60), reserved(run)) == (60, 0, 60)
    assert two.reserve(Amount(0, 60), Amount(), Amount()).wait


def test_what_is_given_back_is_there_for_the_others() -> None:
    run = limited(micros=100)
    one, two = seat(run), seat(run, "w2")
    granted(one, 60, ahead=40)
    assert (granted(one, 200, back=40), granted(two, 40), reserved(run)) == (0, 40, 100)


def test_the_last_one_is_told_why() -> None:
    grant = seat(limited(tokens=1_000)).reserve(Amount(1_200), Amount(), Amount())
    assert not grant.wait
    assert grant.why_not == (
        "The budget of 1,000 tokens does not cover the next call: it may take 1,200, and 0 are spent. "
        "Raise it, then resume."
    )


def test_a_dead_workers_reservation_is_free_once_its_lease_ran_out() -> None:
    run = limited(micros=100)
    gone = seat(run, "gone")
    granted(gone, 100)
    run_out(gone)
    assert granted(seat(run), 100) == 100


def test_a_worker_that_slept_through_its_lease_has_no_reservation_any_more() -> None:
    run = limited(micros=100)
    late = seat(run, "late")
    granted(late, 100)
    run_out(late)
    assert (granted(late, 10), reserved(run)) == (0, 0)
    late.beat(VITALS)
    assert granted(late, 10) == 10


def test_a_beat_after_the_lease_ran_out_brings_nothing_back() -> None:
    run = limited(micros=100)
    late = seat(run, "late")
    granted(late, 100)
    run_out(late)
    late.beat(VITALS)
    assert (reserved(run), granted(seat(run, "w2"), 100)) == (0, 100)


def test_leaving_gives_everything_back() -> None:
    run = limited(micros=100)
    desk = seat(run)
    granted(desk, 100)
    desk.leave()
    assert reserved(run) == 0


def test_a_saved_call_moves_its_cost_from_reserved_to_spent() -> None:
    run = limited(micros=1_000)
    desk = seat(run)
    granted(desk, 300)
    ledger.book(run.pk, desk.lease_id, Bill(calls=1, spent=Amount(50, 220)))
    run.refresh_from_db()
    assert (reserved(run), run.spent_micros, run.spent_tokens, run.calls) == (80, 220, 50, 1)
    assert granted(desk, 701) == 0


@pytest.mark.parametrize(
    ("micros", "words"), [(1_000_000, "$1.00"), (20_500, "$0.0205"), (0, "$0.00"), (26, "$0.000026")]
)
def test_money_is_shown_to_the_cent_or_as_exactly_as_it_needs(micros: int, words: str) -> None:
    assert dollars(micros) == words
