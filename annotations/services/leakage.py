"""Whether prompts of preference pairs stand in benchmarks too, where a model trained on them would look too good."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import Count, Q
from django.utils import timezone

from annotations.core import preference_pairs, similarity
from annotations.models import Benchmark, PreferenceSet, Prompt
from annotations.models.benchmarks import EVALUATION, PromptQuerySet
from annotations.services import pair_files

AT_LEAST = 0.8
"""From this similarity of letters on (Dice over runs of three) two prompts are nearly the same."""
MOST_LISTED, AT_ONCE = 200, 20_000
RUNNING, DONE, FAILED = ("running", "done", "failed")
BROKEN = "It broke off ({name}). Check again; if that breaks off too, ask whoever runs this server."

Beat = Callable[[int, int], None]


class Theirs(NamedTuple):
    """A prompt of a benchmark: its row, its benchmark, its text."""

    pk: int
    benchmark: int
    text: str


class Match(NamedTuple):
    """The prompt of a benchmark that a text is like: the same once normalised, or nearly, 0..1."""

    exact: bool
    score: float
    prompt: int
    benchmark: int


class Own(NamedTuple):
    """A prompt of the set: the number of its first pair, and how many pairs it has."""

    number: int
    pairs: int


def check(file: Path, organisation: int, beat: Beat) -> dict[str, Any]:
    """The report on the prompts of the file as a preference set keeps it, or why there is none.

    Every prompt of the set is compared with every prompt of the organisation's releases, and of its benchmarks as they
    stand: `exact` is the same once normalised, `near` at least AT_LEAST. `first` are the pair's number, the digest of
    its prompt, and the Match, the most similar first. `beat` is told how many prompts are compared, of how many; one is
    compared again with each AT_ONCE prompts of benchmarks, so that no more are held at a time.
    """
    import pyarrow as pa

    try:
        return _report(file, organisation, beat)
    except (OSError, DatabaseError, pa.ArrowException) as broken:
        return {"state": FAILED, "at": _now(), "why": BROKEN.format(name=type(broken).__name__)}


def begun() -> dict[str, Any]:
    """What a set keeps while it is compared: a check that died on the way is never taken for a clean one."""
    return {"state": RUNNING, "at": _now()}


def found(row: PreferenceSet) -> int:
    """How many prompts of the set stand in benchmarks too, as far as it was compared."""
    return int(row.leaks.get("exact", 0) + row.leaks.get("near", 0))


def words(row: PreferenceSet) -> str:
    """What is known of prompts of the set that stand in benchmarks, for whoever reads of the set anywhere."""
    told = row.leaks
    if told.get("state") == FAILED:
        return f"Whether its prompts stand in benchmarks is not known: the comparison failed. {told['why']}"
    if told.get("state") != DONE:
        return "Whether its prompts stand in benchmarks is not known: they were not compared to the end."
    with_what = f"{told['against_prompts']:,} prompts of {len(told['against']):,} benchmarks and their releases"
    if not found(row):
        return f"None of its {told['prompts']:,} prompts stands in the {with_what} (compared on {told['at'][:10]})."
    said = f"Of its {told['prompts']:,} prompts {told['exact']:,} stand word for word in the {with_what}, and"
    said += f" {told['near']:,} nearly so (compared on {told['at'][:10]}); {told['pairs']:,} pairs have one of them."
    why = f" Training on it was allowed all the same: {row.overruled_why}" if row.overruled_at else ""
    return f"{said} Figures on those benchmarks say nothing of a model that was trained on it.{why}"


def newer(row: PreferenceSet) -> int:
    """How many prompts came into the organisation's benchmarks after the set was compared with them."""
    if row.leaks.get("state") != DONE:
        return 0
    return _theirs(row.organisation_id).filter(created_at__gt=row.leaks["at"]).count()


def size(organisation: int) -> int:
    """With how many prompts a set of the organisation is compared."""
    return _theirs(organisation).count()


def _now() -> str:
    return timezone.now().isoformat()


