"""`manage.py load_safety_suite`: the benchmark of plainly harmful and only harmful-sounding requests."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.models import Organisation, User
from annotations.models.configs import SUBMITTED
from annotations.services import safety_suite


class Command(BaseCommand):
    """Load the safety suite into an organisation; one that is there stays as it is."""

    help = "Load the safety suite. A reviewer has to approve its neutral config before it can be run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where it belongs, and who brings it in."""
        parser.add_argument("organisation", help="slug of the organisation")
        parser.add_argument("--as", dest="user", required=True, help="who brings it in, by user name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, or say why not."""
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            there = ", ".join(Organisation.objects.values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no organisation {options['organisation']!r}; there are: {there or 'none'}.")
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active person {options['user']!r}.")
        loaded = safety_suite.load(organisation=organisation, actor=user)
        config, number = loaded.version.config, loaded.version.number
        waits = f" “{config}” v{number} waits for a reviewer." if loaded.version.state == SUBMITTED else ""
        self.stdout.write(f"{loaded.benchmark}: {loaded.benchmark.prompts.count()} prompts.{waits}")
