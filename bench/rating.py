"""What rating costs: the next item, an answer, all answers as a file; and the same with Label Studio beside it.

    python -m bench.rating [--label-studio PATH] [--rows 10000] [--cycles 200] [--rounds 3]

A campaign of so many rows of text, one answer each, on SQLite, one server process as the demo starts it. A cycle is two
requests, the next item and an answer to it, by one client and by eight at once; "page" is the way of the rating page,
where the next item comes with the answer to the one before it. With the path of its program, an installed Label Studio
has the same rows as a project and takes its turn with ours, round by round. Prints medians of the rounds, CPU of the
server and of all its processes, the load of the machine, and what is over its aim.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bench.label_studio import LabelStudio, download, started
from bench.processes import Cycle, CycleProblem, Figures, load, medians, megabytes

if TYPE_CHECKING:
    from annotations.models import Campaign
    from cosa_web.stress import Person, Reply, Server
    from cosa_web.stress_world import Rater, Row

PEOPLE = 8
AIMS: dict[str, Figures] = {
    "8 clients": {"next_p95_ms": 60, "submit_p95_ms": 80, "cpu_ms": 12},
    "export": {"first_s": 0.5, "total_s": 2.0},
    "memory": {"idle_mb": 150},
}
LEAST = 120


class Ours:
    """A server with a campaign, and raters in it."""

    name = "CoSA Web"

    def __init__(self, server: "Server", campaign: "Campaign", answered: "Campaign", raters: "Sequence[Rater]") -> None:
        from cosa_web.stress import People

        assert server.running is not None
        self.server, self.campaign, self.answered, self.process = server, campaign, answered, server.running.pid
        self.people = People(server.port, raters).all

    def clients(self, count: int) -> list[Cycle]:
        """The cycles of so many people: the next item, an answer to it."""
        return [partial(self._cycle, person) for person in self._fresh(count)]

    def _fresh(self, count: int) -> "list[Person]":
        """So many people with new connections: the server has closed those that were idle for a round of the other."""
        for person in self.people:
            person.browser.http.close()
        return self.people[:count]

    def _cycle(self, person: "Person") -> Figures:
        turn = _good("next", person.next(self.campaign))
        return {"next": turn.seconds, "submit": self._submit(person, turn.body["item"]["key"]).seconds}

    def _submit(self, person: "Person", key: str, **said: Any) -> "Reply":
        return _good("submit", person.submit(self.campaign, key, str(uuid4()), **said))

    def pages(self, count: int) -> list[Cycle]:
        """The cycles of so many people as the page goes: the item after the next one comes with an answer."""
        return [self._page(person) for person in self._fresh(count)]

    def _page(self, person: "Person") -> Cycle:
        keys = [_good("next", person.next(self.campaign, ahead=ahead)).body["item"]["key"] for ahead in (False, True)]

        def cycle() -> Figures:
            reply = self._submit(person, keys[0], next=True)
            keys[:] = [keys[1], reply.body["next"]["item"]["key"]]
            return {"page": reply.seconds}

        return cycle

    def over(self) -> int:
        """Items with more answers than they need, and people with two answers on one."""
        from cosa_web.stress_world import look

        stored = look()
        return stored.over + stored.twice

    def export(self, kind: str) -> Figures:
        """Seconds to the first byte of all answers of a whole campaign and to the last, and megabytes."""
        from django.urls import reverse

        from cosa_web.stress_world import make_lead

        path = reverse("annotations:rating-export", args=[self.answered.pk])
        return download(self.server.port, f"{path}?format={kind}", {"Cookie": f"sessionid={make_lead().session}"})


def _good(what: str, reply: "Reply") -> "Reply":
    if reply.status != 200 or reply.body.get("item", True) is None:
        raise CycleProblem(f"{what} {reply.status} {reply.body.get('error', reply.body.get('why', ''))}")
    return reply


@contextmanager
def ours(rows: "Sequence[Row]") -> Iterator[tuple[Ours, Figures]]:
    """Our server with a campaign over the rows, a second one in which all are answered, and what the start took."""
    from cosa_web import stress_world as world
    from cosa_web.stress import serving

    began = time.monotonic()
    with world.throwaway() as folder, serving(folder) as server:
        start = {"first_start_s": time.monotonic() - began}
        assert server.running is not None
        start["idle_mb"] = megabytes(server.running.pid)
        raters, responses = world.make_raters(PEOPLE), world.make_responses(rows)
        campaign, answered = world.make_campaign(responses, raters), world.make_campaign(responses, raters)
        world.answer_all(answered, raters)
        yield Ours(server, campaign, answered, raters), start


@contextmanager
def theirs(program: Path, rows: "Sequence[Row]", policy: str) -> Iterator[tuple[LabelStudio, Figures]]:
    """Label Studio with the rows as a project, and what the start took."""
    with tempfile.TemporaryDirectory(prefix="cosa-bench-") as name, started(program, Path(name)) as server:
        start = {"first_start_s": server.seconds, "idle_mb": megabytes(server.process)}
        tasks = [{"config": policy} | row._asdict() for row in rows]
        yield LabelStudio(server.port, server.process, tasks, PEOPLE), start


def one_round(side: Ours | LabelStudio, cycles: int, errors: Counter[str]) -> dict[str, Figures]:
    """The figures of one side in one round, by the case."""
    cases = {"1 client": partial(side.clients, 1), f"{PEOPLE} clients": partial(side.clients, PEOPLE)}
    if isinstance(side, Ours):
        cases[f"{PEOPLE} pages"] = partial(side.pages, PEOPLE)
    figures = {}
    for case, clients in cases.items():
        figures[case], wrong = load(side.process, clients(), cycles)
        errors.update(wrong)
    return figures


def measure(options: argparse.Namespace) -> dict[str, dict[str, Figures]]:
    """The medians of each side by its name and by the case."""
    from cosa_web.stress_world import policy, some_rows

    rows, errors = some_rows(options.rows), Counter[str]()
    sides: list[tuple[Ours | LabelStudio, Figures]] = []
    with ExitStack() as stack:
        if options.label_studio:
            sides.append(stack.enter_context(theirs(options.label_studio, rows, policy())))
        sides.append(stack.enter_context(ours(rows)))
        rounds: dict[str, list[dict[str, Figures]]] = {side.name: [] for side, _ in sides}
        for number in range(options.rounds):
            for side, _ in sides:
                cycles = options.cycles if isinstance(side, Ours) else options.peer_cycles
                print(f"round {number + 1}, {side.name}, load {os.getloadavg()[0]:.1f}", flush=True)
                rounds[side.name].append(one_round(side, cycles, errors))
        found = {}
        for side, start in sides:
            table = {case: medians([one[case] for one in rounds[side.name]]) for case in rounds[side.name][0]}
            table["export"] = medians([side.export("csv" if isinstance(side, Ours) else "CSV") for _ in range(3)])
            table["memory"] = {**start, "peak_mb": megabytes(side.process, "VmHWM"), "over_cap": side.over()}
            found[side.name] = table
    for what, count in errors.items():
        print(f"{count} × {what}")
    return found


def report(found: dict[str, dict[str, Figures]]) -> None:
    """Prints a line for each figure: ours, theirs, and how many times better ours is."""
    mine, other = found[Ours.name], found.get(LabelStudio.name, {})
    print(f"\n{'':28}" + "".join(f"{name:>16}" for name in (Ours.name, *[LabelStudio.name] * bool(other))))
    for case, figures in mine.items():
        for name, figure in figures.items():
            theirs = other.get(case, {}).get(name)
            print(f"{case:12} {name:15}{figure:16,.2f}{beside(name, figure, theirs)}")


def beside(name: str, figure: float, theirs: float | None) -> str:
    """The other's figure, and how many times ours is better, where that can be said."""
    if theirs is None:
        return ""
    low, high = sorted((figure, theirs)) if name != "file_mb" else (0.0, 0.0)
    better = (figure > theirs) == (name == "cycles_s")
    return f"{theirs:16,.2f}" + (f"   × {high / low if better else low / high:.1f}" if low else "")


