"""A worker at work: claims slices of a run's items, answers many at once on one event loop, saves in groups.

    feeder → tasks → runners (answer, then judge) → outcomes → writer
                     each call: cache, budget, model
                     heartbeat: lease, cancel, each model's share, what the page shows

All database work happens in one thread of its own, so that a slow disk never holds up a call.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connections

from annotations.core import log_context
from annotations.services import outages
from annotations.services.chores import STOP as STOP
from training.engines import EngineError, NotServed
from training.models.runs import ITEM_FAILED
from training.services import presence, serving
from training.services.answering import Answering
from training.services.asking import Means
from training.services.cache import Cache, NoCache
from training.services.costs import Amount
from training.services.desk import Desk, Outcome, Pulse, Task, Vitals
from training.services.ledger import Grant
from training.services.plans import Plan, ending, load_plan
from training.services.purse import Exhausted, Purse, Stopped
from training.strategies import WITHHELD
from training.troubles import shape

log = logging.getLogger(__name__)
T = TypeVar("T")

GROUP_SECONDS = 0.03
BEAT_SECONDS = 1.0
GRACE_SECONDS = 30.0
ALIKE_IN_A_ROW = 20


def work(run_id: int, worker: str, stop: threading.Event = STOP, given_back: Callable[[], None] = lambda: None) -> bool:
    """True after this process worked on the run until no item was left for it, the run was stopped, or `stop` was set.

    False at once when it already works on the run: a process does so once at a time, and leases divide a run among
    processes. Such a call (the run was resumed as the shift ended) means another look at the run afterwards. False also
    when `stop` was set before. `given_back` is called when `stop` made this process give items back."""
    if stop.is_set():
        return False
    if not presence.enter(run_id):
        return False
    try:
        _shift(run_id, worker, stop, given_back)
        while presence.stays(run_id) and not stop.is_set():
            _shift(run_id, worker, stop, given_back)
        return True
    finally:
        presence.leave(run_id)


def _shift(run_id: int, worker: str, stop: threading.Event, given_back: Callable[[], None]) -> None:
    began = time.monotonic()
    with log_context.bound(run=run_id), ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk") as desk_thread:
        log.info("a shift begins")
        try:
            asyncio.run(_Shift(run_id, worker, stop, given_back, desk_thread).run())
        finally:
            desk_thread.submit(connections.close_all).result()
            log.info("the shift ends after %.1f s", time.monotonic() - began)


@dataclass
class _Shift:
    """One worker's time at one run."""

    run_id: int
    worker: str
    stop: threading.Event
    given_back: Callable[[], None]
    desk_thread: ThreadPoolExecutor
    tasks: asyncio.Queue[Task | None] = field(default_factory=asyncio.Queue)
    outcomes: asyncio.Queue[Outcome | None] = field(default_factory=lambda: asyncio.Queue(maxsize=4096))
    busy: int = 0
    last_error: tuple[str, str] = ("", "")
    alike: int = 0

    async def run(self) -> None:
        plan = await self._db(lambda: load_plan(self.run_id))
        if plan is None:
            return
        cards = await self._db(lambda: serving.hold(self.run_id, plan.asked, self.stop))
        if cards is None:
            return await plan.close()
        try:
            await self._at_desk(plan)
        finally:
            await self._db(lambda: serving.let_go(cards))

    async def _at_desk(self, plan: Plan) -> None:
        self.desk = await self._db(lambda: Desk(self.run_id, self.worker, settings.LEASE_SECONDS))
        try:
            await self._at_work(plan)
        finally:
            await self._db(lambda: outages.outlast(self.desk.leave))

    async def _at_work(self, plan: Plan) -> None:
        self.plan = plan
        self.cache = Cache(self._db) if plan.use_cache else NoCache()
        self.purse = Purse(self._reserve, tokens=plan.limits_tokens, money=plan.limits_money)
        self.answering = Answering(plan, Means(self.cache, self.purse, self._keep))
        await self._beat()
        heart = asyncio.create_task(self._heartbeat())
        writer = asyncio.create_task(self._write())
        hands = [asyncio.create_task(job) for job in (self._feed(), *(self._runner() for _ in range(plan.width)))]
        try:
            await _first_of(asyncio.gather(*hands), heart, writer)
        finally:
            await self._put_away([*hands, heart], writer)

    async def _put_away(self, jobs: list[asyncio.Task[None]], writer: asyncio.Task[None]) -> None:
        """Nothing; every job has ended, also where one that failed left the others at work, and then the engines."""
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        if not writer.done():
            await self.outcomes.put(None)
        try:
            await writer
        finally:
            await self.answering.close()

    async def _feed(self) -> None:
        """Keep a slice of claimed tasks ready; end when there is nothing more to claim."""
        while not self.answering.stopping:
            if self.tasks.qsize() > self.plan.width // 2:
                await asyncio.sleep(0.01)
                continue
            claimed = await self._db(lambda: self.desk.claim(self.plan.width))
            for task in claimed:
                self.tasks.put_nowait(task)
            if self.desk.waits:
                await self._until_less_in_hand()
            elif not claimed:
                break
        if self.answering.stopping:
            await self._give_back()
        for _ in range(self.plan.width):
            self.tasks.put_nowait(None)

    async def _until_less_in_hand(self) -> None:
        held = len(self.desk.hands)
        while len(self.desk.hands) >= held > 0 and not self.answering.stopping:
            await asyncio.sleep(0.01)

    async def _give_back(self) -> None:
        """What nobody has begun is free for other workers at once, not only when the calls in flight have ended."""
        left = (self.tasks.get_nowait() for _ in range(self.tasks.qsize()))
        if ids := [task.item_id for task in left if task]:
            await self._db(lambda: self.desk.give_back(ids))
            if self.stop.is_set():
                await self._db(self.given_back)

    async def _runner(self) -> None:
        while (task := await self.tasks.get()) is not None:
            if self.answering.stopping:
                continue
            self.busy += 1
            try:
                await self._one(task)
            finally:
                self.busy -= 1

    async def _one(self, task: Task) -> None:
        outcome = Outcome(task.item_id)
        try:
            await self._answer_and_judge(task, outcome)
            self.alike = 0
        except Stopped as end:
            await self._keep(outcome)
            if isinstance(end, Exhausted):
                await self._pause(str(end))
        except NotServed as problem:
            await self._keep(outcome)
            if not self.answering.stopping:
                await self._pause(problem.message)
        except EngineError as problem:
            if self.answering.stopping and problem.kind in {"passing", "rate_limited"}:
                await self._keep(outcome)
            else:
                await self._failed(outcome, problem.kind, problem.message)
        except DatabaseFailure:
            raise
        except Exception as bug:
            log.exception("item %s of run %s", task.item_id, self.run_id)
            await self._failed(
                outcome, "internal", f"An error of this application ({type(bug).__name__}); see its log."
            )

    async def _answer_and_judge(self, task: Task, outcome: Outcome) -> None:
        if task.response is None and not self.plan.labels:
            response = await self.answering.answer(task, outcome)
            task = task._replace(response=response.text, withheld=response.finish == WITHHELD)
        verdicts = {} if task.withheld else dict(task.verdicts)
        for judge in () if task.withheld else self.plan.judges:
            if judge.row.pk not in verdicts:
                verdicts[judge.row.pk] = await self.answering.judge(task, judge, outcome)
        outcome.final = ending(self.plan, verdicts, task.withheld)
        await self.outcomes.put(outcome)

    async def _failed(self, outcome: Outcome, kind: str, message: str) -> None:
        outcome.final = {"state": ITEM_FAILED, "error_kind": kind, "error": message}
        await self.outcomes.put(outcome)
        error = (kind, shape(message))
        self.alike = self.alike + 1 if error == self.last_error else 1
        self.last_error = error
        if self.answering.stopping:
            return
        if kind == "budget":
            await self._pause(message)
        elif self.alike >= ALIKE_IN_A_ROW:
            await self._pause(f"The same error {self.alike} times in a row: {message}")

    async def _pause(self, reason: str) -> None:
        self.answering.stop()
        await self._db(lambda: self.desk.pause(reason))

    async def _write(self) -> None:
        """Save what comes in, in groups; ends at None."""
        going = True
        while going:
            group = [await self.outcomes.get()]
            await asyncio.sleep(GROUP_SECONDS)
            while not self.outcomes.empty():
                group.append(self.outcomes.get_nowait())
            going = None not in group
            kept = [outcome for outcome in group if outcome is not None]
            if kept:
                await self._db(lambda rows=kept: self.desk.save_each(rows))  # type: ignore[misc]
                self.cache.saved(call.key for outcome in kept for call in outcome.calls)

    async def _keep(self, outcome: Outcome) -> None:
        """Hand over what the outcome holds so far; it goes on empty."""
        if outcome:
            await self.outcomes.put(outcome.part())

    async def _reserve(self, *, needed: Amount, ahead: Amount, back: Amount) -> Grant:
        return await self._db(lambda: self.desk.reserve(needed, ahead, back))

    async def _heartbeat(self) -> None:
        stopped_at = None
        while stopped_at is None or time.monotonic() - stopped_at < GRACE_SECONDS:
            await asyncio.sleep(min(BEAT_SECONDS, settings.LEASE_SECONDS / 3))
            pulse = await self._beat()
            if (self.stop.is_set() or not pulse.go_on) and stopped_at is None:
                stopped_at = time.monotonic()
                self.answering.stop()

    async def _beat(self) -> Pulse:
        sent, vitals = time.monotonic(), self._vitals()
        pulse = await self._db(lambda: self.desk.beat(vitals))
        self.purse.good_until(sent + settings.LEASE_SECONDS)
        self.answering.share(pulse.shares)
        return pulse

    def _vitals(self) -> Vitals:
        return Vitals(self.busy, *self.answering.troubles())

    async def _db(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.desk_thread, job)


async def _first_of(crew: "asyncio.Future[list[None]]", heart: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
    """Return when the crew is done or the heart gave up waiting; raise what any of them raised."""
    jobs: set[asyncio.Future[Any]] = {crew, heart, writer}
    done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    for job in done:
        job.result()
