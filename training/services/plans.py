"""What a worker must know about a run, read once: systems, strategy, sampling, judges, engines."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q

from annotations.core import config_text
from annotations.core.verdicts import Verdict, combine
from annotations.models import Candidate, ConfigVersion, FloorVersion, LanguageModel
from training import strategies
from training.engines import Engine, EngineError, Sampling
from training.judges import CodeJudge, LlmJudge
from training.models import EvaluationRun, Judge, Judgement
from training.models.runs import ITEM_DONE, ITEM_QUEUED
from training.services import fetching, registry, run_terms, runs
from training.services.desk import Task, models_of
from training.services.judging import JudgeProblem, judge_of
from training.services.run_terms import Terms
from training.strategies import WITHHELD

LEAST_WIDTH = 32
"""Items worked on at a time by a run that calls no model any more."""


@dataclass(frozen=True)
class BoundJudge:
    """A judge's row, and the judge it means: read when it is first needed, so that one whose file is gone harms no
    run that has all its verdicts."""

    row: Judge

    @cached_property
    def judge(self) -> LlmJudge | CodeJudge:
        """The judge in the wording it was chosen in. Raises JudgeProblem."""
        return judge_of(self.row)


class Ground(NamedTuple):
    """A config as the work needs it."""

    text: str
    system: str
    system_digest: str
    allowed: frozenset[str]
    demonstrations: tuple[strategies.Demonstration, ...] = ()


NOTHING = Ground("", "", "", frozenset())


@dataclass(frozen=True)
class Plan:
    """A run, ready to be worked on. Engines are new and belong to this plan; close them after use.

    Where it `labels`, nobody answers: judges read the prompts themselves.
    """

    run_id: int
    labels: bool
    candidate_id: int | None
    model_id: int
    strategy: strategies.Strategy
    settings: strategies.Settings
    sampling: Sampling
    samples: int
    use_cache: bool
    limits_tokens: bool
    limits_money: bool
    judges: tuple[BoundJudge, ...]
    grounds: dict[int, Ground]
    models: dict[int, LanguageModel]
    engines: dict[int, Engine]
    width: int

    @property
    def asked(self) -> list[LanguageModel]:
        """The models that have something to do."""
        return [self.models[pk] for pk in self.engines]

    async def close(self) -> None:
        """Nothing; every connection is closed."""
        await asyncio.gather(*(engine.close() for engine in self.engines.values()))

    def ground(self, task: Task) -> Ground:
        """The config the task stands under; an empty one for a prompt that stands under none."""
        if task.made:
            return Ground(task.made.system, *task.made)
        return self.grounds[task.version_id] if task.version_id else NOTHING

    def engine(self, model_id: int) -> Engine:
        """The engine of a model of the run. Raises EngineError when it cannot be made."""
        if model_id not in self.engines:  # an item came back to the run after this plan was made
            self.engines[model_id] = registry.engine(self.models[model_id])
        return self.engines[model_id]


def load_plan(run_id: int) -> Plan | None:
    """The plan of an open run; None when there is no such run, it is not open, or it had to be paused.

    A run whose model or judge cannot be used at all (no key, changed judge file) is paused with the reason.
    """
    run = EvaluationRun.every.select_related("candidate__model", "floor").filter(pk=run_id).first()
    if run is None or not run.is_open:
        return None
    try:
        return _plan(run)
    except (EngineError, JudgeProblem, LookupError, ValueError) as problem:
        runs.pause(run=run, reason=str(getattr(problem, "message", problem)))
        return None


def _plan(run: EvaluationRun) -> Plan:
    labels = run.candidate_id is None
    candidate = Candidate() if labels else run.candidate
    judges = tuple(BoundJudge(row) for row in run.judges.select_related("model"))
    models = {model.pk: model for model in models_of(run.pk)}
    fetching.known(*models.values())
    answers = not labels and run.items.filter(state=ITEM_QUEUED, response=None).exists()
    asked = [models[pk] for pk in _asked(run, judges, answers)]
    run_terms.fields(Terms(run.samples, run.use_cache, run.budget_tokens, run.budget_micros), asked)
    return Plan(
        run_id=run.pk,
        labels=labels,
        candidate_id=candidate.pk,
        model_id=candidate.model_id,
        strategy=_strategy(run, candidate, answers),
        settings=candidate.settings,
        sampling=Sampling(candidate.temperature, candidate.max_tokens, candidate.top_p, candidate.seed),
        samples=run.samples,
        use_cache=run.use_cache,
        limits_tokens=run.budget_tokens is not None,
        limits_money=run.budget_micros is not None,
        judges=judges,
        grounds=_grounds(run),
        models=models,
        engines={model.pk: registry.engine(model) for model in asked},
        width=max(LEAST_WIDTH if not asked else 1, sum(model.max_concurrency for model in asked)),
    )


def _asked(run: EvaluationRun, judges: Iterable[BoundJudge], answers: bool) -> list[int]:
    """The models that have something to do, by id: a run whose verdicts are all there needs none of them, nor a key.

    `answers` says whether an item lacks its response. Raises JudgeProblem for a judge that is needed and cannot be.
    """
    asked = [run.candidate.model_id] if answers else []
    to_read = Q(response__isnull=False) if run.candidate_id else Q()
    answered = run.items.filter(to_read, state=ITEM_QUEUED).exclude(response__finish=WITHHELD)
    for bound in judges:
        judged = Judgement.objects.filter(item=OuterRef("pk"), judge=bound.row)
        if (answers or answered.filter(~Exists(judged)).exists()) and bound.judge and bound.row.model_id:
            asked.append(bound.row.model_id)
    return list(dict.fromkeys(asked))


def _versions(run: EvaluationRun) -> list[ConfigVersion]:
    used = run.items.values("version").distinct()
    return list(ConfigVersion.objects.filter(pk__in=used))


def _strategy(run: EvaluationRun, candidate: Candidate, answers: bool) -> strategies.Strategy:
    """The run's strategy. Raises ValueError when its file has changed since: what it did cannot be done again.

    In a run that has all its responses only a filter still has something to do.
    """
    strategy = strategies.load(candidate.strategy)
    used = answers or strategy.filters
    if used and run.strategy_digest and run.strategy_digest != strategy.digest:
        raise ValueError(f"The strategy “{strategy.label}” has changed since this run was made. Start a new run.")
    return strategy


def _grounds(run: EvaluationRun) -> dict[int, Ground]:
    kept = dict(run.demonstrations.values_list("version", "rows"))
    return {version.pk: _ground(version, run.floor, kept.get(version.pk, [])) for version in _versions(run)}


def _ground(version: ConfigVersion, floor: FloorVersion | None, shown: list[dict[str, str]]) -> Ground:
    system = version.system_prompt(floor)
    demonstrations = tuple(strategies.Demonstration(**row) for row in shown)
    return Ground(version.text, system, config_text.digest(system), frozenset(version.allowed), demonstrations)


def ending(plan: Plan, verdicts: Mapping[int, Verdict], withheld: bool) -> dict[str, Any]:
    """How an item ends with these verdicts (by the judge's id): the values of its row.

    It is withheld, safe and of no help, when its strategy put a refusal in the answer's place, and when the strategy
    is a filter and the judges find that the answer breaks the config. What they did not settle is not withheld.
    """
    combined = combine([(verdicts[bound.row.pk], bound.row.heuristic) for bound in plan.judges if not withheld])
    ended = {"state": ITEM_DONE, **combined._asdict(), "withheld": False}
    if withheld or (plan.strategy.filters and combined.follows_config is False):
        ended |= {"withheld": True, "helpfulness": 0.0, "follows_config": True}
    return ended
