"""What people say about a version before it is served: comments on a line, and decisions."""

from django.db import models

from annotations.models.configs import ConfigVersion
from annotations.models.people import User

APPROVE, RETURN, REJECT = DECISIONS = ("approve", "return", "reject")


class Review(models.Model):
    """One reviewer's decision on one version, with what was known then. It never changes.

    `evidence` holds the figures the reviewer saw; `without_evidence` says why an approval did without any.
    """

    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=10)
    reasons = models.TextField(blank=True)
    checklist = models.JSONField(default=list, blank=True)
    evidence = models.JSONField(default=list, blank=True)
    without_evidence = models.TextField(blank=True)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "reviewer"], name="review_once_per_reviewer"),
            models.CheckConstraint(condition=models.Q(decision__in=DECISIONS), name="review_decision_known"),
            models.CheckConstraint(
                condition=models.Q(decision=APPROVE) | ~models.Q(reasons=""), name="review_return_says_why"
            ),
            models.CheckConstraint(
                condition=~models.Q(decision=APPROVE) | ~models.Q(evidence=[]) | ~models.Q(without_evidence=""),
                name="review_approval_has_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.decision} {self.version}"


class Comment(models.Model):
    """A remark on a version or an answer to one. `anchor` is a policy line `p12`, a rule `r3`, or empty for all of it.

    `quote` keeps the words it is about.
    """

    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, related_name="comments")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replies")
    anchor = models.CharField(max_length=10, blank=True)
    quote = models.TextField(blank=True)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="comment_not_empty"),
            models.CheckConstraint(
                condition=models.Q(resolved_at=None) | models.Q(resolved_by__isnull=False), name="comment_resolved_by"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
