"""What a server costs: CPU seconds and memory of a process and of all below it, and what clients of it wait for."""

import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

Figures = dict[str, float]
Cycle = Callable[[], Figures]


class CycleProblem(RuntimeError):
    """Why a cycle did not end as it should."""


def tree(process: int) -> Iterator[int]:
    """The process and those below it, at any depth."""
    yield process
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))


def cpu_seconds(process: int) -> float:
    """CPU seconds of the tree so far."""
    ticks = 0
    for one in tree(process):
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def megabytes(process: int, name: str = "VmRSS") -> float:
    """Megabytes of the tree: VmRSS now, VmHWM the most so far of each process."""
    kilobytes = 0
    for one in tree(process):
        with suppress(OSError):
            found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
            kilobytes += int(found[1]) if found else 0
    return kilobytes / 1024


def load(process: int, clients: Sequence[Cycle], cycles: int) -> tuple[Figures, Counter[str]]:
    """What so many cycles cost the server and its clients, who share them and begin together; and what went wrong.

    A cycle gives back the seconds of its parts by name; of each part come the median and the 95th percentile in ms.
    """
    start, errors = Barrier(len(clients) + 1), Counter[str]()

    def work(cycle: Cycle) -> list[Figures]:
        done = []
        start.wait(60)
        for _ in range(cycles // len(clients)):
            try:
                done.append(cycle())
            except CycleProblem as problem:
                errors[str(problem)] += 1
        return done

    with ThreadPoolExecutor(len(clients)) as threads:
        jobs = [threads.submit(work, cycle) for cycle in clients]
        start.wait(60)
        began, cpu = time.perf_counter(), cpu_seconds(process)
        done = [timing for job in jobs for timing in job.result()]
        wall, cpu = time.perf_counter() - began, cpu_seconds(process) - cpu
    if not done:
        raise SystemExit(f"No cycle ended: {dict(errors)}")
    return {"cycles_s": len(done) / wall, "cpu_ms": 1000 * cpu / len(done)} | _waits(done), errors


def _waits(done: Sequence[Figures]) -> Figures:
    waits = {}
    for part in done[0]:
        taken = sorted(1000 * timing[part] for timing in done)
        waits[f"{part}_p50_ms"] = statistics.median(taken)
        waits[f"{part}_p95_ms"] = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
    return waits


def medians(rounds: Sequence[Figures]) -> Figures:
    """The median of each figure."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
