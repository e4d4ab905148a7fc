"""Every address of the project by its name, and how to reach it in a world of rows."""

from typing import NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.outcomes import finished_run
from training.models import EvaluationRun


class Place(NamedTuple):
    """The rows a whole walk through the pages leads to."""

    run: EvaluationRun
    arguments: dict[str, list[int]]

    def url(self, name: str) -> str:
        """The address of that name in this world."""
        return reverse(name, args=self.arguments.get(name.partition(":")[2], []))


def names() -> list[str]:
    """Every URL name, `app:noun-verb`, Django's admin left out."""
    return sorted(_names(get_resolver().url_patterns, ""))


def _names(patterns: list[URLPattern | URLResolver], prefix: str) -> list[str]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            space = pattern.namespace
            found += [] if space == "admin" else _names(pattern.url_patterns, f"{prefix}{space}:" if space else prefix)
        else:
            assert pattern.name, f"the address {pattern.pattern} has no name"
            found.append(prefix + pattern.name)
    return found


def make_place(run: EvaluationRun | None = None) -> Place:
    """Every address of a finished run of the organisation lantern, its first item, config, benchmark and model."""
    run = run or finished_run(4)
    item = run.items.order_by("position").first()
    config, benchmark, model = item.version.config, run.benchmark, run.candidate.model
    arguments = {
        "config-detail": [config.pk],
        "version-detail": [config.pk, item.version.number],
        "benchmark-detail": [benchmark.pk],
        **{name: [model.pk] for name in ("model-detail", "model-edit", "model-test")},
        **{name: [run.pk] for name in ("run-detail", "run-cancel", "run-resume", "item-list")},
        "item-detail": [run.pk, item.pk],
    }
    return Place(run, arguments)
