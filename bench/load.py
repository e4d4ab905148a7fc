"""Load: 64 people who rate and 32 open streams of the gateway while an evaluation runs.

    python -m bench.load [--seconds 600] [--people 64] [--streams 32] [--think 1.0] [--json FILE]

Real processes on PostgreSQL and Valkey: pages (two processes of eight threads, as the Docker image starts them), the
gateway, two workers, the beat, and two models on loopback. People log in one after the other in the first fifth of the
time; then each takes an item and answers one after the other with the requests of the rating page, `--think` seconds
after each (people take longer; the two cores are shared with the client). Each stream begins when the one before it has
ended, 1.3 s each. Prints what went wrong, the times by kind of request, how many a second, memory at the start, after a
fifth of the time and at the end, and connections to the database. Ends with 1 when anything failed, or when a process
grew by more than a fifth after the first fifth of the time.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import load_world as world
from bench.fault_place import Place, place
from bench.load_clients import Clients, Seen
from bench.processes import megabytes

LATENCY = 0.5
LOOK_SECONDS, GROWN, LEAST_GROWN_MB = 5.0, 1.2, 25.0
WATCHED = ("web", "gateway", "worker-0", "worker-1", "beat", "broker")


class Looks:
    """Memory and connections as they were seen every few seconds."""

    def __init__(self, here: Place) -> None:
        self.here, self.memory, self.connections = here, defaultdict[str, list[float]](list), list[int]()

    async def go_on(self, ends: float) -> None:
        """Look until then."""
        while time.monotonic() < ends:
            for name in WATCHED:
                self.memory[name].append(megabytes(self.here.process(name)))
            self.memory["database"].append(megabytes(self.here.postgres.running.pid, "RssAnon"))  # type: ignore[union-attr]
            with suppress(Exception):
                self.connections.append(await asyncio.to_thread(world.connections))
            await asyncio.sleep(LOOK_SECONDS)

    def grown(self) -> dict[str, tuple[float, float, float]]:
        """Megabytes of each process at the start, after a fifth of the time, and at the end."""
        return {name: (seen[0], seen[len(seen) // 5], seen[-1]) for name, seen in self.memory.items() if seen}


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of them does not exceed, in ms."""
    return 1000 * sorted(values)[min(len(values) - 1, int(len(values) * share))]


def table(seen: list[Seen], seconds: float) -> dict[str, dict[str, float]]:
    """For each kind of request how many, how many a second, how many failed, and the times in ms."""
    kinds: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        kinds[one.kind].append(one)
    return {kind: _row(rows, seconds) for kind, rows in sorted(kinds.items())}


def _row(rows: list[Seen], seconds: float) -> dict[str, float]:
    good = [one.seconds for one in rows if not one.wrong] or [0.0]
    shares = {f"p{share}": percentile(good, share / 100) for share in (50, 95, 99)}
    failed = sum(bool(one.wrong) for one in rows)
    return {"requests": len(rows), "a second": len(rows) / seconds, "failed": failed} | shares


def broken(seen: list[Seen], grown: dict[str, tuple[float, float, float]], left: dict[str, int]) -> list[str]:
    """Sentences about what must not be."""
    wrong: dict[str, int] = defaultdict(int)
    for one in seen:
        if one.wrong:
            wrong[f"{one.kind}: {one.wrong}"] += 1
    found = [f"{number} × {what}" for what, number in wrong.items()]
    for name, (_, settled, end) in grown.items():
        if end > settled * GROWN and end > settled + LEAST_GROWN_MB:
            found.append(f"{name} grew from {settled:.0f} to {end:.0f} MB")
    if left["answers"] != left["stored"] or left["doubled"]:
        found.append(f"{left['answers']} answers were acknowledged, {left['stored']} stored, {left['doubled']} doubled")
    return found + ([f"{left['failed']} items of the run failed"] if left["failed"] else [])


async def loaded(here: Place, made: world.World, options: argparse.Namespace) -> tuple[list[Seen], Looks, float]:
    """What the clients saw, what the processes took, and how long it went."""
    apart = options.seconds / 5 / options.people  # a log-in costs half a second of CPU, by intention
    clients, looks = Clients(here.port, made, options.think, apart), Looks(here)
    began = time.monotonic()
    ends = began + options.seconds
    async with clients:
        people = [clients.person(number, ends) for number in range(options.people)]
        streams = [clients.stream(ends) for _ in range(options.streams)]
        await asyncio.gather(looks.go_on(ends), *people, *streams)
    return clients.seen, looks, time.monotonic() - began


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one load."""
    with place(LATENCY) as here:
        made = world.make(here, options.people, options.seconds, options.think)
        here.web_workers, here.web_threads = 2, 8
        here.start_rest(workers=2)
        here.start_gateway(made.gateway_port)
        seen, looks, seconds = asyncio.run(loaded(here, made, options))
        answers = sum(one.kind == "answer" and not one.wrong for one in seen)
        left = world.left(made.run) | {"answers": answers}
        grown = looks.grown()
        return {
            "requests": table(seen, seconds),
            "memory": grown,
            "connections": max(looks.connections, default=0),
            "run": left,
            "items a second": left["done"] / seconds,
            "load": os.getloadavg()[0],
            "broken": broken(seen, grown, left),
        }


def show(told: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{'':14} {'requests':>9} {'a second':>9} {'failed':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for kind, row in told["requests"].items():
        print(
            f"{kind:14} {row['requests']:9} {row['a second']:9.1f} {row['failed']:7} "
            f"{row['p50']:8.0f} {row['p95']:8.0f} {row['p99']:8.0f}"
        )
    for name, (start, settled, end) in told["memory"].items():
        print(f"{name:14} {start:.0f} → {settled:.0f} → {end:.0f} MB")
    print(f"at most {told['connections']} connections to the database; {told['items a second']:.1f} items a second")
    print(f"{told['run']}; load of the machine {told['load']:.1f}")
    for said in told["broken"][:20]:
        print(f"BROKEN: {said}")


def main() -> None:
    """Load, print the tables, end with 1 when something was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--streams", type=int, default=32)
    parser.add_argument("--think", type=float, default=1.0)
    parser.add_argument("--json", help="a file for the figures")
    options = parser.parse_args()
    told = measured(options)
    show(told)
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1))
    sys.exit(1 if told["broken"] else 0)


if __name__ == "__main__":
    main()
