"""Campaigns: which responses people rate, who rates them, by which guideline, and what protects them."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from annotations.models.people import Organisation, User
from annotations.models.responses import Response

DRAFT, OPEN, PAUSED, CLOSED = CAMPAIGN_STATES = ("draft", "open", "paused", "closed")
MOST_OVERLAP, MOST_POINTS = 9, 5
SEEDS = 2**31


class RaterGroup(models.Model):
    """Some people of an organisation's campaigns under one name: who is added to it rates in all its campaigns."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="rater_groups")
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(User, related_name="rater_groups", blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="ratergroup_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="ratergroup_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    """Responses that people rate blind: helpfulness 0 to 5, and whether each follows its config.

    A seeded share of the items gets `overlap` ratings, the rest one. `tagged_in_row`, `session_cap` and `day_cap` bound
    how many items with risk categories one person is handed; None is no bound.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="campaigns")
    title = models.CharField(max_length=300)
    about = models.TextField(blank=True)
    state = models.CharField(max_length=10, default=DRAFT)
    seed = models.PositiveIntegerField(default=0)
    ask_risks = models.BooleanField(default=False)
    overlap = models.PositiveSmallIntegerField(default=2)
    overlap_share = models.PositiveSmallIntegerField(default=100)
    quota = models.PositiveIntegerField(null=True, blank=True)
    lease_minutes = models.PositiveSmallIntegerField(default=15)
    tagged_in_row = models.PositiveSmallIntegerField(null=True, blank=True, default=3)
    session_cap = models.PositiveSmallIntegerField(null=True, blank=True, default=40)
    day_cap = models.PositiveSmallIntegerField(null=True, blank=True, default=120)
    break_minutes = models.PositiveSmallIntegerField(default=25)
    support_contact = models.TextField(blank=True)
    groups = models.ManyToManyField(RaterGroup, related_name="campaigns", blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CAMPAIGN_STATES), name="campaign_state_known"),
            models.CheckConstraint(
                condition=Q(overlap__gte=1, overlap__lte=MOST_OVERLAP), name="campaign_overlap_in_range"
            ),
            models.CheckConstraint(
                condition=Q(overlap_share__gte=1, overlap_share__lte=100), name="campaign_overlap_share_is_percent"
            ),
            models.CheckConstraint(
                condition=Q(lease_minutes__gte=1, lease_minutes__lte=24 * 60), name="campaign_lease_in_range"
            ),
            models.CheckConstraint(
                condition=(Q(quota=None) | Q(quota__gte=1))
                & (Q(tagged_in_row=None) | Q(tagged_in_row__gte=1))
                & (Q(session_cap=None) | Q(session_cap__gte=1))
                & (Q(day_cap=None) | Q(day_cap__gte=1))
                & Q(break_minutes__gte=1),
                name="campaign_bounds_positive",
            ),
            models.CheckConstraint(
                condition=Q(state=DRAFT) | Q(opened_at__isnull=False), name="campaign_opened_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=CLOSED) | Q(closed_at__isnull=False), name="campaign_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Guideline(models.Model):
    """One version of a campaign's guideline, in Markdown. It never changes; each answer keeps its own."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField()
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["campaign", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="guideline_number_once"),
            models.CheckConstraint(condition=~Q(text=""), name="guideline_not_empty"),
        ]

    def __str__(self) -> str:
        return f"Guideline v{self.number}"


class CampaignItem(models.Model):
    """One response of a campaign, and how many ratings it needs.

    `position` is its place in a seeded shuffle, `tags` the risk categories a rater is warned of, as ",drugs,violence,"
    or "" for none. A gold item has the answers that count as right, helpfulness from `gold_low` to `gold_high`, and
    why; every rater gets it once, unmarked, or as practice at the start with the right answer shown afterwards.
    `names_model` is the name by which the response seems to give its model away; `masked` hides it from raters.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="items")
    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="campaign_items")
    position = models.PositiveIntegerField()
    needed = models.PositiveSmallIntegerField()
    tags = models.CharField(max_length=200, blank=True)
    gold_low = models.PositiveSmallIntegerField(null=True, blank=True)
    gold_high = models.PositiveSmallIntegerField(null=True, blank=True)
    gold_follows = models.BooleanField(null=True, blank=True)
    gold_why = models.TextField(blank=True)
    practice = models.BooleanField(default=False)
    names_model = models.CharField(max_length=200, blank=True)
    masked = models.BooleanField(default=False)
    taken_out_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["campaign", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "response"], name="campaignitem_response_once"),
            models.CheckConstraint(condition=Q(needed__lte=MOST_OVERLAP), name="campaignitem_needed_in_range"),
            models.CheckConstraint(
                condition=Q(gold_low=None, gold_high=None, gold_follows=None, practice=False)
                | (
                    Q(gold_low__isnull=False, gold_high__isnull=False, gold_follows__isnull=False)
                    & Q(gold_low__lte=F("gold_high"), gold_high__lte=MOST_POINTS)
                    & ~Q(gold_why="")
                ),
                name="campaignitem_gold_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"Item {self.pk}"

    @property
    def is_gold(self) -> bool:
        """True for an item whose right answer is known."""
        return self.gold_follows is not None

    @property
    def tag_list(self) -> list[str]:
        """The slugs of the risk categories a rater is warned of."""
        return [slug for slug in self.tags.split(",") if slug]


class Enrolment(models.Model):
    """One person in one campaign: since when, what they accepted, what they will not see, and what they were handed.

    `declined` are the risk categories they do not want to be handed: theirs alone to read, never shown to a lead.
    The counts are kept as items are handed out, so that a bound is asked in one row: `handed` in all, `tagged_row` one
    after the other, `tagged_session` since `session_at`, `tagged_day` on `day`, `done` answers that count to the quota.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="enrolments")
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="enrolments")
    group = models.ForeignKey(RaterGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    quota = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    practised_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    declined = models.JSONField(default=list, blank=True)
    folds = models.BooleanField(default=False)
    handed = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    tagged_row = models.PositiveIntegerField(default=0)
    tagged_session = models.PositiveIntegerField(default=0)
    tagged_day = models.PositiveIntegerField(default=0)
    tagged_all = models.PositiveIntegerField(default=0)
    day = models.DateField(null=True, blank=True)
    session_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    active_seconds = models.FloatField(default=0)

    class Meta:
        ordering = ["campaign", "pk"]
        constraints = [models.UniqueConstraint(fields=["campaign", "rater"], name="enrolment_once")]

    def __str__(self) -> str:
        return f"{self.rater} in {self.campaign}"
