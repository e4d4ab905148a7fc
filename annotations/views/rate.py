"""The page of raters as plain pages and forms: it works without a script, and a script makes it quick."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from annotations import campaign_access as access
from annotations.access import RATERS, for_roles
from annotations.core import answers
from annotations.core.answers import AnswerProblem
from annotations.core.storable import whole_number
from annotations.core.taxonomy import SLUGS
from annotations.models import Assignment, Enrolment, Guideline, Rating, User
from annotations.models.ratings import DONE, HELD
from annotations.queries import rating as queries
from annotations.services import ratings, slots
from annotations.services.ratings import RatingProblem
from annotations.views import rate_api
from annotations.web import page_or_fragment

PAGE, GUIDELINE = "annotations/rate.html", ("annotations/rate_guideline.html", "annotations/_rate_guideline.html")
NOT_YOURS = "That item is not yours to answer any more. Here is the next one."


class Said(NamedTuple):
    """What stands in the form, chosen or typed; every value as the form writes it."""

    points: str = ""
    follows: str = ""
    broken: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    comment: str = ""


@require_safe
@for_roles(*RATERS)
def rate(request: HttpRequest, pk: int) -> HttpResponse:
    """The item before this rater, or why there is none; to the start of the campaign for who has not begun it."""
    enrolment = _enrolment(request, pk)
    if enrolment.accepted_at is None:
        return redirect("annotations:rate-start", pk)
    return _page(request, enrolment, _turn(enrolment))


@require_safe
@for_roles(*RATERS)
def rate_item(request: HttpRequest, pk: int, key: UUID) -> HttpResponse:
    """An item this rater holds or has answered, once more; an answer of practice with the right one beside it."""
    enrolment = _enrolment(request, pk)
    slot = _slot(enrolment, key)
    shown = _shown(enrolment, slot)
    if shown is None:
        messages.warning(request, NOT_YOURS)
        return redirect("annotations:rate", pk)
    return _page(request, enrolment, {"shown": shown, "judged": _judged(slot) if shown.answer else None})


@require_POST
@for_roles(*RATERS)
def rate_send(request: HttpRequest, pk: int, key: UUID) -> HttpResponse:
    """A plain form: the answer is stored, or the item passed on; then the next one, after practice the right answer."""
    enrolment = _enrolment(request, pk)
    try:
        if request.POST.get("skip"):
            ratings.skip(enrolment, key=key, reason=_reason(request.POST))
            return redirect("annotations:rate", pk)
        sent = ratings.submit(enrolment, key=key, **_answer(enrolment, request.POST, key))
    except (AnswerProblem, RatingProblem, slots.Conflict) as problem:
        return _refused(request, enrolment, key, str(problem))
    if sent.rating.item.practice:
        return redirect("annotations:rate-item", pk, sent.rating.assignment.key)
    return redirect("annotations:rate", pk)


@require_safe
@for_roles(*RATERS)
def rate_guideline(request: HttpRequest, pk: int) -> HttpResponse:
    """The guideline of a campaign as it is now."""
    enrolment = _enrolment(request, pk)
    found = {"campaign": enrolment.campaign, "guideline": _guideline(enrolment)}
    return page_or_fragment(request, *GUIDELINE, found)


def _enrolment(request: HttpRequest, pk: int) -> Enrolment:
    return access.enrolment_for_rater(cast(User, request.user), pk)


def _slot(enrolment: Enrolment, key: UUID) -> Assignment:
    return get_object_or_404(Assignment.objects.select_related("item"), campaign=enrolment.campaign_id, key=key)


def _turn(enrolment: Enrolment) -> dict[str, Any]:
    try:
        turn = slots.turn(enrolment)
    except slots.Conflict as conflict:
        return {"why": "", "words": str(conflict)}
    if turn.assignment is None:
        return {"why": turn.why, "words": slots.WHY_NOTHING[turn.why]}
    return {"shown": queries.shown(enrolment, turn.assignment)}


def _shown(enrolment: Enrolment, slot: Assignment) -> queries.Shown | None:
    """The item of a slot this rater holds, or their answer on it; None when it is neither."""
    if slot.rater_id != enrolment.rater_id or slot.state not in (HELD, DONE):
        return None
    rating = queries.own_answers(enrolment).filter(assignment=slot).first()
    return queries.shown(enrolment, slot, rating) if rating or slot.state == HELD else None


def _judged(slot: Assignment) -> dict[str, Any] | None:
    rating = Rating.objects.select_related("item").get(assignment=slot, withdrawn_at=None)
    return queries.practised(rating)


def _guideline(enrolment: Enrolment) -> Guideline | None:
    return Guideline.objects.filter(campaign=enrolment.campaign_id).order_by("-number").first()


def _reason(posted: QueryDict) -> str:
    how = posted.get("skip", "")
    return posted.get("reason", "") if how == "reason" else how


def _answer(enrolment: Enrolment, posted: QueryDict, key: UUID) -> dict[str, Any]:
    """What `ratings.submit` takes. A form without a readable token gets one, so that it is stored all the same."""
    typed = posted.dict() | {name: posted.getlist(name) for name in ("broken_rules", "risks")}
    rules = queries.rules_of(enrolment, key)
    return {
        "answer": answers.read(typed, rules, ask_risks=enrolment.campaign.ask_risks),
        "token": _uuid(posted.get("token", "")) or uuid4(),
        "replaces": _uuid(posted.get("replaces", "")),
        "guideline": whole_number(posted.get("guideline", "")),
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _refused(request: HttpRequest, enrolment: Enrolment, key: UUID, problem: str) -> HttpResponse:
    """The same item with all that was typed; the next one, and what was written, when it is not this rater's now."""
    shown, typed = _shown(enrolment, _slot(enrolment, key)), request.POST
    told = {"shown": shown, "said": _typed(typed)} if shown else _turn(enrolment) | {"comment": typed.get("comment")}
    return _page(request, enrolment, told | {"problem": problem}, status=422)


def _page(request: HttpRequest, enrolment: Enrolment, told: dict[str, Any], status: int = 200) -> HttpResponse:
    shown: queries.Shown | None = told.get("shown")
    item = rate_api.item(shown) if shown else None
    before = queries.answer_before(enrolment, shown.key if shown else None)
    context: dict[str, Any] = {
        "campaign": enrolment.campaign,
        "guideline": _guideline(enrolment),
        "progress": queries.progress(enrolment),
        "item": item,
        "item_json": json.dumps(item and {**item, "html": None}, cls=DjangoJSONEncoder),
        "editing": bool(shown and shown.answer),
        "before": before and before.assignment.key,
        "said": _said((shown.answer or shown.draft or {}) if shown else {}),
        "token": uuid4(),
        "risk_slugs": SLUGS,
        "list_url": _list_url(),
    }
    return render(request, PAGE, context | told, status=status)


def _list_url() -> str:
    try:
        return reverse("annotations:rate-list")
    except NoReverseMatch:
        return reverse("home")


def _said(values: Mapping[str, Any]) -> Said:
    """An answer or a draft as the form shows it; a draft may hold anything."""
    points, follows = values.get("points"), values.get("follows_config")
    word = {"True": "yes", "False": "no"}.get(str(follows), str(follows))
    broken, risks = (_strings(values.get(name)) for name in ("broken_rules", "risks"))
    return Said(str(points), word, broken, risks, str(values.get("comment") or ""))


def _strings(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _typed(posted: QueryDict) -> Said:
    broken, risks = (tuple(posted.getlist(name)) for name in ("broken_rules", "risks"))
    return Said(posted.get("points", ""), posted.get("follows_config", ""), broken, risks, posted.get("comment", ""))
