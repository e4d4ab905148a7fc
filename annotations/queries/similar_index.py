"""What this process knows of stored prompts, to look things up at once: indexes that grow as rows come.

There is one index of the letters of each organisation's prompts, and one of all vectors. The texts and vectors of rows
never change, so an index only grows. What is there now is told by three numbers, asked at every look: how many rows,
the highest id, the sum of the ids. While they are as before, nothing has to be read; when they differ by what is above
the highest id, only that is read; otherwise the ids are compared, which also finds rows of a transaction that began
earlier and ended later. Prompts that left their benchmark stay in the index, and whoever asks drops them.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Sum

from annotations.core import meaning, similarity
from annotations.core.minilm import Numbers
from annotations.models import Prompt, TextVector
from annotations.models.benchmarks import EVALUATION

MOST = 30_000
"""So many of an organisation's prompts are looked at, and so many vectors in all, the newest ones."""
MOST_SIGNS = 10_000_000
"""And no more than have so many characters together: some 80 MB of memory and 8 s of reading."""
MOST_BYTES = 1536 * MOST
MOST_IN_ALL = 150_000
WAIT_SECONDS = 5.0
_CHUNK = 500
_SPARE = 2_000


class StillReading(RuntimeError):
    """Another thread reads the prompts for the first time; ask again in a moment."""


class Print(NamedTuple):
    """What rows are told by."""

    rows: int
    last: int
    total: int


class Known(NamedTuple):
    """A row as an index has it. The digest tells when an id was given twice, the first time in a failed transaction."""

    pk: int
    digest: str


_NUMBERS = {"n": Count("pk"), "last": Max("pk"), "total": Sum("pk")}


def prints(prompts: "QuerySet[Prompt]") -> dict[int, Print]:
    """The print of each organisation that has one of these prompts, by its id."""
    grouped = prompts.order_by().values_list("benchmark__organisation").annotate(**_NUMBERS)
    return {owner: Print(count, last, int(total)) for owner, count, last, total in grouped}


def print_of(rows: "QuerySet[Any]") -> Print:
    """The print of these rows."""
    found = rows.order_by().aggregate(**_NUMBERS)
    return Print(found["n"], found["last"] or 0, int(found["total"] or 0))


class Source(NamedTuple):
    """What a shelf is filled with: rows, the column that is compared, how an index takes it, and an empty index.

    `room` is how long all compared values may be together.
    """

    rows: "Callable[[], QuerySet[Any]]"
    column: str
    read: Callable[[Any], Any]
    empty: Callable[[], Any]
    room: int


class Shelf:
    """An index and what it was made of. `whole` says that nothing was left out for want of room."""

    def __init__(self, source: Source):
        self._source = source
        self._lock = Lock()
        self._empty()
        self.whole = self._read = False

    def _empty(self) -> None:
        self._print = Print(0, 0, 0)
        self._index = self._source.empty()
        self._ids: set[int] = set()
        self._size = self._left_out = 0

    def __len__(self) -> int:
        return len(self._index)

    def index(self, now: Print) -> Any:
        """The index with every row of that print, its keys being Known.

        One thread reads, others wait for it; who waited for too long gets what there is. Raises StillReading when that
        is nothing.
        """
        if self._lock.acquire(timeout=WAIT_SECONDS):
            try:
                if now != self._print or not self._read:
                    self._look(now)
            finally:
                self._lock.release()
        elif not self._read:
            raise StillReading
        return self._index

    def _look(self, now: Print) -> None:
        gone, room = len(self._index) - now.rows, self._source.room
        if gone > _SPARE + now.rows // 2 or len(self._index) > 1.5 * MOST or self._size > 1.5 * room:
            self._empty()
        before, room = self._print, (2 if self._ids else 1) * room
        rows = self._source.rows().order_by("-pk")
        fresh = self._add(rows.filter(pk__gt=before.last)[:MOST], room)
        if (now.rows, now.total) != (before.rows + len(fresh), before.total + sum(fresh)):
            unread = sorted(set(rows.values_list("pk", flat=True)[:MOST]) - self._ids)
            for at in range(0, len(unread), _CHUNK):
                self._add(rows.filter(pk__in=unread[at : at + _CHUNK]), room)
        self.whole = now.rows <= MOST and not self._left_out
        self._print, self._read = now, True

    def _add(self, newest_first: "QuerySet[Any]", room: int) -> set[int]:
        """The ids of those that were new; the older ones are left out where there is no room for them."""
        taken, fresh = [], set()
        for pk, digest, value in newest_first.values_list("pk", "digest", self._source.column).iterator(_CHUNK):
            if pk in self._ids:
                continue
            fresh.add(pk)
            if self._size + len(value) <= room:
                taken.append((Known(pk, digest), value))
                self._size += len(value)
        self._left_out += len(fresh) - len(taken)
        self._ids |= fresh
        for known, value in reversed(taken):
            self._index.add(known, self._source.read(value))
        return fresh


def numbers(stored: bytes | memoryview) -> Numbers:
    """A stored vector as numpy has it."""
    return np.frombuffer(stored, dtype="<f4")


def _letters(organisation: int) -> Source:
    def rows() -> "QuerySet[Prompt]":
        mine = Prompt.objects.current().filter(benchmark__organisation=organisation, benchmark__archived_at=None)
        return mine.filter(benchmark__purpose=EVALUATION)

    return Source(rows, "text", str, similarity.Index, MOST_SIGNS)


def vectors() -> "QuerySet[TextVector]":
    """The vectors of the model that is in use."""
    return TextVector.objects.filter(model=meaning.MODEL)


def compared() -> "QuerySet[TextVector]":
    """Those of them that a prompt of a benchmark has; maps make them for training prompts too, by the ten thousand."""
    prompts = Prompt.objects.filter(digest=OuterRef("digest"), benchmark__purpose=EVALUATION)
    return vectors().filter(Exists(prompts))


def _meanings() -> Shelf:
    return Shelf(Source(compared, "vector", numbers, meaning.Index, MOST_BYTES))


_shelves: OrderedDict[int, Shelf] = OrderedDict()
_shelves_lock = Lock()
_by_meaning = _meanings()


def shelves(organisations: Iterable[int]) -> list[Shelf]:
    """A shelf for each of the organisations, the ones used longest ago given up where they are too many in all."""
    with _shelves_lock:
        found = []
        for organisation in organisations:
            found.append(_shelves.setdefault(organisation, Shelf(_letters(organisation))))
            _shelves.move_to_end(organisation)
        kept = sum(map(len, _shelves.values()))
        while kept > MOST_IN_ALL and len(_shelves) > len(found):
            kept -= len(_shelves.popitem(last=False)[1])
        return found


def by_meaning() -> Shelf:
    """The shelf of all vectors that are compared."""
    return _by_meaning


def forget() -> None:
    """Nothing; every shelf is empty, as after a start. For a database that was exchanged, as tests do."""
    global _by_meaning
    with _shelves_lock:
        _shelves.clear()
        _by_meaning = _meanings()
