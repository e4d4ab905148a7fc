"""`manage.py stress_claim`: many people ask for items and answer them at the same moment, and nothing is given twice.

Your data are not touched: everything happens in a database of its own, which is gone afterwards. Exit code 1 when
anything is wrong.
"""

import signal
import sys
import time
from argparse import ArgumentParser
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from annotations.models.campaigns import MOST_OVERLAP
from cosa_web import stress_world as world
from cosa_web.stress import Browser, People, Server, StressProblem, serving
from cosa_web.stress_rounds import Tally, claim_all, exported, faults, submit_all


class Wanted(NamedTuple):
    """The options."""

    users: int
    rounds: int
    overlap: int
    submits: int
    kills: int
    processes: int


class Command(BaseCommand):
    """Rounds in which all ask at once for too few slots, then all answer many items while the server may be killed."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many people, how often, against how many server processes."""
        parser.add_argument("--users", type=int, default=8, help="people who ask at the same moment")
        parser.add_argument("--rounds", type=int, help="rounds of asking at once; 50, or none with --submits")
        parser.add_argument("--overlap", type=int, default=1, help="answers each item of a round needs")
        parser.add_argument("--submits", type=int, default=0, help="items everybody answers, one after the other")
        parser.add_argument("--kills", type=int, default=0, help="how often the server is killed during the submits")
        parser.add_argument("--processes", type=int, default=1, help="server processes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up, press, look, say what was found."""
        options["rounds"] = (0 if options["submits"] else 50) if options["rounds"] is None else options["rounds"]
        wanted = Wanted(**{name: options[name] for name in Wanted._fields})
        if min(wanted.users, wanted.processes, wanted.overlap) < 1 or wanted.overlap > MOST_OVERLAP:
            raise CommandError(f"Ask for at least one user and one process, and an overlap of 1 to {MOST_OVERLAP}.")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            with world.throwaway() as folder, serving(folder, wanted.processes) as server:
                found = self._press(wanted, server)
        except StressProblem as problem:
            raise CommandError(str(problem)) from problem
        for what, count in found.items():
            self.stderr.write(f"WRONG: {count} × {what}")
        if found:
            sys.exit(1)
        self.stdout.write("Nothing is wrong.")

    def _press(self, wanted: Wanted, server: Server) -> dict[str, int]:
        """What was wrong, by what it is."""
        self.stdout.write(f"{connection.vendor}, {wanted.processes} server processes, {wanted.users} users")
        tally, people = Tally(), People(server.port, world.make_raters(wanted.users))
        items = max(1, wanted.users * 3 // 4 // wanted.overlap)
        responses = world.make_responses(world.some_rows(max(items, wanted.users * wanted.submits)))
        try:
            if wanted.rounds:
                self._claim(wanted, people, responses[:items], tally)
            if wanted.submits:
                self._submit(wanted, people, responses, tally, server)
        finally:
            people.close()
        stored, taken = world.look(), exported(Browser(server.port, world.make_lead().session), tally)
        self.stdout.write(
            f"{stored.tokens.total()} answers stored, {taken.total()} in the export, {stored.over} times over the need"
        )
        return faults(tally, stored, taken, server.said())

    def _claim(self, wanted: Wanted, people: People, responses: list[int], tally: Tally) -> None:
        began = time.perf_counter()
        claim_all(people, responses, wanted.rounds, wanted.overlap, tally)
        self.stdout.write(
            f"{wanted.rounds} rounds of asking at once for {len(responses) * wanted.overlap} slots: {tally.handed} "
            f"handed out, {tally.doubles} doubles, {tally.refused} answers to somebody else's slot refused, "
            f"{time.perf_counter() - began:.1f} s"
        )

    def _submit(self, wanted: Wanted, people: People, responses: list[int], tally: Tally, server: Server) -> None:
        count, before = wanted.users * wanted.submits, len(tally.acknowledged)
        campaign = world.make_campaign(responses[:count], [one.rater for one in people.all])
        began = time.perf_counter()
        submit_all(people, campaign, wanted.submits, tally, server, wanted.kills)
        seconds, done = time.perf_counter() - began, len(tally.acknowledged) - before
        self.stdout.write(
            f"{done} of {count} answers acknowledged in {seconds:.1f} s, {done / seconds:.0f} a second, "
            f"server killed {wanted.kills} times"
        )
