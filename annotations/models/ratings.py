"""What people say of responses: the slots that hold a place for an answer, the answers, and what a lead decided."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models.campaigns import MOST_POINTS, Campaign, CampaignItem, Guideline
from annotations.models.people import User

OPEN, HELD, DONE = ASSIGNMENT_STATES = ("open", "held", "done")
UNCLEAR, DISTRESSING, BROKEN, NOT_QUALIFIED = SKIP_REASONS = ("unclear", "distressing", "broken", "not_qualified")
CAUSES = ("guideline_gap", "ambiguous_prompt", "ambiguous_config", "slip", "hard_case", "other")


class Assignment(models.Model):
    """One slot: the n-th rating of an item. Open, held by a rater until a moment, or done: then it has a rating.

    An open slot with a rater is kept for that rater. A slot whose hold ran out may be taken by anybody. `shown_at` is
    empty while an item is only fetched ahead; `seen_at` is when its rater was last heard of while it was before them,
    `active_seconds` the time they worked on it, idle minutes left out. `key` names the slot outside.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="assignments")
    item = models.ForeignKey(CampaignItem, on_delete=models.PROTECT, related_name="assignments")
    n = models.PositiveSmallIntegerField()
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    position = models.PositiveIntegerField()
    tags = models.CharField(max_length=200, blank=True)
    tagged = models.BooleanField(default=False)
    state = models.CharField(max_length=5, default=OPEN)
    rater = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="assignments")
    until = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    active_seconds = models.FloatField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["campaign", "position", "tagged", "rater"], condition=Q(state=OPEN), name="assignment_open"
            ),
            models.Index(fields=["campaign", "until"], condition=Q(state=HELD), name="assignment_held"),
            models.Index(fields=["rater", "campaign", "state"], name="assignment_of_rater"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["item", "n"], name="assignment_number_once"),
            models.UniqueConstraint(fields=["item", "rater"], name="assignment_once_per_rater"),
            models.CheckConstraint(condition=Q(state__in=ASSIGNMENT_STATES), name="assignment_state_known"),
            models.CheckConstraint(condition=Q(n__gte=1), name="assignment_number_from_one"),
            models.CheckConstraint(
                condition=~Q(state=HELD) | Q(rater__isnull=False, until__isnull=False), name="assignment_held_by_whom"
            ),
            models.CheckConstraint(
                condition=~Q(state=DONE) | Q(rater__isnull=False, done_at__isnull=False), name="assignment_done_by_whom"
            ),
        ]

    def __str__(self) -> str:
        return f"Assignment {self.pk}"


class Draft(models.Model):
    """What a rater has begun to say of an item and not sent yet."""

    item = models.ForeignKey(CampaignItem, on_delete=models.CASCADE, related_name="drafts")
    rater = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    values = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "rater"], name="draft_once")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"


class Rating(models.Model):
    """One person's answer on one response, as it was sent. It never changes: another answer withdraws it and keeps it.

    `points` is the helpfulness as people give it, 0 to 5 (a fifth each); `token` names the sending, so that one sent
    twice is stored once. `seconds` is the time worked on it, None where nobody could measure it.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="ratings")
    item = models.ForeignKey(CampaignItem, on_delete=models.PROTECT, related_name="ratings")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="ratings")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="ratings")
    token = models.UUIDField()
    points = models.PositiveSmallIntegerField()
    follows_config = models.BooleanField()
    broken_rules = models.JSONField(default=list, blank=True)
    risks = models.JSONField(null=True, blank=True)
    comment = models.TextField(blank=True)
    seconds = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(withdrawn_at=None), name="rating_once_per_assignment"
            ),
            models.UniqueConstraint(
                fields=["item", "rater"], condition=Q(withdrawn_at=None), name="rating_once_per_rater"
            ),
            models.UniqueConstraint(fields=["rater", "token"], name="rating_sent_once"),
            models.CheckConstraint(condition=Q(points__lte=MOST_POINTS), name="rating_points_in_range"),
            models.CheckConstraint(condition=Q(seconds=None) | Q(seconds__gte=0), name="rating_seconds_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of {MOST_POINTS}, {'follows' if self.follows_config else 'breaks'} the config"

    @property
    def helpfulness(self) -> float:
        """The points as helpfulness, 0..1."""
        return self.points / MOST_POINTS


class Skip(models.Model):
    """An item that a rater passed on, and why; they are not handed it again. It costs them nothing."""

    item = models.ForeignKey(CampaignItem, on_delete=models.PROTECT, related_name="skips")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="skips")
    reason = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["item", "rater"], condition=Q(withdrawn_at=None), name="skip_once"),
            models.CheckConstraint(condition=Q(reason__in=SKIP_REASONS), name="skip_reason_known"),
        ]

    def __str__(self) -> str:
        return self.reason


class Flag(models.Model):
    """Something about an item that a rater wants the lead to know, and what the lead answered."""

    item = models.ForeignKey(CampaignItem, on_delete=models.PROTECT, related_name="flags")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="flags")
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="flag_not_empty"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None, answered_by=None)
                | (~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="flag_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Adjudication(models.Model):
    """A lead's decision on an item about which its raters differ: the answer that holds, and why they differed.

    `rating` is the answer it took over, None for one of its own. The answers stay as they are. A decision that was
    reopened is withdrawn and kept.
    """

    item = models.ForeignKey(CampaignItem, on_delete=models.PROTECT, related_name="adjudications")
    rating = models.ForeignKey(Rating, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    points = models.PositiveSmallIntegerField()
    follows_config = models.BooleanField()
    broken_rules = models.JSONField(default=list, blank=True)
    cause = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["item"], condition=Q(withdrawn_at=None), name="adjudication_once"),
            models.CheckConstraint(condition=Q(points__lte=MOST_POINTS), name="adjudication_points_in_range"),
            models.CheckConstraint(condition=Q(cause__in=CAUSES), name="adjudication_cause_known"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of {MOST_POINTS}, {'follows' if self.follows_config else 'breaks'} the config"
