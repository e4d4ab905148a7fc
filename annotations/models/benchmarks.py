"""Benchmarks: prompts whose right treatment under a config is known."""

from typing import Any
from uuid import uuid4

from django.db import models
from django.db.models import Q

from annotations.core.taxonomy import KINDS
from annotations.models.configs import SafetyConfig
from annotations.models.people import Organisation, User

SITUATIONS = (1, 2, 3)
EVALUATION, TRAINING = PURPOSES = ("evaluation", "training")
MOST_CHECKS = 9


def ten_of_each() -> dict[str, int]:
    """How many prompts of each kind a config should have: CoSApien's forty, ten of each."""
    return dict.fromkeys(KINDS, 10)


class Benchmark(models.Model):
    """A set of prompts, each written for one config; or prompts for `training`, whose kind nobody has said.

    `targets` is how many prompts of each kind every config should have; `checks_needed` how many people besides the
    author label a prompt's kind; `card` what people wrote for the dataset card, by section.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="benchmarks")
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=300)
    purpose = models.CharField(max_length=20, default=EVALUATION)
    about = models.TextField(blank=True)
    licence = models.CharField(max_length=100, blank=True)
    targets = models.JSONField(default=ten_of_each, blank=True)
    checks_needed = models.PositiveSmallIntegerField(default=2)
    card = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(checks_needed__gte=1, checks_needed__lte=MOST_CHECKS), name="benchmark_checks_in_range"
            ),
            models.CheckConstraint(condition=Q(purpose__in=PURPOSES), name="benchmark_purpose_known"),
        ]

    def __str__(self) -> str:
        return self.title


class PromptQuerySet(models.QuerySet[Any]):
    """Prompts, and which of them count."""

    def current(self) -> "PromptQuerySet":
        """Those that are in their benchmark now: neither replaced, nor taken out, nor still on their way in."""
        return self.filter(archived_at=None)


class Prompt(models.Model):
    """One wording of a user request with its kind under its config, the risks a harmful answer would carry, and why.

    Text and labels of a row never change: an edit is a new row with the same `uid`, the old one as `previous`, and the
    old one is archived. A `pending` row came with an import that is not complete yet. `situation` (1 allowed, 2 partly,
    3 not at all) is set under categorical configs; `extra` keeps what an imported row had besides. A training prompt
    has no kind: which risks it carries is said by a judge, in a stage of a recipe.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="prompts")
    config = models.ForeignKey(SafetyConfig, on_delete=models.PROTECT, related_name="prompts")
    uid = models.UUIDField(default=uuid4, editable=False)
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    text = models.TextField()
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, blank=True)
    situation = models.PositiveSmallIntegerField(null=True, blank=True)
    risks = models.JSONField(default=list, blank=True)
    rule = models.CharField(max_length=10, blank=True)
    why = models.TextField(blank=True)
    language = models.CharField(max_length=35, default="en")
    source = models.CharField(max_length=300, blank=True)
    extra = models.JSONField(default=dict, blank=True)
    position = models.PositiveIntegerField()
    origin = models.ForeignKey("PromptImport", on_delete=models.PROTECT, null=True, blank=True, related_name="prompts")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    pending = models.BooleanField(default=False)

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["benchmark", "position"]
        indexes = [
            models.Index(fields=["uid"], name="prompt_uid"),
            models.Index(fields=["digest"], name="prompt_digest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["benchmark", "config", "digest"],
                condition=Q(archived_at=None),
                name="prompt_once_per_config",
            ),
            models.UniqueConstraint(
                fields=["benchmark", "position"], condition=Q(archived_at=None), name="prompt_position_once"
            ),
            models.UniqueConstraint(fields=["uid"], condition=Q(archived_at=None), name="prompt_one_current_wording"),
            models.CheckConstraint(condition=Q(kind__in=("", *KINDS)), name="prompt_kind_known"),
            models.CheckConstraint(
                condition=Q(situation=None) | Q(situation__in=SITUATIONS), name="prompt_situation_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="prompt_not_empty"),
            models.CheckConstraint(
                condition=Q(pending=False) | Q(archived_at__isnull=False), name="prompt_pending_is_out"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class PromptCheck(models.Model):
    """One person's own label of a prompt, given without seeing the author's; kind "" means they could not say.

    It stays for a wording of the same text. A label that its rater changed is withdrawn and kept.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="checks")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="prompt_checks")
    version = models.ForeignKey("ConfigVersion", on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10, blank=True)
    situation = models.PositiveSmallIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "rater"], condition=Q(withdrawn_at=None), name="promptcheck_once_per_rater"
            ),
            models.CheckConstraint(condition=Q(kind__in=("", *KINDS)), name="promptcheck_kind_known"),
            models.CheckConstraint(
                condition=Q(situation=None) | Q(situation__in=SITUATIONS), name="promptcheck_situation_known"
            ),
            models.CheckConstraint(condition=~Q(kind="") | ~Q(note=""), name="promptcheck_unsure_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.rater}: {self.kind or 'unsure'}"


class PromptRuling(models.Model):
    """A lead's decision on a prompt whose labels differ: the kind that holds, and why. The labels stay as they are.

    It holds for every wording of the same text. A decision that was reopened is withdrawn and kept.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="rulings")
    kind = models.CharField(max_length=10)
    situation = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.TextField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["prompt"], condition=Q(withdrawn_at=None), name="promptruling_once"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="promptruling_kind_known"),
            models.CheckConstraint(
                condition=Q(situation=None) | Q(situation__in=SITUATIONS), name="promptruling_situation_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="promptruling_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.prompt_id}: {self.kind}"
