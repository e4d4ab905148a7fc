"""`manage.py doctor`: what is wrong with this installation, and what to do."""

import json
import logging
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cosa_web.doctor import BROKEN, everything, examine


class Command(BaseCommand):
    """Look at everything the application needs: exit code 1 when something is broken."""

    help = "Check database, broker, workers, models, storage, clocks and settings, and say what to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much, and for whom."""
        parser.add_argument("--models", action="store_true", help="ask every model that is not archived once, too")
        parser.add_argument("--json", action="store_true", help="print a list of objects for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and say."""
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what it would say again and again is a finding
        found = list(examine(everything(models=options["models"])))
        if options["json"]:
            self.stdout.write(json.dumps([one._asdict() for one in found], indent=1, ensure_ascii=False))
        else:
            for one in found:
                self.stdout.write(f"{one.state:8}{one.name}: {one.words}")
        if any(one.state == BROKEN for one in found):
            sys.exit(1)
