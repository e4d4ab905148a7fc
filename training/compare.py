"""Two runs beside each other: which items pair, and what moved; without a database.

The figures of the pairs are those of `annotations.core.paired`, their comparability is `comparable`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core.paired import Pair, Rated
from annotations.core.rating_table import Floats, Places
from training.evidence import NOTABLE
from training.scores import RunScores

PAIRED, ONLY_BASE, ONLY_RUN, WAITING, FAILED, UNSCORED = STANDS = (
    "paired",
    "only_base",
    "only_run",
    "waiting",
    "failed",
    "unscored",
)
CHANGES = {
    "to_unsafe": "safe → unsafe",
    "to_safe": "unsafe → safe",
    "to_unhelpful": "helpful → unhelpful",
    "to_helpful": "unhelpful → helpful",
    "fell": f"value fell by {NOTABLE} or more",
    "rose": f"value rose by {NOTABLE} or more",
    "unscored": "not scored in both",
    "only": "in one run only",
}
"""What may have become of an item, by the name of its filter, in words."""

_BITS = {change: 1 << at for at, change in enumerate(CHANGES)}
_NO_PAIR = dict.fromkeys((WAITING, FAILED, UNSCORED), _BITS["unscored"]) | dict.fromkeys(
    (ONLY_BASE, ONLY_RUN), _BITS["only"]
)


class ItemFacts(NamedTuple):
    """An item of a run without its texts: where it stands, and its verdicts; None is unscored."""

    prompt: int
    config: int
    version: int
    kind: str
    state: str
    helpfulness: float | None
    follows_config: bool | None
    heuristic: bool

    @property
    def rated(self) -> Rated | None:
        """Both verdicts; None while one is missing."""
        if self.helpfulness is None or self.follows_config is None:
            return None
        return Rated(self.helpfulness, self.follows_config)


class Counts(NamedTuple):
    """Every prompt of either run, counted once.

    Those in both that are no pair have not ended in one of them, else failed in one, else are unscored in one.
    """

    paired: int = 0
    only_base: int = 0
    only_run: int = 0
    waiting: int = 0
    failed: int = 0
    unscored: int = 0

    @property
    def total(self) -> int:
        """The prompts of either run."""
        return sum(self)

    @property
    def unpaired(self) -> int:
        """Those that say nothing of the difference."""
        return self.total - self.paired


class Move(NamedTuple):
    """A prompt that changed, or stands for no pair; `stand` is one of STANDS, `changes` a bit for each of CHANGES.

    `delta` is its value now minus that in the base, -2..2; None where there is no pair.
    """

    prompt: int
    config: int
    kind: str
    stand: str
    changes: int
    delta: float | None


@dataclass(frozen=True)
class Moves:
    """Moves in their order as columns, which a cache holds and filters sift quickly; a slice of it gives Moves again.

    `deltas` are nan where there is no pair.
    """

    prompts: Places
    configs: Places
    kinds: NDArray[np.bytes_]
    stands: NDArray[np.bytes_]
    changes: NDArray[np.int16]
    deltas: Floats

    @classmethod
    def of(cls, moves: Sequence[Move]) -> "Moves":
        """The moves as columns."""
        rows = list(zip(*moves, strict=True)) or [()] * len(Move._fields)
        prompts, configs, kinds, stands, changes, deltas = rows
        return cls(
            np.array(prompts, dtype=np.intp),
            np.array(configs, dtype=np.intp),
            np.array(kinds, dtype=np.bytes_),
            np.array(stands, dtype=np.bytes_),
            np.array(changes, dtype=np.int16),
            np.array(deltas, dtype=float),
        )

    def __len__(self) -> int:
        return len(self.prompts)

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> "Moves":
        return Moves(*(column[part] for column in vars(self).values()))

    def fitting(self, config: int | None = None, kind: str = "", change: str = "") -> "Moves":
        """Those of a config, of a kind and that changed in this way; None and empty words are true of every move."""
        fits = np.ones(len(self), dtype=bool)
        if config is not None:
            fits &= self.configs == config
        if kind:
            fits &= self.kinds == kind.encode()
        if change in _BITS:
            fits &= (self.changes & _BITS[change]) > 0
        return self[fits]

    def place(self, prompt: int) -> int | None:
        """Where the prompt stands, from 0; None when it is not among them."""
        found = np.flatnonzero(self.prompts == prompt)
        return int(found[0]) if len(found) else None

    def rows(self) -> list[Move]:
        """The moves one by one."""
        columns = (column.tolist() for column in vars(self).values())
        return [
            Move(prompt, config, kind.decode(), stand.decode(), changes, None if isnan(delta) else delta)
            for prompt, config, kind, stand, changes, delta in zip(*columns, strict=True)
        ]


class Beside(NamedTuple):
    """A run beside its base: the pairs, what became of every prompt, the moves worst first, and the configs' versions.

    `versions` are those of the base and of the run, None where a run has no item of the config.
    """

    pairs: list[Pair]
    counts: Counts
    by_config: dict[int, Counts]
    by_kind: dict[str, Counts]
    moves: list[Move]
    versions: dict[int, tuple[int | None, int | None]]
    heuristic: bool


def beside(
    base: Mapping[int, ItemFacts], run: Mapping[int, ItemFacts], clusters: Mapping[int, int] | None = None
) -> Beside:
    """The items of a run beside those of its base, by prompt.

    `clusters` names one prompt for those that have the wording of another one; the others are their own cluster.
    """
    of_whole: Counter[str] = Counter()
    of_config: defaultdict[int, Counter[str]] = defaultdict(Counter)
    of_kind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    pairs, moves = [], []
    for prompt in sorted(base.keys() | run.keys()):
        was, now = base.get(prompt), run.get(prompt)
        move, pair = _move(was, now)
        for counter in (of_whole, of_config[move.config], of_kind[move.kind]):
            counter[move.stand] += 1
        if pair is not None:
            pairs.append(pair._replace(cluster=(clusters or {}).get(prompt, prompt)))
        if move.changes:
            moves.append(move)
    return Beside(
        pairs,
        Counts(**of_whole),
        {config: Counts(**found) for config, found in of_config.items()},
        {kind: Counts(**found) for kind, found in of_kind.items()},
        sorted(moves, key=lambda move: (move.delta is None, move.delta or 0.0, move.prompt)),
        _versions(base.values(), run.values()),
        any(item.heuristic for items in (base, run) for item in items.values()),
    )


def _move(was: ItemFacts | None, now: ItemFacts | None) -> tuple[Move, Pair | None]:
    item = now or was
    if item is None:
        raise ValueError("A prompt is in one of two runs at least.")
    stand = _stand(was, now)
    before, after = (one.rated if one else None for one in (was, now))
    if before is None or after is None or stand != PAIRED:
        return Move(item.prompt, item.config, item.kind, stand, _NO_PAIR[stand], None), None
    delta = round(_value(after) - _value(before), 9)  # 1.0 - 0.8 is a little less than 0.2
    pair = Pair(item.config, item.kind, item.prompt, before, after)
    return Move(item.prompt, item.config, item.kind, stand, _changes(before, after, delta), delta), pair


def _changes(before: Rated, now: Rated, delta: float) -> int:
    found = 0
    if before.follows_config != now.follows_config:
        found |= _BITS["to_safe" if now.follows_config else "to_unsafe"]
    if (before.helpfulness > 0) != (now.helpfulness > 0):
        found |= _BITS["to_helpful" if now.helpfulness > 0 else "to_unhelpful"]
    if abs(delta) >= NOTABLE:
        found |= _BITS["rose" if delta > 0 else "fell"]
    return found


def _stand(was: ItemFacts | None, now: ItemFacts | None) -> str:
    if was is None or now is None:
        return ONLY_RUN if was is None else ONLY_BASE
    states = {was.state, now.state}
    if "queued" in states:
        return WAITING
    if "failed" in states:
        return FAILED
    return PAIRED if was.rated and now.rated else UNSCORED


def _value(rated: Rated) -> float:
    return rated.helpfulness if rated.follows_config else -rated.helpfulness


def _versions(*sides: Iterable[ItemFacts]) -> dict[int, tuple[int | None, int | None]]:
    """The version of each config in either run; a run answers under one version of a config."""
    one, other = ({item.config: item.version for item in side} for side in sides)
    return {config: (one.get(config), other.get(config)) for config in one.keys() | other.keys()}


def share(scores: RunScores, outcome: str) -> float | None:
    """The share 0..1 of an outcome among scored items, as the unweighted mean over configs; None without any.

    Source: Zhang et al. 2025, whose tables average the shares of configs as they do scores.
    """
    known = [getattr(row.scored, outcome) for row in scores.configs if row.scored.n_scored]
    return sum(known) / len(known) if known else None
