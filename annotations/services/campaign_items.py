"""The items of a campaign and their slots: responses in, how many ratings each needs, what is hidden or taken out."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import answers
from annotations.core.batches import batches
from annotations.core.gold import Gold
from annotations.core.storable import storable
from annotations.models import Campaign, CampaignItem, Response, User
from annotations.models import campaigns as states
from annotations.services import audit, slots
from annotations.services.campaign_slots import AT_ONCE, fill, needed

MOST_ITEMS = 100_000
LONGEST_NAME = 200
NAMES = ("candidate__model__name", "candidate__model__model", "identity", "source")
NO_CONTACT = "This campaign has items with risk categories: give a support contact first."
FASTER = "Somebody was faster: this item is not as you saw it any more. Look at it again."


class ItemProblem(ValueError):
    """Why something cannot be done with items as asked, in words for the lead."""


class Added(NamedTuple):
    """How many responses came in, were there already, have no text to rate, and name the model they are from."""

    new: int
    known: int
    empty: int
    naming: int


class Facts(NamedTuple):
    """What of a response decides how it becomes an item; `names` are those of its model, None or "" where unknown."""

    response: int
    text: str
    risks: Sequence[str]
    names: tuple[str | None, ...]

    @property
    def given_away(self) -> str:
        """The name by which the text seems to say which model wrote it; "" when there is none."""
        return answers.name_given_away(self.text, [name for name in self.names if name])[:LONGEST_NAME]


def facts(responses: QuerySet[Response], only: Collection[int] | None = None) -> Iterator[Facts]:
    """The facts of each of the responses, or of those whose ids are in `only`, some at a time."""
    parts = [responses] if only is None else (responses.filter(pk__in=some) for some in batches(sorted(only), AT_ONCE))
    for part in parts:
        rows = part.order_by().values_list("pk", "text", "prompt__risks", *NAMES)
        yield from (Facts(pk, text, risks, tuple(names)) for pk, text, risks, *names in rows.iterator(AT_ONCE))


def lock(campaign: Campaign) -> Campaign:
    """The campaign as it is now, locked until the transaction ends: its items change one after the other."""
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)


@transaction.atomic
def add(
    *,
    campaign: Campaign,
    responses: QuerySet[Response],
    actor: User,
    only: Collection[int] | None = None,
    gold: Mapping[int, Gold] | None = None,
) -> Added:
    """What came of it: each response is an item once, in its place of the seeded shuffle, with its slots.

    `only` are the ids of the responses to take, None for all; `gold` the right answers by response. Raises ItemProblem
    for a closed campaign, for too many items, and for items with risk categories in an open campaign without a contact.
    """
    campaign = lock(campaign)
    refuse_closed(campaign)
    known = set(campaign.items.values_list("response", flat=True))
    made: list[CampaignItem] = []
    counts = {"known": 0, "empty": 0}
    for fact in facts(responses, only):
        if fact.response in known or not fact.text.strip():
            counts["known" if fact.response in known else "empty"] += 1
        else:
            made.append(_item(campaign, fact, (gold or {}).get(fact.response)))
    _refuse(campaign, made, len(known) + len(made))
    CampaignItem.objects.bulk_create(sorted(made, key=lambda item: item.position), batch_size=AT_ONCE)
    fill(campaign)
    added = Added(len(made), counts["known"], counts["empty"], sum(bool(item.names_model) for item in made))
    audit.record(actor=actor, action="add_items", obj=campaign, after=added._asdict())
    return added


def _item(campaign: Campaign, fact: Facts, gold: Gold | None) -> CampaignItem:
    risks = sorted(fact.risks)
    return CampaignItem(
        campaign_id=campaign.pk,
        response_id=fact.response,
        position=slots.place(campaign.seed, fact.response),
        needed=needed(campaign, fact.response),
        tags=f",{','.join(risks)}," if risks else "",
        names_model=fact.given_away,
        **gold_fields(gold),
    )


def gold_fields(gold: Gold | None) -> dict[str, Any]:
    """The right answer as an item's fields; all empty for none."""
    if gold is None:
        return {"gold_low": None, "gold_high": None, "gold_follows": None, "gold_why": "", "practice": False}
    return {"practice": gold.practice} | {
        f"gold_{name}": getattr(gold, name) for name in ("low", "high", "follows", "why")
    }


def _refuse(campaign: Campaign, made: Sequence[CampaignItem], total: int) -> None:
    if total > MOST_ITEMS:
        raise ItemProblem(
            gettext("A campaign has at most %(most_items)s items. Choose fewer, or begin a second campaign.")
            % {"most_items": f"{MOST_ITEMS:,}"}
        )
    if campaign.state != states.DRAFT and not campaign.support_contact and any(item.tags for item in made):
        raise ItemProblem(NO_CONTACT)


def refuse_closed(campaign: Campaign) -> None:
    """Nothing for a campaign whose items may change. Raises ItemProblem."""
    if campaign.state == states.CLOSED:
        raise ItemProblem(gettext("This campaign is closed: its items and answers stay as they are."))


