"""A worker as processes: with threads it is one, with `-P prefork` its children do the work and report themselves.

A child hears from its parent that the worker was told to end through a byte of memory that all of them share.
"""

import mmap
import os
from collections.abc import Iterable
from typing import Any

from training.services import workers

_parent = os.getpid()
_ending = mmap.mmap(-1, 1)
_reporters: list[workers.Reporter] = []


def forks(controller: Any) -> bool:
    """True when the worker's children do its work."""
    return str(controller.pool_cls.__module__).endswith(".prefork")


def report(name: str, queues: Iterable[str], threads: int) -> None:
    """Nothing; from now on this process says what it is."""
    reporter = workers.Reporter(workers.facts(name, queues, threads), told)
    _reporters.append(reporter)
    reporter.start()


def begin_child(name: str, queues: Iterable[str]) -> None:
    """Nothing; a child of a worker reports. In the worker's own process this does nothing."""
    if os.getpid() != _parent:
        _reporters.clear()
        report(name, queues, 1)


def told() -> bool:
    """True when the parent said that the worker is to end."""
    return os.getpid() != _parent and _ending[0] != 0


def tell_children() -> None:
    """Nothing; every child hears that the worker is to end."""
    _ending[0] = 1


def close() -> None:
    """Nothing; this process has said that it has ended."""
    while _reporters:
        _reporters.pop().close()
