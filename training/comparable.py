"""Whether the figures of two runs may be set against each other, in words; without a database."""

from collections.abc import Sequence
from typing import NamedTuple

from training.compare import Counts


class Side(NamedTuple):
    """What a run was made of, as far as its figures depend on it; `judges` are names with a digest, in order."""

    run: int
    state: str
    benchmark_id: int
    benchmark: str
    release_id: int | None
    release: str
    judge_ids: frozenset[int]
    judges: tuple[str, ...]
    floor: str
    samples: int
    strategy: str
    strategy_digest: str
    plumbing: bool


class Caveat(NamedTuple):
    """A reason in words to read a difference with care or, when it `bars`, not to compare the two runs at all."""

    bars: bool
    words: str


def caveats(base: Side, run: Side, counts: Counts, heuristic: bool, versions: Sequence[str] = ()) -> tuple[Caveat, ...]:
    """Why the difference of two runs may come of something else than their candidates; those that bar it first.

    `versions` says in words which configs they answered in another version.
    """
    return (*_bars(base, run, counts), *_cares(base, run, counts, versions), *_weak(base, run, heuristic))


def _bars(base: Side, run: Side, counts: Counts) -> list[Caveat]:
    other_bench = base.benchmark_id != run.benchmark_id
    wrong = [
        (other_bench, f"other benchmarks: {_both(base, run, base.benchmark, run.benchmark)}"),
        (
            not other_bench and base.release_id != run.release_id,
            f"other prompts: {_both(base, run, base.release, run.release)}",
        ),
        (
            base.judge_ids != run.judge_ids,
            f"other judges: {_both(base, run, ', '.join(base.judges), ', '.join(run.judges))}",
        ),
        (not counts.paired, "no prompt is scored in both"),
    ]
    return [Caveat(True, words) for applies, words in wrong if applies]


def _cares(base: Side, run: Side, counts: Counts, versions: Sequence[str]) -> list[Caveat]:
    odd = [
        *(
            (side.state != "finished", f"run {side.run} is {side.state}: its figures are those so far")
            for side in (base, run)
        ),
        (bool(versions), f"other versions of configs: {'; '.join(versions)}"),
        (base.floor != run.floor, f"other floors: {_both(base, run, base.floor, run.floor)}"),
        (
            base.samples != run.samples,
            f"judges asked another number of times: {_both(base, run, str(base.samples), str(run.samples))}",
        ),
        (
            base.strategy == run.strategy and _differ(base.strategy_digest, run.strategy_digest),
            f"the strategy {run.strategy} was another text then",
        ),
        (
            bool(counts.paired and counts.unpaired),
            f"{counts.unpaired:,} of {counts.total:,} prompts are not scored in both and say nothing here",
        ),
    ]
    return [Caveat(False, words) for applies, words in odd if applies]


def _differ(one: str, other: str) -> bool:
    """Whether two digests are known to differ; that of an imported or an old run is not known."""
    return bool(one and other) and one != other


def _both(base: Side, run: Side, one: str, other: str) -> str:
    return f"{one} in run {base.run}, {other} in run {run.run}"


def _weak(base: Side, run: Side, heuristic: bool) -> list[Caveat]:
    words = [
        (heuristic, "a program judged: heuristic, not evidence"),
        (base.plumbing or run.plumbing, "a model too small to mean anything took part: plumbing, not evidence"),
    ]
    return [Caveat(False, said) for applies, said in words if applies]
