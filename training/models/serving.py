"""Approved configs as endpoints: deployments, the keys of those who call them, and what was asked of them."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models import Candidate, ConfigVersion, Organisation, User

APPEND, REFUSE = CLIENT_SYSTEM = ("append", "refuse")
OUTCOMES = (
    *("answered", "refused", "withheld", "left"),
    *("invalid", "too_long", "rate_limited", "over_quota", "upstream", "timed_out", "broken"),
)


class Deployment(models.Model):
    """An approved version and a candidate, served together under a slug that clients give as `model`.

    Version and candidate can be exchanged for others while it goes on; a retired one never comes back.
    `client_system` says what becomes of a client's own system or developer message: it goes on after the config as
    untrusted text of the conversation (append), or the call is refused. The candidate's sampling holds where a client
    asks for nothing else, and its `max_tokens` is the most a client can ask for. `shown` are the demonstrations that
    its strategy shows, kept when version or candidate were chosen.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deployments")
    slug = models.SlugField(max_length=63)
    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, related_name="deployments")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="deployments")
    shown = models.JSONField(default=list, blank=True)
    client_system = models.CharField(max_length=10, default=APPEND)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    retired_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["slug", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], condition=Q(retired_at=None), name="deployment_slug_in_organisation"
            ),
            models.CheckConstraint(condition=Q(client_system__in=CLIENT_SYSTEM), name="deployment_client_system_known"),
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None) | Q(retired_at__isnull=False),
                name="deployment_retired_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class ApiKey(models.Model):
    """What a client program shows to the gateway. The secret itself is shown once and never stored.

    It opens one deployment, or without one all of its organisation. `prefix` is its visible beginning, `digest` the
    SHA-256 of the whole in hexadecimal. Limits are for any 60 seconds and for a calendar month in UTC; None is none.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_keys")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, null=True, blank=True, related_name="keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    tokens_per_month = models.PositiveBigIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="apikey_has_a_name"),
            models.CheckConstraint(
                condition=(Q(requests_per_minute=None) | Q(requests_per_minute__gte=1))
                & (Q(tokens_per_minute=None) | Q(tokens_per_minute__gte=1))
                & (Q(tokens_per_month=None) | Q(tokens_per_month__gte=1)),
                name="apikey_limits_from_one",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False),
                name="apikey_revoked_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Traffic(models.Model):
    """How many calls of one key to one deployment ended alike within five minutes; rows of it are only added to.

    `at` is the start of the five minutes. `latency` and `first` are buckets of `training.latency` for the whole call
    and for its first text, 0 where there is none. `estimated` counts the calls whose tokens no server told.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="traffic")
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="traffic")
    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    streamed = models.BooleanField(default=False)
    latency = models.PositiveSmallIntegerField(default=0)
    first = models.PositiveSmallIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveBigIntegerField(default=0)
    tokens_out = models.PositiveBigIntegerField(default=0)
    estimated = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *("deployment", "key", "version", "candidate", "at"),
                    *("outcome", "streamed", "latency", "first"),
                ],
                name="traffic_once",
            ),
            models.CheckConstraint(condition=Q(outcome__in=OUTCOMES), name="traffic_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["deployment", "at"], name="traffic_of_deployment"),
            models.Index(fields=["key", "at"], name="traffic_of_key"),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_id} {self.at:%Y-%m-%d %H:%M} {self.outcome}"
