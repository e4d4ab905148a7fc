"""Freezing pairs into one file: doubles out, the shares that were asked for, every pair that stays away counted."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from annotations.core import mixture, preference_pairs
from annotations.core.mixture import Taken
from annotations.core.pair_figures import Tally
from annotations.core.preference_pairs import PEOPLES, Pair
from annotations.core.recipe import Mixture
from annotations.core.taxonomies import Taxonomy
from annotations.services import pair_files
from annotations.services.chores import ChoreProblem
from annotations.services.pair_files import Written

DOUBLES, BUILT_OVER, PEOPLES_OVER = ("double", "built, over its share", "people's, over its share")
FORMAT = "1"
"""The version of the layout of a manifest."""
LIBRARIES = ("Django", "numpy", "pyarrow")

Beat = Callable[[int], None]


class Frozen(NamedTuple):
    """What became of the pairs: came = rows + dropped. `moved` were put into the split that their prompt has already.

    `splits` and `figures` are those of a PreferenceSet.
    """

    written: Written
    came: int
    dropped: dict[str, int]
    moved: int
    splits: dict[str, int]
    figures: dict[str, Any]

    @property
    def law(self) -> dict[str, Any]:
        """In = out + dropped by reason + failed by reason."""
        return {"in": self.came, "out": self.written.rows, "dropped": self.dropped, "failed": {}}


def freeze(
    part: Path,
    rows: Iterable[Pair],
    *,
    beat: Beat,
    taxonomy: Taxonomy | None = None,
    shares: Mixture | None = None,
    seed: int = 0,
) -> Frozen:
    """What was written into the file `part`; the same pairs in the same order give the same bytes.

    Of pairs with the same system prompt, prompt and responses the first one stays. With `shares` the set is the largest
    one that has them, the seed decides which pairs stay away, and the first pair of a prompt decides the split of all
    of them. `beat` is told how many pairs came so far. Memory: some 100 bytes for each pair, none of its texts.
    Raises ChoreProblem when the shares leave nothing.
    """
    sieve = _Sieve(whole_prompts=shares is not None)
    tally = Tally(taxonomy)
    written = pair_files.write(part, _counted(sieve.once(_told(rows, beat)), tally))
    wanted = sieve.wanted(shares)
    dropped = {
        DOUBLES: sieve.came - written.rows,
        BUILT_OVER: len(sieve.built) - wanted.built,
        PEOPLES_OVER: len(sieve.peoples) - wanted.people,
    }
    if dropped[BUILT_OVER] or dropped[PEOPLES_OVER]:
        tally = Tally(taxonomy)
        written = _again(part, _counted(sieve.chosen(_told(pair_files.read(part), beat), wanted, seed), tally))
    left_out = {reason: amount for reason, amount in dropped.items() if amount}
    return Frozen(written, sieve.came, left_out, sieve.moved, tally.by_split(), tally.figures())


def _told(rows: Iterable[Pair], beat: Beat) -> Iterator[Pair]:
    for done, pair in enumerate(rows):
        beat(done)
        yield pair


def _counted(rows: Iterable[Pair], tally: Tally) -> Iterator[Pair]:
    for pair in rows:
        tally.add(pair)
        yield pair


def _again(part: Path, rows: Iterable[Pair]) -> Written:
    """The rows are read from `part` itself, so they are written beside it and take its place."""
    beside = part.with_name(f"{part.name}-mixed")
    try:
        written = pair_files.write(beside, rows)
        beside.replace(part)
    finally:
        beside.unlink(missing_ok=True)
    return written


class _Sieve:
    """What was there already, by the digests of pairs and prompts."""

    def __init__(self, *, whole_prompts: bool) -> None:
        self.came = self.moved = 0
        self.built: set[bytes] = set()
        self.peoples: set[bytes] = set()
        self._splits: dict[bytes, str] | None = {} if whole_prompts else None

    def once(self, rows: Iterable[Pair]) -> Iterator[Pair]:
        """Each pair that was not there yet, in the split of its prompt."""
        for pair in rows:
            self.came += 1
            found = preference_pairs.digest(pair)
            if found in self.built or found in self.peoples:
                continue
            (self.peoples if pair.origin in PEOPLES else self.built).add(found)
            yield self._placed(pair)

    def _placed(self, pair: Pair) -> Pair:
        if self._splits is None:
            return pair
        split = self._splits.setdefault(preference_pairs.prompt_digest(pair.prompt), pair.split)
        self.moved += split != pair.split
        return pair if split == pair.split else pair._replace(split=split)

    def wanted(self, shares: Mixture | None) -> Taken:
        """How many pairs of each kind the set takes. Raises ChoreProblem when that is none."""
        if shares is None:
            return Taken(len(self.built), len(self.peoples))
        found = mixture.taken(len(self.built), len(self.peoples), shares.built, shares.people)
        if not sum(found):
            raise ChoreProblem(self._why_nothing(shares))
        return found

    def _why_nothing(self, shares: Mixture) -> str:
        kinds = (("built", self.built, shares.built), ("people's", self.peoples, shares.people))
        lacking = [name for name, pairs, share in kinds if share and not pairs]
        if len(lacking) < sum(bool(share) for _, _, share in kinds):
            change = "Set that share to 0, or see at the steps before why there is none."
            return f"The set should hold {' and '.join(lacking) or 'both kinds of'} pairs, and none came. {change}"
        return "No pair came to be frozen. See at the step before why none was made."

    def chosen(self, rows: Iterable[Pair], wanted: Taken, seed: int) -> Iterator[Pair]:
        """The pairs that the seed draws, so many of each kind, in the order they came in."""
        last = {False: _last(self.built, wanted.built, seed), True: _last(self.peoples, wanted.people, seed)}
        for pair in rows:
            if preference_pairs.draw(seed, preference_pairs.digest(pair)) <= last[pair.origin in PEOPLES]:
                yield pair


def _last(found: set[bytes], most: int, seed: int) -> bytes:
    """The draw up to which pairs are taken; every draw lies above the first of these and below the last."""
    if most in (0, len(found)):
        return b"" if not most else b"\xff" * (preference_pairs.DIGEST_BYTES + 1)
    return sorted(preference_pairs.draw(seed, name) for name in found)[most - 1]


def manifest(frozen: Frozen, taxonomy: Taxonomy, facts: Mapping[str, Any]) -> dict[str, Any]:
    """How the pairs came about as JSON holds it: `facts` say what, when, by whom and out of which work.

    Added are the file's digest, bytes and pairs, what was left out and why, the taxonomy, and the libraries.
    """
    return {
        **facts,
        "format": FORMAT,
        "taxonomy": {
            "title": taxonomy.title,
            "categories": [category._asdict() for category in taxonomy.categories],
        },
        "pairs": frozen.law | {"moved": frozen.moved},
        "splits": frozen.splits,
        "file": {"sha256": frozen.written.sha256, "bytes": frozen.written.size, "rows": frozen.written.rows},
        "libraries": {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES},
    }
