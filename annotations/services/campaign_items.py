"""The items of a campaign and their slots: responses in, how many ratings each needs, gold, what is taken out."""

from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from annotations.core import answers
from annotations.models import Campaign, CampaignItem, Response, User
from annotations.models import campaigns as states
from annotations.services import audit, slots
from annotations.services.campaign_slots import AT_ONCE, fill, needed

MOST_ITEMS = 100_000
NO_CONTACT = "This campaign has items with risk categories: give a support contact first."


class ItemProblem(ValueError):
    """Why something cannot be done with items as asked, in words for the lead."""


class Added(NamedTuple):
    """How many responses came in, were there already, have no text to rate, and name the model they are from."""

    new: int
    known: int
    empty: int
    naming: int


def lock(campaign: Campaign) -> Campaign:
    """The campaign as it is now, locked until the transaction ends: its items change one after the other."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


@transaction.atomic
def add(*, campaign: Campaign, responses: QuerySet[Response], actor: User) -> Added:
    """What came of it: each response is an item once, in its place of the seeded shuffle, with its slots.

    Raises ItemProblem for a closed campaign, for too many items, and for items with risk categories in an open
    campaign without a support contact.
    """
    campaign = lock(campaign)
    _refuse_closed(campaign)
    known = set(campaign.items.values_list("response", flat=True))
    made: list[CampaignItem] = []
    counts = {"known": 0, "empty": 0}
    for response in responses.select_related("prompt", "candidate__model").iterator(AT_ONCE):
        if response.pk in known or not response.text.strip():
            counts["known" if response.pk in known else "empty"] += 1
            continue
        made.append(_item(campaign, response))
    if len(known) + len(made) > MOST_ITEMS:
        raise ItemProblem(f"A campaign has at most {MOST_ITEMS:,} items. Choose fewer, or begin a second campaign.")
    if campaign.state != states.DRAFT and not campaign.support_contact and any(item.tags for item in made):
        raise ItemProblem(NO_CONTACT)
    CampaignItem.objects.bulk_create(sorted(made, key=lambda item: item.position), batch_size=AT_ONCE)
    fill(campaign)
    added = Added(len(made), counts["known"], counts["empty"], sum(bool(item.names_model) for item in made))
    audit.record(actor=actor, action="add_items", obj=campaign, after=added._asdict())
    return added


def _item(campaign: Campaign, response: Response) -> CampaignItem:
    risks = sorted(response.prompt.risks)
    candidate = response.candidate
    names = [candidate.model.name, candidate.model.model] if candidate else []
    return CampaignItem(
        campaign=campaign,
        response=response,
        position=slots.place(campaign.seed, response.pk),
        needed=needed(campaign, response.pk),
        tags=f",{','.join(risks)}," if risks else "",
        names_model=answers.name_given_away(response.text, [*names, response.identity])[:200],
    )


def _refuse_closed(campaign: Campaign) -> None:
    if campaign.state == states.CLOSED:
        raise ItemProblem("This campaign is closed: its items and answers stay as they are.")


@transaction.atomic
def set_overlap(*, campaign: Campaign, overlap: int, share: int, actor: User) -> int:
    """How many slots were made: from now on a seeded share of the items gets so many ratings, the rest one.

    Nothing answered is lost: items that need more reopen, free slots above the need go. Raises ItemProblem.
    """
    campaign = lock(campaign)
    _refuse_closed(campaign)
    if not 1 <= overlap <= states.MOST_OVERLAP or not 1 <= share <= 100:
        raise ItemProblem(f"Between 1 and {states.MOST_OVERLAP} ratings, for 1 to 100 % of the items.")
    before = {"overlap": campaign.overlap, "overlap_share": campaign.overlap_share}
    campaign.overlap, campaign.overlap_share = overlap, share
    campaign.save(update_fields=["overlap", "overlap_share"])
    changed = list(campaign.items.only("pk", "needed", "response"))
    for item in changed:
        item.needed = needed(campaign, item.response_id)
    CampaignItem.objects.bulk_update(changed, ["needed"], batch_size=500)
    made = fill(campaign)
    audit.record(
        actor=actor,
        action="set_overlap",
        obj=campaign,
        before=before,
        after={"overlap": overlap, "overlap_share": share, "slots_made": made},
    )
    return made


@transaction.atomic
def take_out(*, item: CampaignItem, actor: User) -> None:
    """Nothing; the item is handed to nobody any more. What was said of it stays, and counts no longer."""
    campaign = lock(item.campaign)
    if not CampaignItem.objects.filter(pk=item.pk, taken_out_at=None).update(taken_out_at=timezone.now()):
        raise ItemProblem("Somebody was faster: this item is out already.")
    fill(campaign, campaign.items.filter(pk=item.pk))
    audit.record(actor=actor, action="take_out", obj=item, after={"campaign": campaign.pk})
