"""Items about which raters differ, and a lead's decision on one."""

from collections.abc import Iterable
from typing import Any

from annotations.core.answers import Answer
from annotations.models import Adjudication, Campaign, CampaignItem, Rating
from annotations.queries import adjudication as queries
from annotations.services import adjudication
from annotations.services.adjudication import Decision
from tests.factories import make_person
from tests.rating_desk import rate_item

SPLIT = ((5, True), (1, False))


def rated(item: CampaignItem, *said: tuple[int, bool], **fields: Any) -> list[Rating]:
    """The answers of rater 1, 2, … on the item: points and whether it follows the config."""
    people = (make_person(f"rater-{number}", role="annotator") for number in range(1, len(said) + 1))
    return [rate_item(item, person, *one, **fields) for person, one in zip(people, said, strict=True)]


def all_rated(campaign: Campaign, *each: Iterable[tuple[int, bool]]) -> list[CampaignItem]:
    """The items of the campaign in its order, rated so; those without answers stay as they are."""
    items = list(campaign.items.order_by("position", "pk"))
    for item, said in zip(items, each, strict=False):
        rated(item, *said)
    return items


def letter_of(rating: Rating) -> str:
    """The letter under which a lead reads it."""
    return next(one.letter for one in queries.answers(rating.item) if one.rating == rating)


def decide(item: CampaignItem, take: str = "", own: Answer | None = None, **fields: Any) -> Adjudication:
    """Lea's decision; without `take` and `own`, the first answer she reads holds."""
    seen = fields.pop("seen", None) or queries.seen(queries.answers(item))
    actor = fields.pop("actor", None) or make_person("lea")
    said = Decision(take or ("" if own else "A"), own, fields.pop("cause", "slip"), fields.pop("note", ""))
    return adjudication.decide(item=item, decision=said, seen=seen, actor=actor)
