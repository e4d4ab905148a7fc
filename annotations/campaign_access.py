"""Who may reach which campaign, as one who leads or reads it, or as one who rates in it and reads nothing."""

from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from annotations.access import WATCHERS, leads, organisations_for_benchmarks, sees_all
from annotations.models import Campaign, CampaignItem, Enrolment, Membership, Organisation, RaterGroup, User
from annotations.models.campaigns import CLOSED
from annotations.models.people import ANNOTATOR, EXPERT, LEAD
from annotations.prepared import Given, Prepared

LAST_ROW = BigIntegerField.MAX_BIGINT
_PLACE = Prepared(
    lambda: (
        Enrolment.objects.filter(rater=Given("rater"), campaign=Given("campaign"), removed_at=None)
        .exclude(campaign__opened_at=None)
        .order_by()
        .only("campaign", "rater")
    )
)


def campaigns(user: User) -> QuerySet[Campaign]:
    """The campaigns whose answers the person may read: those they lead, all for reviewers and admins.

    Who rates in a campaign reads nothing of it, whatever else they are: their answers are blind.
    """
    led = Membership.objects.filter(user=user, role=LEAD).values("organisation")
    mine = Campaign.objects.all() if sees_all(user) else Campaign.objects.filter(organisation__in=led)
    rates = Enrolment.objects.filter(rater=user, removed_at=None).values("campaign")
    return mine.exclude(pk__in=rates).select_related("organisation", "created_by")


def campaign_for_reader(user: User, pk: int) -> Campaign:
    """The campaign, or 404."""
    return get_object_or_404(campaigns(user), pk=pk)


def campaign_for_lead(user: User, pk: int) -> Campaign:
    """The campaign of an organisation whose lead the person is: 404 for strangers, 403 without the right."""
    campaign = campaign_for_reader(user, pk)
    if not leads(user, campaign.organisation_id):
        raise PermissionDenied
    return campaign


def closed_campaigns(user: User) -> QuerySet[Campaign]:
    """The closed campaigns out of whose answers the person makes preference pairs: those they read, at home or all."""
    homes = organisations_for_benchmarks(user).order_by().values("pk")
    return campaigns(user).filter(state=CLOSED, organisation__in=homes).order_by("-closed_at", "-pk")


def organisations_led(user: User) -> QuerySet[Organisation]:
    """The organisations in which the person sets up campaigns."""
    return Organisation.objects.filter(pk__in=Membership.objects.filter(user=user, role=LEAD).values("organisation"))


def enrolments(user: User) -> QuerySet[Enrolment]:
    """The person's places in campaigns that have begun."""
    mine = Enrolment.objects.filter(rater=user, removed_at=None).exclude(campaign__opened_at=None)
    return mine.select_related("campaign__organisation")


def enrolment_for_rater(user: User, campaign: int) -> Enrolment:
    """The person's place in a campaign that has begun, or 404."""
    return get_object_or_404(enrolments(user), campaign=_row(campaign))


def place_of_rater(user: User, campaign: int) -> Enrolment:
    """The same, and no more of it than whose it is: for what is asked with every click of a rater."""
    found = _PLACE.first(rater=user.pk, campaign=_row(campaign))
    if found is None:
        raise Http404
    return found


def _row(number: int) -> int:
    """The number, if a row can have it; a database takes no longer one. Raises Http404."""
    if number > LAST_ROW:
        raise Http404
    return number


def possible_raters(organisation_id: int) -> QuerySet[User]:
    """Who may rate in campaigns of an organisation: its experts and annotators, and the annotators of the provider.

    The provider is where reviewers and admins are. Leads of the organisation, reviewers and admins read what others
    said, so they do not rate.
    """
    provider = Membership.objects.filter(role__in=WATCHERS).values("organisation")
    here = Q(memberships__organisation=organisation_id, memberships__role__in=(EXPERT, ANNOTATOR))
    theirs = Q(memberships__organisation__in=provider, memberships__role=ANNOTATOR)
    readers = Membership.objects.filter(Q(organisation=organisation_id, role=LEAD) | Q(role__in=WATCHERS))
    found = User.objects.filter(here | theirs, is_active=True, is_superuser=False)
    return found.exclude(pk__in=readers.values("user")).distinct().order_by("first_name", "last_name", "username")


def item_for_reader(user: User, pk: int, item: int) -> CampaignItem:
    """The item of a campaign the person may read, or 404."""
    campaign = campaign_for_reader(user, pk)
    related = ("response__prompt", "response__version__config", "response__candidate__model")
    found: CampaignItem = get_object_or_404(campaign.items.select_related(*related), pk=item)
    found.campaign = campaign
    return found


def item_for_lead(user: User, pk: int, item: int) -> CampaignItem:
    """The item of a campaign the person leads: 404 for strangers, 403 without the right."""
    campaign_for_lead(user, pk)
    return item_for_reader(user, pk, item)


def place_for_lead(user: User, pk: int, enrolment: int) -> Enrolment:
    """Somebody's place in a campaign the person leads, also of one who left: 404 for strangers, 403 otherwise."""
    campaign = campaign_for_lead(user, pk)
    found: Enrolment = get_object_or_404(campaign.enrolments.select_related("rater", "group"), pk=enrolment)
    found.campaign = campaign
    return found


def rater_groups(user: User) -> QuerySet[RaterGroup]:
    """The groups of raters the person may read: those of organisations they lead, all for reviewers and admins."""
    groups = RaterGroup.objects.select_related("organisation")
    return groups if sees_all(user) else groups.filter(organisation__in=organisations_led(user))


def group_for_lead(user: User, pk: int) -> RaterGroup:
    """The group of an organisation whose lead the person is: 404 for strangers, 403 without the right."""
    group = get_object_or_404(rater_groups(user), pk=pk)
    if not leads(user, group.organisation_id):
        raise PermissionDenied
    return group
