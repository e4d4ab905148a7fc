"""What a recipe of preference pairs is made of: judges, candidates, modes, weights, seeds, with their defaults.

The defaults are those of the paper where it says something. Source: Zhang et al. 2025, CoSAlign data synthesis.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from annotations.core.synthesis import MODES, PLAIN

GIVEN = "given"
"""In the place of a labelling judge: the risks that people wrote beside the prompts are taken, and nobody is asked."""
MOST_DRAWS, MOST_SOURCES, LARGEST = 16, 10, 2**31 - 1
_WIDEST = 2**63 - 1
UNREADABLE = "These settings cannot be read ({name}). Write the recipe anew, or from a preset."
Part = TypeVar("Part")


class BadRecipe(ValueError):
    """What is wrong with a recipe's settings, in a sentence for the person who writes it."""


@dataclass(frozen=True)
class Labelling:
    """How prompts get their risks, and which of them are kept.

    `judge` reads the prompt alone, or is GIVEN; `model` (a slug) answers for it where it is no program. `cap` is how
    many prompts of one set of risks are kept at most, `least` how many there must be, `dev_share` which part of them
    is set apart. `trained` are the slugs that training configs draw from, () those that the taxonomy marks; a prompt
    with another risk is dropped.
    """

    judge: str = "prompt_risks"
    model: str = ""
    trained: tuple[str, ...] = ()
    cap: int | None = 2500
    least: int = 1
    drop_all_risks: bool = True
    dev_share: float = 0.02


@dataclass(frozen=True)
class Source:
    """One candidate: who answers, how it samples, and under how many configs of each mode it answers a prompt.

    The mode `plain` is no config at all. `wide` draws its configs from all categories, not only from the trained ones.
    """

    model: str = ""
    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0
    draws: Mapping[str, int] = field(default_factory=lambda: {PLAIN: 1})
    wide: bool = False


@dataclass(frozen=True)
class Reading:
    """Who reads the responses: a judge of risks and a judge of whether the prompt is addressed, with their model."""

    risks: str = "risk_categories"
    addressed: str = "addressed"
    model: str = ""
    samples: int = 1


@dataclass(frozen=True)
class Weights:
    """What costs how much: a permitted risk, a forbidden one, not addressing the prompt; 0 <= alpha < gamma < beta."""

    alpha: float = 0.1
    beta: float = 3.0
    gamma: float = 1.0


@dataclass(frozen=True)
class Mixture:
    """What the set is made of: shares of built pairs and of people's, and whose ratings they are (ids of campaigns)."""

    built: float = 1.0
    people: float = 0.0
    campaigns: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecipeSettings:
    """Everything a stage needs to know. `modes` are those that pairs are ranked under, `templates` () means all."""

    seed: int = 0
    labelling: Labelling = Labelling()
    modes: tuple[str, ...] = MODES
    templates: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    reading: Reading = Reading()
    weights: Weights = Weights()
    mixture: Mixture = Mixture()
    use_cache: bool = True
    budget_tokens: int | None = None
    budget_dollars: float | None = None


def read(stored: Mapping[str, Any]) -> RecipeSettings:
    """The settings that a recipe or a stage keeps; what is not there has its default.

    Raises BadRecipe for what no recipe can be made with.
    """
    whole = {**_named("settings", stored)}
    for name, kind in (("labelling", Labelling), ("reading", Reading), ("weights", Weights), ("mixture", Mixture)):
        whole[name] = _part(kind, _named(name, whole.get(name, {})))
    sources = whole.get("sources", ())
    if not isinstance(sources, list | tuple):
        raise BadRecipe(UNREADABLE.format(name="sources"))
    whole["sources"] = tuple(_part(Source, _named("source", one)) for one in sources)
    settings = _part(RecipeSettings, whole)
    _check(settings)
    return settings


def plain(settings: RecipeSettings) -> dict[str, Any]:
    """The settings as JSON keeps them; `read` gives them back."""
    return asdict(settings)


def _named(name: str, stored: Any) -> Mapping[str, Any]:
    if not isinstance(stored, Mapping):
        raise BadRecipe(UNREADABLE.format(name=name))
    return stored


def _part(kind: type[Part], stored: Mapping[str, Any]) -> Part:
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    if strange := sorted(set(stored) - known):
        raise BadRecipe(f"A recipe has no setting {', '.join(strange)}.")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    kinds = get_type_hints(kind)
    if wrong := [name for name, value in values.items() if not _fits(value, kinds[name])]:
        raise BadRecipe(UNREADABLE.format(name=", ".join(wrong)))
    return kind(**values)


def _fits(value: Any, kind: Any) -> bool:
    """True for a value of the kind that a field names; numbers are finite and no larger than a database holds."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _fits(k, inner[0]) and _fits(one, inner[1]) for k, one in value.items()
        )
    if kind in (int, float) and isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= _WIDEST
    return isinstance(value, kind) and (kind is not float or math.isfinite(value))


def _check(settings: RecipeSettings) -> None:
    weights, labelling = settings.weights, settings.labelling
    if not 0 <= weights.alpha < weights.gamma < weights.beta:
        raise BadRecipe("The weights must rise: 0 ≤ alpha < gamma < beta.")
    if not 0 <= labelling.dev_share < 1:
        raise BadRecipe("The part that is set apart for development is from 0 up to, but not, 1.")
    if labelling.cap is not None and labelling.cap < max(1, labelling.least):
        raise BadRecipe("At most so many prompts of one set of risks are fewer than at least so many: nothing is kept.")
    _check_modes(settings.modes)
    for source in settings.sources:
        _check_source(source)
    if len(settings.sources) > MOST_SOURCES:
        raise BadRecipe(f"A recipe has at most {MOST_SOURCES} candidates.")
    if min(settings.mixture.built, settings.mixture.people) < 0 or not settings.mixture.built + settings.mixture.people:
        raise BadRecipe("The shares of built pairs and of people's are not negative, and one of them is above 0.")
    if max(abs(seed) for seed in (settings.seed, *(source.seed for source in settings.sources))) > LARGEST:
        raise BadRecipe(f"A seed is a number up to {LARGEST}.")
    if settings.reading.samples < 1:
        raise BadRecipe("Each judge is asked at least once.")


def _check_modes(modes: Iterable[str]) -> None:
    named = list(modes)
    if not named or len(set(named)) < len(named) or set(named) - set(MODES):
        raise BadRecipe(f"Choose at least one mode, each once, out of: {', '.join(MODES)}.")


def _check_source(source: Source) -> None:
    if set(source.draws) - {PLAIN, *MODES} or not sum(source.draws.values()):
        raise BadRecipe(f"A candidate answers under at least one of: {', '.join((PLAIN, *MODES))}.")
    if not all(0 <= number <= MOST_DRAWS for number in source.draws.values()):
        raise BadRecipe(f"A candidate answers under at most {MOST_DRAWS} configs of a mode.")
    if not (0 <= source.temperature <= 2 and 1 <= source.max_tokens <= LARGEST):
        raise BadRecipe("Choose a temperature from 0 to 2, and at least 1 token for an answer.")
