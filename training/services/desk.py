"""The database side of a worker: items are claimed under a lease, results are saved only while the lease holds them.

A lease is one worker's presence on one run. Its id is the fence: an item belongs to the lease it names, another worker
takes it over by naming its own once the old one has run out (database clock), and from then on the old one writes
nothing to it.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from annotations.core import panel
from annotations.core.verdicts import Verdict
from annotations.models import LanguageModel, Response
from training.models import Call, EvaluationRun, Judgement, Lease, RunItem, SynthesisedConfig
from training.models.runs import ITEM_FAILED, ITEM_QUEUED, OPEN_STATES
from training.services import ledger, losses, runs
from training.services.costs import Amount, Bill, total
from training.services.ledger import Grant
from training.strategies import WITHHELD

log = logging.getLogger(__name__)

NOT_SAVED = {
    "state": ITEM_FAILED,
    "error_kind": "internal",
    "error": "The database refused what came of this item; the application's log says why.",
}


class Made(NamedTuple):
    """A config that was synthesised for one prompt, as the work needs it."""

    system: str
    digest: str
    allowed: frozenset[str]


class Task(NamedTuple):
    """A claimed item: what to answer, and what an earlier worker already got for it.

    It stands under a config version or under a config that was made for it; a prompt to be labelled under neither.
    """

    item_id: int
    prompt_id: int
    version_id: int | None
    prompt: str
    response: str | None
    verdicts: dict[int, Verdict]
    withheld: bool = False
    made: Made | None = None


@dataclass
class Outcome:
    """What a worker has for one item: a new response, calls with their bill, verdicts, its end (None = goes on)."""

    item_id: int
    response: Response | None = None
    calls: list[Call] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    final: dict[str, Any] | None = None
    bill: Bill = Bill()

    def __bool__(self) -> bool:
        return bool(self.response or self.calls or self.judgements or self.final)

    def note(self, call: Call, bill: Bill) -> None:
        """Nothing; the call was answered and came to that."""
        self.calls.append(call)
        self.bill += bill

    def part(self) -> "Outcome":
        """What there is so far, to be saved now; this outcome goes on empty."""
        ready = Outcome(self.item_id, self.response, self.calls, self.judgements, bill=self.bill)
        self.response, self.calls, self.judgements, self.bill = None, [], [], Bill()
        return ready


class Vitals(NamedTuple):
    """What a worker tells the page about itself."""

    in_flight: int
    waiting: int
    next_try: float
    trouble: str


class Pulse(NamedTuple):
    """What a heartbeat brings back: may the worker go on, and how many calls at once for each model id."""

    go_on: bool
    shares: dict[int, int]


class Desk:
    """One worker's seat at one run. Every method is one short transaction; call them from one thread."""

    def __init__(self, run_id: int, worker: str, lease_seconds: float):
        self.run_id, self.waits = run_id, False
        self.hands: dict[int, int] = {}
        self.lease_time = timedelta(seconds=lease_seconds)
        runs.begin(run_id)
        self.lease_id = Lease.objects.create(run_id=run_id, worker=worker, until=Now() + self.lease_time).pk

    @transaction.atomic
    def claim(self, count: int) -> list[Task]:
        """Up to `count` items nobody works on, now held by this lease; fewer or none when there are no more.

        `waits` says afterwards that there are more, which workers ended with: once what is in hand has been saved.
        """
        self.waits = not losses.room(self.hands, count)
        if self.waits or not EvaluationRun.every.filter(pk=self.run_id, state__in=OPEN_STATES).exists():
            return []
        losses.count(self.run_id, but=self.lease_id)
        free = runs.claimable().filter(run=self.run_id).exclude(Q(lease=self.lease_id))
        if connection.features.has_select_for_update_skip_locked:
            free = free.select_for_update(skip_locked=True, of=("self",))
        chosen, self.waits = losses.choose(free, self.hands, count)
        RunItem.objects.filter(pk__in=chosen).update(lease=self.lease_id)
        self.hands |= chosen
        return [_task(item) for item in _with_everything(chosen)]

    def give_back(self, ids: Collection[int]) -> None:
        """Nothing; these items are free at once: nobody has begun them."""
        self._held(ids).update(lease=None)
        self._put_down(ids)

    def save(self, outcomes: Sequence[Outcome]) -> int:
        """How many of the outcomes were written: those whose items this lease still holds, all in one transaction."""
        kept, over = self._save(outcomes), [outcome.item_id for outcome in outcomes if outcome.final]
        if kept < len(outcomes):
            losses.take_back(self.lease_id, self.hands)
            self._held(over).update(lease=None)
        self._put_down(over)
        return kept

    def _put_down(self, ids: Iterable[int]) -> None:
        for pk in ids:
            self.hands.pop(pk, None)

    def _held(self, ids: Iterable[int]) -> QuerySet[RunItem]:
        return RunItem.objects.filter(pk__in=list(ids), lease=self.lease_id, state=ITEM_QUEUED)

    @transaction.atomic
    def _save(self, outcomes: Sequence[Outcome]) -> int:
        held = self._held(outcome.item_id for outcome in outcomes).select_for_update()
        mine = set(held.values_list("pk", flat=True))
        kept = [outcome for outcome in outcomes if outcome.item_id in mine]
        Response.objects.bulk_create([outcome.response for outcome in kept if outcome.response])
        Call.objects.bulk_create([call for outcome in kept for call in outcome.calls])
        Judgement.objects.bulk_create([judgement for outcome in kept for judgement in outcome.judgements])
        _update_items(kept)
        ledger.book(self.run_id, self.lease_id, total(outcome.bill for outcome in kept))
        return len(kept)

    def save_each(self, outcomes: Sequence[Outcome]) -> int:
        """As save; an outcome the database refuses fails its own item in words and harms no other."""
        try:
            return self.save(outcomes)
        except (DataError, IntegrityError, ValueError):
            if len(outcomes) > 1:
                return sum(self.save_each([outcome]) for outcome in outcomes)
            log.exception("item %s of run %s cannot be saved", outcomes[0].item_id, self.run_id)
            return self.save([Outcome(outcomes[0].item_id, final=NOT_SAVED)])

    def beat(self, vitals: Vitals) -> Pulse:
        """The lease renewed and the worker's state shown; back comes whether to go on, and each model's share.

        A lease that had run out meanwhile has lost what it had reserved of the budget, and its items are no suspects.
        """
        ledger.forget(self.lease_id)
        Lease.objects.filter(pk=self.lease_id).update(until=Now() + self.lease_time, **vitals._asdict())
        losses.take_back(self.lease_id, self.hands)
        return Pulse(EvaluationRun.every.filter(pk=self.run_id, state__in=OPEN_STATES).exists(), self.shares())

    def shares(self) -> dict[int, int]:
        """Calls at once for each model of the run: its own limit, divided among the living leases that use it."""
        used = models_of(self.run_id)
        alive = Lease.objects.filter(until__gte=Now())
        return {model.pk: _share(model, alive) for model in used}

    def reserve(self, needed: Amount, ahead: Amount, back: Amount) -> Grant:
        """So much of the run's budget, for this lease; see the ledger."""
        return ledger.reserve(self.run_id, self.lease_id, needed=needed, ahead=ahead, back=back)

    def pause(self, reason: str) -> None:
        """Nothing; the run is paused and its page says why."""
        runs.pause(run=EvaluationRun.every.get(pk=self.run_id), reason=reason)

    def leave(self) -> None:
        """Nothing; what this lease still held is free at once, and a run with nothing left to do is finished."""
        losses.take_back(self.lease_id, self.hands)
        self.give_back(list(self.hands))
        Lease.objects.filter(pk=self.lease_id).update(
            until=losses.LEFT,
            in_flight=0,
            waiting=0,
            next_try=0,
            trouble="",
            reserved_tokens=0,
            reserved_micros=0,
        )
        runs.finish_if_complete(self.run_id)


