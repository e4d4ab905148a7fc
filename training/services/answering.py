"""Calls to models for one item: the answer by the candidate's strategy, then each judge's verdict."""

import time
from functools import partial
from typing import NamedTuple

from annotations.core import panel
from annotations.core.verdicts import Verdict
from annotations.models import Response
from training.engines import EngineError, Sampling
from training.judges import Case, CodeJudge, LlmJudge
from training.services.asking import Caller, Line, Means, name_of
from training.services.costs import known_sum, price_of
from training.services.desk import Outcome, Task, judgement_row
from training.services.plans import BoundJudge, Ground, Plan
from training.strategies import Question

ASKS = 2
"""How often a judge is asked for one verdict: once more when its first reply holds none."""
ALONE_TEMPERATURE, SAMPLES_TEMPERATURE = 0.0, 0.7
"""A judge that is asked once shall say what it holds most likely; samples shall show how sure it is of that."""


class Sample(NamedTuple):
    """One reading of a response by a judge that is a model; every field of the verdict is None when it gave none."""

    verdict: Verdict
    raw: str
    tokens: int | None
    milliseconds: float


class Answering:
    """The calls of one shift, over the engines of its plan."""

    def __init__(self, plan: Plan, means: Means):
        self.plan, self.means = plan, means
        self._lines = {
            pk: Line(name_of(model), partial(plan.engine, pk), price_of(model)) for pk, model in plan.models.items()
        }

    @property
    def stopping(self) -> bool:
        """True once no new call may start."""
        return self.means.stopping

    def share(self, shares: dict[int, int]) -> None:
        """Nothing; each engine's number of calls at once is set to its share."""
        for model_id, engine in self.plan.engines.items():
            engine.limit = shares.get(model_id, engine.limit)

    def stop(self) -> None:
        """Nothing; no new call starts, calls waiting in retry give up at once, calls in flight go on."""
        self.means.stop()
        for engine in self.plan.engines.values():
            engine.give_up()

    def troubles(self) -> tuple[int, float, str]:
        """Calls waiting in retry, seconds until the nearest is tried again (0 when none), and the last trouble."""
        engines = [engine for engine in self.plan.engines.values() if engine.waiting]
        soonest = min((engine.next_try for engine in engines), default=0.0)
        return sum(engine.waiting for engine in engines), soonest, engines[0].trouble if engines else ""

    async def close(self) -> None:
        """Nothing; every connection is closed, and nobody waits for a call of this shift."""
        self.means.cache.close()
        await self.plan.close()

    async def answer(self, task: Task, outcome: Outcome) -> Response:
        """The new response to the task's prompt, not yet saved. Raises EngineError, Stopped.

        It stands in the outcome; so does each call as soon as it is answered, and is kept when a later one fails.
        """
        ground = self.plan.ground(task)
        caller = Caller(self.means, self._lines[self.plan.model_id], self.plan.sampling, outcome)
        reply = await self.plan.strategy.answer(caller.ask, self._question(task, ground))
        outcome.response = Response(
            prompt_id=task.prompt_id,
            version_id=task.version_id,
            candidate_id=self.plan.candidate_id,
            system_prompt_id=ground.system_digest if self.plan.strategy.system else None,
            text=reply.text,
            seed=self.plan.sampling.seed,
            identity=reply.identity[:300],
            finish=reply.finish[:50],
            tokens_in=caller.tokens_in,
            tokens_out=caller.tokens_out,
            latency_ms=caller.latency_ms,
        )
        return outcome.response

    async def judge(self, task: Task, bound: BoundJudge, outcome: Outcome) -> Verdict:
        """One judge's verdict, all fields None when it gave none; its row and its calls stand in the outcome.

        Raises EngineError, Stopped.
        """
        ground = self.plan.ground(task)
        case = Case(ground.text, task.prompt, task.response or "", ground.allowed)
        judge = bound.judge
        if isinstance(judge, CodeJudge):
            return _by_program(bound.row.pk, judge, case, outcome)
        try:
            return await self._by_model(bound, judge, case, outcome)
        except EngineError as problem:
            raise type(problem)(problem.kind, f"Judge “{judge.label}”: {problem.message}") from problem

    async def _by_model(self, bound: BoundJudge, judge: LlmJudge, case: Case, outcome: Outcome) -> Verdict:
        samples = [await self._sample(bound, judge, case, outcome, number) for number in range(self.plan.samples)]
        verdicts = [sample.verdict for sample in samples]
        verdict = panel.of_samples(verdicts)
        row = judgement_row(
            outcome.item_id,
            bound.row.pk,
            verdict,
            raw=samples[-1].raw,
            samples=verdicts if len(verdicts) > 1 else [],
            tokens=known_sum(sample.tokens for sample in samples),
            milliseconds=sum(sample.milliseconds for sample in samples),
        )
        outcome.judgements.append(row)
        return verdict

    async def _sample(self, bound: BoundJudge, judge: LlmJudge, case: Case, outcome: Outcome, number: int) -> Sample:
        line, sampling = self._lines[bound.row.model_id or 0], judge_sampling(judge, self.plan.samples, number)
        caller = Caller(self.means, line, sampling, outcome, bound.row.pk, judge.schema, number)
        messages, verdict, raw = judge.messages(case), None, ""
        while verdict is None and len(caller.replies) < ASKS:
            raw = (await caller.ask(messages)).text
            verdict = judge.read(raw, case.allowed)
            messages = judge.repair(messages, raw)
        tokens = known_sum([caller.tokens_in, caller.tokens_out])
        return Sample(verdict or Verdict(), raw, tokens, caller.latency_ms)

    def _question(self, task: Task, ground: Ground) -> Question:
        return Question(
            ground.system,
            ground.text,
            task.prompt,
            demonstrations=ground.demonstrations,
            settings=self.plan.settings,
            seed=self.plan.sampling.seed or 0,
        )


def judge_sampling(judge: LlmJudge, samples: int, number: int) -> Sampling:
    """How sample `number` (from 0) of so many is drawn: each with its own number as its seed."""
    temperature = ALONE_TEMPERATURE if samples == 1 else SAMPLES_TEMPERATURE
    return Sampling(temperature=temperature, max_tokens=judge.max_tokens, seed=number)


def _by_program(judge_id: int, judge: CodeJudge, case: Case, outcome: Outcome) -> Verdict:
    start = time.perf_counter()
    verdict = judge.judge(case)
    spent = (time.perf_counter() - start) * 1000
    outcome.judgements.append(judgement_row(outcome.item_id, judge_id, verdict, milliseconds=spent))
    return verdict
