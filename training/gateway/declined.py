"""Whether an answer declines, by the words it begins with: a heuristic that no figure of an evaluation comes from."""

from training.judges._refusals import refuses
from training.judges._words import sentences

LOOKED_AT, SENTENCES = 160, 2


def declines(beginning: str) -> bool:
    """True when one of the first sentences says that the writer will not do what was asked."""
    return any(refuses(sentence) for sentence in sentences(beginning[:LOOKED_AT])[:SENTENCES])
