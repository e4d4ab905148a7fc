"""Which labelled prompts a recipe keeps: the right risks, not too many and not too few of a set, split by a seed.

Everything is drawn from a prompt's own digest, so that prompts that come later move none between the splits.
"""

from array import array
from collections.abc import Iterable
from hashlib import sha256

FAILED, UNPARSABLE, UNLABELLED = "failed", "unparsable", "unlabelled"
UNTRAINED, ALL_RISKS, TOO_FEW, OVER_CAP, DOUBLE = "untrained", "all_risks", "too_few", "over_cap", "double"
WORDS = {
    FAILED: "could not be asked about",
    UNPARSABLE: "without a verdict that could be read",
    UNLABELLED: "without risks beside it",
    ALL_RISKS: "with every category at once",
    UNTRAINED: "with a risk that training does not draw from",
    TOO_FEW: "in a set of risks with too few",
    OVER_CAP: "above the cap for a set of risks",
    DOUBLE: "the same text once more",
}
"""Why a prompt is dropped, in words. One has one reason: the first that holds, in this order."""
TRAIN, DEV = "train", "dev"
_WHOLE = 2**64
Risks = frozenset[str]


def draw(seed: int, purpose: str, digest: str) -> int:
    """The number 0..2**64 - 1 that a prompt draws for a purpose: always the same, and independent of other prompts."""
    return int.from_bytes(sha256(f"{seed} {purpose} {digest}".encode()).digest()[:8])


def split(seed: int, digest: str, dev_share: float) -> str:
    """`dev` for about `dev_share` (0..1) of all digests, `train` for the others; of what is alike, one digest."""
    return DEV if draw(seed, "split", digest) < dev_share * _WHOLE else TRAIN


def unfit(risks: Risks, *, every: Iterable[str], trained: Iterable[str], drop_all: bool) -> str:
    """Why a prompt with these risks is not kept whatever others there are; "" when it may be.

    `every` are all categories of the taxonomy: a judge that finds all of them in one prompt has told nothing apart.
    Source: Zhang et al. 2025, CoSAlign data (the set of all eight is dropped; others than the trained are skipped).
    """
    if drop_all and risks >= frozenset(every):
        return ALL_RISKS
    return UNTRAINED if risks - frozenset(trained) else ""


class Sets:
    """The sets of risks by how many prompts each has: shown every prompt first, then asked of each.

    At most `cap` of one set are kept, None for all, and none of a set with fewer than `least`. Which ones is drawn from
    the seed and their digests. It takes eight bytes for each prompt.
    """

    def __init__(self, seed: int, *, cap: int | None, least: int):
        self.seed, self.cap, self.least = seed, cap, least
        self._drawn: dict[Risks, array[int]] = {}
        self._last: dict[Risks, int] = {}

    def see(self, risks: Risks, digest: str) -> None:
        """Nothing; the prompt is counted."""
        self._drawn.setdefault(risks, array("Q")).append(draw(self.seed, "cap", digest))

    def why_not(self, risks: Risks, digest: str) -> str:
        """Why a prompt that was seen is not kept; "" when it is. All prompts have been seen by then."""
        drawn = self._drawn[risks]
        if len(drawn) < self.least:
            return TOO_FEW
        if self.cap is None or len(drawn) <= self.cap:
            return ""
        if risks not in self._last:
            self._last[risks] = sorted(drawn)[self.cap - 1]
        return "" if draw(self.seed, "cap", digest) <= self._last[risks] else OVER_CAP
