"""Recipes to begin with: the paper's, as far as it says how, and one that runs anywhere in a minute."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from annotations.core.recipe import Labelling, Reading, RecipeSettings, Source
from annotations.core.synthesis import NOT_SUPERSET, PLAIN, SUPERSET

TRAINED = ("financial_crime", "discrimination", "violence", "privacy")
"""The four categories that the paper trains on."""
EMBEDDED = "smollm2-135m"


class Preset(NamedTuple):
    """A recipe to begin with, and what it is for."""

    label: str
    about: str
    settings: Callable[[], RecipeSettings]


def paper() -> RecipeSettings:
    """As the paper builds its pairs; which models answer and judge is for the person to say."""
    uncensored = {SUPERSET: 4, NOT_SUPERSET: 4}
    sources = (Source(draws={PLAIN: 1}), Source(draws=uncensored, wide=True))
    return RecipeSettings(labelling=Labelling(trained=TRAINED, cap=2500, least=11), sources=sources)


def demo() -> RecipeSettings:
    """The small packaged model answers, programs judge: it proves the path and is no evidence."""
    small = Source(model=EMBEDDED, max_tokens=24)
    sources = (replace(small, draws={PLAIN: 1}), replace(small, draws={SUPERSET: 1}))
    return RecipeSettings(
        labelling=Labelling(judge="prompt_words", cap=None),
        sources=sources,
        reading=Reading(risks="heuristic", addressed="heuristic"),
    )


PRESETS = {
    "paper": Preset(
        "CoSAlign paper",
        "Four trained categories, α 0.1 β 3 γ 1, all four modes, 11 to 2,500 prompts of one set of risks; a safe "
        "model answers once without config, an uncensored one under four configs that open what the prompt needs and "
        "four that do not.",
        paper,
    ),
    "demo": Preset(
        "Demo",
        "The small packaged model answers and programs judge. It takes minutes and proves the path; its pairs are no "
        "evidence of anything.",
        demo,
    ),
}
