"""Labels and decisions of whole benchmarks, in one statement each: every text is joined once, none is asked for alone.

They say what `validation.with_validation` and `checks.to_label` mean, of so many prompts that asking for each is slow.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import IntegerField
from django.db.models.expressions import RawSQL

from annotations.core.categorical import FULLY

NOW = "now.archived_at IS NULL AND now.benchmark_id IN ({places})"
SAME = "asked.digest = now.digest"
"""No condition of the join: a database that takes uid and digest for independent expects one row of thousands."""
WORDINGS = """
    JOIN annotations_prompt asked ON asked.id = told.prompt_id
    JOIN annotations_prompt now ON now.uid = asked.uid
    WHERE told.withdrawn_at IS NULL AND """
WITHIN = "now.kind IN ('safe', 'allowed')"
AGAINST = f"""
    (told.kind <> now.kind AND NOT (COALESCE(told.situation, 0) = {FULLY} AND {WITHIN}))
    OR COALESCE(told.situation <> now.situation, FALSE)"""
AGREES = f"""
    (ruled.kind = now.kind OR (COALESCE(ruled.situation, 0) = {FULLY} AND {WITHIN}))
    AND COALESCE(ruled.situation = now.situation, TRUE)"""
RULED = f"""
    SELECT now.id, MAX(CASE WHEN {SAME} THEN told.kind END) AS kind,
        MAX(CASE WHEN {SAME} THEN told.situation END) AS situation
    FROM annotations_promptruling told {WORDINGS} {NOW} GROUP BY now.id"""  # noqa: S608
LABELLED = f"""
    SELECT now.id, SUM(CASE WHEN {SAME} THEN 1 ELSE 0 END) AS labels,
        MAX(CASE WHEN {SAME} AND ({AGAINST}) THEN 1 ELSE 0 END) AS against
    FROM annotations_promptcheck told {WORDINGS} {NOW} AND told.kind <> '' GROUP BY now.id"""  # noqa: S608
STATES_OF = f"""
    SELECT now.id, now.benchmark_id, now.config_id, now.kind, CASE
        WHEN ruled.kind IS NOT NULL AND {AGREES} THEN 'validated'
        WHEN ruled.kind IS NOT NULL OR labelled.against = 1 THEN 'disputed'
        WHEN COALESCE(labelled.labels, 0) >= benchmark.checks_needed THEN 'validated'
        ELSE 'open' END AS state
    FROM annotations_prompt now
    JOIN annotations_benchmark benchmark ON benchmark.id = now.benchmark_id
    LEFT JOIN ({RULED}) ruled ON ruled.id = now.id
    LEFT JOIN ({LABELLED}) labelled ON labelled.id = now.id
    WHERE {NOW}"""  # noqa: S608
SAID = f"""
    SELECT now.id, SUM(CASE WHEN {SAME} AND told.kind <> '' THEN 1 ELSE 0 END) AS labels,
        MAX(CASE WHEN {SAME} AND told.rater_id = %s THEN 1 ELSE 0 END) AS own
    FROM annotations_promptcheck told {WORDINGS} {NOW} GROUP BY now.id"""  # noqa: S608
WAITING = f"""
    SELECT now.id FROM annotations_prompt now
    JOIN annotations_benchmark benchmark ON benchmark.id = now.benchmark_id
    LEFT JOIN ({RULED}) ruled ON ruled.id = now.id
    LEFT JOIN ({SAID}) said ON said.id = now.id
    LEFT JOIN (SELECT DISTINCT uid FROM annotations_prompt WHERE created_by_id = %s) wrote ON wrote.uid = now.uid
    WHERE ruled.kind IS NULL AND wrote.uid IS NULL AND COALESCE(said.own, 0) = 0
    AND COALESCE(said.labels, 0) < benchmark.checks_needed AND {NOW}"""  # noqa: S608


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
        cursor.execute(f"SELECT {columns}, COUNT(*) FROM ({asked}) told GROUP BY {columns}", [*benchmarks] * 3)  # noqa: S608
        return [Counted(*row) for row in cursor.fetchall()]


def in_state(benchmark: int, state: str) -> RawSQL:
    """The ids of the benchmark's current prompts that are in this state, as part of a query."""
    asked = f"SELECT told.id FROM ({_of(STATES_OF, [benchmark])}) told WHERE told.state = %s"  # noqa: S608
    return _ids(asked, [benchmark] * 3 + [state])


def waiting(rater: int, benchmarks: Sequence[int]) -> RawSQL:
    """The ids of the prompts of these benchmarks that wait for a label of this person, as part of a query."""
    values = [*benchmarks, rater, *benchmarks, rater, *benchmarks]
    return _ids(_of(WAITING, benchmarks), values)


def _of(statement: str, benchmarks: Sequence[int]) -> str:
    return statement.format(places=", ".join(["%s"] * len(benchmarks)) or "NULL")


def _ids(statement: str, values: list[Any]) -> RawSQL:
    return RawSQL(statement, values, output_field=IntegerField())  # noqa: S611
