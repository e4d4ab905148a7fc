"""Who works here: people, their organisations, and what they may do in each."""

from django.contrib.auth.models import AbstractUser
from django.db import models

EXPERT, REVIEWER, ANNOTATOR, LEAD, ADMIN = ROLES = ("expert", "reviewer", "annotator", "lead", "admin")


class User(AbstractUser):
    """A person who can log in."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Organisation(models.Model):
    """A customer of the provider, or the provider itself: it owns configs, benchmarks and runs."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    about = models.TextField(blank=True)
    approvals_needed = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approvals_needed__gte=1, approvals_needed__lte=2),
                name="organisation_one_or_two_approvals",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of a person in an organisation; a person may hold several."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=ROLES), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.organisation}"