@transaction.atomic
def set_overlap(*, campaign: Campaign, overlap: int, share: int, actor: User) -> int:
    """How many slots were made: from now on a seeded share of the items gets so many ratings, the rest one.

    Nothing answered is lost: items that need more reopen, free slots above the need go. Raises ItemProblem.
    """
    campaign = lock(campaign)
    refuse_closed(campaign)
    if not 1 <= overlap <= states.MOST_OVERLAP or not 1 <= share <= 100:
        raise ItemProblem(
            gettext("Between 1 and %(most_overlap)s ratings, for 1 to 100 %% of the items.")
            % {"most_overlap": states.MOST_OVERLAP}
        )
    before = {"overlap": campaign.overlap, "overlap_share": campaign.overlap_share}
    campaign.overlap, campaign.overlap_share = overlap, share
    campaign.save(update_fields=["overlap", "overlap_share"])
    _set_needed(campaign)
    made = fill(campaign)
    audit.record(
        actor=actor,
        action="set_overlap",
        obj=campaign,
        before=before,
        after={"overlap": overlap, "overlap_share": share, "slots_made": made},
    )
    return made


def _set_needed(campaign: Campaign) -> None:
    """Nothing; every item has the number of ratings it needs now, by one update for each number that changed."""
    changed: dict[int, list[int]] = defaultdict(list)
    for pk, response, was in campaign.items.order_by().values_list("pk", "response", "needed"):
        if (now := needed(campaign, response)) != was:
            changed[now].append(pk)
    for number, pks in changed.items():
        for some in batches(pks, AT_ONCE):
            CampaignItem.objects.filter(pk__in=some).update(needed=number)


def change(item: CampaignItem, *, only: Mapping[str, Any], to: Mapping[str, Any]) -> Campaign:
    """The item's campaign, locked; the item, if it was as in `only`, is as in `to`. Raises ItemProblem otherwise."""
    campaign = lock(item.campaign)
    refuse_closed(campaign)
    if not CampaignItem.objects.filter(pk=item.pk, **only).update(**to):
        raise ItemProblem(FASTER)
    return campaign


@transaction.atomic
def take_out(*, item: CampaignItem, actor: User) -> None:
    """Nothing; the item is handed to nobody any more. What was said of it stays, and counts no longer.

    Who holds it may still answer. Raises ItemProblem.
    """
    campaign = change(item, only={"taken_out_at": None}, to={"taken_out_at": timezone.now()})
    fill(campaign, campaign.items.filter(pk=item.pk))
    audit.record(actor=actor, action="take_out", obj=item, after={"campaign": campaign.pk})


@transaction.atomic
def put_back(*, item: CampaignItem, actor: User) -> None:
    """Nothing; the item is handed out again as far as it needs more answers, and what was said of it counts.

    Raises ItemProblem.
    """
    campaign = change(item, only={"taken_out_at__isnull": False}, to={"taken_out_at": None})
    fill(campaign, campaign.items.filter(pk=item.pk))
    audit.record(actor=actor, action="put_back", obj=item, after={"campaign": campaign.pk})


@transaction.atomic
def mask(*, item: CampaignItem, actor: User, name: str = "") -> None:
    """Nothing; raters read answers.MASK wherever the name stands in the response; without one the name that was found.

    Raises ItemProblem when there is no such name in it.
    """
    hidden = " ".join(storable(name).split()) or item.names_model
    if not hidden:
        raise ItemProblem(gettext("No name was found in this response. Write the name that is to be hidden."))
    if len(hidden) > LONGEST_NAME or answers.mask(item.response.text, hidden) == item.response.text:
        raise ItemProblem(
            gettext("“%(value)s” does not stand in this response. Write the name as it stands there.")
            % {"value": hidden[:60]}
        )
    was = {"masked": item.masked, "names_model": item.names_model}
    change(item, only=was, to={"masked": True, "names_model": hidden})
    audit.record(actor=actor, action="mask", obj=item, before=was, after={"masked": True, "names_model": hidden})


@transaction.atomic
def unmask(*, item: CampaignItem, actor: User) -> None:
    """Nothing; raters read the response as it is. Raises ItemProblem."""
    change(item, only={"masked": True}, to={"masked": False})
    audit.record(actor=actor, action="unmask", obj=item, before={"masked": True}, after={"masked": False})


@transaction.atomic
def mask_all(*, campaign: Campaign, actor: User) -> int:
    """How many items were masked: all that name their model, are in the campaign and were not masked. Raises."""
    campaign = lock(campaign)
    refuse_closed(campaign)
    number = naming(campaign).update(masked=True)
    if number:
        audit.record(actor=actor, action="mask", obj=campaign, after={"items": number})
    return number


@transaction.atomic
def take_out_naming(*, campaign: Campaign, actor: User) -> int:
    """How many items were taken out: all that name their model, are in the campaign and are not masked. Raises."""
    campaign = lock(campaign)
    refuse_closed(campaign)
    number = naming(campaign).update(taken_out_at=timezone.now())
    if number:
        fill(campaign)
        audit.record(actor=actor, action="take_out", obj=campaign, after={"items_naming_their_model": number})
    return number


def naming(campaign: Campaign) -> QuerySet[CampaignItem]:
    """The items by which a rater could tell the model: they name it, and nothing hides that."""
    return campaign.items.exclude(names_model="").filter(masked=False, taken_out_at=None)
