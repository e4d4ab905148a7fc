"""Reads over people and organisations, for the admins' pages."""

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotations.core.storable import storable
from annotations.models import Membership, Organisation, SafetyConfig, User


def people(words: str = "") -> QuerySet[User]:
    """Everybody with `roles_held`, the active ones first, then by name; `words` stand in a name or an e-mail."""
    held = Membership.objects.select_related("organisation").order_by("organisation__name", "role")
    found = User.objects.prefetch_related(Prefetch("memberships", held, to_attr="roles_held"))
    for word in storable(words).split():
        named = Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word)
        found = found.filter(named | Q(email__icontains=word))
    return found.order_by("-is_active", "first_name", "last_name", "username")


def roles_of(person: User) -> QuerySet[Membership]:
    """What the person may do where."""
    return person.memberships.select_related("organisation").order_by("organisation__name", "role")


def members(organisation: Organisation) -> QuerySet[Membership]:
    """Who may do what in the organisation."""
    return organisation.memberships.select_related("user").order_by("user__first_name", "user__username", "role")


def organisations() -> QuerySet[Organisation]:
    """Every organisation with `people` (active ones) and `config_count`."""
    configs = SafetyConfig.objects.filter(organisation=OuterRef("pk"), archived_at=None).order_by()
    counted = configs.values("organisation").annotate(number=Count("pk")).values("number")
    active = Count("memberships__user", filter=Q(memberships__user__is_active=True), distinct=True)
    return Organisation.objects.annotate(people=active, config_count=Coalesce(Subquery(counted), 0)).order_by("name")
