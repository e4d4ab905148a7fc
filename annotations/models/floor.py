"""The provider's floor: what no config can open."""

from django.db import models
from django.utils import timezone

from annotations.models.people import User

DRAFT, PUBLISHED = FLOOR_STATES = ("draft", "published")


class FloorVersion(models.Model):
    """One wording of the global policy. The published one with the highest number is in force; it never changes."""

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=20, default=DRAFT)
    text = models.TextField(blank=True)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=FLOOR_STATES), name="floorversion_state_known"),
            models.UniqueConstraint(fields=["state"], condition=models.Q(state=DRAFT), name="floorversion_one_draft"),
            models.CheckConstraint(
                condition=models.Q(state=PUBLISHED, published_at__isnull=False)
                | (~models.Q(state=PUBLISHED) & models.Q(published_at=None)),
                name="floorversion_published_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Floor v{self.number}"
