"""Recipes: written, changed and archived by people, and launched from any step to any later one."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import recipe as core
from annotations.core.recipe import RecipeSettings
from annotations.core.taxonomies import Taxonomy
from annotations.models import Benchmark, Campaign, LanguageModel, TaxonomyVersion, User
from annotations.models.work import FINISHED, OPEN_STATES
from annotations.services import audit
from annotations.services.chores import ChoreProblem
from training import judges
from training.judges import CodeJudge
from training.models import Recipe, Stage
from training.models.recipes import FREEZE, GENERATE, LABEL, PAIR, READ, STAGES, SYNTHESISE
from training.services import run_terms
from training.services.building import chain
from training.services.building.stages import ARCHIVED
from training.services.run_terms import ELSEWHERE, Terms

CHANGED = "Somebody was faster: the recipe was changed or archived meanwhile. Open it again to see how it is now."
FASTER = "Somebody was faster: {who} started this recipe meanwhile. Look at what is at work, and start again."
AT_WORK = "Somebody was faster: this step is at work already. Wait for its end, or cancel it first."
NOT_YET = "This step needs the one before it, and that is not finished. Start from an earlier step."
OTHER_CONFIGS = (
    "The recipe's candidates answer under other configs now than were made there. Start from the configs again."
)


class RecipeProblem(ChoreProblem):
    """Why a recipe cannot be kept or launched, and what to do about it."""


class RecipeChanged(RecipeProblem):
    """Somebody else changed, launched or archived the recipe, after the person had looked at it."""


@transaction.atomic
def create(
    *,
    benchmark: Benchmark,
    title: str,
    about: str,
    taxonomy: TaxonomyVersion | None,
    settings: RecipeSettings,
    actor: User | None,
) -> Recipe:
    """The new recipe, of the organisation whose prompts it takes.

    Raises RecipeProblem for a taxonomy or a campaign of another one.
    """
    _refuse_foreign(benchmark, taxonomy, settings)
    told: dict[str, Any] = {"title": title, "about": about, "settings": core.plain(settings), "taxonomy": taxonomy}
    home = {"organisation_id": benchmark.organisation_id, "benchmark": benchmark, "created_by": actor}
    recipe = Recipe.objects.create(**told, **home)
    audit.record(actor=actor, action="create", obj=recipe, after={"title": title})
    return recipe


@transaction.atomic
def edit(
    *,
    recipe: Recipe,
    actor: User | None,
    revision: int,
    benchmark: Benchmark,
    title: str,
    about: str,
    taxonomy: TaxonomyVersion | None,
    settings: RecipeSettings,
) -> None:
    """Nothing; the recipe is so from now on, and steps that were started keep what they were started with.

    `revision` is the one the person saw. Raises RecipeProblem when somebody was faster, for a taxonomy or a campaign
    of another organisation, and for other prompts once a step has taken the old ones.
    """
    _refuse_foreign(benchmark, taxonomy, settings)
    _refuse_other_prompts(recipe, benchmark)
    told: dict[str, Any] = {"title": title, "about": about, "settings": core.plain(settings), "taxonomy": taxonomy}
    now = Recipe.objects.filter(pk=recipe.pk, revision=revision, archived_at=None)
    before = dict(Recipe.objects.values("title", "settings").get(pk=recipe.pk))
    if not now.update(revision=F("revision") + 1, benchmark=benchmark, **told):
        raise RecipeChanged(CHANGED)
    after = {"title": title, "settings": told["settings"]}
    audit.record(actor=actor, action="edit", obj=recipe, before=before, after=after)


def _refuse_other_prompts(recipe: Recipe, benchmark: Benchmark) -> None:
    if benchmark.organisation_id != recipe.organisation_id:
        raise RecipeProblem(
            gettext("These prompts belong to another organisation than the recipe. Make a new recipe for them.")
        )
    if benchmark.pk != recipe.benchmark_id and recipe.stages.exists():
        raise RecipeProblem(
            gettext("Steps of this recipe have taken its prompts already. Make a new recipe for other prompts.")
        )


def _refuse_foreign(benchmark: Benchmark, taxonomy: TaxonomyVersion | None, settings: RecipeSettings) -> None:
    if taxonomy is not None and taxonomy.taxonomy.organisation_id != benchmark.organisation_id:
        raise RecipeProblem(
            gettext("This taxonomy belongs to another organisation than the prompts. Choose one of its own.")
        )
    foreign = Campaign.objects.filter(pk__in=settings.mixture.campaigns).exclude(organisation=benchmark.organisation_id)
    if strange := foreign.order_by("pk").first():
        raise RecipeProblem(
            gettext("“%(strange)s” belongs to another organisation than the prompts. Leave it out of the mixture.")
            % {"strange": strange}
        )


@transaction.atomic
def archive(*, recipe: Recipe, actor: User | None) -> None:
    """Nothing; the recipe is in no list any more and starts nothing. Raises RecipeProblem while a step is at work."""
    if not Recipe.objects.filter(pk=recipe.pk, archived_at=None).update(archived_at=timezone.now()):
        raise RecipeChanged(CHANGED)
    if recipe.stages.filter(state__in=OPEN_STATES).exists():
        raise RecipeProblem(gettext("A step of this recipe is at work. Wait for its end, or cancel it first."))
    audit.record(actor=actor, action="archive", obj=recipe, after={"archived": True})


@transaction.atomic
def launch(
    *,
    recipe: Recipe,
    actor: User | None,
    step: str,
    goal: str,
    after: Stage | None = None,
    seen: int | None = None,
) -> Stage:
    """The queued step with which the chain begins that ends at `goal`; what it does is fixed from now on.

    It comes `after` a finished step, the newest of its kind where none is named. `seen` is the newest step (id) that
    somebody had launched when the person looked, 0 for none. Raises RecipeProblem.
    """
    if step not in STAGES or goal not in STAGES[STAGES.index(step) :]:
        raise RecipeProblem(gettext("Choose the step to start from, and a goal that does not come before it."))
    if not Recipe.objects.filter(pk=recipe.pk, archived_at=None).update(revision=F("revision")):  # locks the row
        raise RecipeProblem(ARCHIVED)
    recipe.refresh_from_db()
    last = before(recipe, step, after)
    _refuse_second(recipe, step, last, seen)
    settings = carried(read(recipe), last, step)
    taxonomy = last.taxonomy if last else recipe.taxonomy
    check(settings, chain.taxonomy(taxonomy), step, goal)
    told: dict[str, Any] = {"settings": core.plain(settings), "taxonomy": taxonomy, "goal": goal, "created_by": actor}
    made = Stage.objects.create(organisation=recipe.organisation, recipe=recipe, kind=step, after=last, **told)
    audit.record(actor=actor, action="start", obj=made, after={"kind": step, "goal": goal})
    return made


def again(*, stage: Stage, actor: User | None) -> Stage:
    """A new step that does the same once more, with the recipe as it is now. Raises RecipeProblem."""
    return launch(recipe=stage.recipe, actor=actor, step=stage.kind, goal=stage.goal, after=stage.after)


def before(recipe: Recipe, step: str, after: Stage | None) -> Stage | None:
    """The finished step that `step` follows: `after`, or the newest one; None for the first. Raises RecipeProblem."""
    if step == LABEL:
        return None
    kind = STAGES[STAGES.index(step) - 1]
    finished = recipe.stages.filter(kind=kind, state=FINISHED).select_related("taxonomy__taxonomy").order_by("-pk")
    found = finished.filter(pk=after.pk).first() if after else finished.first()
    if found is None:
        raise RecipeProblem(NOT_YET)
    return found


def _refuse_second(recipe: Recipe, step: str, before: Stage | None, seen: int | None) -> None:
    if recipe.stages.filter(kind=step, after=before, state__in=OPEN_STATES).exists():
        raise RecipeChanged(AT_WORK)
    newest = recipe.stages.filter(automatic=False).select_related("created_by").order_by("-pk").first()
    if newest and seen is not None and newest.pk > seen:
        raise RecipeChanged(FASTER.format(who=newest.created_by or "the command line"))


def carried(now: RecipeSettings, before: Stage | None, step: str) -> RecipeSettings:
    """The recipe's settings, except for what the steps before `step` have decided already: that stays as it was there.

    Raises RecipeProblem where the candidates' configs are made and the recipe's candidates answer under others.
    """
    if before is None:
        return now
    then, place = chain.settings(before), STAGES.index(step)
    now = replace(now, labelling=then.labelling)
    if place > STAGES.index(SYNTHESISE):
        if step == GENERATE and _draws(now) != _draws(then):
            raise RecipeProblem(OTHER_CONFIGS)
        now = replace(now, modes=then.modes, templates=then.templates)
    if place > STAGES.index(GENERATE):
        now = replace(now, sources=then.sources)
    if place > STAGES.index(READ):
        now = replace(now, reading=then.reading)
    return replace(now, weights=then.weights) if place > STAGES.index(PAIR) else now


def _draws(settings: RecipeSettings) -> list[tuple[dict[str, int], bool]]:
    return [({mode: n for mode, n in one.draws.items() if n}, one.wide) for one in settings.sources]


def read(recipe: Recipe) -> RecipeSettings:
    """The recipe's settings as they are now. Raises RecipeProblem."""
    try:
        return core.read(recipe.settings)
    except core.BadRecipe as problem:
        raise RecipeProblem(str(problem)) from problem


