"""How programs act for people: tokens of the API, and the answers that a repeated request gets again."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models.people import User


class AccessToken(models.Model):
    """What a program shows to act for a person, within its scopes. The secret itself is shown once and never stored.

    `prefix` is its visible beginning, `digest` the SHA-256 of the whole in hexadecimal.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="accesstoken_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class RepeatedRequest(models.Model):
    """A creation through the API under the key its sender gave it: repeated, it gets the same answer and makes nothing.

    `fingerprint` is the SHA-256 of method, address and body: another request under the same key is refused. Without a
    `status` the first one has not ended yet.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="repeatedrequest_once"),
        ]

    def __str__(self) -> str:
        return self.key
