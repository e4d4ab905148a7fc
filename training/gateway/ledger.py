"""What this process has in flight and has settled, as batches for `limits.lua` that count once, however often sent.

A batch has a serial; what has to be counted once (settled tokens, tokens given back) stays with its serial until Redis
has answered. Everything else in it is told as it stands, so that a Redis that was emptied knows it again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

KEEP_SECONDS = 86_400
"""How long a month is remembered after its end."""


@dataclass(slots=True)
class Book:
    """The tokens of a key in a month, in this process."""

    flight: int = 0
    """Reserved by calls that run, under a quota."""
    fresh: int = 0
    """Settled since the last batch."""
    sent: int = 0
    """Settled, in a batch that Redis has not answered yet."""
    unwritten: int = 0
    """Settled, told to Redis, and not in the database yet; below zero where the database was faster."""

    def empty(self) -> bool:
        """True when there is nothing to tell."""
        return not (self.flight or self.fresh or self.sent or self.unwritten)


class Ledger:
    """The books of all keys in use, and the batches made of them."""

    def __init__(self) -> None:
        self._books: dict[tuple[str, str], Book] = {}
        self._changed: set[tuple[str, str]] = set()
        self._back: list[tuple[str, int, int, int]] = []
        self._sent_back: list[tuple[str, int, int, int]] = []
        self._serial = 0
        self._unanswered = False

    def begun(self, key: str, month: str, tokens: int) -> None:
        """Nothing; a call that may begin holds the tokens, and Redis knows it already."""
        self._book(key, month).flight += tokens

    def ended(self, key: str, month: str, held: int, tokens: int) -> None:
        """Nothing; a call gave up what it held, and cost `tokens`."""
        book = self._book(key, month)
        book.flight -= held
        book.fresh += tokens

    def written(self, key: str, month: str, tokens: int) -> None:
        """Nothing; that many settled tokens are in the database now."""
        self._book(key, month).unwritten -= tokens

    def give_back(self, key: str, second: int, tokens: int, epoch: int) -> None:
        """Nothing; the minute of the key had that many tokens too much, reserved in that second."""
        self._back.append((key, second, tokens, epoch))

    def _book(self, key: str, month: str) -> Book:
        self._changed.add((key, month))
        return self._books.setdefault((key, month), Book())

    def take(self, everything: bool) -> dict[str, Any]:
        """The next batch: the books that changed, or all; after one without an answer the same again, once more."""
        if not self._unanswered:
            self._next()
        named = list(self._books) if everything else [name for name in self._changed if name in self._books]
        self._changed = {name for name in named if self._books[name].fresh}
        books = [_told(name, self._books[name]) for name in named]
        return {"serial": self._serial, "books": books, "back": self._sent_back}

    def _next(self) -> None:
        self._serial += 1
        self._unanswered = True
        self._back, self._sent_back = [], self._back
        for name in self._changed:
            if book := self._books.get(name):
                book.fresh, book.sent = 0, book.fresh
                book.unwritten += book.sent

    def lost(self) -> None:
        """Nothing; no answer came to the batch: what was in it is told again."""
        self._changed.update(self._books)

    def arrived(self) -> None:
        """Nothing; Redis has counted the batch."""
        self._unanswered = False
        self._sent_back = []
        for name, book in list(self._books.items()):
            book.sent = 0
            if book.empty() and name not in self._changed:
                del self._books[name]

    def forget_old(self, now: float) -> None:
        """Nothing; months that are long over are not told any more."""
        for key, month in [name for name in self._books if ends(name[1]) + KEEP_SECONDS < now]:
            del self._books[key, month]


def month_of(moment: datetime) -> str:
    """The calendar month in UTC, as 2026-11."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def ends(month: str) -> int:
    """When a month is over, in seconds since 1970."""
    year, number = (int(part) for part in month.split("-"))
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(following.timestamp())


def _told(name: tuple[str, str], book: Book) -> list[Any]:
    key, month = name
    return [key, month, ends(month) + KEEP_SECONDS, book.flight, book.sent, book.unwritten]
