"""What a run would take, before it is started: items, calls, tokens and money, and where these numbers come from."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from annotations.models import Benchmark, BenchmarkRelease, ConfigVersion, FloorVersion, LanguageModel, Prompt, User
from annotations.services import demonstrations, floor
from training import judges, strategies
from training.engines import EngineError
from training.judges import CodeJudge, LlmJudge
from training.models import RunItem
from training.services import paces, rehearsal, run_items
from training.services.answering import ASKS
from training.services.paces import Pace
from training.services.run_items import RunProblem
from training.services.run_terms import MICROS
from training.services.shots import ShotsProblem, refuse_set, wanted
from training.strategies import Demonstration, Question, Settings, Strategy

LOOKED_AT = 24
"""Prompts, evenly spread over the run, that are counted for all the others."""


class Asked(NamedTuple):
    """A candidate as a form asks for it, without a row of its own."""

    model: LanguageModel
    strategy: str
    settings: Settings
    temperature: float
    max_tokens: int
    seed: int


class Part(NamedTuple):
    """What one model is asked for: answers, or one judge's verdicts. Tokens and money are None where not known."""

    what: str
    model: LanguageModel
    calls: int
    calls_most: int
    read: int
    read_most: int
    written: int
    written_most: int
    source: str

    @property
    def tokens(self) -> int:
        """Read and written."""
        return self.read + self.written

    def dollars(self, most: bool = False) -> float | None:
        """In US dollars, likely or at most; None where a price is not known."""
        if self.model.price_in is None or self.model.price_out is None:
            return None
        read, written = (self.read_most, self.written_most) if most else (self.read, self.written)
        return (read * float(self.model.price_in) + written * float(self.model.price_out)) / MICROS

    def times(self, number: int) -> "Part":
        """The same for so many runs."""
        counts = {name: getattr(self, name) * number for name in self._fields if isinstance(getattr(self, name), int)}
        return self._replace(**counts)


class Estimate(NamedTuple):
    """All runs together. `cached` are the answers that are likely in the cache."""

    runs: int
    items: int
    parts: tuple[Part, ...]
    cached: int

    @property
    def calls(self) -> int:
        """Calls to models, likely."""
        return sum(part.calls for part in self.parts)

    @property
    def calls_most(self) -> int:
        """Calls to models, at most."""
        return sum(part.calls_most for part in self.parts)

    @property
    def tokens(self) -> int:
        """Tokens read and written, likely."""
        return sum(part.tokens for part in self.parts)

    @property
    def tokens_most(self) -> int:
        """Tokens read and written, at most: every answer as long as allowed, every verdict asked for again."""
        return sum(part.read_most + part.written_most for part in self.parts)

    @property
    def dollars(self) -> float | None:
        """Money, likely; None where a price is not known."""
        return _sum(part.dollars() for part in self.parts)

    @property
    def dollars_most(self) -> float | None:
        """Money, at most; None where a price is not known."""
        return _sum(part.dollars(most=True) for part in self.parts)

    @property
    def unpriced(self) -> tuple[LanguageModel, ...]:
        """The models of which no price is known."""
        return tuple(dict.fromkeys(part.model for part in self.parts if part.dollars() is None))


def _sum(values: Iterable[float | None]) -> float | None:
    found = list(values)
    return None if None in found else sum(value for value in found if value is not None)


class _Sample(NamedTuple):
    """Some prompts of a run with what is said before each, and how many items each stands for."""

    rows: list[tuple[Prompt, ConfigVersion, str]]
    items: int

    def whole(self, of_sample: float) -> int:
        """What the whole run takes when the sample takes so much."""
        return round(of_sample * self.items / len(self.rows))


def estimate(
    *,
    benchmark: Benchmark,
    candidates: Sequence[Asked],
    judged_by: Sequence[tuple[str, LanguageModel | None]],
    configs: Iterable[int] | None = None,
    per_kind: int | None = None,
    release: BenchmarkRelease | None = None,
    samples: int = 1,
    use_cache: bool = True,
    actor: User | None = None,
) -> Estimate:
    """What a run of each candidate takes together; nothing is stored. `judged_by` are judges by name and model.

    Without anything known of a model, tokens are counted by a rule of thumb. Raises RunProblem as `runs.start` does,
    also for a preference set that the `actor` may not read; None is the command line.
    """
    prompts = run_items.chosen(benchmark, release, configs, per_kind)
    versions = run_items.versions(prompts, release)
    now = floor.in_force()
    sample = _sample(prompts, versions, now)
    parts: list[Part] = []
    for _, group in groupby(candidates, key=lambda one: one._replace(seed=0)):
        alike = list(group)
        answers, length = _answers(alike[0], sample, actor)
        found = [answers, *(_verdicts(name, model, sample, length, samples) for name, model in judged_by if model)]
        parts += [part.times(len(alike)) for part in found if part is not None]
    cached = _cached(candidates, prompts, versions, now) if use_cache else 0
    return Estimate(len(candidates), len(prompts), tuple(parts), cached)


