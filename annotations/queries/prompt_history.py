"""What became of one prompt: wordings and events, who uses it, where else its text stands; what somebody wrote."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from annotations.core import word_diff
from annotations.core.word_diff import Piece
from annotations.models import AuditEvent, Benchmark, BenchmarkRelease, Prompt, Response, User
from annotations.trail import Change, changes

CREATE, CAME_IN = "create", "came_in"
LABELS = ("kind", "situation", "risks", "rule", "language", "why", "source")
"""What a line of the history shows of an event; the rest says where the prompt stands."""
SITTING = timedelta(hours=1)
"""Whoever writes nothing for so long begins anew."""
MOST_WRITTEN, SHOWN = 1_000, 8


class Step(NamedTuple):
    """One line of a prompt's history, before its texts are read; `event` is None for one that came with a file."""

    wording: int
    at: datetime
    event: AuditEvent | None


class Line(NamedTuple):
    """One step with what it changed: labels and remarks, and the text word by word (empty when it stayed)."""

    action: str
    at: datetime
    actor: User | None
    wording: Prompt
    number: int
    changes: list[Change]
    words: tuple[Piece, ...]


def steps(uid: UUID, benchmark: Benchmark) -> list[Step]:
    """Every step of the prompt's life, newest first, without texts: two queries."""
    rows = list(_wordings(uid, benchmark).values_list("pk", "created_at").order_by("pk"))
    mine = AuditEvent.objects.filter(object_type="prompt", object_id__in=[pk for pk, _ in rows])
    found = [Step(event.object_id, event.at, event) for event in mine.select_related("actor").order_by("pk")]
    told = {step.wording for step in found if step.event and step.event.action != "take_out"}
    silent = [Step(pk, at, None) for pk, at in rows if pk not in told]
    return sorted(silent + found, key=lambda step: (step.at, step.wording, step.event.pk if step.event else 0))[::-1]


def lines(chosen: Sequence[Step], uid: UUID, benchmark: Benchmark) -> list[Line]:
    """The steps with their texts; two queries however many they are."""
    numbers = {pk: at for at, pk in enumerate(_wordings(uid, benchmark).order_by("pk").values_list("pk", flat=True), 1)}
    rows = _wordings(uid, benchmark).select_related("previous", "created_by", "origin")
    found = rows.in_bulk({step.wording for step in chosen})
    return [_line(step, found[step.wording], numbers[step.wording]) for step in chosen]


def _line(step: Step, row: Prompt, number: int) -> Line:
    event = step.event
    if event is None:
        return Line(CAME_IN if row.origin_id else CREATE, step.at, row.created_by, row, number, [], ())
    told = changes(event.before, event.after) if event.action == "edit" else []
    makes_a_wording = event.action in {"edit", "put_back"} and "digest" in event.after
    words = _words(row) if makes_a_wording else ()
    return Line(event.action, step.at, event.actor, row, number, [one for one in told if one.name in LABELS], words)


def _words(row: Prompt) -> tuple[Piece, ...]:
    before = row.previous
    return () if before is None or before.text == row.text else word_diff.words(before.text, row.text)


def _wordings(uid: UUID, benchmark: Benchmark) -> QuerySet[Prompt]:
    return Prompt.objects.filter(uid=uid, benchmark=benchmark, pending=False)


class Use(NamedTuple):
    """Who uses a prompt, in whatever wording: how many runs answered it, its newest answers, the releases that have it.

    `answers` holds pairs of a run and its item.
    """

    runs: int
    answers: list[tuple[int, int]]
    releases: list[BenchmarkRelease]


def use(prompt: Prompt, most: int = 5) -> Use:
    """Where the prompt is used; at most so many answers. Three queries."""
    # A run's items belong to the app above; the relation is named by text, so that nothing of it is imported here.
    # Runs that build training data stand on the pages of their recipes.
    answered = Response.objects.filter(prompt__uid=prompt.uid, run_items__run__stage=None, run_items__isnull=False)
    pairs = answered.order_by("-pk").values_list("run_items__run", "run_items")[:most]
    releases = BenchmarkRelease.objects.filter(prompts__uid=prompt.uid).defer("data", "manifest", "card").distinct()
    runs = answered.order_by().values("run_items__run").distinct().count()
    return Use(runs, [(run, item) for run, item in pairs], list(releases.order_by("-major", "-minor")))


def elsewhere(prompt: Prompt, benchmarks: QuerySet[Benchmark], most: int = 20) -> list[Prompt]:
    """The current prompts of these benchmarks that have the very same text, at most so many; itself left out."""
    same = Prompt.objects.current().filter(digest=prompt.digest, benchmark__in=benchmarks).exclude(uid=prompt.uid)
    return list(same.select_related("config", "benchmark").order_by("config__title", "pk")[:most])


class Sitting(NamedTuple):
    """What somebody has written lately without a long pause: how many prompts, and the newest as they stand now."""

    written: int
    newest: list[Prompt]


def sitting(benchmark: Benchmark, person: User) -> Sitting:
    """The person's sitting in this benchmark; prompts that came with a file do not count. Two queries."""
    mine = benchmark.prompts.filter(created_by=person, previous=None, origin=None, pending=False)
    uids = []
    after = timezone.now()
    for uid, at in mine.order_by("-pk").values_list("uid", "created_at")[:MOST_WRITTEN]:
        if after - at > SITTING:
            break
        uids.append(uid)
        after = at
    newest = benchmark.prompts.current().filter(uid__in=uids[:SHOWN]).select_related("config")
    return Sitting(len(uids), sorted(newest, key=lambda prompt: uids.index(prompt.uid)))
