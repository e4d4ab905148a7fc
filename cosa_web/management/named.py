"""Rows as people name them on a command line."""

from typing import Any

from django.core.management.base import CommandError

from annotations.core.manifest import number
from annotations.models import Benchmark, BenchmarkRelease, LanguageModel
from annotations.queries.releases import listed
from training.models import Judge
from training.services import judging


def by(table: Any, field: str, value: object, what: str) -> Any:
    """The row of the table whose field has that value. Raises CommandError with those that are there."""
    row = table.objects.filter(**{field: value}).first()
    if row is None:
        there = ", ".join(str(known) for known in table.objects.values_list(field, flat=True)[:20])
        raise CommandError(f"There is no {what} {value!r}; there are: {there or 'none'}.")
    return row


def release(benchmark: Benchmark, name: str) -> BenchmarkRelease:
    """The release of the benchmark, such as v1.0. Raises CommandError."""
    releases = {release.name: release for release in listed(benchmark)}
    wanted = number(name)
    if str(wanted) not in releases:
        raise CommandError(f"{benchmark} has no release {name!r}; there are: {', '.join(releases) or 'none'}.")
    return releases[str(wanted)]


def judge(name: str) -> Judge:
    """The judge by its file, or by `file:model`. Raises CommandError, JudgeProblem."""
    file, _, model = name.partition(":")
    return judging.choose(name=file, model=by(LanguageModel, "slug", model, "judge model") if model else None)
