"""What the log lines of one piece of work have in common: the request, the run, the worker they belong to."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_bound: ContextVar[Mapping[str, object] | None] = ContextVar("bound", default=None)


def fields() -> Mapping[str, object]:
    """What is bound here, in this thread or task of an event loop, by name."""
    return _bound.get() or {}


@contextmanager
def bound(**told: object) -> Iterator[None]:
    """Every log line written inside carries these fields besides those that are bound already."""
    before = _bound.set({**fields(), **told})
    try:
        yield
    finally:
        _bound.reset(before)


class Bound(logging.Filter):
    """Gives each record the bound fields, and all of them as words in `context`; what the record says itself stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: every record is let through."""
        for name, value in fields().items():
            record.__dict__.setdefault(name, value)
        told = " ".join(f"{name}={value}" for name, value in fields().items())
        record.context = f" [{told}]" if told else ""
        return True
