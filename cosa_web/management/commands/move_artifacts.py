"""Copy all artifacts to another store, or compare what lies in one with the rows."""

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from annotations.services import artifact_moves, artifact_places
from annotations.services.artifact_moves import Moved
from annotations.services.artifact_places import Place
from cosa_web import artifact_settings
from cosa_web.env import WrongSetting


class Command(BaseCommand):
    """Says what is wrong with which file, then how many are right, and fails when one is wrong. It may be run again."""

    help = "Copy artifacts to another store (--to), or read every byte of one (--check). Nothing is taken from the old."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default="", help="as COSA_ARTIFACTS says it: a folder's path, or s3://bucket/…")
        parser.add_argument("--check", action="store_true", help="read every byte there, after copying with --to")

    def handle(self, *args: Any, **options: Any) -> None:
        goal = self._place(options["to"])
        wrong = self._told("taken into the store", artifact_moves.take_in_earlier())
        if options["to"]:
            wrong += self._told("copied", artifact_moves.copy(goal))
        if options["check"]:
            wrong += self._told("read to the last byte", artifact_moves.check(goal))
        if wrong:
            raise CommandError(f"{wrong} files are not as they should be. Put them right, then run this again.")

    def _place(self, told: str) -> Place:
        if not told:
            return artifact_places.current()
        try:
            goal = artifact_settings.parsed(told)
        except WrongSetting as problem:
            raise CommandError(str(problem).replace(artifact_settings.NAME, "--to", 1)) from problem
        if goal == settings.STORAGES["artifacts"]:
            raise CommandError("The artifacts lie there already.")
        return artifact_places.of(storages.create_storage(goal))

    def _told(self, what: str, moved: Iterable[Moved]) -> int:
        done = left = wrong = 0
        for one in moved:
            done, left, wrong = done + one.done, left + (not one.done and not one.wrong), wrong + bool(one.wrong)
            if one.wrong:
                self.stderr.write(f"{one.key}: {one.wrong}")
        self.stdout.write(f"{done:,} {what}, {left:,} there already, {wrong:,} wrong")
        return wrong
