"""Demonstrations: prompts with the answers an expert wants, shown to a model before it is asked."""

from django.db import models
from django.utils import timezone

from annotations.core.taxonomy import KINDS
from annotations.models.configs import SafetyConfig
from annotations.models.people import User


class Demonstration(models.Model):
    """One prompt under a config with the answer it should get; runs keep their own copy of what they showed.

    Demonstrations are shown in the order of `position`.
    """

    config = models.ForeignKey(SafetyConfig, on_delete=models.PROTECT, related_name="demonstrations")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    prompt = models.TextField()
    response = models.TextField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["config", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="demonstration_kind_known"),
            models.CheckConstraint(
                condition=~models.Q(prompt="") & ~models.Q(response=""), name="demonstration_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.prompt[:80]
