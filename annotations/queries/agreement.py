"""How far the people who labelled a benchmark's prompts agree, with each other and with the authors."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, cast
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, Min, OuterRef, QuerySet

from annotations.core import agreement
from annotations.core.agreement import Agreement, Resampling
from annotations.core.batches import batches
from annotations.core.categorical import SITUATIONS
from annotations.core.confusion import Confusion, confusion
from annotations.core.rating_table import Row, read
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, Prompt, PromptCheck
from annotations.queries import kept
from annotations.queries.label_states import in_state
from annotations.queries.validation import DISPUTED, DOUBTED, STATES, disputed, with_validation, word

KEPT_SECONDS = 24 * 3600
AT_ONCE = 5_000
AUTHOR, RATER = "author", "rater"


class Given(NamedTuple):
    """A label that holds now: of which prompt, by whom, what they said, and what the prompt was said to be then.

    `kind` is None when they could not say; the situations are None where the config is not categorical.
    """

    uid: UUID
    rater: int
    kind: str | None
    situation: int | None
    author_kind: str
    author_situation: int | None
    categorical: bool


class Comparison(NamedTuple):
    """How far some people agree, in three figures. `kappa_name` says whose kappa it is."""

    percent: Agreement
    kappa: Agreement
    kappa_name: str
    alpha: Agreement


class Figures(NamedTuple):
    """The raters with each other, each label with the author, and the author's word (rows) by theirs (columns)."""

    among: Comparison
    author: Comparison
    confusion: Confusion


class Agreements(NamedTuple):
    """The figures of kinds, and of the situations under categorical configs; None where there is no such prompt."""

    kinds: Figures | None
    situations: Figures | None


def agreements(benchmark: Benchmark, config: int | None = None, *, now: str = "", wait: bool = True) -> Agreements:
    """The figures of the labels in force, of one config or of all; kept until a prompt, label or decision changes.

    Labels of categorical configs are compared by situation alone, which is what their raters were asked. `now` is the
    benchmark's word where it is known. Raises Later when the figures are not known, those of many labels, and who asks
    does not `wait`.
    """
    key, rows = f"agreement:{now or word(benchmark)}:{config or ''}", _labels(benchmark, config)
    return kept.figures(key, lambda: _agreements(given(benchmark, config)), KEPT_SECONDS, rows=rows, wait=wait)


def given(benchmark: Benchmark, config: int | None = None, *, uids: Sequence[UUID] | None = None) -> list[Given]:
    """Every label in force on a current prompt of the benchmark, or of one of its configs, in the order they came.

    With `uids` only those on these prompts.
    """
    now = Prompt.objects.current().filter(uid=OuterRef("prompt__uid"), digest=OuterRef("prompt__digest"))
    found = _labels(benchmark, config).filter(Exists(now), **({} if uids is None else {"prompt__uid__in": uids}))
    columns = ("prompt__uid", "rater", "kind", "situation", "prompt__kind", "prompt__situation")
    rows = found.order_by("pk").values_list(*columns, "prompt__config__categorical")
    return [Given(uid, rater, kind or None, *rest) for uid, rater, kind, *rest in rows]


def _labels(benchmark: Benchmark, config: int | None) -> QuerySet[PromptCheck]:
    found = PromptCheck.objects.filter(prompt__benchmark=benchmark, withdrawn_at=None)
    return found if config is None else found.filter(prompt__config=config)


def _agreements(labels: list[Given]) -> Agreements:
    by_kind = [(one.uid, one.rater, one.kind, one.author_kind) for one in labels if not one.categorical]
    by_situation = [(one.uid, one.rater, one.situation, one.author_situation) for one in labels if one.categorical]
    return Agreements(_figures(by_kind, KINDS), _figures(by_situation, SITUATIONS))


def _figures(labels: Sequence[tuple[UUID, int, Hashable, Hashable]], values: Sequence[Hashable]) -> Figures | None:
    if not labels:
        return None
    among = [(str(uid), rater, value) for uid, rater, value, _ in labels]
    beside: list[Row] = [((str(uid), rater), AUTHOR, first) for uid, rater, _, first in labels]
    beside += [((str(uid), rater), RATER, value) for uid, rater, value, _ in labels]
    table = confusion([row[3] for row in labels], [row[2] for row in labels], values)
    return Figures(_comparison(among), _comparison(beside, _prompt_of), table)