def check(settings: RecipeSettings, taxonomy: Taxonomy, step: str, goal: str) -> None:
    """Nothing for settings with which all steps from `step` to `goal` can work. Raises RecipeProblem."""
    steps = STAGES[STAGES.index(step) : STAGES.index(goal) + 1]
    if strange := sorted(set(settings.labelling.trained) - set(taxonomy.slugs)):
        raise RecipeProblem(
            gettext("The taxonomy has no category %(strange)s. Choose the trained ones again.")
            % {"strange": ", ".join(strange)}
        )
    if not (settings.labelling.trained or taxonomy.trained):
        raise RecipeProblem(
            gettext("The taxonomy marks no category as trained. Choose the trained ones in the recipe.")
        )
    if {SYNTHESISE, GENERATE} & set(steps) and not settings.sources:
        raise RecipeProblem(gettext("This recipe names no candidate, so nobody would answer. Add one first."))
    if goal == FREEZE and settings.mixture.people and not settings.mixture.campaigns:
        raise RecipeProblem(
            gettext("The mixture has people's pairs in it, and no campaign is chosen. Choose one, or none.")
        )
    called = [one for one in _asked(settings, taxonomy, steps) if one is not None]
    try:
        run_terms.fields(terms(settings), called)
    except ValueError as problem:
        raise RecipeProblem(str(problem)) from problem


