"""What the gateway adds to a call of the model behind it, and what it takes: time, calls a second, memory.

    python -m bench.gateway [--rounds 3] [--litellm PATH] [--quick]

The model answers after 50 ms, or begins a stream of 20 pieces then. It is asked directly and through the gateway in
turn, by 1, 32 and 256 clients, streaming and not; the key has all three limits, and usage is counted. With the path of
its command (or COSA_BENCH_LITELLM), LiteLLM's proxy takes its turn, with a tenth of the calls where it is slow. Prints
medians of the rounds, what is added, the gateway's memory at the start, after 10,000 calls and after 10,000 more, how
many calls the database has counted, the load of the machine, and what is over its aim.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from bench.gateway_servers import Server, gateway, slow_model
from bench.processes import Figures, cpu_seconds, medians, megabytes

LATENCY = 0.05
DIRECT, OURS, THEIRS = "direct", "gateway", "LiteLLM"


class Case(NamedTuple):
    """So many calls by so many clients at once."""

    clients: int
    stream: bool
    calls: int

    def __str__(self) -> str:
        return f"{self.clients} {'streams' if self.stream else 'whole'}"


CASES = (
    *(Case(1, False, 100), Case(32, False, 1600), Case(256, False, 5120)),
    *(Case(1, True, 30), Case(32, True, 480), Case(256, True, 2560)),
)
ADDED_MS, WHOLE_RATE, STREAM_RATE, MEGABYTES, GROWN = 5.0, 800.0, 350.0, 150.0, 1.05


def measured(server: Server, case: Case) -> tuple[Figures, Counter[str]]:
    """The figures of a case, and what went wrong."""
    slow = server.name == THEIRS and case.clients > 1
    calls = max(case.calls // 10, 2 * case.clients) if slow else case.calls
    command = [sys.executable, "-m", "bench.chat_load", server.address, server.model]
    command += ["--clients", str(case.clients), "--calls", str(calls), *(["--stream"] if case.stream else [])]
    cpu = cpu_seconds(server.process)
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"COSA_BENCH_KEY": server.key}, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    figures: dict[str, Any] = json.loads(done.stdout)
    wrong = Counter(figures.pop("wrong"))
    return figures | {"cpu_ms": 1000 * (cpu_seconds(server.process) - cpu) / calls}, wrong


Table = dict[tuple[str, Case], Figures]


def in_turn(servers: list[Server], rounds: int, share: int) -> Table:
    """The medians of each case at each server, which take turns in it; says at once what went wrong."""
    found: dict[tuple[str, Case], list[Figures]] = defaultdict(list)
    for turn in range(rounds):
        for case in CASES:
            for server in servers:
                less = case._replace(calls=max(case.calls // share, case.clients))
                figures, wrong = measured(server, less)
                found[server.name, case].append(figures)
                if wrong:
                    print(f"round {turn + 1}, {case}, {server.name}: {dict(wrong)}", flush=True)
    return {place: medians(rows) for place, rows in found.items()}


def show(table: Table, names: list[str]) -> None:
    """A line for each case and server, and what it adds to the direct call."""
    print(f"{'':12} {'':8} {'a second':>9} {'p50':>8} {'p95':>8} {'+p50':>7} {'+first':>7} {'CPU ms':>7} {'errors':>6}")
    for case in CASES:
        for name in names:
            row, direct = table[name, case], table[DIRECT, case]
            more, first = row["p50"] - direct["p50"], row["first_p50"] - direct["first_p50"]
            print(
                f"{case!s:12} {name:8} {row['rate']:9.1f} {row['p50']:8.1f} {row['p95']:8.1f} {more:7.1f} {first:7.1f} "
                f"{row['cpu_ms']:7.2f} {row['errors']:6.0f}"
            )


def memory(server: Server, calls: int) -> list[float]:
    """Megabytes at the start, after so many calls (a fifth of them streams), and after as many again."""
    found = [megabytes(server.process)]
    for _ in range(2):
        for stream, part in ((False, calls * 4 // 5), (True, calls // 5)):
            measured(server, Case(64, stream, part))
        found.append(megabytes(server.process))
    return found


def counted() -> dict[str, int]:
    """How many calls the database has, by how they ended, once the last second's are written."""
    from django.db.models import Sum

    from training.models import Traffic

    time.sleep(2.5)
    rows = Traffic.objects.values("outcome").annotate(calls=Sum("requests"))
    return {str(row["outcome"]): int(row["calls"]) for row in rows}


def over(table: Table, used: list[float]) -> list[str]:
    """Sentences about what is over its aim."""
    ours = {case: table[OURS, case] for case in CASES}
    alone, wide, streams = (ours[case] for case in (CASES[0], CASES[2], CASES[5]))
    added = alone["p50"] - table[DIRECT, CASES[0]]["p50"]
    missed = {
        f"one client waits {added:.1f} ms more at the median, aim {ADDED_MS:g}": added >= ADDED_MS,
        f"{wide['rate']:.0f} calls a second at 256 wide, aim {WHOLE_RATE:g}": wide["rate"] < WHOLE_RATE,
        f"{streams['rate']:.0f} streams a second at 256 wide, aim {STREAM_RATE:g}": streams["rate"] < STREAM_RATE,
        "there were errors": any(row["errors"] for row in ours.values()),
        f"{max(used):.0f} MB, aim {MEGABYTES:g}": max(used) >= MEGABYTES,
        f"memory went from {used[1]:.0f} to {used[2]:.0f} MB": used[2] > used[1] * GROWN,
    }
    return [said for said, bad in missed.items() if bad]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--litellm", default=os.environ.get("COSA_BENCH_LITELLM", ""), help="the path of its command")
    parser.add_argument("--quick", action="store_true", help="one round of a tenth, to see that it works")
    return parser.parse_args()


def main() -> None:
    """Measure all in turn and print the tables."""
    options = _options()
    rounds, share = (1, 10) if options.quick else (options.rounds, 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ |= {"COSA_VAR": str(folder), "DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
        model = stack.enter_context(slow_model(LATENCY))
        servers = [model, ours := stack.enter_context(gateway(model, folder))]
        used = memory(ours, 10_000 // share)
        if options.litellm and shutil.which(options.litellm):
            from bench.litellm_proxy import started

            servers.append(stack.enter_context(started(options.litellm, model, folder)))
        table = in_turn(servers, rounds, share)
        show(table, [server.name for server in servers])
        print(f"gateway: {' → '.join(f'{part:.0f}' for part in used)} MB over 2 × {10_000 // share:,} calls")
        for server in servers[1:]:
            print(f"{server.name}: {megabytes(server.process):.0f} MB at the end")
        print(f"counted: {counted()}; load of the machine {os.getloadavg()[0]:.1f}")
        for said in over(table, used):
            print(f"AIM MISSED: {said}")


if __name__ == "__main__":
    main()
