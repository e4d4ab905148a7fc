"""A fault drill: during one evaluation everything fails that may fail, and at the end nothing is lost and none doubled.

    python -m bench.faults [--items 5000] [--seed 1] [--workers 3] [--only kill broker …] [--json FILE]

Real processes on PostgreSQL and Valkey: workers, the beat, the pages, and a model on loopback that takes 0.3 s. A
worker is killed (SIGKILL) ten times at random moments and started again, the broker is restarted with an empty memory,
the database is restarted twice (fast, then at once as in a crash), the model stands still for 30 s, and the disk of the
artifacts is full while files are written (needs root, who may mount a small one). All along somebody asks for the run's
page twice a second, and what it tells is held against the database. Prints a table; ends with 1 when anything was lost,
doubled or untrue. Takes some five minutes, at most `--minutes`.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import fault_checks as checks
from bench import fault_disk
from bench import fault_world as world
from bench.fault_checks import Outage
from bench.fault_place import Place, place
from bench.fault_watch import Database, Watcher

LATENCY, WIDTH = 0.3, 12
KILLS, FREEZE_SECONDS, STUCK_SECONDS = 10, 30.0, 60.0
TRIES_IN_A_FREEZE = 8
FAULTS = ("kill", "broker", "postgres", "freeze", "disk")


@dataclass
class Drill:
    """One drill while it goes on: what happened when, in seconds since it began."""

    place: Place
    run: int
    cookie: str
    room: Path | None
    chance: random.Random
    workers: int
    began: float
    outages: list[Outage] = field(default_factory=list)
    freezes: list[Outage] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    kills: int = 0

    def now(self) -> float:
        """Seconds since the drill began."""
        return time.monotonic() - self.began

    def note(self, what: str) -> None:
        """Nothing; it is printed and kept with its time."""
        self.events.append(f"{self.now():6.1f} s  {what}")
        print(self.events[-1], flush=True)

    def kill(self) -> None:
        """A worker dies at a random moment and starts again soon after."""
        name = f"worker-{self.chance.randrange(self.workers)}"
        time.sleep(self.chance.uniform(0, 1))
        self.place.signal(name, signal.SIGKILL)
        self.note(f"{name} killed")
        self.kills += 1
        time.sleep(self.chance.uniform(0, 2))
        self.place.start_worker(name)

    def broker(self) -> None:
        """The broker dies with all it knew, and is away for 3 s."""
        self.place.signal("broker", signal.SIGKILL)
        time.sleep(3)
        self.place.start_broker()
        self.note("broker restarted, its memory lost")

    def postgres_fast(self) -> None:
        """The database ends every session, writes its data, and starts again after 3 s."""
        self._postgres(signal.SIGINT, "fast", 3)

    def postgres_crash(self) -> None:
        """The database ends as in a crash, and is away for 8 s."""
        self._postgres(signal.SIGQUIT, "immediate", 8)

    def _postgres(self, number: int, how: str, seconds: float) -> None:
        began = self.now()
        self.place.postgres.end(number)
        time.sleep(seconds)
        self.place.postgres.start()
        self.outages.append(Outage(f"PostgreSQL, {how}", began, self.now()))
        self.note(f"PostgreSQL restarted ({how}), away for {self.now() - began:.1f} s")

    def freeze(self) -> None:
        """The model takes calls and answers none."""
        began = self.now()
        self.note("model stands still")
        self.place.signal("model", signal.SIGSTOP)
        time.sleep(FREEZE_SECONDS)
        self.freezes.append(Outage("model", began, self.now()))
        self.place.signal("model", signal.SIGCONT)
        self.note("model goes on")

    def disk(self) -> None:
        """Files are written while the disk is full, and again after room was made."""
        if self.room is None:
            self.note("the disk is not filled: it takes root to mount a small one")
            return
        broken = fault_disk.drilled(self.room, fault_disk.Sender(self.place.port, self.cookie))
        self.broken += broken
        self.note(f"the disk was full for an upload and for a set, {len(broken)} things wrong")


def schedule(drill: Drill, only: Sequence[str]) -> list[tuple[float, Callable[[], None]]]:
    """What happens after which share of the items, in order."""
    kills = [(drill.chance.uniform(0.03, 0.93), drill.kill) for _ in range(KILLS)]
    wanted: dict[str, list[tuple[float, Callable[[], None]]]] = {
        "kill": kills,
        "broker": [(0.2, drill.broker)],
        "postgres": [(0.35, drill.postgres_fast), (0.75, drill.postgres_crash)],
        "freeze": [(0.55, drill.freeze)],
        "disk": [(0.1, drill.disk)],
    }
    return sorted((one for name in only for one in wanted[name]), key=lambda one: one[0])


def happen(drill: Drill, database: Database, items: int, only: Sequence[str], ends: float) -> None:
    """Nothing, once all faults happened and the run is over, or the time is, or nothing has moved for a minute."""
    left, most, moved = schedule(drill, only), 0, time.monotonic()
    while time.monotonic() < min(ends, moved + STUCK_SECONDS):
        counts = database.look()
        ended = counts.done + counts.failed if counts else 0
        if ended > most:
            most, moved = ended, time.monotonic()
        if left and ended >= left[0][0] * items:
            left.pop(0)[1]()
            moved = time.monotonic()
        elif counts and not counts.queued and not left and world.state(drill.run)[0] == "finished":
            drill.note("the run is finished")
            return
        time.sleep(0.1)
    drill.broken.append(f"not over after {drill.now():.0f} s: {database.look()}, {world.state(drill.run)}")


def judged(drill: Drill, watcher: Watcher, items: int) -> dict[str, Any]:
    """What is to be said of the drill; its `broken` says what must not be."""
    rows, (said, counted), asked = world.rows(drill.run), world.bills(drill.run), drill.place.asked()
    faults = drill.kills + len(drill.outages) * drill.workers + len(drill.freezes) * TRIES_IN_A_FREEZE
    most = 2 * 2 * WIDTH * faults  # in flight, and answered but not saved yet
    drill.broken += [
        *checks.untrue(watcher.told, items, drill.outages),
        *checks.never_waiting(watcher.told, drill.freezes),
        *checks.lost_or_doubled(rows, items, len(world.JUDGES)),
        *checks.wrong_figures(rows, world.figure(drill.run)),
        *checks.wrong_bill(said, counted, asked.total()),
        *checks.repeated(asked, 2 * items, most),
        *world.errors(drill.run),
    ]
    state, reason = world.state(drill.run)
    drill.broken += [] if state == "finished" else [f"the run is {state}: {reason}"]
    return {
        "items": len(rows),
        "answered once": sum(not checks.lost_or_doubled([row], 1, len(world.JUDGES)) for row in rows),
        "seconds": round(drill.now(), 1),
        "kills": drill.kills,
        "looks": len(watcher.told),
        "looks while the database was away": sum(one.status != 200 for one in watcher.told),
        "calls on the bill": said.calls,
        "calls the model was asked": asked.total(),
        "calls made again": asked.total() - len(asked),
        "pages back after, s": {k: round(v, 1) for k, v in checks.recoveries(watcher.told, drill.outages).items()},
        "slowest page, s": round(max((one.ended - one.began for one in watcher.told), default=0.0), 1),
    }


def drilled(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one drill, what happened, and what was broken."""
    with place(LATENCY) as here, fault_disk.small_disk(here.var) as disk:
        made = world.make(here.model_address, options.items, WIDTH)
        here.start_rest(options.workers)
        began = time.monotonic()
        chance = random.Random(options.seed)  # noqa: S311
        drill = Drill(here, made.run, made.cookie, disk, chance, options.workers, began)
        watcher = Watcher(here.port, made.cookie, made.run, Database(here.postgres.address, made.run), began)
        watcher.start()
        database = Database(here.postgres.address, made.run)
        happen(drill, database, options.items, options.only, began + 60 * options.minutes)
        time.sleep(2)
        watcher.stop()
        figures = judged(drill, watcher, options.items)
        if drill.broken and options.keep:
            _keep(here, watcher, Path(options.keep))
    return {"figures": figures, "events": drill.events, "broken": drill.broken, "load": os.getloadavg()[0]}


def _keep(here: Place, watcher: Watcher, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in here.var.glob("*.log"):
        (folder / log.name).write_bytes(log.read_bytes())
    (folder / "told.txt").write_text("\n".join(map(str, watcher.told)))


def main() -> None:
    """Drill, print the table, end with 1 when something was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--only", nargs="*", choices=FAULTS, default=FAULTS)
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("--keep", help="a folder for the logs of a drill in which something was broken")
    options = parser.parse_args()
    told = drilled(options)
    for name, value in told["figures"].items():
        print(f"{name:36} {value}")
    print(f"load of the machine {told['load']:.1f}")
    for said in told["broken"][:40]:
        print(f"BROKEN: {said}")
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1))
    sys.exit(1 if told["broken"] else 0)


if __name__ == "__main__":
    main()
