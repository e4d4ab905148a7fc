"""Taxonomies of an organisation: sets of risk categories in versions, and people's own labels of prompts."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models.benchmarks import Prompt
from annotations.models.people import Organisation, User

DRAFT, PUBLISHED = TAXONOMY_STATES = ("draft", "published")


class Taxonomy(models.Model):
    """A named set of risk categories; its versions carry them. The eight built-in ones are no row of this table."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="taxonomies")
    title = models.CharField(max_length=300)
    about = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


class TaxonomyVersion(models.Model):
    """The categories of a taxonomy at one moment; once published they never change: the database refuses.

    `categories` has a row for each: slug, name, full_name, definition, trained (whether training configs draw from it).
    What none of them names is `other`, which is never a row and never open. `digest` is that of the rows.
    """

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, default=DRAFT)
    categories = models.JSONField(default=list, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["taxonomy", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "number"], name="taxonomyversion_number_once"),
            models.UniqueConstraint(
                fields=["taxonomy"], condition=Q(state=DRAFT), name="taxonomyversion_one_draft_per_taxonomy"
            ),
            models.CheckConstraint(condition=Q(state__in=TAXONOMY_STATES), name="taxonomyversion_state_known"),
            models.CheckConstraint(
                condition=~Q(state=PUBLISHED) | (Q(published_at__isnull=False) & ~Q(digest="")),
                name="taxonomyversion_published_has_digest",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="taxonomyversion_number_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.taxonomy} v{self.number}"


class RiskLabel(models.Model):
    """Which risks a person says a harmful reply to a prompt would carry; `taxonomy` None is the built-in one.

    A label that its rater changed is withdrawn and kept.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="risk_labels")
    taxonomy = models.ForeignKey(TaxonomyVersion, on_delete=models.PROTECT, null=True, related_name="risk_labels")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="risk_labels")
    risks = models.JSONField(default=list, blank=True)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "taxonomy", "rater"],
                condition=Q(withdrawn_at=None, taxonomy__isnull=False),
                name="risklabel_once_per_rater",
            ),
            models.UniqueConstraint(
                fields=["prompt", "rater"],
                condition=Q(withdrawn_at=None, taxonomy=None),
                name="risklabel_once_per_rater_built_in",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rater}: {', '.join(self.risks) or 'no risk'}"