def _asked(settings: RecipeSettings, taxonomy: Taxonomy, steps: tuple[str, ...]) -> Iterator[LanguageModel | None]:
    """The models that these steps ask, None for each judge that is a program. Raises RecipeProblem."""
    if LABEL in steps:
        yield judge_model(settings.labelling.judge, settings.labelling.model, taxonomy)
    if GENERATE in steps:
        yield from (model(one.model, "a candidate") for one in settings.sources)
    if READ in steps:
        for name in (settings.reading.risks, settings.reading.addressed):
            yield judge_model(name, settings.reading.model, taxonomy)


def model(slug: str, what: str) -> LanguageModel:
    """The model of the registry that `what` is to be. Raises RecipeProblem when it is gone or answers elsewhere."""
    found = LanguageModel.objects.filter(slug=slug, archived_at=None).first()
    if found is None:
        named = f"There is no model “{slug}” any more" if slug else "No model is chosen"
        raise RecipeProblem(
            gettext("%(named)s for %(what)s. Choose another one in the recipe, or put it back.")
            % {"named": named, "what": what}
        )
    if found.engine == ELSEWHERE:
        raise RecipeProblem(
            gettext("%(found)s answers elsewhere and cannot be asked. Choose another model for %(what)s.")
            % {"found": found, "what": what}
        )
    return found


def judge_model(name: str, slug: str, taxonomy: Taxonomy) -> LanguageModel | None:
    """The model that this judge asks; None for a judge that is a program, and for what people wrote.

    Raises RecipeProblem, also for a judge whose file is gone or that does not know these categories.
    """
    if name == core.GIVEN:
        return None
    if name not in judges.names():
        raise RecipeProblem(
            gettext("There is no judge “%(name)s” any more. Choose another one in the recipe.") % {"name": name}
        )
    try:
        judge = judges.load(name, taxonomy=taxonomy)
    except ValueError as problem:
        raise RecipeProblem(str(problem)) from problem
    return None if isinstance(judge, CodeJudge) else model(slug, f"the judge “{judge.label}”")


def terms(settings: RecipeSettings) -> Terms:
    """The terms on which each run of the recipe works: its cache and its budget."""
    dollars = settings.budget_dollars
    micros = run_terms.micros(None if dollars is None else Decimal(str(dollars)))
    return Terms(use_cache=settings.use_cache, budget_tokens=settings.budget_tokens, budget_micros=micros)
