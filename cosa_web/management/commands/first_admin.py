"""`manage.py first_admin NAME`: the first admin of an empty installation, and the link at which they set a password."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from annotations.services import first_admin, people

SAID = """\
Open this link in a browser and set the password of {name}, the first admin. It works once, until {until} UTC.
Whoever has it becomes admin: give it to nobody else.

{link}

Are the pages elsewhere? Say where with --address, or change what stands before /password/.
"""


class Command(BaseCommand):
    """Print the link; asked again before it is used, print a new one. Refused once an admin has a password."""

    help = "Make the first admin and print the link, good once, at which they set their password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and where the pages are."""
        parser.add_argument("username", help="what the admin logs in with")
        parser.add_argument("--address", default="", help="where browsers find the pages: https://cosa.example.org")

    def handle(self, *args: Any, **options: Any) -> None:
        """The link, or why there is none."""
        try:
            person = first_admin.make(options["username"])
        except people.PeopleProblem as problem:
            raise CommandError(str(problem)) from problem
        until = timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        link = (options["address"].rstrip("/") or _address()) + reverse("password-set", args=people.link_parts(person))
        self.stdout.write(SAID.format(name=person.username, until=f"{until:%-d %B %Y, %H:%M}", link=link))


def _address() -> str:
    """Where the pages most likely are, by this machine's settings."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".") if settings.ALLOWED_HOSTS else "localhost"
    secure = settings.HTTPS or settings.BEHIND_PROXY
    return f"https://{host}" if secure else f"http://{'127.0.0.1' if host == 'localhost' else host}:8000"
