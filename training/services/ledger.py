"""What a run has spent and what its workers have reserved of its budget, in the database.

The law: spent + reserved by living leases ≤ budget. A worker makes no call that its own reservation does not cover,
so the budget holds however many of them there are. What a dead worker had reserved is free once its lease has run out.
"""

from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Greatest, Now

from training.models import EvaluationRun, Lease
from training.services.costs import Amount, Bill

PLENTY = 2**62


class Grant(NamedTuple):
    """What a worker may spend from now on, all it asked for or nothing; `why_not` says in words why it is nothing.

    `wait` is True when somebody else holds a part of the budget that may come back.
    """

    given: Amount
    wait: bool = False
    why_not: str = ""


def book(run_id: int, lease_id: int, bill: Bill) -> None:
    """Nothing; the run's counters are raised by the bill, and so much of the lease's reservation is used up.

    Belongs into the transaction that saves the calls.
    """
    if bill == Bill():
        return
    EvaluationRun.every.filter(pk=run_id).update(
        calls=F("calls") + bill.calls,
        reused_calls=F("reused_calls") + bill.reused,
        unpriced_calls=F("unpriced_calls") + bill.unpriced,
        spent_tokens=F("spent_tokens") + bill.spent.tokens,
        spent_micros=F("spent_micros") + bill.spent.micros,
    )
    _give_back(lease_id, bill.spent)


@transaction.atomic
def reserve(run_id: int, lease_id: int, *, needed: Amount, ahead: Amount, back: Amount) -> Grant:
    """`needed` and up to `ahead` more of the run's budget, reserved for this lease; `back` is given back before.

    Nothing is granted when `needed` does not fit, or when the lease has run out: then it holds nothing any more.
    """
    run = EvaluationRun.every.select_for_update().get(pk=run_id)
    _give_back(lease_id, back)
    if forget(lease_id):
        return Grant(Amount(), wait=True)
    left = _left(run)
    if not left.covers(needed):
        return Grant(Amount(), _others_hold(run_id, lease_id), _too_dear(run, left, needed))
    given = Amount(min(left.tokens, (needed + ahead).tokens), min(left.micros, (needed + ahead).micros))
    own = Lease.objects.filter(pk=lease_id)
    own.update(reserved_tokens=F("reserved_tokens") + given.tokens, reserved_micros=F("reserved_micros") + given.micros)
    return Grant(given)


def forget(lease_id: int) -> bool:
    """True when the lease has run out; what it had reserved is not its own any more."""
    late = Lease.objects.filter(pk=lease_id, until__lt=Now())
    return bool(late.update(reserved_tokens=0, reserved_micros=0))


def _give_back(lease_id: int, amount: Amount) -> None:
    if amount == Amount():
        return
    held = Lease.objects.filter(pk=lease_id).exclude(reserved_tokens=0, reserved_micros=0)
    held.update(
        reserved_tokens=Greatest(F("reserved_tokens") - amount.tokens, 0),
        reserved_micros=Greatest(F("reserved_micros") - amount.micros, 0),
    )


def _left(run: EvaluationRun) -> Amount:
    alive = run.leases.filter(until__gte=Now())
    held = alive.aggregate(tokens=Sum("reserved_tokens", default=0), micros=Sum("reserved_micros", default=0))
    tokens = PLENTY if run.budget_tokens is None else run.budget_tokens - run.spent_tokens - held["tokens"]
    micros = PLENTY if run.budget_micros is None else run.budget_micros - run.spent_micros - held["micros"]
    return Amount(tokens, micros)


def _others_hold(run_id: int, lease_id: int) -> bool:
    holding = Lease.objects.exclude(pk=lease_id).exclude(reserved_tokens=0, reserved_micros=0)
    return holding.filter(run=run_id, until__gte=Now()).exists()


def _too_dear(run: EvaluationRun, left: Amount, needed: Amount) -> str:
    if run.budget_micros is not None and left.micros < needed.micros:
        spent, most = dollars(run.budget_micros - left.micros), dollars(needed.micros)
        said = f"{dollars(run.budget_micros)} does not cover the next call: it may cost {most}, and {spent} is spent."
    else:
        budget = run.budget_tokens or 0
        spent, most = f"{budget - left.tokens:,}", f"{needed.tokens:,}"
        said = f"{budget:,} tokens does not cover the next call: it may take {most}, and {spent} are spent."
    return f"The budget of {said} Raise it, then resume."


def dollars(micros: int) -> str:
    """Micros as people read them: to the cent, or as many places as the amount needs."""
    places = f"{micros / 1_000_000:,.6f}".rstrip("0")
    whole, _, part = places.partition(".")
    return f"${whole}.{part.ljust(2, '0')}"
