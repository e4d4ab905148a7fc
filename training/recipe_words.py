"""Recipes in words: what one is set to, which configs were made, which labels the responses have."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from annotations.core import recipe as core
from annotations.core import training_templates
from annotations.core.recipe import BadRecipe, RecipeSettings, Source
from annotations.core.synthesis import MODES, PLAIN
from annotations.core.taxonomies import Taxonomy
from annotations.models import LanguageModel
from training import judges
from training.models import Recipe, Stage
from training.services.building import chain

MODE_WORDS = {PLAIN: gettext_noop("no config"), **{mode: mode.replace("_", " ") for mode in MODES}}
Facts = list[tuple[str, str]]


class Section(NamedTuple):
    """Some settings that belong together, each with its name."""

    title: str
    facts: Facts


class Mode(NamedTuple):
    """How many configs of one mode were made, and how many of them open so many categories, from 0 on."""

    who: str
    mode: str
    configs: int


class Configs(NamedTuple):
    """What a step of configs made: by who and mode, by how many categories are open, by template."""

    configs: int
    texts: int
    lost: int
    modes: list[Mode]
    every_size: range
    sizes: list[tuple[str, list[int]]]
    templates: list[tuple[str, int]]


class Label(NamedTuple):
    """How many responses hold these risks, and whether they address the prompt."""

    risks: str
    addressed: bool
    n: int


def of_recipe(recipe: Recipe) -> list[Section]:
    """The settings of a recipe as they are now."""
    return _sections(
        recipe.settings, chain.taxonomy(recipe.taxonomy), str(recipe.taxonomy or _("the built-in categories"))
    )


def of_stage(stage: Stage) -> list[Section]:
    """The settings that a step was started with, and still has."""
    return _sections(
        stage.settings, chain.taxonomy(stage.taxonomy), str(stage.taxonomy or _("the built-in categories"))
    )


def _sections(stored: Mapping[str, Any], taxonomy: Taxonomy, title: str) -> list[Section]:
    try:
        settings = core.read(stored)
    except BadRecipe as problem:
        return [Section(_("Settings"), [(_("They cannot be read"), str(problem))])]
    models = _models(settings)
    return [
        Section(_("Labelling"), _labelling(settings, taxonomy, title, models)),
        Section(_("Configs"), _configs(settings)),
        *(
            Section(_("Candidate %(number)s") % {"number": n}, _source(one, models))
            for n, one in enumerate(settings.sources, start=1)
        ),
        Section(_("Reading"), _reading(settings, models)),
        Section(_("Weights and mixture"), _weights(settings)),
        Section(_("Seeds and budget"), _terms(settings)),
    ]


def _models(settings: RecipeSettings) -> dict[str, str]:
    slugs = {settings.labelling.model, settings.reading.model, *(one.model for one in settings.sources)}
    return {model.slug: str(model) for model in LanguageModel.objects.filter(slug__in=slugs)}


def _judge(name: str, model: str, models: Mapping[str, str]) -> str:
    if name == core.GIVEN:
        return _("people, beside the prompts")
    label = _(judges.load(name).label) if name in judges.names() else _("%(name)s (gone)") % {"name": name}
    told = _("%(judge)s, asked of %(model)s") % {"judge": label, "model": models.get(model, model)}
    return told if model else label


def _labelling(settings: RecipeSettings, taxonomy: Taxonomy, title: str, models: Mapping[str, str]) -> Facts:
    one = settings.labelling
    most = _("any number") if one.cap is None else f"{one.cap:,}"
    return [
        (_("Categories"), title),
        (_("Trained"), taxonomy.names(one.trained or taxonomy.trained)),
        (_("By"), _judge(one.judge, one.model, models)),
        (_("Kept of one set of risks"), _("%(least)s to %(most)s") % {"least": f"{one.least:,}", "most": most}),
        (_("Every risk at once"), _("dropped") if one.drop_all_risks else _("kept")),
        (_("Set apart for development"), f"{100 * one.dev_share:g} %"),
    ]


def _configs(settings: RecipeSettings) -> Facts:
    words = ", ".join(map(wording, settings.templates)) or _("all %(number)s") % {
        "number": len(training_templates.names())
    }
    return [(_("Pairs are ranked under"), _mode_list(settings.modes)), (_("Wordings"), words)]


def wording(name: str) -> str:
    """What people call a template; its bare name when its file is gone."""
    known = (*training_templates.names(), PLAIN)
    return _(training_templates.load(name).label) if name in known else name


def _mode_list(modes: Iterable[str]) -> str:
    return ", ".join(_(MODE_WORDS[mode]) for mode in modes)


def _source(one: Source, models: Mapping[str, str]) -> Facts:
    told = {"temperature": f"{one.temperature:g}", "tokens": f"{one.max_tokens:,}", "seed": one.seed}
    draws = ", ".join(f"{n} × {_(MODE_WORDS[mode])}" for mode, n in one.draws.items() if n)
    return [
        (_("Model"), models.get(one.model, one.model) or _("not chosen yet")),
        (_("Answers under"), _("%(draws)s, drawn from all categories") % {"draws": draws} if one.wide else draws),
        (_("Sampling"), _("temperature %(temperature)s, at most %(tokens)s tokens, seed %(seed)s") % told),
    ]


def _reading(settings: RecipeSettings, models: Mapping[str, str]) -> Facts:
    one = settings.reading
    return [
        (_("Risks by"), _judge(one.risks, one.model, models)),
        (_("Addressed by"), _judge(one.addressed, one.model, models)),
        (_("Asked"), _("once") if one.samples == 1 else _("%(times)s times") % {"times": one.samples}),
    ]


def _weights(settings: RecipeSettings) -> Facts:
    weights, mixed = settings.weights, settings.mixture
    number = len(mixed.campaigns)
    shares = {"built": f"{mixed.built:g}", "people": f"{mixed.people:g}", "campaigns": number}
    words = ngettext(
        "built %(built)s, people %(people)s, %(campaigns)s campaign",
        "built %(built)s, people %(people)s, %(campaigns)s campaigns",
        number,
    )
    mixture = words % shares if number else _("built %(built)s, people %(people)s") % shares
    return [
        (_("Weights"), f"α {weights.alpha:g}, γ {weights.gamma:g}, β {weights.beta:g}"),
        (_("Mixture"), mixture),
    ]


def _terms(settings: RecipeSettings) -> Facts:
    tokens, dollars = settings.budget_tokens, settings.budget_dollars
    limits = [_("%(tokens)s tokens") % {"tokens": f"{tokens:,}"}] if tokens is not None else []
    limits += [f"${dollars:,.2f}"] if dollars is not None else []
    cache = _("calls made before are taken from the cache") if settings.use_cache else _("everything is asked anew")
    return [
        (_("Seed"), str(settings.seed)),
        (_("Each run may use"), _(" and ").join(limits) or _("no limit")),
        (_("Cache"), cache),
    ]


def configs(stage: Stage) -> Configs | None:
    """What a step of configs made; None before it is finished."""
    told = stage.figures
    if "configs" not in told:
        return None
    modes = [
        Mode(_who(s), MODE_WORDS[mode], n)
        for s, by in sorted(told["modes"].items(), key=_first)
        for mode, n in by.items()
    ]
    widest = max((int(size) for sizes in told["allowed"].values() for size in sizes), default=0)
    sizes = [(_who(s), _from_zero(by, widest)) for s, by in sorted(told["allowed"].items(), key=_first)]
    templates = sorted(
        ((wording(name), n) for name, n in told["templates"].items()), key=lambda pair: (-pair[1], pair[0])
    )
    made = sum(told["configs"].values())
    return Configs(made, told["texts"], told["lost"], modes, range(widest + 1), sizes, templates)


def _first(pair: tuple[str, Any]) -> int:
    return int(pair[0])


def _who(source: str) -> str:
    return "ranking" if source == "0" else f"candidate {source}"


def _from_zero(sizes: Mapping[str, int], widest: int) -> list[int]:
    return [sizes.get(str(size), 0) for size in range(widest + 1)]


def labels(stage: Stage) -> Sequence[Label]:
    """How many responses have each label, the most frequent first."""
    taxonomy = chain.taxonomy(stage.taxonomy)
    rows = stage.figures.get("labels", ())
    return [Label(taxonomy.names(row["risks"]), row["addressed"], row["n"]) for row in rows]
