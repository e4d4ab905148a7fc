"""Metrics of processes that answer together: each writes its own into a shared folder, and any of them tells them all.

Without such a folder each process tells of itself alone. What counts is imported from here: the library looks for the
folder when it is imported itself.
"""

import fcntl
import os
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TextIO

from django.conf import settings

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
if settings.METRICS_DIR:
    if "prometheus_client" in sys.modules:
        raise ImportError("prometheus_client was imported before it was told of COSA_METRICS_DIR: import it from here.")
    os.environ[VARIABLE] = str(settings.METRICS_DIR)

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest  # noqa: E402
from prometheus_client import Counter as Counter  # noqa: E402
from prometheus_client import Gauge as Gauge  # noqa: E402
from prometheus_client import Histogram as Histogram  # noqa: E402
from prometheus_client.metrics_core import CounterMetricFamily as CounterMetricFamily  # noqa: E402
from prometheus_client.metrics_core import GaugeMetricFamily as GaugeMetricFamily  # noqa: E402
from prometheus_client.metrics_core import Metric as Metric  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402
from prometheus_client.registry import Collector as Collector  # noqa: E402

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ALONE = b"# These are the metrics of one process. Where several answer, set COSA_METRICS_DIR.\n"
DEAD_KEPT = 600
"""Files of processes that have ended and still count; beyond them the oldest are forgotten."""
LIVE = "gauge_live"
_FILE = re.compile(r"(?:counter|histogram|summary|gauge_\w+)_(\d+)\.db")
_locks: list[TextIO] = []

disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one part of the application; `registry` is where they are made."""

    def __init__(self, part: str) -> None:
        self.registry = CollectorRegistry()
        self._folder = _ready(Path(settings.METRICS_DIR) / part) if settings.METRICS_DIR else None

    def told(self, *inside: Collector) -> bytes:
        """All metrics of all processes as text, and what these collectors find besides."""
        asked = [_one_time(collector) for collector in inside]
        if self._folder is None:
            return ALONE + generate_latest(self.registry) + b"".join(asked)
        _forget_dead(self._folder)
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(together) + b"".join(asked)


@cache
def metrics(part: str) -> Metrics:
    """The metrics of that part in this process."""
    return Metrics(part)


def _one_time(collector: Collector) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def _ready(folder: Path) -> Path:
    """The folder, emptied by the first process that uses it and held by all of them as long as they live."""
    os.environ[VARIABLE] = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w", encoding="ascii")
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in folder.glob("*.db"):
            file.unlink(missing_ok=True)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _locks.append(lock)
    _forget_dead(folder)
    return folder


def _forget_dead(folder: Path) -> None:
    """Nothing; what processes that have ended said of their present is gone, and not so what they counted."""
    dead = [file for file in folder.glob("*.db") if (named := _FILE.fullmatch(file.name)) and not _lives(int(named[1]))]
    counted = sorted((file for file in dead if not file.name.startswith(LIVE)), key=_age)
    for file in [file for file in dead if file.name.startswith(LIVE)] + counted[: max(0, len(counted) - DEAD_KEPT)]:
        file.unlink(missing_ok=True)


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