def _sample(prompts: list[Prompt], versions: dict[int, ConfigVersion], now: FloorVersion | None) -> _Sample:
    step = max(1, len(prompts) // LOOKED_AT)
    some = Prompt.objects.in_bulk([prompt.pk for prompt in prompts[::step][: LOOKED_AT * 2]])
    said = {pk: version.system_prompt(now) for pk, version in versions.items()}
    rows = [(prompt, versions[prompt.config_id], said[prompt.config_id]) for prompt in some.values()]
    return _Sample(rows, len(prompts))


def _answers(asked: Asked, sample: _Sample, actor: User | None) -> tuple[Part, int]:
    """The part that answers take, and how many tokens an answer is likely to have."""
    strategy = strategies.load(asked.strategy)
    pace = paces.of_answers(asked.model, strategy)
    length = min(asked.max_tokens, pace.written)
    shown = _shown(strategy, asked, sample, actor)
    questions = [_question(asked, shown, row) for row in sample.rows]
    likely = [_load(strategy, one, length, True) for one in questions]
    most = [_load(strategy, one, asked.max_tokens, False) for one in questions]
    calls, calls_most = (sample.whole(sum(load.calls for load in loads)) for loads in (likely, most))
    part = Part(
        what="answers",
        model=asked.model,
        calls=calls,
        calls_most=max(calls, calls_most),
        read=sample.whole(pace.ratio * sum(load.read for load in likely)),
        read_most=sample.whole(max(1.0, pace.ratio) * sum(load.read for load in most)),
        written=calls * length,
        written_most=calls_most * asked.max_tokens,
        source=pace.source,
    )
    return part, length


def _load(strategy: Strategy, question: Question, written: int, readable: bool) -> rehearsal.Load:
    try:
        return rehearsal.rehearse(strategy, question, written=written, readable=readable)
    except EngineError as problem:
        raise RunProblem(problem.message) from problem


def _shown(
    strategy: Strategy, asked: Asked, sample: _Sample, actor: User | None
) -> dict[int, tuple[Demonstration, ...]]:
    if not strategy.shows:
        return {}
    versions = {version.pk: version for _, version, _ in sample.rows}
    shots, source = wanted(strategy, asked.settings)
    try:
        refuse_set(actor, source)
        found = {pk: demonstrations.chosen(one, shots, source, asked.seed) for pk, one in versions.items()}
    except (ShotsProblem, demonstrations.DemonstrationProblem) as problem:
        raise RunProblem(str(problem)) from problem
    return {pk: tuple(Demonstration(**row) for row in rows) for pk, rows in found.items()}


def _question(
    asked: Asked, shown: dict[int, tuple[Demonstration, ...]], row: tuple[Prompt, ConfigVersion, str]
) -> Question:
    prompt, version, system = row
    return Question(system, version.text, prompt.text, shown.get(version.pk, ()), asked.settings, asked.seed)


def _verdicts(name: str, model: LanguageModel, sample: _Sample, length: int, samples: int) -> Part | None:
    """The part that a judge's verdicts take on answers of that length; None for a judge that is a program."""
    judge = judges.load(name)
    if isinstance(judge, CodeJudge):
        return None
    pace: Pace = paces.of_verdicts(judge, model)
    answer = rehearsal.filler(length)
    read = sample.whole(_read(judge, sample, answer)) * samples
    calls, written = sample.items * samples, min(judge.max_tokens, pace.written)
    return Part(
        what=f"verdicts of “{judge.label}”",
        model=model,
        calls=calls,
        calls_most=calls * ASKS,
        read=round(pace.ratio * read),
        read_most=round(max(1.0, pace.ratio) * read + calls * judge.max_tokens) * ASKS,
        written=calls * written,
        written_most=calls * judge.max_tokens * ASKS,
        source=pace.source,
    )


def _read(judge: LlmJudge, sample: _Sample, answer: str) -> int:
    return sum(rehearsal.verdict(judge, version.text, prompt.text, answer) for prompt, version, _ in sample.rows)


def _cached(
    candidates: Sequence[Asked],
    prompts: list[Prompt],
    versions: dict[int, ConfigVersion],
    now: FloorVersion | None,
) -> int:
    """The answers that the same candidates gave to the same prompts before, under the same versions and floor."""
    wanted = {prompt.pk for prompt in prompts}
    found = 0
    for one in candidates:
        same = {name: getattr(one, name) for name in ("model", "strategy", "temperature", "max_tokens", "seed")}
        kept = strategies.load(one.strategy).read_settings(one.settings)
        answered = RunItem.objects.filter(version__in=versions.values(), response__isnull=False, run__floor=now)
        of_it = {f"response__candidate__{name}": value for name, value in same.items()}
        told = answered.filter(**of_it, response__candidate__settings=kept).order_by()
        found += len(wanted.intersection(told.values_list("prompt", flat=True).distinct()))
    return found
