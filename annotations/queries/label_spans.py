"""A large benchmark is looked through some thousand prompts at a time: what waits for a person is soon found in it."""

from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.lookups import IsNull

from annotations.models import Benchmark, Prompt
from annotations.queries import label_states
from annotations.queries.kept import AT_ONCE
from annotations.queries.label_states import WHOLE, Span

KEPT_SECONDS = 600


class Left(NamedTuple):
    """How many prompts wait for a person in a part of a benchmark; `more` when nobody has looked behind the part.

    None of a part with more behind it says nothing of the benchmark.
    """

    number: int
    more: bool
    span: Span = WHOLE

    @property
    def plus(self) -> str:
        """The sign behind a number that is counted no further."""
        return "+" if self.more else ""


def with_large(benchmarks: QuerySet[Benchmark]) -> QuerySet[Any, Any]:
    """The benchmarks, each with `large`: whether it has more than AT_ONCE current prompts; none is counted further."""
    behind = _positions().filter(benchmark=OuterRef("pk"))[AT_ONCE : AT_ONCE + 1]
    return benchmarks.annotate(large=IsNull(Subquery(behind), False))


def _positions() -> QuerySet[Prompt, int]:
    rows: QuerySet[Prompt] = Prompt.objects.current()
    return rows.order_by("benchmark_id", "position").values_list("position", flat=True)


def left_in(rater: int, benchmarks: dict[int, bool], *, wait: bool = True) -> dict[int, Left]:
    """What waits for the person in each of the benchmarks, of which is known whether they are large.

    Without `wait` large ones are left out of which their first part says nothing.
    """
    small = label_states.waiting_of(rater, [pk for pk, is_large in benchmarks.items() if not is_large])
    found = {pk: Left(number, more=False) for pk, number in small.items()}
    found |= {pk: left(rater, pk, wait=wait) for pk, is_large in benchmarks.items() if is_large}
    return {pk: one for pk, one in found.items() if one.number or not one.more}


def left(rater: int, benchmark: int, *, wait: bool = True) -> Left:
    """What waits for the person in the first part of a benchmark in which anything does, a part having AT_ONCE prompts.

    Without `wait` one part is looked at. Where nothing is left up to a position, that is kept for ten minutes.
    """
    key = f"label-span:{rater}:{benchmark}"
    span = _behind(benchmark, cache.get(key, WHOLE.after))
    while True:
        number = label_states.waiting_of(rater, [benchmark], span)[benchmark]
        found = Left(number, span.upto < WHOLE.upto, span)
        if number or not found.more or not wait:
            break
        span = _behind(benchmark, _of_others(rater, benchmark, span.upto))
    if span.after > WHOLE.after:
        cache.set(key, span.after, KEPT_SECONDS)
    return found


def _behind(benchmark: int, after: int) -> Span:
    rows = _positions().filter(benchmark=benchmark, position__gt=after)
    following = rows[AT_ONCE : AT_ONCE + 1].first()
    return Span(after, WHOLE.upto if following is None else following - 1)


def _of_others(rater: int, benchmark: int, after: int) -> int:
    """The position before the next prompt that this person did not write, so that their own are passed at once."""
    rows = _positions().filter(benchmark=benchmark, position__gt=after).exclude(created_by=rater)
    return (rows.first() or WHOLE.upto) - 1
