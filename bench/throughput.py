"""One run by several workers: items a second, the CPU of everything it takes, and how often the database is asked.

    python -m bench.throughput [--items 2000] [--rounds 1] [--width 64]

Each item is an answer and one judge's verdict, from a stub on loopback that answers after 50 ms; `--width` calls are
open at once, shared by the workers. Each case has a fresh database. Workers are processes of their own that begin
together; the time goes from there to the last one's end. On two cores it grows until both are full: when other work
shares them, compare the milliseconds of CPU that an item takes, which hardly change. PostgreSQL waits for its disk.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.evaluation import DURABLE, RATER, SYSTEM
from bench.processes import Figures, cpu_seconds
from tests import postgres

CASES = (("PostgreSQL", 1), ("PostgreSQL", 2), ("PostgreSQL", 4), ("SQLite", 1), ("SQLite", 2))
LATENCY, LONGEST_SECONDS = 0.05, 600.0
ROOT = Path(__file__).resolve().parents[1]


def prepare(port: int, items: int, width: int) -> int:
    """The number of a queued run over so many prompts in a fresh database."""
    from django.core.management import call_command

    from annotations.models import Prompt
    from tests import factories

    call_command("migrate", verbosity=0)
    served = {"engine": "openai_http", "base_url": f"http://127.0.0.1:{port}/v1", "max_concurrency": width}
    model = factories.make_model(RATER, model="judge-rating", **served)
    benchmark, config = factories.make_benchmark(), factories.make_config()
    factories.make_version(config, policy=SYSTEM)
    fixed = {"benchmark": benchmark, "config": config, "kind": "safe"}
    Prompt.objects.bulk_create(
        Prompt(text=f"Question {n}", position=n, digest=f"{n:064d}", **fixed) for n in range(items)
    )
    judge = factories.make_judge("helpfulness", model)
    return factories.make_run(0, judges=[judge], candidate=factories.make_candidate(model), benchmark=benchmark).pk


def work(run: int, name: str) -> dict[str, float]:
    """What a worker's shift on the run took: it begins when a line comes in."""
    from django.db.backends.signals import connection_created

    from training.services.work import work as shift

    calls = [0]

    def counted(execute: Any, *about: Any) -> Any:
        calls[0] += 1
        return execute(*about)

    def watch(connection: Any, **_: Any) -> None:
        if counted not in connection.execute_wrappers:
            connection.execute_wrappers.append(counted)

    connection_created.connect(watch)
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    shift(run, name)
    return {"queries": calls[0], "cpu": time.process_time() - before}


def finished(run: int) -> dict[str, bool]:
    """Whether every item was answered, and the run is over."""
    from training.models import EvaluationRun

    found = EvaluationRun.objects.get(pk=run)
    return {"whole": found.state == "finished" and not found.items.exclude(state="done").exists()}


@contextmanager
def database(kind: str) -> Iterator[tuple[dict[str, str], int]]:
    """The variables that name a fresh database, and the process of its server, 0 without one."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as var, tempfile.TemporaryDirectory(prefix="cosa-") as folder:
        names = {"COSA_VAR": var, "COSA_DATABASE": "", "DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
        if kind == "SQLite":
            yield names, 0
            return
        server = postgres.Server(Path(folder), **DURABLE)
        try:
            server.start()
            assert server.running
            yield names | {"COSA_DATABASE": server.address}, server.running.pid
        finally:
            server.end()


def _step(only: str, environment: dict[str, str], *values: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.throughput", "--only", only, *map(str, values)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, **pipes)


def _told(process: "subprocess.Popen[str]") -> Any:
    said, _ = process.communicate("\n", timeout=LONGEST_SECONDS)
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}.")
    return json.loads(said.splitlines()[-1])


def measured(kind: str, workers: int, options: argparse.Namespace) -> Figures:
    """The figures of one run by so many workers."""
    stub = [sys.executable, "tests/stub_server.py", "--port", "0", "--latency", str(LATENCY)]
    with database(kind) as (environment, server), subprocess.Popen(stub, stdout=subprocess.PIPE, text=True) as model:
        running: list[subprocess.Popen[str]] = []
        try:
            assert model.stdout
            run = _told(_step("prepare", environment, int(model.stdout.readline()), options.items, options.width))
            running += [_step("work", environment, run, f"worker-{number}") for number in range(workers)]
            for one in running:
                assert one.stdout and one.stdout.readline() == "ready\n"
            before, began = _cpu(server), time.perf_counter()
            asked = cpu_seconds(model.pid)
            for one in running:
                assert one.stdin
                one.stdin.write("\n")
                one.stdin.flush()
            told = [_told(one) for one in running]
            seconds, asked = time.perf_counter() - began, cpu_seconds(model.pid) - asked
            database_cpu = _cpu(server) - before
            if not _told(_step("finished", environment, run))["whole"]:
                raise SystemExit("The run did not end as it should.")
        finally:
            for one in (*running, model):
                one.kill()
    spent = {"worker": sum(one["cpu"] for one in told), "database": database_cpu, "model": asked}
    cpu = {f"{name}_ms": 1000 * seconds_of / options.items for name, seconds_of in spent.items()}
    queries = sum(one["queries"] for one in told) / options.items
    return {"rate": options.items / seconds, "cores": sum(spent.values()) / seconds, "queries": queries} | cpu


def _cpu(server: int) -> float:
    """CPU seconds of the server so far: of what runs below it, and of what ran there and has ended; 0 without one."""
    if not server:
        return 0.0
    ended = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[13:15]
    return cpu_seconds(server) + sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")


def _only(what: str, values: list[str]) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    django.setup()
    if what == "prepare":
        print(prepare(*map(int, values)))
    elif what == "work":
        print(json.dumps(work(int(values[0]), values[1])))
    else:
        print(json.dumps(finished(int(values[0]))))


def main() -> None:
    """Measure each case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--only", choices=["prepare", "work", "finished"])
    parser.add_argument("values", nargs="*")
    options = parser.parse_args()
    if options.only:
        return _only(options.only, options.values)
    print(f"{'':12} {'workers':>7} {'items/s':>8} {'cores':>6}   ms of CPU an item: worker database model   queries")
    for kind, workers in CASES:
        rounds = [measured(kind, workers, options) for _ in range(options.rounds)]
        row = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        print(
            f"{kind:12} {workers:7} {row['rate']:8.1f} {row['cores']:6.2f} {row['worker_ms']:26.2f} "
            f"{row['database_ms']:8.2f} {row['model_ms']:5.2f} {row['queries']:9.2f}",
            flush=True,
        )
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
