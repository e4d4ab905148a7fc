"""Samples a second of a whole evaluation run, on both databases, beside Inspect AI.

    python -m bench.evaluation [--samples 1000 10000] [--rounds 3] [--inspect PYTHON] [--warm 2000] [--memory 100000]

Each sample is an answer and one judge's verdict. A stub on loopback answers after 50 ms; at most 64 calls are open at
once, to one model that is both. Ours is the application's own path: the run lies in a database, a worker in a process
of its own claims, asks and commits. PostgreSQL waits for its disk (the settings of the tests do not count here), SQLite
is set as the application sets it. Each measurement has a fresh database and a process of its own; one after the other,
in turn, in the same minutes. Prints medians of samples a second, CPU seconds and peak memory of the process.

Inspect AI is measured when `--inspect` names a Python in which `inspect-ai` and `openai` are installed. `--warm` reads
the same again with everything in the cache; `--memory` is one long run for its peak. A size of 0 leaves it out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench.inspect_client import SYSTEM, WIDTH
from bench.run_engine import stub
from tests import postgres

Figures = dict[str, float]
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
RATER, INSPECT = "rater", "Inspect AI"
ROOT = Path(__file__).resolve().parents[1]


def prepare(port: int, samples: int) -> None:
    """A queued run over so many prompts in a fresh database; prints its number."""
    from django.core.management import call_command

    from annotations.models import Prompt
    from tests import factories

    call_command("migrate", verbosity=0)
    served = {"engine": "openai_http", "base_url": f"http://127.0.0.1:{port}/v1", "max_concurrency": WIDTH}
    factories.make_model(RATER, model="judge-rating", **served)
    benchmark, config = factories.make_benchmark(), factories.make_config()
    factories.make_version(config, policy=SYSTEM)
    numbers = range(1, samples + 1)
    rows = (
        Prompt(benchmark=benchmark, config=config, text=f"Question {n}", kind="safe", position=n, digest=f"{n:064d}")
        for n in numbers
    )
    Prompt.objects.bulk_create(rows, batch_size=1000)
    again()


def again() -> None:
    """One more queued run of the same candidate, benchmark and judge; prints its number."""
    from annotations.models import Benchmark, LanguageModel
    from tests import factories

    model = LanguageModel.objects.get(slug=RATER)
    judge = factories.make_judge("helpfulness", model)
    benchmark = Benchmark.objects.get()
    run = factories.make_run(0, judges=[judge], candidate=factories.make_candidate(model), benchmark=benchmark)
    print(json.dumps({"run": run.pk}))


def work(run_id: int) -> None:
    """One worker's shift on the run; prints its seconds, and refuses a run that did not end as it should."""
    from training.models import EvaluationRun
    from training.services.work import work as shift

    began = time.perf_counter()
    shift(run_id, "bench")
    seconds = time.perf_counter() - began
    run = EvaluationRun.objects.get(pk=run_id)
    scored = run.items.filter(state="done", helpfulness=0.8).count()  # the stub's judge always says 4 of 5
    assert run.state == "finished" and scored == run.items.count(), (run.state, run.reason, scored)
    print(json.dumps({"seconds": seconds}))


def process(command: Sequence[str], environment: dict[str, str]) -> Figures:
    """What a process printed as JSON in its last line, its CPU seconds and its peak memory in MB."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaints:
        running = subprocess.Popen(command, stdout=said, stderr=complaints, env=environment, cwd=ROOT)
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complaints.seek(0)
        if running.returncode:
            raise SystemExit(complaints.read()[-4000:])
        printed: Figures = json.loads(said.read().splitlines()[-1])
    return printed | {"cpu": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


class Place:
    """One fresh database, and the processes that use it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cosa_web.settings"} | environment

    def __call__(self, only: str, *numbers: int) -> Figures:
        """The figures of one step in a process of its own."""
        return process(
            [sys.executable, "-m", "bench.evaluation", "--only", only, *map(str, numbers)], self._environment
        )


