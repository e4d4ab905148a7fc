"""A campaign as tests need it: responses of a benchmark, an open campaign with slots, raters who have begun."""

from itertools import count
from typing import Any
from uuid import uuid4

from django.utils import timezone

from annotations.core.answers import Answer
from annotations.models import (
    Assignment,
    Campaign,
    CampaignItem,
    Enrolment,
    Guideline,
    Rating,
    Response,
    User,
)
from annotations.services import campaign_items, ratings, slots
from annotations.services.campaign_slots import reserve
from tests.factories import make_candidate, make_config, make_organisation, make_person, make_prompt, make_version

_numbers = count(1)


def make_response(text: str = "", **fields: Any) -> Response:
    """An answer to a new prompt under the config's first approved version."""
    config = make_config()
    version = fields.pop("version", None) or config.versions.filter(state="approved").first() or make_version(config)
    prompt = fields.pop("prompt", None) or make_prompt(config=version.config, risks=fields.pop("risks", []))
    values = {"candidate": make_candidate(), "identity": ""} | fields
    text = text or f"The siege lasts for weeks, people say, part {next(_numbers)}."
    return Response.objects.create(prompt=prompt, version=version, text=text, **values)


def make_campaign(items: int = 3, *, state: str = "open", risks: list[str] | None = None, **fields: Any) -> Campaign:
    """A campaign of Lea's with so many responses, its guideline and slots. With `risks` every item is tagged."""
    values: dict[str, Any] = {"overlap": 1, "seed": 7, "support_contact": "Talk to Lea."} | fields
    campaign = Campaign.objects.create(
        organisation=values.pop("organisation", None) or make_organisation(),
        title=values.pop("title", "Sieges, rated"),
        created_by=make_person("lea"),
        state=state,
        opened_at=None if state == "draft" else timezone.now(),
        closed_at=timezone.now() if state == "closed" else None,
        **values,
    )
    Guideline.objects.create(campaign=campaign, number=1, text="Read twice.", created_by=make_person("lea"))
    made = [make_response(risks=risks or []).pk for _ in range(items)]
    if state != "closed":
        responses = Response.objects.filter(pk__in=made)
        campaign_items.add(campaign=campaign, responses=responses, actor=make_person("lea"))
    return campaign


def enrol(campaign: Campaign, *names: str, **fields: Any) -> Enrolment:
    """The places of these people in the campaign, who have accepted it; the last one is given back."""
    for name in names or ("carol",):
        person = make_person(name, role=None if name in ("ada", "carol") else "annotator")
        values = {"accepted_at": timezone.now()} | fields
        made = Enrolment.objects.create(campaign=campaign, rater=person, **values)
        reserve(campaign, [made])
    return made


def answer(points: int = 4, follows: bool = True, **fields: Any) -> Answer:
    """An answer, a good one by default."""
    return Answer(points, follows, **fields)


def rate(enrolment: Enrolment, points: int = 4, follows: bool = True, **fields: Any) -> Rating:
    """The next item of this rater, handed out and answered."""
    turn = slots.turn(enrolment)
    assert turn.assignment is not None, turn.why
    sent = ratings.submit(enrolment, key=turn.assignment.key, answer=answer(points, follows, **fields), token=uuid4())
    return sent.rating


def rate_item(item: CampaignItem, rater: User, points: int = 4, follows: bool = True, **fields: Any) -> Rating:
    """This person's answer on this item, put into a free slot of it, or into one more."""
    free = Assignment.objects.filter(item=item, state="open", rater=None).first()
    place = {"campaign": item.campaign, "item": item, "position": item.position, "n": item.assignments.count() + 1}
    slot = free or Assignment(**place, tags=item.tags, tagged=bool(item.tags))
    slot.state, slot.rater, slot.done_at, slot.held_at = "done", rater, timezone.now(), timezone.now()
    slot.save()
    values = {"guideline": item.campaign.guidelines.first(), "token": uuid4(), "seconds": 12.0} | fields
    return Rating.objects.create(
        assignment=slot, item=item, rater=rater, points=points, follows_config=follows, **values
    )
