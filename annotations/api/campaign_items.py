"""The items of a campaign for those who lead or read it: what the page of the items shows them."""

from typing import Any

from django.db.models import QuerySet

from annotations import models
from annotations.api import fields
from annotations.api.campaigns import READERS
from annotations.api.endpoint import Endpoint, lists, route
from annotations.api.filters import choice, flag, number
from annotations.api.gathering import Gathered
from annotations.api.shapes import Id
from annotations.campaign_access import campaign_for_reader
from annotations.core.taxonomy import KINDS
from annotations.models import User
from annotations.queries import campaign_items as queries
from annotations.queries.campaign_items import Wanted

SHOW = tuple(show for show in queries.WORDS if show)


class ItemOfCampaign(Gathered):
    """A response that people rate, and what came of it so far."""

    id = Id(source="item.pk", help_text="Id of the item.")
    position = fields.whole("Its place in the shuffled order.", source="item.position")
    config = Id(source="item.response.version.config_id", help_text="Id of the config it was written under.")
    version = fields.whole("Number of the config's version.", source="item.response.version.number")
    prompt = fields.text("The prompt.", source="item.response.prompt.text")
    kind = fields.word("Kind of the prompt.", KINDS, source="item.response.prompt.kind")
    text = fields.text(
        "The response as raters read it: where a name is masked, with [model] in its place.", source="whole"
    )
    candidate = Id(
        source="item.response.candidate_id", allow_null=True, help_text="Id of who wrote it; null for an uploaded one."
    )
    written_by = fields.text(
        "Who wrote it, in words; empty for an uploaded one of which nobody said so.", source="item.written_by"
    )
    risks = fields.texts("Risk categories that raters are warned of.", source="item.tag_list")
    needed = fields.whole("Answers it needs; a gold item needs none, every rater gets it.", source="item.needed")
    done = fields.whole("Answers it has.")
    held = fields.whole("Answers in somebody's hand now.")
    waiting = fields.whole("Answers that are left for anybody.")
    flags = fields.whole("How often raters flagged it.")
    flags_open = fields.whole("Flags that no lead has answered.")
    skips = fields.whole("How often raters passed on it; what was too distressing is left out.")
    gold = fields.yes("Whether its right answer is known.", source="item.is_gold")
    practice = fields.yes("Whether raters get it as practice, at the start.", source="item.practice")
    names_model = fields.text("Name by which it seems to tell its model; empty for none.", source="item.names_model")
    masked = fields.yes("Whether that name is hidden from raters.", source="item.masked")
    taken_out_at = fields.moment(
        "When it was taken out; null for an item in use.", allow_null=True, source="item.taken_out_at"
    )

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The items with what is counted of each."""
        found = queries.lines(rows)
        for line in found:
            response = line.item.response
            line.item.written_by = str(response.candidate or response.source)  # type: ignore[attr-defined]
        return found


class Items(Endpoint):
    """The items of a campaign."""

    resource, roles = "campaigns", READERS
    words = {"pk": "Id of the campaign."}

    @lists(
        ItemOfCampaign,
        choice("show", "Only those that stand so; without it all that are not taken out.", SHOW),
        number("config", "Only those of the config of this id."),
        choice("kind", "Only those whose prompt is of this kind.", KINDS),
        number("candidate", "Only those that the candidate of this id wrote.", lookup="response__candidate"),
        flag(
            "uploaded", "Only those that were made elsewhere, or only the others.", lookup="response__candidate__isnull"
        ),
        order=("position", "pk"),
    )
    def get(self, pk: int) -> QuerySet[models.CampaignItem]:
        """The items of a campaign, in their shuffled order.

        For its leads, reviewers and admins. Who rates in it gets none of this: there is no such campaign then.
        """
        campaign, asked = campaign_for_reader(self.user, pk), self.asked
        wanted = Wanted(asked["show"] or "", asked["config"], asked["kind"] or "")
        return queries.matching(campaign, wanted).only("pk", "campaign", "position")


ROUTES = [route("campaigns/<int:pk>/items/", Items, "campaigns-items")]