def models_of(run_id: int) -> list[LanguageModel]:
    """Every model a run calls: the candidate's and its judges'."""
    uses = Q(candidates__runs=run_id) | Q(judges__runs=run_id)
    return list(LanguageModel.objects.filter(uses).distinct())


def _share(model: LanguageModel, alive: QuerySet[Lease]) -> int:
    workers: int = alive.filter(Q(run__candidate__model=model) | Q(run__judges__model=model)).distinct().count()
    return int(max(1, model.max_concurrency // max(1, workers)))


def _with_everything(ids: Collection[int]) -> QuerySet[RunItem]:
    together = ("prompt", "response", "synthesised__system_prompt")
    items = RunItem.objects.filter(pk__in=ids).order_by("position").select_related(*together)
    return items.prefetch_related("judgements")


def _task(item: RunItem) -> Task:
    response = item.response.text if item.response else None
    withheld = bool(item.response and item.response.finish == WITHHELD)
    verdicts = {judgement.judge_id: verdict_of(judgement) for judgement in item.judgements.all()}
    made = _made(item.synthesised) if item.synthesised else None
    return Task(item.pk, item.prompt_id, item.version_id, item.prompt.text, response, verdicts, withheld, made)


def _made(config: SynthesisedConfig) -> Made:
    return Made(config.system_prompt.text, config.system_prompt_id, frozenset(config.allowed))


def verdict_of(judgement: Judgement) -> Verdict:
    """The verdict a stored judgement holds."""
    return Verdict(
        helpfulness=judgement.helpfulness,
        follows_config=judgement.follows_config,
        risks=None if judgement.risks is None else frozenset(judgement.risks),
        addressed=judgement.addressed,
        refusal=judgement.refusal or None,
        broken_rules=tuple(judgement.broken_rules),
        reasons=judgement.reasons,
    )


def judgement_row(
    item_id: int,
    judge_id: int,
    verdict: Verdict,
    *,
    raw: str = "",
    samples: Iterable[Verdict] = (),
    tokens: int | None = None,
    milliseconds: float = 0,
) -> Judgement:
    """The row for a verdict, not yet saved; values the judge did not give stay None.

    `samples` are the single verdicts it comes from, when there are several.
    """
    return Judgement(
        item_id=item_id,
        judge_id=judge_id,
        **panel.as_row(verdict) | {"refusal": verdict.refusal or ""},
        raw=raw,
        samples=[panel.as_row(sample) for sample in samples],
        tokens=tokens,
        milliseconds=milliseconds,
    )


def _update_items(outcomes: Iterable[Outcome]) -> None:
    """Nothing; the items have their responses, then their endings: those that end alike in one query."""
    answered = [RunItem(pk=outcome.item_id, response=outcome.response) for outcome in outcomes if outcome.response]
    RunItem.objects.bulk_update(answered, ["response"])
    alike: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for outcome in outcomes:
        if outcome.final:
            alike.setdefault(tuple(sorted(outcome.final.items())), []).append(outcome.item_id)
    for ending, ids in alike.items():
        RunItem.objects.filter(pk__in=ids).update(**dict(ending), finished_at=timezone.now())
