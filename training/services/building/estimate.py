"""What a chain of steps would take before it is launched: calls, tokens, money and time of each, and what is not known.

Until the prompts are labelled nobody knows how many are kept, so the later steps are estimated at most: as if all were.
"""

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from django.db.models import Avg, Count, Min, Q, QuerySet

from annotations.core import training_templates
from annotations.core.recipe import RecipeSettings, Source
from annotations.core.synthesis import PLAIN, sample_allowed
from annotations.core.taxonomies import Taxonomy
from annotations.models import LanguageModel, Prompt
from annotations.models.work import FINISHED
from training import judges, strategies
from training.engines import EngineError
from training.judges import Case, LlmJudge
from training.models import Call, Recipe, Stage
from training.models.recipes import GENERATE, LABEL, READ, STAGES, SYNTHESISE
from training.services import paces, rehearsal
from training.services.answering import ASKS
from training.services.building import chain, recipes, stages
from training.services.estimate import LOOKED_AT, Part
from training.strategies import Question


class Step(NamedTuple):
    """What one step takes. `items` is what it works on, None where nobody knows; `at_most` says it may be fewer.

    Seconds are None where a model has not answered yet; a step without parts makes no call.
    """

    kind: str
    items: int | None
    noun: str
    at_most: bool
    parts: tuple[Part, ...]
    seconds: float | None

    @property
    def calls(self) -> int:
        """Calls to models, likely."""
        return sum(part.calls for part in self.parts)

    @property
    def tokens(self) -> int:
        """Tokens read and written, likely."""
        return sum(part.tokens for part in self.parts)

    @property
    def tokens_most(self) -> int:
        """Tokens at most: every answer as long as allowed, every verdict asked for again."""
        return sum(part.read_most + part.written_most for part in self.parts)

    @property
    def dollars(self) -> float | None:
        """In US dollars; None where a price is not known."""
        costs = [part.dollars() for part in self.parts]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


class Estimate(NamedTuple):
    """All steps together, and in words what nobody can know yet."""

    steps: tuple[Step, ...]
    unknown: tuple[str, ...]

    @property
    def calls(self) -> int:
        """Calls to models, likely."""
        return sum(step.calls for step in self.steps)

    @property
    def tokens(self) -> int:
        """Tokens read and written, likely."""
        return sum(step.tokens for step in self.steps)

    @property
    def tokens_most(self) -> int:
        """Tokens read and written, at most."""
        return sum(step.tokens_most for step in self.steps)

    @property
    def dollars(self) -> float | None:
        """In US dollars; None where a price is not known."""
        costs = [step.dollars for step in self.steps]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def seconds(self) -> float | None:
        """Time of all calls; None where it is not known of a step."""
        times = [step.seconds for step in self.steps]
        return None if None in times else sum(time for time in times if time is not None)


class _Ground(NamedTuple):
    """What every step is estimated over: prompts (at most), some of them as texts, and the settings."""

    prompts: int
    at_most: bool
    sample: list[str]
    settings: RecipeSettings
    taxonomy: Taxonomy
    trained: tuple[str, ...]


def estimate(recipe: Recipe, step: str, goal: str, after: Stage | None = None) -> Estimate:
    """What a launch from `step` to `goal` takes; nothing is stored. Raises RecipeProblem as `recipes.launch` does."""
    before = recipes.before(recipe, step, after)
    settings = recipes.carried(recipes.read(recipe), before, step)
    version = before.taxonomy if before else recipe.taxonomy
    recipes.check(settings, chain.taxonomy(version), step, goal)
    ground = _ground(recipe, before, settings, chain.taxonomy(version))
    kinds = STAGES[STAGES.index(step) : STAGES.index(goal) + 1]
    steps = tuple(_step(kind, ground, before) for kind in kinds)
    return Estimate(steps, tuple(_unknown(steps, ground)))


