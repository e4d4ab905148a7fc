"""Releases of a benchmark: which there are, what one holds, what would be frozen now, and freezing it."""

from typing import Any

from django.db.models import QuerySet

from annotations import access, models
from annotations.access import WORKERS
from annotations.api import fields
from annotations.api.endpoint import creates, lists, reads, route
from annotations.api.problems import refused
from annotations.api.races import Racing
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.core import manifest
from annotations.forms.releases import A_NUMBER
from annotations.queries import releases as queries
from annotations.queries.standing import standing
from annotations.services import releases
from annotations.views.releases import release_for_reader

NUMBER = "Its number, as v1.0."


class Release(Shown):
    """A release: a benchmark as it was at one moment. It never changes."""

    number = fields.text(NUMBER, source="name")
    benchmark = Id(source="benchmark_id", help_text="Id of its benchmark.")
    note = fields.text("What is new in it and what it is for, in Markdown.")
    prompts = fields.whole("Prompts in it.", source="prompt_count")
    validated = fields.whole("Those of them that were validated.", source="validated_count")
    sha256 = fields.text("SHA-256 of its file prompts.jsonl, in hexadecimal.")
    runs = fields.whole("Evaluation runs on it.", source="run_count")
    created_by = Person(help_text="Who froze it.")
    created_at = fields.moment("When it was frozen.")


class WholeRelease(Release):
    """A release with its manifest and its dataset card."""

    manifest = fields.json("Counts, names and digests of everything in it, the texts of its configs among them.")
    card = fields.text("The dataset card, in Markdown.")


class NewRelease(Said):
    """What is frozen, and under which number."""

    number = fields.text("Its number, as v1.0: higher than the newest one.", max_length=20)
    note = fields.text(
        "What is new in it, in Markdown.", max_length=releases.LONGEST_NOTE, required=False, allow_blank=True
    )
    only_validated = fields.yes("Whether only validated prompts go in; else all.", required=False)
    seen = fields.text(
        "What the standing says under `seen`: when a prompt has changed since, nothing is frozen.",
        max_length=64,
        required=False,
    )


class Standing(Shown):
    """What would be frozen now."""

    seen = fields.text("Stands for the prompts as they are now: send it along when you freeze them.")
    prompts = fields.whole("Prompts that would go in.")
    validated = fields.whole("Those of them that are validated.")
    kinds = fields.counts("The prompts by kind.")
    problems = fields.texts("Why it cannot be frozen yet, a sentence for each config that stands in the way.")
    newest = fields.text("The newest release; null before the first.", allow_null=True)
    since = fields.texts("What moved since then, in words.")
    next_minor = fields.text("The number for the same prompts, or more of them.")
    next_major = fields.text("The number for when prompts went or read otherwise.")


class Releases(Racing):
    """The releases of a benchmark."""

    resource, roles = "benchmarks", WORKERS
    refusals = (releases.ReleaseProblem,)
    words = {"pk": "Id of the benchmark."}

    @lists(Release, order=("-major", "-minor"))
    def get(self, pk: int) -> QuerySet[models.BenchmarkRelease]:
        """The releases of a benchmark, the newest first."""
        return queries.listed(access.benchmark_for_reader(self.user, pk))

    @creates(NewRelease, WholeRelease)
    def post(self, pk: int) -> Any:
        """Freezes what the benchmark holds now. For leads of its organisation."""
        benchmark, said = access.benchmark_for_lead(self.user, pk), dict(self.said)
        if (number := manifest.number(said.pop("number"))) is None:
            raise refused(str(A_NUMBER), "number")
        made = releases.freeze(benchmark=benchmark, number=number, actor=self.user, **said)
        return _whole(made)


class NextRelease(Racing):
    """What a freeze would take."""

    resource, roles = "benchmarks", WORKERS
    words = {"pk": "Id of the benchmark."}

    @reads(Standing)
    def get(self, pk: int) -> dict[str, Any]:
        """What would be frozen now, and what moved since the newest release. For leads of its organisation."""
        benchmark = access.benchmark_for_lead(self.user, pk)
        found, last = standing(benchmark), queries.newest(benchmark)
        minor, major = manifest.following(queries.number_of(last) if last else None)
        return {
            "seen": found.word,
            "prompts": len(found.lines),
            "validated": len(found.validated),
            "kinds": manifest.totals(found.facts),
            "problems": found.problems,
            "newest": last.name if last else None,
            "since": queries.since(last).parts if last else [],
            "next_minor": str(minor),
            "next_major": str(major),
        }


class OneRelease(Racing):
    """One release."""

    resource, roles = "benchmarks", WORKERS
    words = {"pk": "Id of the benchmark.", "major": "The number before the dot.", "minor": "The number after it."}

    @reads(WholeRelease)
    def get(self, pk: int, major: int, minor: int) -> Any:
        """One release with its manifest and its card; its files are among the exports."""
        return _whole(release_for_reader(self.user, pk, major, minor))


def _whole(row: Any) -> Any:
    row.run_count = row.runs.count()
    return row


ROUTES = [
    route("benchmarks/<int:pk>/releases/", Releases, "releases-list"),
    route("benchmarks/<int:pk>/releases/next/", NextRelease, "releases-next"),
    route("benchmarks/<int:pk>/releases/<int:major>.<int:minor>/", OneRelease, "releases-detail"),
]
