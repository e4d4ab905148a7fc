"""`manage.py retention`: remove what no number depends on and nobody needs any more. The clock does it once a day."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cosa_web import retention


class Command(BaseCommand):
    """Says a line for each rule: how many, and after how many days."""

    help = "Forget what is old and what no number depends on. Each rule has its COSA_KEEP_…_DAYS; 0 keeps for ever."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to do it."""
        parser.add_argument("--dry-run", action="store_true", help="say how many there are, and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what."""
        for told in retention.forget(rehearsal=options["dry_run"]):
            after = f"after {told.days:g} day{'s' if told.days != 1 else ''}" if told.days else "kept for ever"
            self.stdout.write(f"{told.number:>9,}  {told.name} ({after})")
