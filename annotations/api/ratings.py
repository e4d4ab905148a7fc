"""Rating, for the rater alone: where one rates, what one chooses, the next item, answers, passing on, own answers."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.response import Response

from annotations import campaign_access as access
from annotations import models
from annotations.access import RATERS
from annotations.api.endpoint import Endpoint, changes, lists, reads, route
from annotations.api.problems import refused
from annotations.api.rating_shapes import (
    Choices,
    Holds,
    Keys,
    NewAnswer,
    NewSkip,
    NextItem,
    OwnAnswer,
    RatedItem,
    RatingPlace,
    SentAnswer,
    Start,
    WantsNext,
)
from annotations.core import answers
from annotations.core.answers import AnswerProblem
from annotations.models.ratings import DONE, HELD
from annotations.queries import rating as queries
from annotations.queries import wellbeing as own
from annotations.services import ratings, slots
from annotations.services import wellbeing as care
from annotations.services.ratings import RatingProblem
from annotations.services.wellbeing import CareProblem


class Rating(Endpoint):
    """What all addresses of a rater share."""

    resource, roles = "ratings", RATERS
    refusals = (RatingProblem, CareProblem)
    conflicts = (slots.Conflict,)
    words = {"pk": "Id of the campaign.", "key": "Key of the item, as you were handed it."}

    def handle_exception(self, exc: Exception) -> Response:
        """The problem that tells of it, with the field of an answer."""
        return super().handle_exception(refused(str(exc), exc.field) if isinstance(exc, AnswerProblem) else exc)

    def place(self, pk: int) -> models.Enrolment:
        """The person's place in a campaign that has begun, or 404."""
        return access.enrolment_for_rater(self.user, pk)


class Places(Rating):
    """Where one rates."""

    @lists(RatingPlace, order=("-campaign_id",))
    def get(self) -> QuerySet[models.Enrolment]:
        """The campaigns you rate in, the newest first."""
        return access.enrolments(self.user)


class BeforeIt(Rating):
    """What a campaign holds, before one begins."""

    @reads(Start)
    def get(self, pk: int) -> dict[str, Any]:
        """What a campaign holds and asks, your choices in it, and what bounds your work."""
        return _start(self.place(pk))


class Choosing(Rating):
    """Beginning it, and other choices."""

    @changes(Choices, Start)
    def post(self, pk: int) -> dict[str, Any]:
        """You have read what it holds and begin it with these choices; or change them, from the next item on."""
        row = self.place(pk)
        choose = care.change if row.accepted_at else care.accept
        choose(row, **self.said)
        return _start(self.place(pk))


class Next(Rating):
    """The next item."""

    @changes(WantsNext, NextItem)
    def post(self, pk: int) -> dict[str, Any]:
        """The item before you, or one handed out now; else why there is none. Bounds and breaks hold."""
        turn = slots.turn(self.place(pk), ahead=self.said["ahead"])
        if turn.assignment is None:
            return {"item": None, "why": turn.why, "words": slots.WHY_NOTHING[turn.why]}
        return {"item": queries.shown(turn.enrolled, turn.assignment), "why": "", "words": ""}


class Item(Rating):
    """One item."""

    @reads(RatedItem)
    def get(self, pk: int, key: UUID) -> queries.Shown:
        """An item that you hold or have answered."""
        row = self.place(pk)
        mine = models.Assignment.objects.filter(campaign=row.campaign_id, rater=row.rater_id, key=key)
        slot = mine.filter(state__in=(HELD, DONE)).first()
        rating = queries.own_answers(row).filter(assignment=slot).first() if slot else None
        if slot is None or (slot.state == DONE and rating is None):
            raise Http404
        return queries.shown(row, slot, rating)


