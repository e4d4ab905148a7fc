"""Campaigns for those who lead or read them: what there is, how one stands, its people, and its states."""

from collections.abc import Callable
from secrets import randbelow
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotations import access, models
from annotations.access import WATCHERS
from annotations.api.campaign_shapes import (
    Agreement,
    Campaign,
    ChangedCampaign,
    NewCampaign,
    Place,
    WholeCampaign,
    of_rater,
    of_table,
)
from annotations.api.endpoint import changes, creates, lists, reads, route
from annotations.api.filters import choice, number
from annotations.api.races import Racing
from annotations.campaign_access import campaign_for_lead, campaign_for_reader, organisations_led
from annotations.campaign_access import campaigns as readable
from annotations.forms.campaigns import SEEDS_OFFERED
from annotations.models import User
from annotations.models.campaigns import CAMPAIGN_STATES, DRAFT
from annotations.models.people import LEAD
from annotations.queries import campaign_people, rating_agreement
from annotations.queries import campaigns as queries
from annotations.services import campaigns, guidelines
from annotations.services.campaigns import Settings

READERS = WATCHERS | {LEAD}
BESIDE = ("overlap", "overlap_share", "guideline")


class Campaigns(Racing):
    """The campaigns."""

    resource, roles = "campaigns", READERS
    refusals = (campaigns.CampaignProblem,)

    @lists(
        Campaign,
        choice("state", "Only those in this state.", CAMPAIGN_STATES, lookup="state"),
        number("organisation", "Only those of the organisation of this id.", lookup="organisation"),
    )
    def get(self) -> QuerySet[models.Campaign]:
        """The campaigns whose answers you may read, the newest first. Where you rate yourself, you read nothing."""
        return readable(self.user)

    @creates(NewCampaign, WholeCampaign, roles=frozenset({LEAD}))
    def post(self) -> Any:
        """A new campaign, a draft; its items are chosen on its page."""
        said = dict(self.said)
        home = access.one_or_404(organisations_led(self.user), pk=said.pop("organisation"))
        beside = {name: said.pop(name) for name in BESIDE if name in said}
        beside.setdefault("guideline", guidelines.default())
        settings = Settings(**{"seed": randbelow(SEEDS_OFFERED)} | said)
        return _whole(campaigns.create(organisation=home, settings=settings, actor=self.user, **beside), self.user)


class OneCampaign(Racing):
    """One campaign."""

    resource, roles = "campaigns", READERS
    refusals = (campaigns.CampaignProblem,)
    words = {"pk": "Id of the campaign."}

    @reads(WholeCampaign)
    def get(self, pk: int) -> Any:
        """A campaign with its settings and how far it is."""
        return _whole(campaign_for_reader(self.user, pk), self.user)

    @changes(ChangedCampaign, WholeCampaign)
    @transaction.atomic
    def patch(self, pk: int) -> Any:
        """Other settings. For leads; what is fixed once it was opened, and all of a closed one, stays as it is."""
        campaign_for_lead(self.user, pk)
        row = access.one_or_404(readable(self.user).select_for_update(of=("self",), no_key=True), pk=pk)
        said = dict(self.said)
        seen = said.pop("seen", "")
        settings = campaigns.settings_of(row)._replace(**said)
        return _whole(campaigns.edit(campaign=row, settings=settings, actor=self.user, seen=seen), self.user)


class People(Racing):
    """Who rates."""

    resource, roles = "campaigns", READERS
    words = {"pk": "Id of the campaign."}

    @lists(Place, order=("pk",))
    def get(self, pk: int) -> QuerySet[models.Enrolment]:
        """Who rates in a campaign, in the order they came."""
        return campaign_people.enrolled(campaign_for_reader(self.user, pk))


class AgreementOfCampaign(Racing):
    """How far its raters agree."""

    resource, roles = "campaigns", READERS
    words = {"pk": "Id of the campaign."}

    @reads(Agreement)
    def get(self, pk: int) -> dict[str, Any]:
        """How far the raters of a campaign agree, and how each stands beside the rest; nobody is named."""
        row = campaign_for_reader(self.user, pk)
        raters = rating_agreement.report(row).raters
        return {"figures": of_table(row), "raters": [of_rater(line) for line in raters]}


class Moving(Racing):
    """A step from one state to another."""

    resource, roles = "campaigns", READERS
    refusals = (campaigns.CampaignProblem,)
    words = {"pk": "Id of the campaign."}

    def move(self, pk: int, step: Callable[[models.Campaign], Callable[..., Any]]) -> Any:
        """The campaign after the step that its state decides."""
        row = campaign_for_lead(self.user, pk)
        step(row)(campaign=row, actor=self.user)
        return _whole(campaign_for_reader(self.user, pk), self.user)


class Opening(Moving):
    """Opening."""

    @changes(None, WholeCampaign)
    def post(self, pk: int) -> Any:
        """A draft opens when nothing is missing; a paused one goes on. For leads."""
        return self.move(pk, lambda row: campaigns.open if row.state == DRAFT else campaigns.resume)


class Pausing(Moving):
    """Pausing."""

    @changes(None, WholeCampaign)
    def post(self, pk: int) -> Any:
        """Nobody is handed anything more until it goes on; what is in hand may still be sent. For leads."""
        return self.move(pk, lambda row: campaigns.pause)


class Closing(Moving):
    """Closing."""

    @changes(None, WholeCampaign)
    def post(self, pk: int) -> Any:
        """It ends for good: only what is in hand is still taken. For leads."""
        return self.move(pk, lambda row: campaigns.close)


def _whole(row: Any, asker: User) -> Any:
    """The campaign with everything its shape reads."""
    Campaign.together([row], asker)
    row.standing, row.in_hand_until = queries.standing(row), queries.in_hand(row).until
    row.by_config = [{"config": one.title} | one.tally._asdict() for one in row.standing.rows]
    row.seconds_left = row.standing.seconds_left
    row.guideline = row.guidelines.order_by("-number").values_list("number", flat=True).first()
    row.several, row.skips = queries.several(row).count(), dict(queries.skips(row))
    row.missing = [one.sentence for one in queries.missing(row)] if row.state == DRAFT else []
    row.seen = campaigns.digest(campaigns.settings_of(row))
    return row


ROUTES = [
    route("campaigns/", Campaigns, "campaigns-list"),
    route("campaigns/<int:pk>/", OneCampaign, "campaigns-detail"),
    route("campaigns/<int:pk>/people/", People, "campaigns-people"),
    route("campaigns/<int:pk>/agreement/", AgreementOfCampaign, "campaigns-agreement"),
    route("campaigns/<int:pk>/open/", Opening, "campaigns-open"),
    route("campaigns/<int:pk>/pause/", Pausing, "campaigns-pause"),
    route("campaigns/<int:pk>/close/", Closing, "campaigns-close"),
]
