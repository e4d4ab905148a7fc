"""Labels and decisions of whole benchmarks, in one statement each: every text is joined once, none is asked for alone.

They say what `validation.with_validation` and `checks.to_label` mean, of so many prompts that asking for each is slow.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

from annotations.core.categorical import FULLY

SAME = "asked.digest = now.digest"
"""No condition of the join: a database that takes uid and digest for independent expects one row of thousands."""
WORDINGS = """
    FROM annotations_prompt now
    JOIN annotations_benchmark benchmark ON benchmark.id = now.benchmark_id
    JOIN annotations_prompt asked ON asked.uid = now.uid
    LEFT JOIN annotations_promptcheck told ON told.prompt_id = asked.id AND told.withdrawn_at IS NULL
    LEFT JOIN annotations_promptruling decided ON decided.prompt_id = asked.id AND decided.withdrawn_at IS NULL
    WHERE now.archived_at IS NULL AND now.benchmark_id IN ({places}){also}
    GROUP BY now.benchmark_id, now.id, benchmark.checks_needed"""
IN_SPAN = " AND COALESCE(now.created_by_id, 0) <> %s AND now.position > %s AND now.position <= %s"
WITHIN = "kind IN ('safe', 'allowed')"
AGAINST = f"""told.kind <> '' AND (
            (told.kind <> now.kind AND NOT (COALESCE(told.situation, 0) = {FULLY} AND now.{WITHIN}))
            OR COALESCE(told.situation <> now.situation, FALSE))"""
SAID = f"""
    SELECT now.id, now.benchmark_id, now.config_id, now.kind, now.situation, benchmark.checks_needed AS needed,
        SUM(CASE WHEN {SAME} AND told.kind <> '' THEN 1 ELSE 0 END) AS labels,
        MAX(CASE WHEN {SAME} AND {AGAINST} THEN 1 ELSE 0 END) AS against,
        MAX(CASE WHEN {SAME} THEN decided.kind END) AS ruled,
        MAX(CASE WHEN {SAME} THEN decided.situation END) AS ruled_situation {WORDINGS}"""
STATES_OF = f"""
    SELECT id, benchmark_id, config_id, kind, CASE
        WHEN ruled IS NULL AND against = 0 AND labels < needed THEN 'open'
        WHEN ruled IS NULL AND against = 0 THEN 'validated'
        WHEN (ruled = kind OR (COALESCE(ruled_situation, 0) = {FULLY} AND {WITHIN}))
            AND COALESCE(ruled_situation = situation, TRUE) THEN 'validated'
        ELSE 'disputed' END AS state
    FROM ({SAID}) said"""  # noqa: S608
IN_STATE = f"SELECT told.id FROM ({STATES_OF}) told WHERE told.state = %s"  # noqa: S608
WAITING = f"""
    SELECT {{what}} FROM (
        SELECT now.id, now.benchmark_id, benchmark.checks_needed AS needed,
            SUM(CASE WHEN {SAME} AND told.kind <> '' THEN 1 ELSE 0 END) AS labels,
            MAX(CASE WHEN {SAME} AND told.rater_id = %s THEN 1 ELSE 0 END) AS own,
            MAX(CASE WHEN {SAME} AND decided.id IS NOT NULL THEN 1 ELSE 0 END) AS ruled,
            MAX(CASE WHEN asked.created_by_id = %s THEN 1 ELSE 0 END) AS wrote {WORDINGS}) said
    WHERE labels < needed AND own = 0 AND ruled = 0 AND wrote = 0"""  # noqa: S608


class Span(NamedTuple):
    """A part of a benchmark: what stands behind one position and no further than another."""

    after: int
    upto: int


WHOLE = Span(-1, 2**31 - 1)


class Counted(NamedTuple):
    """How many current prompts of a config in a benchmark have a kind and a state."""

    benchmark: int
    config: int
    kind: str
    state: str
    number: int


def counted(benchmarks: Sequence[int]) -> list[Counted]:
    """The current prompts of these benchmarks, by what is in Counted; [] without any benchmark."""
    if not benchmarks:
        return []
    asked, columns = _of(STATES_OF, benchmarks), "benchmark_id, config_id, kind, state"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}, COUNT(*) FROM ({asked}) told GROUP BY {columns}", [*benchmarks])  # noqa: S608
        return [Counted(*row) for row in cursor.fetchall()]


def with_ids(benchmark: int, state: str) -> tuple[list[Counted], list[int]]:
    """What `counted` says of the benchmark, and the ids of its current prompts in this state, by one statement."""
    which = "benchmark_id, config_id, kind, state, CASE WHEN state = %s THEN id END"
    asked = f"SELECT {which}, COUNT(*) FROM ({_of(STATES_OF, [benchmark])}) told GROUP BY 1, 2, 3, 4, 5"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(asked, [state, benchmark])
        rows = cursor.fetchall()
    numbers: Counter[tuple[int, int, str, str]] = Counter()
    for *what, _, number in rows:
        numbers[tuple(what)] += number
    found = [Counted(*what, number) for what, number in numbers.items()]
    return found, [pk for *_, pk, _ in rows if pk is not None]


def in_state(benchmark: int, state: str) -> RawSQL:
    """The ids of the benchmark's current prompts that are in this state, as part of a query."""
    return _ids(_of(IN_STATE, [benchmark]), [benchmark, state])


def ids(benchmark: int, state: str) -> frozenset[int]:
    """The ids of the benchmark's current prompts that are in this state."""
    with connection.cursor() as cursor:
        cursor.execute(_of(IN_STATE, [benchmark]), [benchmark, state])
        return frozenset(pk for (pk,) in cursor.fetchall())


def waiting(rater: int, benchmarks: Sequence[int], span: Span = WHOLE) -> RawSQL:
    """The ids of the prompts of these benchmarks that wait for a label of this person, as part of a query."""
    return _ids(_of(WAITING, benchmarks, span, what="id"), _asked(rater, benchmarks, span))


def waiting_of(rater: int, benchmarks: Sequence[int], span: Span = WHOLE) -> dict[int, int]:
    """How many prompts of each of these benchmarks (by id) wait for a label of this person, 0 among them."""
    if not benchmarks:
        return {}
    asked = _of(WAITING, benchmarks, span, what="benchmark_id, COUNT(*)")
    with connection.cursor() as cursor:
        cursor.execute(f"{asked} GROUP BY benchmark_id", _asked(rater, benchmarks, span))
        return dict.fromkeys(benchmarks, 0) | dict(cursor.fetchall())


def _asked(rater: int, benchmarks: Sequence[int], span: Span) -> list[int]:
    return [rater, rater, *benchmarks, *(() if span == WHOLE else (rater, *span))]


def _of(statement: str, benchmarks: Sequence[int], span: Span = WHOLE, **more: str) -> str:
    places = ", ".join(["%s"] * len(benchmarks)) or "NULL"
    return statement.format(places=places, also="" if span == WHOLE else IN_SPAN, **more)


def _ids(statement: str, values: list[Any]) -> RawSQL:
    return RawSQL(statement, values, output_field=IntegerField())  # noqa: S611
