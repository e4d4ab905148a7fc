"""What a worker must know about a run, read once: systems, strategy, sampling, judges, engines."""

from dataclasses import dataclass
from typing import NamedTuple

from annotations.core import config_text
from annotations.models import ConfigVersion, FloorVersion
from training import strategies
from training.engines import Engine, EngineError, Sampling
from training.judges import CodeJudge, LlmJudge
from training.models import EvaluationRun
from training.services import registry, runs
from training.services.desk import models_of
from training.services.judging import JudgeProblem, judge_of


class BoundJudge(NamedTuple):
    """A judge with its row and the model it asks (None for a program)."""

    row_id: int
    judge: LlmJudge | CodeJudge
    model_id: int | None
    heuristic: bool


class Ground(NamedTuple):
    """A config version as the work needs it."""

    text: str
    system: str
    system_digest: str
    allowed: frozenset[str]
    demonstrations: tuple[strategies.Demonstration, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A run, ready to be worked on. Engines are new and belong to this plan; close them after use."""

    run_id: int
    candidate_id: int
    model_id: int
    strategy: strategies.Strategy
    settings: strategies.Settings
    sampling: Sampling
    judges: tuple[BoundJudge, ...]
    grounds: dict[int, Ground]
    engines: dict[int, Engine]
    names: dict[int, str]
    width: int

    @property
    def asks_judge_models(self) -> bool:
        """True when a judge needs calls, so that a response is worth saving before its verdicts are there."""
        return any(judge.model_id is not None for judge in self.judges)


def load_plan(run_id: int) -> Plan | None:
    """The plan of an open run; None when there is no such run, it is not open, or it had to be paused.

    A run whose model or judge cannot be used at all (no key, changed judge file) is paused with the reason.
    """
    run = EvaluationRun.objects.select_related("candidate__model", "floor").filter(pk=run_id).first()
    if run is None or not run.is_open:
        return None
    try:
        return _plan(run)
    except (EngineError, JudgeProblem, LookupError, ValueError) as problem:
        runs.pause(run=run, reason=str(getattr(problem, "message", problem)))
        return None


def _plan(run: EvaluationRun) -> Plan:
    models = models_of(run.pk)
    candidate = run.candidate
    rows = run.judges.select_related("model")
    return Plan(
        run_id=run.pk,
        candidate_id=candidate.pk,
        model_id=candidate.model_id,
        strategy=_strategy(run),
        settings=candidate.settings,
        sampling=Sampling(candidate.temperature, candidate.max_tokens, candidate.top_p, candidate.seed),
        judges=tuple(BoundJudge(row.pk, judge_of(row), row.model_id, row.heuristic) for row in rows),
        grounds=_grounds(run),
        engines={model.pk: registry.engine(model) for model in models},
        names={model.pk: f"{model.engine} {model.base_url} {model.model}" for model in models},
        width=sum(model.max_concurrency for model in models),
    )


def _versions(run: EvaluationRun) -> list[ConfigVersion]:
    used = run.items.values("version").distinct()
    return list(ConfigVersion.objects.filter(pk__in=used))


def _strategy(run: EvaluationRun) -> strategies.Strategy:
    """The run's strategy. Raises ValueError when its file has changed since: what it did cannot be done again."""
    strategy = strategies.load(run.candidate.strategy)
    if run.strategy_digest and run.strategy_digest != strategy.digest:
        raise ValueError(f"The strategy “{strategy.label}” has changed since this run was made. Start a new run.")
    return strategy


def _grounds(run: EvaluationRun) -> dict[int, Ground]:
    kept = dict(run.demonstrations.values_list("version", "rows"))
    return {version.pk: _ground(version, run.floor, kept.get(version.pk, [])) for version in _versions(run)}


def _ground(version: ConfigVersion, floor: FloorVersion | None, shown: list[dict[str, str]]) -> Ground:
    system = version.system_prompt(floor)
    demonstrations = tuple(strategies.Demonstration(**row) for row in shown)
    return Ground(version.text, system, config_text.digest(system), frozenset(version.allowed), demonstrations)