def _ground(recipe: Recipe, before: Stage | None, settings: RecipeSettings, taxonomy: Taxonomy) -> _Ground:
    ids = list(_prompts(recipe, before))
    total = len(ids)
    ids = ids[:: max(1, total // LOOKED_AT)][:LOOKED_AT]
    texts = list(Prompt.objects.filter(pk__in=ids).values_list("text", flat=True))
    trained = settings.labelling.trained or taxonomy.trained
    return _Ground(total, before is None, texts or [""], settings, taxonomy, trained)


def _prompts(recipe: Recipe, before: Stage | None) -> Iterable[int]:
    """The prompts (ids) that are worked on, equal texts once; those that were kept, once they are labelled."""
    if before is not None:
        kept = chain.before(before, LABEL).labels.exclude(split="")
        return kept.order_by("prompt_id").values_list("prompt_id", flat=True)
    prompts: QuerySet[Prompt] = Prompt.objects.current().filter(benchmark=recipe.benchmark_id)
    return (
        prompts.order_by().values("digest").annotate(first=Min("pk")).order_by("first").values_list("first", flat=True)
    )


def _step(kind: str, ground: _Ground, before: Stage | None) -> Step:
    if kind == LABEL:
        part = _verdicts(ground.settings.labelling.judge, ground.settings.labelling.model, ground, ground.prompts, 1)
        return _made(kind, ground.prompts, "prompts", False, [part])
    if kind == SYNTHESISE:
        return _made(kind, ground.prompts * _each(ground.settings), "configs", ground.at_most, [])
    if kind == GENERATE:
        parts = [_answers(one, ground) for one in ground.settings.sources]
        return _made(kind, sum(map(_draws, ground.settings.sources)) * ground.prompts, "answers", ground.at_most, parts)
    if kind == READ:
        return _reading(ground, before)
    return Step(kind, None, "pairs", False, (), 0.0)


def _made(kind: str, items: int, noun: str, at_most: bool, parts: Sequence[Part | None]) -> Step:
    known = tuple(part for part in parts if part is not None)
    times = [_seconds(part) for part in known]
    seconds = None if None in times else sum(time for time in times if time is not None)
    return Step(kind, items, noun, at_most, known, seconds)


def _draws(source: Source) -> int:
    return sum(source.draws.values())


def _each(settings: RecipeSettings) -> int:
    return len(settings.modes) + sum(map(_draws, settings.sources))


def _reading(ground: _Ground, before: Stage | None) -> Step:
    reading, responses = ground.settings.reading, sum(map(_draws, ground.settings.sources)) * ground.prompts
    if before is not None and before.kind == GENERATE:
        responses = stages.every_run(before).aggregate(n=Count("items", filter=Q(items__response__isnull=False)))["n"]
    names = dict.fromkeys((reading.risks, reading.addressed))
    parts = [_verdicts(name, reading.model, ground, responses, reading.samples) for name in names]
    known = before is not None and before.kind == GENERATE and before.state == FINISHED
    return _made(READ, responses, "responses", not known, parts)


def _answers(source: Source, ground: _Ground) -> Part:
    """The part of one candidate: each prompt under each of its draws."""
    model, strategy = recipes.model(source.model, "a candidate"), strategies.load("plain")
    pace, calls = paces.of_answers(model, strategy), _draws(source) * ground.prompts
    length = min(source.max_tokens, pace.written)
    read = round(_said(source, ground) * calls)
    return Part(
        what="answers",
        model=model,
        calls=calls,
        calls_most=calls,
        read=round(pace.ratio * read),
        read_most=round(max(1.0, pace.ratio) * read),
        written=calls * length,
        written_most=calls * source.max_tokens,
        source=pace.source,
    )


def _said(source: Source, ground: _Ground) -> float:
    """Tokens that a candidate reads for one answer, on average over the sample and its modes."""
    names, rng = ground.settings.templates or tuple(training_templates.names()), Random(ground.settings.seed)  # noqa: S311
    every = tuple(each.slug for each in ground.taxonomy.open)
    loads = []
    for text in ground.sample:
        for mode, draws in source.draws.items():
            allowed = sample_allowed(ground.trained[:1], every if source.wide else ground.trained, mode, rng)
            template = PLAIN if mode == PLAIN else training_templates.choose(rng, names)
            system = training_templates.render(template, allowed, ground.taxonomy)
            loads += [_read(system, text)] * draws
    return sum(loads) / len(loads)


def _read(system: str, text: str) -> int:
    try:
        return rehearsal.rehearse(strategies.load("plain"), Question(system, system, text), written=0).read
    except EngineError as problem:
        raise recipes.RecipeProblem(problem.message) from problem


def _verdicts(name: str, slug: str, ground: _Ground, items: int, samples: int) -> Part | None:
    """The part of one judge; None for a judge that is a program or a person: neither makes a call."""
    model = recipes.judge_model(name, slug, ground.taxonomy)
    judge = judges.load(name, taxonomy=ground.taxonomy) if model else None
    if model is None or not isinstance(judge, LlmJudge):
        return None
    pace, calls = paces.of_verdicts(judge, model), items * samples
    answer = "" if judge.reads == judges.PROMPT else rehearsal.filler(paces.TYPICAL_ANSWER)
    sizes = [rehearsal.size(judge.messages(Case("", text, answer))) for text in ground.sample]
    read, written = sum(sizes) / len(sizes) * calls, min(judge.max_tokens, pace.written)
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


def _seconds(part: Part) -> float | None:
    """How long the model takes for so many calls, as many at once as it allows; None before it has answered any."""
    if not part.calls:
        return 0.0
    last = Call.objects.filter(reused=False).filter(_of(part.model)).order_by("-pk").values("pk")[:LOOKED_AT]
    took = Call.objects.filter(pk__in=list(last.values_list("pk", flat=True))).aggregate(mean=Avg("latency_ms"))["mean"]
    return None if took is None else part.calls * float(took) / 1000 / part.model.max_concurrency


def _of(model: LanguageModel) -> Q:
    return Q(judge__model=model) | Q(judge=None, item__run__candidate__model=model)


def _unknown(steps: Sequence[Step], ground: _Ground) -> Iterator[str]:
    """What nobody can know yet, in sentences."""
    if any(step.at_most for step in steps):
        yield (
            "How many prompts the labelling drops, and how many answers fail, is not known: later steps are counted "
            "as if none were lost."
        )
    if any(step.items is None for step in steps):
        yield "How many pairs come of it depends on what the responses hold. Building and freezing them makes no call."
    parts = [part for step in steps for part in step.parts]
    if unpriced := dict.fromkeys(part.model.name for part in parts if part.dollars() is None):
        yield f"No price is known of {', '.join(unpriced)}, so the money is not known."
    if silent := dict.fromkeys(part.model.name for part in parts if _seconds(part) is None):
        yield f"{', '.join(silent)} has not answered here yet, so the time is not known."
    if ground.settings.use_cache and parts:
        yield "Calls that were made before are taken from the cache and cost nothing; they are counted all the same."
