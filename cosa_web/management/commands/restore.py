"""`manage.py restore`: a backup, brought back into an empty place and compared with what it was."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cosa_web.backup import BackupProblem, databases, restoring


class Command(BaseCommand):
    """Restore database and artifacts, and run nothing else: 0 all is back, 1 something is not."""

    help = "Restore a backup into an empty database and a store without its artifacts, then compare all of it."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which one."""
        parser.add_argument("place", type=Path, help="the folder or .tar file that manage.py backup wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring it back, compare, and say what is to be done."""
        try:
            told = restoring.restore(databases.here(), options["place"], self.stdout.write)
            advice = [] if told else restoring.warnings(options["place"])
        except BackupProblem as problem:
            raise CommandError(str(problem)) from problem
        for line in (*told, *advice):
            self.stdout.write(line)
        if told:
            raise CommandError(f"{len(told)} differences. Do not go on with this database.")
        self.stdout.write(f"All of {options['place']} is back. Start with manage.py doctor.")
