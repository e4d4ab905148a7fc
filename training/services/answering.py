"""Calls to models for one item: the answer by the candidate's strategy, then each judge's verdict."""

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from annotations.core.verdicts import Verdict
from annotations.models import Response
from training.engines import Engine, EngineError, Reply, Sampling
from training.judges import Case, CodeJudge, LlmJudge
from training.models import Call, Judgement
from training.services.desk import Task, judgement_row
from training.services.plans import BoundJudge, Plan
from training.strategies import Messages, Question

ASKS = 2


class Stopped(Exception):
    """The shift is ending: no new call may start."""


def call_key(name: str, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None, draw: int = 0) -> str:
    """SHA-256 in hexadecimal of everything a reply depends on; equal calls have equal keys."""
    whole = json.dumps([name, messages, sampling, schema, draw], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass
class _Caller:
    """Asks one model on behalf of one item and notes every call."""

    answering: "Answering"
    item_id: int
    model_id: int
    sampling: Sampling
    calls: list[Call]
    judge_id: int | None = None
    schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.before = len(self.calls)

    @property
    def mine(self) -> list[Call]:
        return self.calls[self.before :]

    async def ask(self, messages: Messages) -> Reply:
        if self.answering.stopping:
            raise Stopped
        reply = await self.answering.engine(self.model_id).chat(messages, self.sampling, self.schema)
        self.calls.append(self._row(messages, reply))
        return reply

    def _row(self, messages: Messages, reply: Reply) -> Call:
        return Call(
            item_id=self.item_id,
            judge_id=self.judge_id,
            step=len(self.mine),
            key=call_key(self.answering.plan.names[self.model_id], messages, self.sampling, self.schema),
            text=reply.text,
            identity=reply.identity[:300],
            finish=reply.finish[:50],
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            latency_ms=reply.latency_ms,
            attempts=reply.attempts,
        )


class Answering:
    """The calls of one shift, over the engines of its plan."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.stopping = False

    def engine(self, model_id: int) -> Engine:
        """The engine of a model of the plan."""
        return self.plan.engines[model_id]

    def share(self, shares: dict[int, int]) -> None:
        """Nothing; each engine's number of calls at once is set to its share."""
        for model_id, limit in shares.items():
            if model_id in self.plan.engines:
                self.engine(model_id).limit = limit

    def stop(self) -> None:
        """Nothing; no new call starts, calls waiting in retry give up at once, calls in flight go on."""
        self.stopping = True
        for engine in self.plan.engines.values():
            engine.give_up()

    def troubles(self) -> tuple[int, float, str]:
        """Calls waiting in retry, seconds until the nearest is tried again (0 when none), and the last trouble."""
        engines = [engine for engine in self.plan.engines.values() if engine.waiting]
        soonest = min((engine.next_try for engine in engines), default=0.0)
        return sum(engine.waiting for engine in engines), soonest, engines[0].trouble if engines else ""

    async def close(self) -> None:
        """Nothing; every connection is closed."""
        await asyncio.gather(*(engine.close() for engine in self.plan.engines.values()))

    async def answer(self, task: Task, calls: list[Call]) -> Response:
        """The new response to the task's prompt, not yet saved. Raises EngineError, Stopped.

        Each call is added to `calls` as soon as it is answered, so that it is kept when a later one fails.
        """
        ground = self.plan.grounds[task.version_id]
        caller = _Caller(self, task.item_id, self.plan.model_id, self.plan.sampling, calls)
        question = Question(
            ground.system,
            ground.text,
            task.prompt,
            demonstrations=ground.demonstrations,
            settings=self.plan.settings,
            seed=self.plan.sampling.seed or 0,
        )
        reply = await self.plan.strategy.answer(caller.ask, question)
        return Response(
            prompt_id=task.prompt_id,
            version_id=task.version_id,
            candidate_id=self.plan.candidate_id,
            system_prompt_id=ground.system_digest,
            text=reply.text,
            seed=self.plan.sampling.seed,
            identity=reply.identity[:300],
            finish=reply.finish[:50],
            tokens_in=_total(call.tokens_in for call in caller.mine),
            tokens_out=_total(call.tokens_out for call in caller.mine),
            latency_ms=sum(call.latency_ms for call in caller.mine),
        )

    async def judge(self, task: Task, bound: BoundJudge, calls: list[Call]) -> tuple[Judgement, Verdict]:
        """One judge's verdict, all fields None when it gave none; its calls are added to `calls`.

        Raises EngineError, Stopped.
        """
        ground = self.plan.grounds[task.version_id]
        case = Case(ground.text, task.prompt, task.response or "", ground.allowed)
        if isinstance(bound.judge, CodeJudge):
            return _by_program(task.item_id, bound.row_id, bound.judge, case)
        try:
            return await self._by_model(task.item_id, bound, bound.judge, case, calls)
        except EngineError as problem:
            raise EngineError(problem.kind, f"Judge “{bound.judge.label}”: {problem.message}") from problem

    async def _by_model(
        self, item_id: int, bound: BoundJudge, judge: LlmJudge, case: Case, calls: list[Call]
    ) -> tuple[Judgement, Verdict]:
        sampling = Sampling(temperature=0, max_tokens=judge.max_tokens, seed=0)
        caller = _Caller(self, item_id, bound.model_id or 0, sampling, calls, bound.row_id, judge.schema)
        messages, verdict, raw = judge.messages(case), None, ""
        while verdict is None and len(caller.mine) < ASKS:
            raw = (await caller.ask(messages)).text
            verdict = judge.read(raw)
            messages = judge.repair(messages, raw)
        row = judgement_row(
            item_id,
            bound.row_id,
            verdict or Verdict(),
            raw=raw,
            tokens=_total(tokens for call in caller.mine for tokens in (call.tokens_in, call.tokens_out)),
            milliseconds=sum(call.latency_ms for call in caller.mine),
        )
        return row, verdict or Verdict()


def _by_program(item_id: int, judge_id: int, judge: CodeJudge, case: Case) -> tuple[Judgement, Verdict]:
    start = time.perf_counter()
    verdict = judge.judge(case)
    spent = (time.perf_counter() - start) * 1000
    return judgement_row(item_id, judge_id, verdict, milliseconds=spent), verdict


def _total(numbers: Any) -> int | None:
    """The sum of the known numbers; None when none is known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