def _prompt_of(unit: Hashable) -> Hashable:
    """The labels of one prompt are drawn together: they have the author's word in common."""
    return cast(tuple[str, int], unit)[0]


def _comparison(rows: Iterable[Row], cluster_of: Callable[[Hashable], Hashable] | None = None) -> Comparison:
    table, drawn = read(rows), Resampling(cluster_of=cluster_of)
    two = len(table.raters) == 2
    kappa = agreement.cohen_kappa if two else agreement.fleiss_kappa
    return Comparison(
        agreement.percent_agreement(table, resampling=drawn),
        kappa(table, resampling=drawn),
        "Cohen" if two else "Fleiss",
        agreement.krippendorff_alpha(table, resampling=drawn),
    )


def in_order(benchmark: Benchmark, state: str = "", config: int | None = None, *, now: str = "") -> list[int]:
    """The ids of the prompts in that state, of one config or all: the disputed ones by how far people differ.

    All others come in the order of the benchmark; a state that is none is all of them. DOUBTED counts as one.
    `now` is the benchmark's word where it is known.
    """
    now = now or word(benchmark)
    key = f"in-order:{now}:{state if state in (*STATES, DOUBTED) else ''}:{config or ''}"
    make = (
        (lambda: _disputed(benchmark, config, now)) if state == DISPUTED else (lambda: _found(benchmark, state, config))
    )
    return cast(list[int], cache.get_or_set(key, make, KEPT_SECONDS))


def _found(benchmark: Benchmark, state: str, config: int | None) -> list[int]:
    found = benchmark.prompts.current().order_by("position")
    if config is not None:
        found = found.filter(config=config)
    if state in STATES:
        found = found.filter(pk__in=in_state(benchmark.pk, state))
    if state == DOUBTED:
        found = with_validation(found).filter(unsure__gt=0, ruled="")
    return list(found.values_list("pk", flat=True))


def _disputed(benchmark: Benchmark, config: int | None, now: str) -> list[int]:
    ids, columns = disputed(benchmark, now), ("position", "pk", "uid", "kind", "situation")
    every = Prompt.objects.filter(**({} if config is None else {"config": config})).order_by()
    rows = [row for some in batches(ids, AT_ONCE) for row in every.filter(pk__in=some).values_list(*columns)]
    prompts = [(pk, uid, kind, situation) for _, pk, uid, kind, situation in sorted(rows)]
    uids = [uid for _, uid, *_ in prompts]
    return _by_size(prompts, [one for some in batches(uids, AT_ONCE) for one in given(benchmark, config, uids=some)])


def _by_size(prompts: list[tuple[int, UUID, str, int | None]], labels: list[Given]) -> list[int]:
    """The prompts by the share of unequal pairs among what the prompt is said to be and its labels, then as given."""
    said: list[Row] = []
    for pk, _, kind, situation in prompts:
        said += [(pk, AUTHOR, situation or kind)]
    at = {uid: (pk, situation) for pk, uid, _, situation in prompts}
    said += [
        (at[one.uid][0], one.rater, one.situation if at[one.uid][1] else one.kind) for one in labels if one.uid in at
    ]
    by_size = [row.unit for row in agreement.disagreements(said, agreement.different)]
    rest = set(at[uid][0] for uid in at) - set(by_size)
    return [*by_size, *(pk for pk, *_ in prompts if pk in rest)]  # type: ignore[list-item]


def rater_numbers(benchmark: Benchmark) -> dict[int, int]:
    """A number from 1 for each person who labelled in the benchmark, in the order of their first label."""
    first = PromptCheck.objects.filter(prompt__benchmark=benchmark).order_by().values("rater").annotate(first=Min("pk"))
    return {row["rater"]: number for number, row in enumerate(first.order_by("first"), start=1)}