def _theirs(organisation: int) -> PromptQuerySet:
    """Prompts of evaluation benchmarks: those that stand there now, and those that were ever released."""
    current = Q(archived_at=None, benchmark__archived_at=None)
    released = Prompt.releases.through.objects.values("prompt")
    return Prompt.objects.filter(
        current | Q(pk__in=released), benchmark__organisation=organisation, benchmark__purpose=EVALUATION
    ).order_by("pk")


def _report(file: Path, organisation: int, beat: Beat) -> dict[str, Any]:
    at, own, against = _now(), _own(file), _against(organisation)
    matches = _matches(file, len(own), organisation, beat)
    listed = sorted(matches, key=lambda name: (not matches[name].exact, -matches[name].score, own[name].number))
    exact = sum(match.exact for match in matches.values())
    return {
        "state": DONE,
        "at": at,
        "at_least": AT_LEAST,
        "prompts": len(own),
        "against": against,
        "against_prompts": size(organisation),
        "exact": exact,
        "near": len(matches) - exact,
        "pairs": sum(own[name].pairs for name in matches),
        "first": [
            {"number": own[name].number, "pairs": own[name].pairs, "digest": name.hex(), **matches[name]._asdict()}
            for name in listed[:MOST_LISTED]
        ],
    }


def _own(file: Path) -> dict[bytes, Own]:
    """Every different prompt of the file by its digest."""
    places: dict[bytes, Own] = {}
    for number, text in enumerate(pair_files.column(file, "prompt"), start=1):
        name = preference_pairs.prompt_digest(text)
        first, pairs = places.get(name, (number, 0))
        places[name] = Own(first, pairs + 1)
    return places


def _against(organisation: int) -> list[dict[str, Any]]:
    """Each benchmark that was compared with: how many prompts stand in it now, and its releases."""
    mine = Benchmark.objects.filter(organisation=organisation, purpose=EVALUATION)
    standing = Count("prompts", filter=Q(prompts__archived_at=None))
    rows = mine.annotate(standing=standing).prefetch_related("releases").order_by("title", "pk")
    facts = (
        {
            "benchmark": row.pk,
            "title": row.title,
            "prompts": 0 if row.archived_at else row.standing,
            "releases": [release.name for release in row.releases.all()],
        }
        for row in rows
    )
    return [fact for fact in facts if fact["prompts"] or fact["releases"]]


def _matches(file: Path, own: int, organisation: int, beat: Beat) -> dict[bytes, Match]:
    """The most similar prompt of any benchmark for each prompt of the file that leaks, by its digest."""
    matches: dict[bytes, Match] = {}
    rounds = -(-size(organisation) // AT_ONCE)
    rows = _theirs(organisation).values_list("pk", "benchmark", "text").iterator(chunk_size=2_000)
    for nth in range(rounds):
        known = _Known([Theirs(*row) for row in islice(rows, AT_ONCE)])
        for done, (name, text) in enumerate(_once(file), start=nth * own):
            beat(done, rounds * own)
            match = known.match(text)
            if match and (name not in matches or match > matches[name]):
                matches[name] = match
    return matches


def _once(file: Path) -> Iterator[tuple[bytes, str]]:
    """Every different prompt of the file in order, with its digest."""
    seen: set[bytes] = set()
    for text in pair_files.column(file, "prompt"):
        name = preference_pairs.prompt_digest(text)
        if name not in seen:
            seen.add(name)
            yield name, text


class _Known:
    """Some prompts of benchmarks, to be compared with."""

    def __init__(self, rows: Sequence[Theirs]) -> None:
        self._same: dict[str, Theirs] = {}
        self._index: similarity.Index[Theirs] = similarity.Index()
        for row in rows:
            if (text := similarity.normalise(row.text)) and self._same.setdefault(text, row) is row:
                self._index.add(row, row.text)

    def match(self, text: str) -> Match | None:
        """The prompt that the text is like, the oldest of those that are equally so."""
        if row := self._same.get(similarity.normalise(text)):
            return Match(True, 1.0, row.pk, row.benchmark)
        near = self._index.similar(text, AT_LEAST, 1)
        return Match(False, round(near[0].score, 4), near[0].key.pk, near[0].key.benchmark) if near else None
