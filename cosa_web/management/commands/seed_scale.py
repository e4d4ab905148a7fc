"""`manage.py seed_scale`: an installation of any size, made up, so that its pages can be measured."""

import time
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotations.models import Organisation, User
from cosa_web.scale import campaign_rows, ground, record_rows, run_rows, store
from cosa_web.scale.plan import Plan

NOT_HERE = (
    "This database is not marked as a demo's (COSA_DEMO=1), or there are people in it. What is written here is never "
    "deleted: ratings, prompts and the record of decisions stay. Use an empty database, or say --into-this-database."
)
ONCE = "There is a made-up installation in this database already."
SMALLEST = 100


class Command(BaseCommand):
    """Organisations, configs, prompts, runs, verdicts, calls, campaigns, ratings, events, traffic: all made up."""

    help = "Fill an empty database with a made-up installation of this size. Nobody in it can log in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How big."""
        parser.add_argument("--responses", type=int, default=1_000_000, help="how many answers of models")
        parser.add_argument("--judgements", type=int, default=3_000_000, help="how many verdicts of judges")
        parser.add_argument("--ratings", type=int, default=300_000, help="how many ratings of people")
        parser.add_argument("--into-this-database", action="store_true", help="although it is no demo's, or not empty")

    def handle(self, *args: Any, **options: Any) -> None:
        """Store everything, or say why not."""
        plan = Plan(options["responses"], options["judgements"], options["ratings"])
        if plan.responses < SMALLEST or plan.judgements < plan.responses or not 0 <= plan.ratings <= plan.responses:
            raise CommandError(
                f"At least {SMALLEST} responses, a judgement of each, and at most as many ratings as responses."
            )
        if not options["into_this_database"] and (not settings.DEMO or User.objects.exists()):
            raise CommandError(NOT_HERE)
        if Organisation.objects.filter(slug__startswith=ground.SLUG).exists():
            raise CommandError(ONCE)
        self.began = time.monotonic()
        self._fill(plan)

    def _fill(self, plan: Plan) -> None:
        laid = ground.lay(plan)
        self._say("people, configs, prompts")
        store.settle(*apps.get_models())
        runs = run_rows.make(plan, laid)
        self._say(f"{len(runs)} runs with responses, verdicts, calls and figures")
        campaigns = campaign_rows.make(plan, laid, runs)
        self._say(f"{len(campaigns)} campaigns")
        record_rows.make(plan, laid, runs, campaigns)
        store.settle(*apps.get_models())
        self._say("events, sets of preferences, traffic; everything analysed")

    def _say(self, what: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:6.0f} s  {what}")
        self.stdout.flush()
