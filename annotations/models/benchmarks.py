"""Benchmarks: prompts whose right treatment under a config is known."""

from django.db import models

from annotations.core.taxonomy import KINDS
from annotations.models.configs import SafetyConfig
from annotations.models.people import Organisation, User


class Benchmark(models.Model):
    """A set of prompts, each written for one config."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="benchmarks")
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=300)
    about = models.TextField(blank=True)
    licence = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


class Prompt(models.Model):
    """One user request with its kind under its config, the risks a harmful answer would carry, and why."""

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="prompts")
    config = models.ForeignKey(SafetyConfig, on_delete=models.PROTECT, related_name="prompts")
    text = models.TextField()
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    risks = models.JSONField(default=list, blank=True)
    rule = models.CharField(max_length=10, blank=True)
    why = models.TextField(blank=True)
    language = models.CharField(max_length=35, default="en")
    position = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["benchmark", "position"]
        constraints = [
            models.UniqueConstraint(fields=["benchmark", "config", "digest"], name="prompt_once_per_config"),
            models.UniqueConstraint(fields=["benchmark", "position"], name="prompt_position_once"),
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="prompt_kind_known"),
            models.CheckConstraint(condition=~models.Q(text=""), name="prompt_not_empty"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
