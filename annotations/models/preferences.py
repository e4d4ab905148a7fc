"""Preference sets: pairs of responses, one better than the other under a config. The pairs lie in a Parquet file."""

from django.db import models
from django.db.models import Q

from annotations.models.people import User
from annotations.models.work import FINISHED, Work

UPLOADED, PEOPLE, BUILT = ORIGINS = ("uploaded", "people", "built")


class PreferenceSet(Work):
    """A set of preference pairs. `sha256` names its file below the preference folder once it is complete: frozen then.

    `origin`: files that were uploaded, the ratings of people, or a stage of a recipe. `settings` is what it was asked
    to be made of. `splits` is how many pairs each split has; `figures` the counts its page shows; `problems` row,
    column, what. `manifest` says how each pair came about: recipe, seeds, digests, runs, the law of what was left out.
    `leaks` is what of its prompts stands in benchmarks too; training on it is blocked then, unless somebody overruled
    that in words.
    """

    title = models.CharField(max_length=300)
    origin = models.CharField(max_length=20, default=UPLOADED)
    settings = models.JSONField(default=dict, blank=True)
    about = models.TextField(blank=True)
    licence = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=300, blank=True)
    folder = models.CharField(max_length=100, blank=True)
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    splits = models.JSONField(default=dict, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    problems = models.JSONField(default=list, blank=True)
    manifest = models.JSONField(default=dict, blank=True)
    leaks = models.JSONField(default=dict, blank=True)
    overruled_why = models.TextField(blank=True)
    overruled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    overruled_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta(Work.Meta):
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state=FINISHED) | (~Q(sha256="") & Q(rows__gte=1)), name="preferenceset_finished_has_file"
            ),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="preferenceset_origin_known"),
            models.CheckConstraint(
                condition=Q(overruled_at=None, overruled_by=None, overruled_why="")
                | (Q(overruled_at__isnull=False, overruled_by__isnull=False) & ~Q(overruled_why="")),
                name="preferenceset_overruled_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.title