class Answering(Rating):
    """An answer."""

    @changes(NewAnswer, SentAnswer)
    def post(self, pk: int, key: UUID) -> dict[str, Any]:
        """Your answer is stored, or takes the place of your own one; 409 when the item is not yours any more."""
        row, said = self.place(pk), self.said
        known = queries.rules_of(row, key) if said.get("broken_rules") else ()
        sent = ratings.submit(
            row,
            key=key,
            answer=answers.read(said, known, ask_risks=row.campaign.ask_risks),
            token=said["token"],
            guideline=said.get("guideline"),
            replaces=said.get("replaces"),
            measured=not said.get("queued", False),
        )
        return {
            "saved": sent.rating.created_at,
            "token": sent.rating.token,
            "again": sent.again,
            "progress": queries.progress(sent.enrolled),
            "practice": queries.practised(sent.rating),
            "break_due": queries.break_is_due(sent.enrolled),
        }


class Skipping(Rating):
    """Passing on."""

    @changes(NewSkip, None)
    def post(self, pk: int, key: UUID) -> None:
        """You pass on an item you hold: it goes to somebody else, and counts against nothing."""
        ratings.skip(self.place(pk), key=key, **self.said)


class Answers(Rating):
    """The own answers."""

    @lists(OwnAnswer, order=("-assignment__done_at", "-assignment__key"))
    def get(self, pk: int) -> QuerySet[models.Rating]:
        """Your answers in force, the newest first; another one may take the place of each while the campaign runs."""
        return queries.own_answers(self.place(pk))


class Holding(Rating):
    """Keeping what one holds."""

    @changes(Keys, Holds)
    def post(self, pk: int) -> dict[str, Any]:
        """You still work on these items: they are held anew. Say so only while somebody does."""
        held = slots.beat(self.place(pk), self.said["keys"])
        return {"held": {str(key): until for key, until in held.items()}}


class Resting(Rating):
    """A break."""

    @changes(None, None)
    def post(self, pk: int) -> None:
        """You have had a break: what came in a row, and your time of work, begin anew."""
        slots.rest(self.place(pk))


class Leaving(Rating):
    """Stopping."""

    @changes(None, None)
    def post(self, pk: int) -> None:
        """You stop for now: what you hold goes back unanswered."""
        slots.release(self.place(pk))


def _start(row: models.Enrolment) -> dict[str, Any]:
    campaign, queue = row.campaign, own.queue(row.campaign)
    guideline = campaign.guidelines.order_by("-number").first()
    return {
        "campaign": campaign.pk,
        **{name: getattr(campaign, name) for name in ("title", "about", "support_contact", "ask_risks")},
        "guideline": guideline.number if guideline else None,
        "guideline_text": guideline.text if guideline else "",
        "items": queue.total,
        "tagged": queue.tagged,
        "shares": [{"category": one.category.slug, "items": one.items, "of": one.of} for one in queue.shares],
        "begun": row.accepted_at is not None,
        "declined": row.declined,
        "folds": row.folds,
        "left": queue.left(row.declined),
        "bounds": own.bounds(row),
        "active_seconds": row.active_seconds,
        "break_minutes": campaign.break_minutes,
        "break_due": queries.break_is_due(row),
    }


ROUTES = [
    route("ratings/", Places, "ratings-list"),
    route("ratings/<int:pk>/start/", BeforeIt, "ratings-start"),
    route("ratings/<int:pk>/begin/", Choosing, "ratings-begin"),
    route("ratings/<int:pk>/next/", Next, "ratings-next"),
    route("ratings/<int:pk>/hold/", Holding, "ratings-hold"),
    route("ratings/<int:pk>/rest/", Resting, "ratings-rest"),
    route("ratings/<int:pk>/leave/", Leaving, "ratings-leave"),
    route("ratings/<int:pk>/answers/", Answers, "ratings-answers"),
    route("ratings/<int:pk>/items/<uuid:key>/", Item, "ratings-item"),
    route("ratings/<int:pk>/items/<uuid:key>/answer/", Answering, "ratings-answer"),
    route("ratings/<int:pk>/items/<uuid:key>/skip/", Skipping, "ratings-skip"),
]
