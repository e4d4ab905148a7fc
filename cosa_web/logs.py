"""What a log line looks like, and what none of them holds: a text of a person or a model.

The messages of this application carry ids and causes only. The message of an exception may hold anything, so it is
written only where its class says nothing but what failed outside: a network, a disk, the rules of the database.
"""

import copy
import logging
import re
import traceback
from collections.abc import Iterator
from typing import Any

from django import db
from pythonjsonlogger.json import JsonFormatter

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FORMATS = ("line", "json")
QUIET = (
    *("django.db.backends", "django.template", "openai", "httpx", "httpx2", "httpcore", "httpcore2", "aiohttp"),
    *("asyncio", "botocore", "boto3", "s3transfer", "urllib3", "kombu", "amqp", "markdown_it", "redis"),
)
"""Loggers of libraries that write parameters, bodies or headers when they are asked for everything."""
TELLING = (OSError, db.OperationalError, db.InterfaceError, db.IntegrityError, db.ProgrammingError)
WITHHELD = "(its message is withheld: it may hold a text)"
SHOWS_VALUES = re.compile(r"\s*[(<\n].*", re.DOTALL)
"""From where on a message of asyncio shows the callback, the task or the result that it is about."""
NOT_WRITTEN = ("context", "request", "server_time", "data", "params", "sql")
"""What libraries give to a record beside its message: values of every kind."""
SHORT = 3
"""An exception's words of so few letters are no text, and taking them out of a message would harm other words."""


def settings(level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING for that level and form, a line or an object of JSON."""
    quiet = max(("INFO", level), key=LEVELS.index)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"bound": {"()": "annotations.core.log_context.Bound"}},
        "formatters": {"line": {"()": "cosa_web.logs.Line"}, "json": {"()": "cosa_web.logs.Json"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form, "filters": ["bound"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {name: {"level": quiet} for name in QUIET}
        | {
            # Whoever asks by a wrong name would fill the log with tracebacks
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "django": {"handlers": [], "propagate": True},
        },
    }


class Careful(logging.Formatter):
    """A formatter that writes where an exception came from, and of its message only what cannot be a text.

    Libraries repeat that message, and values, in messages of their own: there they are taken out too.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as it is written."""
        written = copy.copy(record)
        written.msg, written.args, written.exc_text = _said(record), None, None
        return super().format(written)

    def formatException(self, ei: Any) -> str:
        """The traceback of the exception and of those it came from, the first one first."""
        return "\n".join(_told(one) for one in _chain(ei[1]))


class Line(Careful):
    """A line for people: time, level, logger, message, and what is bound in brackets."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}{context}", style="{", defaults={"context": ""})


class Json(Careful, JsonFormatter):
    """An object of JSON for each record: time, level, logger, message, what is bound, and what else it was given."""

    def __init__(self) -> None:
        named = {"levelname": "level", "name": "logger", "exc_info": "exception"}
        JsonFormatter.__init__(
            self,
            "{levelname}{name}{message}",
            style="{",
            timestamp="time",
            rename_fields=named,
            reserved_attrs=[*logging.makeLogRecord({}).__dict__, *NOT_WRITTEN],
        )


def _said(record: logging.LogRecord) -> str:
    """The record's message without the words of its exception that may be a text."""
    problems = _chain(record.exc_info[1]) if isinstance(record.exc_info, tuple) else []
    if record.name == "celery.app.trace" and isinstance(record.args, dict):
        # An exception is cut there where it is long, so that it would not be found.
        withheld = {"exc": type(problems[-1]).__qualname__ if problems else WITHHELD, "traceback": WITHHELD}
        return str(record.msg) % {**record.args, **withheld, "args": WITHHELD, "kwargs": WITHHELD}
    said = record.getMessage()
    for problem in problems:
        for words in (repr(problem), str(problem)):
            if len(words) > SHORT:
                said = said.replace(words, f"{type(problem).__qualname__}: {_message(problem)}")
    return SHOWS_VALUES.sub("", said) if record.name == "asyncio" else said


def _chain(problem: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while problem is not None and problem not in found:
        found.insert(0, problem)
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    return found


def _told(problem: BaseException) -> str:
    where = "".join(traceback.format_tb(problem.__traceback__)).rstrip("\n")
    return "\n".join(part for part in (where, f"{type(problem).__qualname__}: {_message(problem)}") if part)


def _message(problem: BaseException) -> str:
    """The first line where the class is one of those that tell nothing else; below it a database shows the row."""
    if not isinstance(problem, TELLING):
        return WITHHELD
    return next(_lines(problem), "")


def _lines(problem: BaseException) -> Iterator[str]:
    return (line for line in str(problem).splitlines() if line.strip())
