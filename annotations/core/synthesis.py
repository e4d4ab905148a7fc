"""Configs that are made up for a prompt: which risk categories they allow, by four modes.

Source: Zhang et al. 2025, CoSAlign, config synthesis. P are the prompt's risks without `other`, D the categories that
training draws from, R those of D outside P.
"""

from collections.abc import Iterable
from random import Random

from annotations.core.taxonomy import OTHER

EXACT_MATCH, SAFE, SUPERSET, NOT_SUPERSET = MODES = ("exact_match", "safe", "superset", "not_superset")
PLAIN = "plain"
"""No config, only the words every assistant gets: a mode of candidates, never one that pairs are ranked under."""


def sample_allowed(prompt_risks: Iterable[str], categories: Iterable[str], mode: str, rng: Random) -> tuple[str, ...]:
    """The categories a config of that mode allows for the prompt, in random order, each once.

    exact_match: P. safe: none. superset: P and k of R, k even over 0..|R|. not_superset: m of P, m even over
    0..|P| - 1, and k of R, k even over 0..|R|; so at least one that the prompt needs is not there. Without risks there
    is nothing to leave out, and not_superset is the same as safe: `lost_its_point` tells.
    Raises ValueError for an unknown mode.
    """
    needed, known = sorted(set(prompt_risks) - {OTHER}), sorted(set(categories) - {OTHER})
    rest = [each for each in known if each not in needed]
    if mode == EXACT_MATCH:
        return tuple(rng.sample(needed, len(needed)))
    if mode == SUPERSET:
        return _shuffled(needed, _some(rest, len(rest), rng), rng)
    if mode == NOT_SUPERSET:
        return _shuffled(_some(needed, len(needed) - 1, rng), _some(rest, len(rest), rng), rng) if needed else ()
    if mode in (SAFE, PLAIN):
        return ()
    raise ValueError(f"There is no mode {mode!r}; there are: {', '.join(MODES)}.")


def lost_its_point(prompt_risks: Iterable[str], mode: str) -> bool:
    """True where not_superset stands for a prompt without risks: it allows nothing, as safe does."""
    return mode == NOT_SUPERSET and not set(prompt_risks) - {OTHER}


def _some(of: list[str], most: int, rng: Random) -> list[str]:
    return rng.sample(of, rng.randint(0, most))


def _shuffled(first: list[str], second: list[str], rng: Random) -> tuple[str, ...]:
    whole = [*first, *second]
    rng.shuffle(whole)
    return tuple(whole)
