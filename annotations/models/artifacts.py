"""Files that rows depend on, wherever they lie: what they hold is known by its digest."""

from django.db import models
from django.utils import timezone

CHECKPOINT, PREFERENCES, UPLOAD = KINDS = ("checkpoint", "preferences", "upload")


class Artifact(models.Model):
    """A file in the store of artifacts: a folder that all processes see, or a bucket.

    `key` is its place in there, with / between folders; `sha256` and `bytes` are of its content, which never changes.
    It is read only when what is there has that digest.
    """

    key = models.CharField(max_length=500, unique=True)
    kind = models.CharField(max_length=20, db_index=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="artifact_kind_known"),
            models.CheckConstraint(condition=~models.Q(key=""), name="artifact_has_key"),
        ]

    def __str__(self) -> str:
        return self.key
