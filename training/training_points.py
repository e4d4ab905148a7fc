"""What trainers wrote, as series of at most 150 buckets: gathered in SQL; what is long past stays in the cache."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import connection

from training.models import TrainingPoint, TrainingRun
from training.models.training import EVAL, LOG, MACHINE

Path = tuple[str | int, ...]
MOST = 150
"""Buckets of a series. Each is drawn by its least and its greatest value, so that a spike never vanishes."""
CHUNK, BASE = 4096, 64
"""Steps that are kept together, and the steps of one of their buckets; both powers of two, CHUNK the larger one."""
FRESH = 3
"""Chunks of a run that one page reads for the first time; the others wait for the next look."""
OPEN_SECONDS, OVER_SECONDS = 60, 86_400
CARDS = 8
LOGGED: dict[str, Path] = {
    name: (name,)
    for name in (
        *("loss", "grad_norm", "learning_rate", "rewards/margins", "rewards/accuracies"),
        *("tokens_per_second", "memory_bytes", "num_tokens"),
    )
}
EVALUATED: dict[str, Path] = {
    name: (name,) for name in ("eval_loss", "eval_rewards/margins", "eval_rewards/accuracies")
}
WATCHED: dict[str, Path] = {name: (name,) for name in ("cpu_percent", "rss_bytes")}
DRAWN = {LOG: LOGGED, EVAL: EVALUATED, MACHINE: WATCHED}
# What is there and no finite number is text, which SQLite sorts behind all numbers.
_SQLITE = 'COALESCE(json_extract("values", %s), json_type("values", %s)) AS v@'
_POSTGRESQL = """CASE WHEN jsonb_typeof("values" #> %s) = 'number' THEN ("values" #>> %s)::float8 END AS v@,
("values" #> %s) IS NOT NULL AS k@"""
_OF_SQLITE = """COUNT(v@) FILTER (WHERE v@ < ''), COUNT(v@) FILTER (WHERE v@ >= ''), MIN(v@) FILTER (WHERE v@ < ''),
MAX(v@) FILTER (WHERE v@ < ''), SUM(v@) FILTER (WHERE v@ < '')"""
_OF_POSTGRESQL = "COUNT(v@), COUNT(*) FILTER (WHERE k@ AND v@ IS NULL), MIN(v@), MAX(v@), SUM(v@)"


class Bucket(NamedTuple):
    """Some steps of a series: `n` finite values between `low` and `high`, `total` their sum; `bad` are not finite."""

    first: int
    last: int
    n: int
    bad: int
    low: float | None
    high: float | None
    total: float

    @property
    def mean(self) -> float | None:
        """The mean of the finite values; None without any."""
        return self.total / self.n if self.n else None


Series = dict[str, list[Bucket]]


class Read(NamedTuple):
    """The series of a run by name; `since` is the first step they hold, when older ones were not read yet, else 0."""

    series: Series
    since: int


class _Ask(NamedTuple):
    """Steps of a run to be read, from `low` to below `high`."""

    run: int
    low: int
    high: int


def cards(number: int) -> dict[str, Path]:
    """The series of the first cards of a machine: use in percent and bytes of memory, by name."""
    return {
        f"gpu{card}_{name}": ("gpus", card, name)
        for card in range(min(number, CARDS))
        for name in ("use_percent", "memory_bytes")
    }


def width(steps: int) -> int:
    """The steps of a bucket, a power of two, so that no series of so many steps has more than MOST."""
    found = 1
    while steps // found + 1 > MOST:
        found *= 2
    return found


def read(runs: Sequence[TrainingRun], last: dict[int, int]) -> dict[int, Read]:
    """The series of each run by its id; `last` is the last step each has points of. Three queries, or none.

    A short run is read as it is. Of a long one, chunks that are full are read once and kept.
    """
    steps = max((last.get(run.pk, 0) for run in runs), default=0)
    wide, gpus = width(steps), max((run.gpus for run in runs), default=0)
    if wide < BASE:
        found = _read([_Ask(run.pk, 0, steps + 1) for run in runs], wide, gpus)
        return {run.pk: Read(found[run.pk], 0) for run in runs}
    tails = {run.pk: last.get(run.pk, 0) // CHUNK for run in runs}
    return _long(runs, tails, [_Ask(pk, tail * CHUNK, last.get(pk, 0) + 1) for pk, tail in tails.items()], wide, gpus)


def _long(
    runs: Sequence[TrainingRun], tails: dict[int, int], asked: list[_Ask], wide: int, gpus: int
) -> dict[int, Read]:
    """The series of long runs: what lies before their tails from the cache as far as it is there, and the tails."""
    wholes = {run.pk: f"{_kept(run, tails[run.pk])}:{wide}" for run in runs}
    there = cache.get_many(wholes.values())
    before = {pk: Read(there[name], 0) for pk, name in wholes.items() if name in there}
    rest = [run for run in runs if run.pk not in before]
    names = {(run.pk, chunk): _kept(run, chunk) for run in rest for chunk in range(tails[run.pk])}
    kept = cache.get_many(names.values())
    known: dict[tuple[int, int], Series] = {at: kept[name] for at, name in names.items() if name in kept}
    fresh = {run.pk: [chunk for pk, chunk in names if pk == run.pk and (pk, chunk) not in known] for run in rest}
    new = [(pk, chunk) for pk, chunks in fresh.items() for chunk in chunks[-FRESH:]]
    found = _read([*asked, *(_Ask(pk, chunk * CHUNK, (chunk + 1) * CHUNK) for pk, chunk in new)], BASE, gpus)
    known |= {(pk, chunk): _part(found[pk], chunk) for pk, chunk in new}
    for run in rest:
        before[run.pk] = full = _joined(run.pk, known, tails[run.pk], wide)
        seconds = OPEN_SECONDS if run.is_open else OVER_SECONDS
        whole = {} if full.since else {wholes[run.pk]: full.series}
        cache.set_many(whole | {names[at]: known[at] for at in new if at[0] == run.pk}, seconds)
    return {pk: _with_tail(full, _part(found[pk], tails[pk]), wide) for pk, full in before.items()}


def _joined(run: int, known: dict[tuple[int, int], Series], tail: int, wide: int) -> Read:
    """The chunks of the run before its tail, from the newest on as far back as there is no hole."""
    first = next((chunk + 1 for chunk in range(tail - 1, -1, -1) if (run, chunk) not in known), 0)
    parts = [known[run, chunk] for chunk in range(first, tail)]
    names = {name for part in parts for name in part}
    series = {name: list(merged((one for part in parts for one in part.get(name, ())), wide)) for name in names}
    return Read(series, first * CHUNK)


def _with_tail(full: Read, tail: Series, wide: int) -> Read:
    names = full.series.keys() | tail.keys()
    joined = {name: [*full.series.get(name, ()), *tail.get(name, ())] for name in names}
    return full._replace(series={name: list(merged(held, wide)) for name, held in joined.items()})


def _kept(run: TrainingRun, chunk: int) -> str:
    """The name of a chunk in the cache; another one after each start, as steps may then be trained again."""
    ended = run.finished_at.timestamp() if run.finished_at and not run.is_open else "open"
    return f"training-points:{run.pk}:{run.starts}:{ended}:{chunk}"


def _part(series: Series, chunk: int) -> Series:
    return {name: [one for one in held if one.first // CHUNK == chunk] for name, held in series.items()}


def merged(buckets: Iterable[Bucket], wide: int) -> Iterator[Bucket]:
    """The buckets, those of the same `wide` steps made one."""
    now: Bucket | None = None
    for one in buckets:
        if now is not None and one.first // wide == now.first // wide:
            lows = [low for low in (now.low, one.low) if low is not None]
            highs = [high for high in (now.high, one.high) if high is not None]
            counts = (now.n + one.n, now.bad + one.bad)
            ends = (min(lows, default=None), max(highs, default=None))
            now = Bucket(now.first, one.last, *counts, *ends, now.total + one.total)
        else:
            if now is not None:
                yield now
            now = one
    if now is not None:
        yield now


def _read(asked: Sequence[_Ask], wide: int, gpus: int) -> dict[int, Series]:
    """The series of those steps by run, in the order of steps: one query for each kind of point."""
    found: dict[int, Series] = defaultdict(dict)
    for kind, paths in DRAWN.items():
        named = paths | cards(gpus) if kind == MACHINE else paths
        for run, _, first, last, *counts in _rows(asked, wide, kind, list(named.values())):
            for name, at in zip(named, range(0, len(counts), 5), strict=True):
                n, bad, low, high, total = counts[at : at + 5]
                if n or bad:
                    found[run].setdefault(name, []).append(Bucket(first, last, n, bad, low, high, total or 0.0))
    return found


def _rows(asked: Sequence[_Ask], wide: int, kind: str, paths: Sequence[Path]) -> list[tuple[Any, ...]]:
    """For each run and bucket its first and last step; then of each value how many are finite, how many are not, least,
    greatest and sum.
    """
    whole = connection.vendor == "postgresql"
    pick, count = (_POSTGRESQL, _OF_POSTGRESQL) if whole else (_SQLITE, _OF_SQLITE)
    picked, counted = (", ".join(one.replace("@", str(at)) for at in range(len(paths))) for one in (pick, count))
    steps = " OR ".join("(run_id = %s AND step >= %s AND step < %s)" for _ in asked)
    table = connection.ops.quote_name(TrainingPoint._meta.db_table)
    # Without its last words both databases would look for each value anew for each of its figures.
    inner = f"SELECT run_id, step, {picked} FROM {table} WHERE kind = %s AND ({steps}) "  # noqa: S608  no text of anybody
    inner += "OFFSET 0" if whole else "LIMIT -1"
    sql = f"SELECT run_id, step / %s AS bucket, MIN(step), MAX(step), {counted} FROM ({inner}) AS points "  # noqa: S608
    places = [[str(step) for step in path] if whole else _json_path(path) for path in paths]
    times = pick.count("%s")
    values: list[Any] = [wide, *(place for place in places for _ in range(times)), kind]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} GROUP BY run_id, bucket ORDER BY run_id, bucket", [*values, *chain(*asked)])
        return list(cursor.fetchall())


def _json_path(path: Path) -> str:
    return "$" + "".join(f"[{one}]" if isinstance(one, int) else f'."{one}"' for one in path)