@contextmanager
def place(database: str) -> Iterator[Place]:
    """A fresh database of that kind, gone afterwards."""
    with ExitStack() as stack:
        environment = {"COSA_VAR": stack.enter_context(tempfile.TemporaryDirectory()), "COSA_DATABASE": ""}
        if database == "PostgreSQL":
            postgres.SETTINGS |= DURABLE
            environment["COSA_DATABASE"] = stack.enter_context(postgres.server())
        yield Place(environment)


def ours(database: str, port: int, samples: int) -> Figures:
    """The figures of one run on a fresh database."""
    with place(database) as at:
        run = at("prepare", port, samples)["run"]
        return _rated(at("work", int(run)), samples)


def warm(database: str, port: int, samples: int) -> Figures:
    """The figures of the same run again, with everything in the cache; and the calls that were made for it."""
    with place(database) as at:
        at("work", int(at("prepare", port, samples)["run"]))
        before = _calls(port)
        figures = _rated(at("work", int(at("again")["run"])), samples)
        return figures | {"calls": _calls(port) - before}


def inspect(python: str, port: int, samples: int) -> Figures:
    """The figures of Inspect AI."""
    command = [python, str(ROOT / "bench" / "inspect_client.py"), str(port), str(samples)]
    return _rated(process(command, dict(os.environ)), samples)


def _rated(figures: Figures, samples: int) -> Figures:
    return figures | {"rate": samples / figures["seconds"]}


def _calls(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/calls", timeout=10) as answer:
        return int(json.load(answer)["calls"])


def told(name: str, figures: Figures) -> Figures:
    """The same figures, after a line about them for whoever waits."""
    print(f"  {name}: {figures['rate']:.0f}/s, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return figures


def show(name: str, rounds: Sequence[Figures]) -> Figures:
    """The medians, printed as one line."""
    row = {key: statistics.median(one[key] for one in rounds) for key in ("rate", "cpu", "peak_mb", "seconds")}
    rates = ", ".join(f"{one['rate']:.0f}" for one in rounds)
    print(f"{name:12} {row['rate']:7.1f}/s {row['cpu']:7.1f} s CPU {row['peak_mb']:5.0f} MB peak   all: {rates}")
    return row


def compare(port: int, samples: int, rounds: int, databases: Sequence[str], python: str) -> None:
    """Measure all in turn and print the table of one size."""
    seen: dict[str, list[Figures]] = {}
    for _ in range(rounds):
        for database in databases:
            seen.setdefault(database, []).append(told(database, ours(database, port, samples)))
        if python:
            seen.setdefault(INSPECT, []).append(told(INSPECT, inspect(python, port, samples)))
    print(f"{samples:,} samples, medians of {rounds}; load {os.getloadavg()[0]:.1f}", flush=True)
    rows = {name: show(name, figures) for name, figures in seen.items()}
    for database in databases if python else ():
        print(f"{database} / Inspect AI: {rows[database]['rate'] / rows[INSPECT]['rate']:.1f}", flush=True)


def _step(only: str, numbers: Sequence[int]) -> None:
    import django

    django.setup()
    {"prepare": prepare, "again": again, "work": work}[only](*numbers)


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", type=int, nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=["prepare", "again", "work"], help=argparse.SUPPRESS)
    parser.add_argument("--samples", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--inspect", default="", metavar="PYTHON", help="a Python with inspect-ai and openai")
    parser.add_argument("--databases", nargs="+", choices=["SQLite", "PostgreSQL"], default=["SQLite", "PostgreSQL"])
    parser.add_argument("--warm", type=int, default=2000, help="samples that are read again from the cache")
    parser.add_argument("--memory", type=int, default=0, help="samples of one long run, such as 100000")
    options = parser.parse_args()
    if options.only:
        return _step(options.only, options.numbers)
    with stub() as port:
        for samples in options.samples:
            compare(port, samples, options.rounds, options.databases, options.inspect)
        for database in options.databases:
            if options.warm:
                again_ = [warm(database, port, options.warm) for _ in range(options.rounds)]
                row = show(f"{database}, warm", again_)
                print(f"  {row['seconds']:.1f} s and {again_[0]['calls']:.0f} calls for {options.warm:,} samples")
            if options.memory:
                show(f"{database}, {options.memory:,}", [ours(database, port, options.memory)])


if __name__ == "__main__":
    main()
