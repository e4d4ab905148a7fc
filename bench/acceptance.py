"""The run engine's promises, kept by real processes: killed, told twice, stopped and woken.

    python -m bench.acceptance [--items 2000] [--kills 10] [--only kill|hints|sleep]

Each part has a database, a broker and Celery workers of its own, and a model on loopback that takes 50 ms; an item is
an answer and one verdict. `kill`: the worker gets SIGKILL at random moments, and another one starts. `hints`: four
workers are told of one run fifty times. `sleep`: a worker is stopped (SIGSTOP) for two leases while another one goes
on, then woken. Prints what was counted; ends with 1 when a promise was broken.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
django.setup()

from tests.machines import ROOT, Machine, end, machine  # noqa: E402
from tests.stage import Stage, until  # noqa: E402

PLACES = 8 + 8
LEASE_SECONDS = 2
HINT = "import django; django.setup(); from training.tasks import look_at_run as hint; {}"
COUNTS = {
    "responses": "SELECT count(DISTINCT response_id) FROM training_runitem WHERE run_id = ? AND state = 'done'",
    "verdicts": "SELECT count(*) FROM training_judgement j JOIN training_runitem i ON i.id = item_id WHERE run_id = ?",
    "ledger": "SELECT count(*) FROM training_call c JOIN training_runitem i ON i.id = item_id "
    "WHERE run_id = ? AND NOT reused",
    "counted": "SELECT calls FROM training_evaluationrun WHERE id = ?",
    "leases": "SELECT count(*) FROM training_lease WHERE run_id = ?",
}


@contextmanager
def place():
    """A machine with an empty database, and the model."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as folder, Stage(latency=0.05) as stage:
        fresh = Machine(Path(folder), Path(folder))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=fresh.environment, check=True)
        with machine(Path(folder) / "cosa.sqlite3") as here:
            yield here, stage


def counted(here: Machine, stage: Stage, run: int) -> dict[str, int]:
    """What the database and the model say."""
    counts = {name: int(here.ask(sql, run)) for name, sql in COUNTS.items()}
    asked = Counter((seen.model, str(seen.messages)) for seen in stage.seen)
    return counts | {"asked": len(stage.seen), "repeated": len(stage.seen) - len(asked)}


def finished(here: Machine, run: int) -> None:
    """Nothing, once the run is finished."""
    until(lambda: here.state(run) == "finished", seconds=600)


def kill(items: int, kills: int) -> tuple[dict[str, int], bool]:
    """SIGKILL at random moments."""
    with place() as (here, stage):
        run, left = here.make_run(stage.base_url, items), kills
        while left:
            worker, seen = here.start_worker(), here.done(run)
            until(lambda before=seen: here.done(run) > before, seconds=60)
            time.sleep(random.uniform(0, 1))  # noqa: S311  the moment of a kill
            if here.done(run) == items:
                raise SystemExit(f"Finished after {kills - left} kills. Take more items.")
            end(worker, signal.SIGKILL)
            left -= 1
        here.start_worker()
        finished(here, run)
        told = counted(here, stage, run)
    whole = told["responses"] == told["verdicts"] == items and told["ledger"] == told["counted"] == 2 * items
    return told, whole and told["repeated"] <= 2 * PLACES * kills  # in the air, and answered but not saved yet


def hints(items: int, kills: int) -> tuple[dict[str, int], bool]:
    """One run, fifty hints, four workers."""
    with place() as (here, stage):
        run = here.make_run(stage.base_url, items)
        sending = HINT.format(f"[hint.apply_async(({run},)) for _ in range(50)]")
        subprocess.run([sys.executable, "-c", sending], cwd=ROOT, env=here.environment, check=True)
        for number in range(4):
            here.start_worker(f"w{number}")
        finished(here, run)
        time.sleep(LEASE_SECONDS)
        told = counted(here, stage, run)
    return told, told["ledger"] == told["counted"] == told["asked"] == 2 * items


def sleep(items: int, kills: int) -> tuple[dict[str, int], bool]:
    """One worker sleeps for two leases and wakes after another has done its work."""
    with place() as (here, stage):
        run = here.make_run(stage.base_url, items)
        sleeper = here.start_worker("sleeper")
        until(lambda: here.done(run) > items // 10, seconds=60)
        signal_group(sleeper.pid, signal.SIGSTOP)
        time.sleep(2 * LEASE_SECONDS)
        here.start_worker("next")
        finished(here, run)
        before = counted(here, stage, run)
        signal_group(sleeper.pid, signal.SIGCONT)
        time.sleep(3 * LEASE_SECONDS)
        told = counted(here, stage, run)
    same = all(told[name] == before[name] for name in ("responses", "verdicts", "ledger", "counted"))
    return told | {"asked_awake": told["asked"] - before["asked"]}, same and told["ledger"] == 2 * items


def signal_group(group: int, number: int) -> None:
    """Every process of the group gets the signal."""
    os.killpg(group, number)


PARTS = {"kill": kill, "hints": hints, "sleep": sleep}


def main() -> None:
    """Each part in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--only", choices=PARTS)
    options = parser.parse_args()
    broken = 0
    for name in [options.only] if options.only else PARTS:
        start = time.perf_counter()
        told, kept = PARTS[name](options.items, options.kills)
        broken += not kept
        print(f"{name:6} {'kept' if kept else 'BROKEN':6} {time.perf_counter() - start:4.0f} s ", end="")
        print(", ".join(f"{what} {number}" for what, number in told.items()))
    sys.exit(min(broken, 1))


if __name__ == "__main__":
    main()
