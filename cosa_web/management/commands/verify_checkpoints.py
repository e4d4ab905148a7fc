"""Read every checkpoint of this node to the last byte and say what is not as it was registered."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotations.services.artifacts import ArtifactProblem
from training.models import Checkpoint
from training.services.trainer import export, kept


class Command(BaseCommand):
    """Says a line for each checkpoint, and fails when one is broken."""

    help = "Compare the files of this node's checkpoints with the digests in the registry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", help="names of checkpoints; without any, all of this node")
        parser.add_argument("--quick", action="store_true", help="names and sizes only, not the digests")
        parser.add_argument("--keep", action="store_true", help="put whole ones that are not there into the store too")

    def handle(self, *args: Any, **options: Any) -> None:
        mine = Checkpoint.objects.filter(run__node__name=settings.NODE).select_related("model", "run__node")
        found = mine.filter(model__slug__in=options["slugs"]) if options["slugs"] else mine
        if unknown := set(options["slugs"]) - {str(one) for one in found}:
            raise CommandError(f"This node, {settings.NODE}, has no checkpoint {', '.join(sorted(unknown))}.")
        told = {"digests": not options["quick"], "keep": options["keep"]}
        broken = sum(self._told(one, **told) for one in found.order_by("pk"))
        if broken:
            raise CommandError(f"{broken} of {len(found)} checkpoints are not as they were registered.")

    def _told(self, checkpoint: Checkpoint, *, digests: bool, keep: bool) -> bool:
        why = export.wrong(checkpoint, digests=digests)
        if keep and not why:
            try:
                kept.share(checkpoint)
            except ArtifactProblem as problem:
                why = str(problem)
        self.stdout.write(f"{checkpoint}: {why or 'whole'}")
        return bool(why)