def missed(figures: dict[str, Figures]) -> list[str]:
    """What is over its aim, in words."""
    over = [
        f"{case} {name} {figures[case][name]:.1f} > {most}"
        for case, most_of in AIMS.items()
        for name, most in most_of.items()
        if figures[case][name] > most
    ]
    rate = figures[f"{PEOPLE} clients"]["cycles_s"]
    over += [f"{figures['memory']['over_cap']:.0f} items over their need"] if figures["memory"]["over_cap"] else []
    return over + ([f"{rate:.0f} < {LEAST} cycles a second"] if rate < LEAST else [])


def main() -> None:
    """Measures, prints, leaves with 1 when something is over its aim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label-studio", type=Path, help="the program of an installed Label Studio")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--cycles", type=int, default=400, help="of ours in each case of a round")
    parser.add_argument("--peer-cycles", type=int, default=80, help="of Label Studio in each case of a round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cosa-bench-") as var:
        os.environ |= {"COSA_VAR": var, "COSA_DATABASE": "", "DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
        import django

        django.setup()
        found = measure(options)
    report(found)
    print(f"load {os.getloadavg()[0]:.1f}, medians of {options.rounds} rounds, {options.rows} rows")
    mine = found[Ours.name]
    if over := missed(mine):
        raise SystemExit(f"Over the aims: {'; '.join(over)}.")


if __name__ == "__main__":
    main()
