"""`manage.py backup`: database and artifacts as they are now, in a folder or a .tar file; or a check of such a one."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.services import artifact_moves
from cosa_web.backup import BackupProblem, databases, restoring, taking


class Command(BaseCommand):
    """Take a backup while people work on, or try one out: 0 it is whole, 1 something is missing or different."""

    help = (
        "Write the database and all artifacts into a new folder, or a .tar file where the name ends so. The backup is"
        " as secret as the database. COSA_SECRET_KEY, COSA_FERNET_KEYS and open log-ins are not in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, or which one."""
        parser.add_argument("place", type=Path, help="a new folder, or a new file whose name ends with .tar")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="restore the backup at PLACE into a database that is thrown away, and compare; nothing else changes",
        )
        parser.add_argument(
            "--without-checkpoints", action="store_true", help="leave trained models out; they are the most of it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it, or try it."""
        try:
            told = self._tried(options["place"]) if options["verify"] else self._taken(**options)
        except BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        for line in told:
            self.stdout.write(line)
        if told:
            sys.exit(1)

    def _taken(self, place: Path, without_checkpoints: bool, **_: Any) -> list[str]:
        earlier = [f"missing: {one.key}: {one.wrong}" for one in artifact_moves.take_in_earlier() if one.wrong]
        made = taking.take(databases.here(), place, self.stdout.write, without_checkpoints=without_checkpoints)
        told = [*earlier, *(f"missing: {key}" for key in made.missing)]
        self.stdout.write(f"{place} is whole, except for what is named here." if told else f"{place} is whole.")
        return told

    def _tried(self, place: Path) -> list[str]:
        told = restoring.verify(databases.here(), place, self.stdout.write)
        self.stdout.write(f"{place}: {len(told)} differences." if told else f"{place} can be restored as it was taken.")
        return told
