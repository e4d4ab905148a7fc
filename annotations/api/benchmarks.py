"""Benchmarks: what may be read, new ones, what they say of themselves, putting them away and back."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotations import access, models
from annotations.access import AUTHORS, WORKERS
from annotations.api import fields
from annotations.api.configs import Organisation
from annotations.api.endpoint import changes, creates, lists, reads, route
from annotations.api.filters import flag, number, text
from annotations.api.gathering import Gathered
from annotations.api.races import Racing
from annotations.api.shapes import Id, Person, Said
from annotations.core.taxonomy import KINDS
from annotations.models import User
from annotations.models.benchmarks import MOST_CHECKS, ten_of_each
from annotations.models.people import ADMIN
from annotations.queries import coverage
from annotations.services import benchmarks
from annotations.services.benchmarks import LONGEST_ABOUT, LONGEST_LICENCE, LONGEST_TITLE, MOST_TARGET

SETTINGS = ("title", "about", "licence", "checks_needed")


class Benchmark(Gathered):
    """A benchmark: prompts whose right treatment under a config is known."""

    id = Id(source="pk", help_text="Id of the benchmark.")
    slug = fields.text("Short name, unique among all benchmarks.")
    title = fields.text("What it is called.")
    about = fields.text("What it tests and how its prompts were made.")
    licence = fields.text("Under what others may use the prompts; empty where nobody said.")
    organisation = Organisation(help_text="Whose it is.")
    targets = fields.counts("How many prompts of each kind every config should have.")
    checks_needed = fields.whole("How many people besides the author label a prompt.")
    prompts = fields.whole("Prompts that are in it now.", source="prompt_count")
    kinds = fields.counts("Its prompts by kind.")
    configs = fields.whole("Configs that its prompts are written for.", source="config_count")
    validated = fields.whole("Prompts on which labels agree, or about which a lead decided.")
    release = fields.text("Its newest release, such as v1.0; null before the first.", allow_null=True)
    released_at = fields.moment("When that was frozen.", source="released", allow_null=True)
    changed_at = fields.moment("When its newest prompt came; null without prompts.", source="changed", allow_null=True)
    archived_at = fields.moment("When it was put away; null while it is in use.", allow_null=True)
    created_by = Person(help_text="Who made it; null where nobody is known.", allow_null=True)
    created_at = fields.moment("When it was made.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The benchmarks with what is counted of each."""
        counted = models.Benchmark.objects.filter(pk__in=[row.pk for row in rows]).select_related("created_by")
        found = {row.pk: _told(row, validated) for row, validated in coverage.listed(counted)}
        return [found[row.pk] for row in rows]


def _told(row: Any, validated: int) -> Any:
    row.validated, row.kinds = validated, {kind: getattr(row, f"n_{kind}") for kind in KINDS}
    row.release = None if row.major is None else f"v{row.major}.{row.minor}"
    return row


def _target(kind: str) -> Any:
    words = f"How many {kind} prompts every config should have."
    return fields.whole(words, min_value=0, max_value=MOST_TARGET, required=False)


class Targets(Said):
    """How many prompts of each kind every config should have; of a kind that is left out, what holds already."""

    def get_fields(self) -> dict[str, Any]:
        """A number for each kind."""
        return {kind: _target(kind) for kind in KINDS}


class ChangedBenchmark(Said):
    """What a benchmark says of itself."""

    title = fields.text("What it is called.", max_length=LONGEST_TITLE)
    about = fields.text("What it tests.", max_length=LONGEST_ABOUT, required=False, allow_blank=True)
    licence = fields.text("As a short name: CC0-1.0.", max_length=LONGEST_LICENCE, required=False, allow_blank=True)
    targets = Targets(required=False, help_text="How many prompts of each kind every config should have.")
    checks_needed = fields.whole(
        "How many people besides the author label a prompt.", min_value=1, max_value=MOST_CHECKS, required=False
    )


class NewBenchmark(ChangedBenchmark):
    """A new, empty benchmark."""

    organisation = Id(help_text="Id of the organisation it belongs to: one you write in.")


class Benchmarks(Racing):
    """The benchmarks."""

    resource, roles = "benchmarks", WORKERS
    refusals = (benchmarks.BenchmarkProblem,)

    @lists(
        Benchmark,
        number("organisation", "Only those of the organisation of this id.", lookup="organisation"),
        text("title", "Only those whose title has these words in it.", lookup="title__icontains"),
        flag("archived", "true: only archived ones, which you may put back; else none of them."),
        order=("title", "pk"),
    )
    def get(self) -> QuerySet[models.Benchmark]:
        """The benchmarks you may read, by title."""
        return access.archived_benchmarks(self.user) if self.asked["archived"] else access.benchmarks(self.user)

    @creates(NewBenchmark, Benchmark, roles=AUTHORS | {ADMIN})
    def post(self) -> Any:
        """A new, empty benchmark; without targets it should have ten prompts of each kind."""
        said = dict(self.said)
        home = access.one_or_404(access.organisations_for_benchmarks(self.user), pk=said.pop("organisation"))
        said["targets"] = ten_of_each() | said.get("targets", {})
        return _one(benchmarks.create(organisation=home, actor=self.user, **said), self.user)


class OneBenchmark(Racing):
    """One benchmark."""

    resource, roles = "benchmarks", WORKERS
    refusals = (benchmarks.BenchmarkProblem,)
    words = {"pk": "Id of the benchmark."}

    @reads(Benchmark)
    def get(self, pk: int) -> Any:
        """One benchmark with what it has of each kind."""
        return _one(access.benchmark_for_reader(self.user, pk), self.user)

    @changes(ChangedBenchmark, Benchmark)
    @transaction.atomic
    def patch(self, pk: int) -> Any:
        """What it says of itself, its targets, how many people check a prompt; what is not sent stays."""
        access.benchmark_for_author(self.user, pk)
        row = access.one_or_404(access.benchmarks(self.user).select_for_update(of=("self",), no_key=True), pk=pk)
        now = {name: getattr(row, name) for name in SETTINGS}
        targets = row.targets | self.said.get("targets", {})
        return _one(
            benchmarks.edit(benchmark=row, actor=self.user, **now | self.said | {"targets": targets}), self.user
        )


class Archiving(Racing):
    """Putting a benchmark away."""

    resource, roles = "benchmarks", WORKERS
    refusals = (benchmarks.BenchmarkProblem,)
    words = {"pk": "Id of the benchmark."}

    @changes(None, None)
    def post(self, pk: int) -> None:
        """It leaves every list; runs, releases and labels of it stay."""
        benchmarks.archive(benchmark=access.benchmark_for_author(self.user, pk), actor=self.user)


class PuttingBack(Racing):
    """Putting a benchmark back."""

    resource, roles = "benchmarks", WORKERS
    refusals = (benchmarks.BenchmarkProblem,)
    words = {"pk": "Id of the benchmark."}

    @changes(None, Benchmark)
    def post(self, pk: int) -> Any:
        """An archived one is in the lists again, as it was."""
        row = access.benchmark_to_put_back(self.user, pk)
        benchmarks.put_back(benchmark=row, actor=self.user)
        return _one(row, self.user)


def _one(row: models.Benchmark, asker: User) -> Any:
    return Benchmark.together([row], asker)[0]


ROUTES = [
    route("benchmarks/", Benchmarks, "benchmarks-list"),
    route("benchmarks/<int:pk>/", OneBenchmark, "benchmarks-detail"),
    route("benchmarks/<int:pk>/archive/", Archiving, "benchmarks-archive"),
    route("benchmarks/<int:pk>/put-back/", PuttingBack, "benchmarks-put-back"),
]
