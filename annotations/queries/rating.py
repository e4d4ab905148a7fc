"""What a rater may see of an item: its config, prompt and response, what they began to say, how far they are.

Nothing here tells which model answered, what a judge or anybody else said, or whether the right answer is known.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from annotations.core import answers
from annotations.core.config_text import Rule
from annotations.models import Assignment, CampaignItem, ConfigVersion, Draft, Enrolment, Guideline, Rating
from annotations.models.ratings import DONE
from annotations.prepared import Given, Prepared


class Config(NamedTuple):
    """A version of a config as its raters read it. `allowed` are slugs of risk categories."""

    title: str
    language: str
    number: int
    allowed: tuple[str, ...]
    policy: str
    rules: tuple[Rule, ...]


class Progress(NamedTuple):
    """How many answers of this rater count, and of how many; `of` is None without a quota."""

    done: int
    of: int | None


class Shown(NamedTuple):
    """An item as it stands before its rater; `key` is the only name it has outside.

    `until` is None for an own answer that is looked at again; then `answer` is what was said and `replaces` its token.
    `tags` are slugs; `folded` is True where the rater wants tagged texts folded at first.
    """

    key: UUID
    until: datetime | None
    guideline: int
    config: Config
    prompt: str
    language: str
    response: str
    tags: tuple[str, ...]
    ask_risks: bool
    folded: bool
    practice: bool
    draft: dict[str, Any] | None
    progress: Progress
    answer: dict[str, Any] | None = None
    replaces: UUID | None = None


class _Row(NamedTuple):
    """What is read of an item, as the database gives it."""

    tags: str
    practice: bool
    masked: bool
    names_model: str
    text: str
    prompt: str
    language: str
    version: int
    number: int
    digest: str
    title: str
    config_language: str


_ITEM = Prepared(
    lambda: (
        CampaignItem.objects.filter(pk=Given("item"))
        .order_by()
        .values_list(
            *("tags", "practice", "masked", "names_model"),
            *("response__text", "response__prompt__text", "response__prompt__language"),
            *("response__version", "response__version__number", "response__version__digest"),
            *("response__version__config__title", "response__version__config__language"),
        )
    )
)
_GUIDELINE = Prepared(
    lambda: Guideline.objects.filter(campaign=Given("campaign")).order_by("-number").values_list("number")[:1]
)
_DRAFT = Prepared(lambda: Draft.objects.filter(item=Given("item"), rater=Given("rater")))


def shown(enrolment: Enrolment, slot: Assignment, rating: Rating | None = None) -> Shown:
    """The item of a slot as its rater may see it; with their `rating`, what they said of it to be changed."""
    row = _Row(*_ITEM.row(item=slot.item_id) or ())
    tags = tuple(slug for slug in row.tags.split(",") if slug)
    return Shown(
        key=slot.key,
        until=None if rating else slot.until,
        guideline=newest_guideline(enrolment),
        config=_config(row),
        prompt=row.prompt,
        language=row.language,
        response=answers.mask(row.text, row.names_model) if row.masked else row.text,
        tags=tags,
        ask_risks=enrolment.campaign.ask_risks,
        folded=bool(tags) and enrolment.folds,
        practice=bool(row.practice),
        draft=None if rating else _draft(enrolment, slot),
        progress=progress(enrolment),
        answer=said(rating) if rating else None,
        replaces=rating.token if rating else None,
    )


def _config(row: _Row) -> Config:
    allowed, policy, rules = _text_of(row.version, row.digest)
    return Config(row.title, row.config_language, row.number, allowed, policy, rules)


@lru_cache(maxsize=256)
def _text_of(version: int, _digest: str) -> tuple[tuple[str, ...], str, tuple[Rule, ...]]:
    """Allowed categories, policy and rules of a version, read once: they never change under their digest."""
    found = ConfigVersion.objects.only("allowed", "policy", "rules").get(pk=version)
    return tuple(found.allowed), found.policy, tuple(found.rule_list)


def newest_guideline(enrolment: Enrolment) -> int:
    """The number of the campaign's newest guideline; 0 without any."""
    newest = _GUIDELINE.row(campaign=enrolment.campaign_id)
    return int(newest[0]) if newest else 0


def _draft(enrolment: Enrolment, slot: Assignment) -> dict[str, Any] | None:
    """What was begun, and under `saved` when it was."""
    kept = _DRAFT.first(item=slot.item_id, rater=enrolment.rater_id)
    return {**kept.values, "saved": kept.saved_at} if kept and kept.values else None


def progress(enrolment: Enrolment) -> Progress:
    """How far this rater is: answers that count, and the quota if there is one."""
    return Progress(enrolment.done, enrolment.quota or enrolment.campaign.quota)


def said(rating: Rating) -> dict[str, Any]:
    """What a rater said, as the page sends it."""
    names = ("points", "follows_config", "broken_rules", "risks", "comment")
    return {name: getattr(rating, name) for name in names}


def practised(rating: Rating) -> dict[str, Any] | None:
    """The right answer of a practice item and whether this one is right; None for any other item."""
    item = rating.item
    if not item.practice:
        return None
    low, high, follows = item.gold_low or 0, item.gold_high or 0, item.gold_follows
    right = rating.follows_config == follows and low <= rating.points <= high
    return {"right": right, "low": low, "high": high, "follows": follows, "why": item.gold_why}


def break_is_due(enrolment: Enrolment) -> bool:
    """True once the rater has worked for as long as the campaign lets them without a reminder to rest."""
    return enrolment.active_seconds >= 60 * enrolment.campaign.break_minutes


def rules_of(enrolment: Enrolment, key: UUID) -> tuple[str, ...]:
    """The ids of the rules that an answer on this slot may name; none where there is no such slot."""
    found = Assignment.objects.filter(campaign=enrolment.campaign_id, key=key)
    names = ("item__response__version", "item__response__version__digest")
    version = found.values_list(*names).first()
    return tuple(rule.id for rule in _text_of(*version)[2]) if version else ()


def own_answers(enrolment: Enrolment) -> QuerySet[Rating]:
    """The answers of this rater that are in force and of items still in the campaign, newest first."""
    mine = Rating.objects.filter(assignment__campaign=enrolment.campaign_id, rater=enrolment.rater_id)
    there = mine.filter(withdrawn_at=None, item__taken_out_at=None, assignment__state=DONE)
    return there.select_related("assignment").order_by("-assignment__done_at", "-pk")


def answer_before(enrolment: Enrolment, key: UUID | None) -> Rating | None:
    """The own answer given before that of the slot `key`, or the last one; None when there is none before.

    A slot that is not answered yet stands after all that are.
    """
    mine = own_answers(enrolment)
    at = mine.filter(assignment__key=key).first() if key else None
    return mine.filter(assignment__done_at__lt=at.assignment.done_at).first() if at else mine.first()
