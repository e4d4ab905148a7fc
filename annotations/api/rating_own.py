"""What is a rater's own in a campaign: work, what they read, flags with the lead's answers, what they passed on."""

from typing import Any
from uuid import UUID

from annotations import models
from annotations.api import fields
from annotations.api.endpoint import changes, creates, reads, route
from annotations.api.rating_shapes import Bound, GivenAnswer, NewFlag
from annotations.api.ratings import Rating
from annotations.api.shapes import Said, Shown
from annotations.models.campaigns import CLOSED
from annotations.models.ratings import SKIP_REASONS
from annotations.queries import rating as answers
from annotations.queries import wellbeing as queries
from annotations.services import ratings
from annotations.services import wellbeing as care

NAME = "Its name for you."


class ReadDay(Shown):
    """What one read on a day."""

    day = fields.text("The day, as 2026-05-04.")
    items = fields.whole("Items you answered or passed on.")
    tagged = fields.whole("Those about harmful subjects.")
    categories = fields.counts("How many carried each risk category.")


class OwnFlag(Shown):
    """Something one wanted the lead to know."""

    name = fields.text(NAME)
    text = fields.text("What you wrote.")
    prompt = fields.text("The prompt it was about.")
    answer = fields.text("What a lead answered; empty before.")
    created_at = fields.moment("When you wrote it.")
    answered_at = fields.moment("When it was answered; null before.", allow_null=True)
    read_at = fields.moment("When you read the answer; null before.", allow_null=True)


class OwnSkip(Shown):
    """An item one passed on."""

    name = fields.text(NAME)
    reason = fields.word("Why.", SKIP_REASONS)
    note = fields.text("What you wrote.")
    tags = fields.texts("Slugs of its risk categories.")
    prompt = fields.text("The prompt.")
    created_at = fields.moment("When you passed on it.")


class KnownAnswer(GivenAnswer):
    """An own answer where the right one was known, after the campaign is closed."""

    right = fields.yes("Whether it is right.")
    low = fields.whole("The fewest points that are right.")
    high = fields.whole("The most points that are right.")
    follows = fields.yes("Whether the response follows the config.")
    why = fields.text("Why.")
    prompt = fields.text("The prompt.")
    response = fields.text("The response as you read it.")


class Mine(Shown):
    """What is one's own in a campaign, for oneself alone."""

    answers = fields.whole("Your answers in force, practice left out.")
    measured = fields.whole("Those of them whose time could be measured.")
    seconds = fields.real("The time you worked on these.")
    bounds = Bound(many=True, help_text="What bounds the items about harmful subjects.")
    read = ReadDay(many=True, help_text="What you read on each day, the newest first.")
    flags = OwnFlag(many=True, help_text="What you flagged.")
    skips = OwnSkip(many=True, help_text="What you passed on.")
    known = KnownAnswer(many=True, help_text="Your answers where the right one was known; empty until it is closed.")


class Named(Said):
    """One of the own things."""

    name = fields.text(NAME, max_length=40)


class OwnWork(Rating):
    """What is one's own."""

    @reads(Mine)
    def get(self, pk: int) -> dict[str, Any]:
        """What is your own in a campaign; nobody else is shown this."""
        row = self.place(pk)
        known = queries.accuracy(row).answers if row.campaign.state == CLOSED else []
        work, read = queries.work(row), queries.exposure(row)
        slugs = [one.slug for one in read.categories]
        return {
            "answers": work.answers,
            "measured": work.measured,
            "seconds": work.seconds,
            "bounds": queries.bounds(row),
            "read": [
                one._asdict() | {"categories": dict(zip(slugs, one.of_category, strict=True))} for one in read.days
            ],
            "flags": [_flag(one) for one in queries.flags(row)],
            "skips": [_skip(one) for one in queries.skips(row)],
            "known": [_known(one) for one in known],
        }


class Flagging(Rating):
    """Telling the lead."""

    @creates(NewFlag, OwnFlag)
    def post(self, pk: int, key: UUID) -> dict[str, Any]:
        """The lead reads what you wrote of an item you have or had, and answers."""
        return _flag(ratings.flag(self.place(pk), key=key, text=self.said["text"]))


class OfferingAgain(Rating):
    """An item one passed on."""

    @changes(Named, None)
    def post(self, pk: int) -> None:
        """An item you passed on may come to you again, while the campaign runs."""
        row = self.place(pk)
        skip = queries.of_name(queries.skips(row), self.said["name"])
        if skip is None:
            raise care.CareProblem(care.GONE)
        care.offer_again(row, skip=skip)


class ReadingReply(Rating):
    """A lead's answer."""

    @changes(Named, None)
    def post(self, pk: int) -> None:
        """You have read a lead's answer to a flag of yours."""
        row = self.place(pk)
        flag = queries.of_name(queries.flags(row), self.said["name"])
        if flag is None:
            raise care.CareProblem("There is no flag of yours with this name.")
        care.mark_read(row, flag=flag)


def _flag(flag: models.Flag) -> dict[str, Any]:
    names = ("text", "answer", "created_at", "answered_at", "read_at")
    told = {"name": queries.outside_name(flag), "prompt": flag.item.response.prompt.text}
    return told | {name: getattr(flag, name) for name in names}


def _skip(skip: models.Skip) -> dict[str, Any]:
    told = {"name": queries.outside_name(skip), "prompt": skip.item.response.prompt.text, "tags": skip.item.tag_list}
    return told | {name: getattr(skip, name) for name in ("reason", "note", "created_at")}


def _known(one: queries.Gold) -> dict[str, Any]:
    item = one.rating.item
    right = {"right": one.right, "low": item.gold_low, "high": item.gold_high, "follows": item.gold_follows}
    texts = {"why": item.gold_why, "prompt": item.response.prompt.text, "response": one.response}
    return answers.said(one.rating) | right | texts


ROUTES = [
    route("ratings/<int:pk>/mine/", OwnWork, "ratings-mine"),
    route("ratings/<int:pk>/items/<uuid:key>/flag/", Flagging, "ratings-flag"),
    route("ratings/<int:pk>/again/", OfferingAgain, "ratings-again"),
    route("ratings/<int:pk>/read/", ReadingReply, "ratings-read"),
]
