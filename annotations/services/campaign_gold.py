"""Gold items: those whose right answer is known. Every rater gets each of them once."""

from django.db import transaction

from annotations.core.gold import Gold, checked
from annotations.models import CampaignItem, User
from annotations.models.ratings import OPEN
from annotations.services import audit
from annotations.services.campaign_items import ItemProblem, change, gold_fields
from annotations.services.campaign_slots import fill, give_up

OUT = "This item is taken out of the campaign. Put it back first."
NOT_GOLD = "This item has no right answer that could be taken out."


def gold_of(item: CampaignItem) -> Gold | None:
    """The right answer of a gold item; None for any other."""
    if item.gold_low is None or item.gold_high is None or item.gold_follows is None:
        return None
    return Gold(item.gold_low, item.gold_high, item.gold_follows, item.gold_why, item.practice)


@transaction.atomic
def set_gold(*, item: CampaignItem, gold: Gold, actor: User) -> None:
    """Nothing; the item has this right answer, and a slot for everybody who has begun, kept for them.

    `item` is as the lead saw it. Slots that nobody has go; who holds one may still answer, and answers that are there
    stay: they count as how right their raters were, no longer in results. Raises GoldProblem for an answer that cannot
    be, ItemProblem when the item was taken out or changed meanwhile.
    """
    gold = checked(gold)
    if item.taken_out_at is not None:
        raise ItemProblem(OUT)
    was = gold_of(item)
    campaign = change(item, only=_as_seen(item), to=gold_fields(gold))
    if gold.practice:  # it comes before whatever else they would be handed; and people are locked before slots
        campaign.enrolments.update(practised_at=None)
    fill(campaign, campaign.items.filter(pk=item.pk))
    audit.record(actor=actor, action="set_gold", obj=item, before=was._asdict() if was else {}, after=gold._asdict())


@transaction.atomic
def unset_gold(*, item: CampaignItem, actor: User) -> None:
    """Nothing; the item is one like all others, and needs as many answers as they do.

    `item` is as the lead saw it. Slots kept for somebody go unless they hold or answered them. Raises ItemProblem.
    """
    was = gold_of(item)
    if was is None:
        raise ItemProblem(NOT_GOLD)
    campaign = change(item, only=_as_seen(item), to=gold_fields(None))
    give_up(campaign.assignments.filter(item=item.pk, state=OPEN).exclude(rater=None))
    fill(campaign, campaign.items.filter(pk=item.pk))
    audit.record(actor=actor, action="unset_gold", obj=item, before=was._asdict(), after={})


def _as_seen(item: CampaignItem) -> dict[str, object]:
    return {**gold_fields(gold_of(item)), "taken_out_at": None}
