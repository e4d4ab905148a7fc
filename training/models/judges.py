"""Judges as they were used: a file of the judges folder with its text, digest and model."""

from django.db import models

from annotations.models import LanguageModel


class Judge(models.Model):
    """One judge file in one wording with one model. A used judge never changes: another wording is another row."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    label = models.CharField(max_length=200)
    source = models.TextField()
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, null=True, related_name="judges")
    heuristic = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "digest", "model"], condition=models.Q(model__isnull=False), name="judge_once_per_model"
            ),
            models.UniqueConstraint(
                fields=["name", "digest"], condition=models.Q(model=None), name="judge_once_without_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.model})" if self.model_id else self.label
