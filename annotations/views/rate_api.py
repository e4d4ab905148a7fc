"""What the rating page asks the server while somebody rates: JSON in, JSON out."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from annotations import campaign_access as access
from annotations.access import RATERS, for_roles
from annotations.core import answers
from annotations.core.answers import AnswerProblem
from annotations.models import Enrolment, User
from annotations.queries import rating as queries
from annotations.services import ratings, slots
from annotations.services.ratings import RatingProblem

Said = Mapping[str, Any]
ITEM, CONFIG = "annotations/_rate_item.html", "annotations/_rate_config.html"
MOST_KEYS = 8


def _answering(view: Callable[..., dict[str, Any]]) -> Callable[..., HttpResponseBase]:
    """The view with the rater's enrolment and the JSON that came; a refusal is 400 or 409, in words."""

    @require_POST
    @for_roles(*RATERS)
    @wraps(view)
    def asked(request: HttpRequest, pk: int, **named: Any) -> HttpResponseBase:
        enrolment = access.place_of_rater(cast(User, request.user), pk)
        try:
            return JsonResponse(view(enrolment, _read(request), **named))
        except AnswerProblem as problem:
            return JsonResponse({"error": str(problem), "field": problem.field}, status=400)
        except RatingProblem as problem:
            return JsonResponse({"error": str(problem)}, status=400)
        except slots.Conflict as conflict:
            return JsonResponse({"error": str(conflict)}, status=409)

    return asked


def _read(request: HttpRequest) -> Said:
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as problem:
        raise RatingProblem(gettext("What was sent is not JSON. Load the page again.")) from problem
    if not isinstance(said, dict):
        raise RatingProblem(gettext("What was sent is not a JSON object. Load the page again."))
    return said


@_answering
def rate_next(enrolment: Enrolment, said: Said) -> dict[str, Any]:
    """The item before this rater, or the one after it with `ahead`; else why there is none."""
    return _turn(enrolment, ahead=said.get("ahead") is True)


def _turn(enrolment: Enrolment, *, ahead: bool) -> dict[str, Any]:
    turn = slots.turn(enrolment, ahead=ahead)
    if turn.assignment is None:
        return {"item": None, "why": turn.why, "words": slots.WHY_NOTHING[turn.why]}
    return {"item": item(queries.shown(turn.enrolled, turn.assignment))}


def item(shown: queries.Shown) -> dict[str, Any]:
    """An item as JSON for the page, with the HTML it is shown by."""
    told = {
        "key": str(shown.key),
        "until": shown.until,
        "guideline": shown.guideline,
        "html": item_html(shown),
        "draft": shown.draft,
        "practice": shown.practice,
        "progress": shown.progress._asdict(),
    }
    return told if shown.answer is None else told | {"answer": shown.answer, "replaces": str(shown.replaces)}


def item_html(shown: queries.Shown) -> SafeString:
    """The part of the rating page that shows one item: config, prompt and response."""
    return render_to_string(ITEM, {"shown": shown, "config_html": config_html(shown.config)})


@lru_cache(maxsize=256)
def config_html(config: queries.Config) -> SafeString:
    """The config beside an item, rendered once: its Markdown costs more than all the rest of a request."""
    return render_to_string(CONFIG, {"config": config})


@_answering
def rate_submit(enrolment: Enrolment, said: Said, key: UUID) -> dict[str, Any]:
    """The answer is stored, or an own one replaced; with `next` the item to be fetched ahead comes along."""
    sent = ratings.submit(
        enrolment,
        key=key,
        answer=_answer(enrolment, said, key),
        token=_token(said, "token"),
        guideline=_whole(said, "guideline"),
        replaces=_token(said, "replaces") if said.get("replaces") else None,
        measured=said.get("queued") is not True,
    )
    told = {
        "saved": sent.rating.created_at,
        "token": str(sent.rating.token),
        "again": sent.again,
        "progress": queries.progress(sent.enrolled)._asdict(),
        "practice": queries.practised(sent.rating),
        "break": queries.break_is_due(sent.enrolled),
    }
    return told | {"next": _turn(enrolment, ahead=True)} if said.get("next") is True else told


def _answer(enrolment: Enrolment, said: Said, key: UUID) -> answers.Answer:
    """What was said, checked. Which rules and risks there are is looked up only for an answer that names some."""
    rules = queries.rules_of(enrolment, key) if said.get("broken_rules") else ()
    return answers.read(said, rules, ask_risks=bool(said.get("risks")) and enrolment.campaign.ask_risks)


@_answering
def rate_draft(enrolment: Enrolment, said: Said, key: UUID) -> dict[str, Any]:
    """What was begun is kept on the server, for this rater alone."""
    return {"saved": ratings.save_draft(enrolment, key=key, values=said).saved_at}


@_answering
def rate_beat(enrolment: Enrolment, said: Said) -> dict[str, Any]:
    """Until when each of the named slots is held; one that is not in the answer is lost."""
    given = said.get("keys") or []
    if not isinstance(given, list) or len(given) > MOST_KEYS:
        raise AnswerProblem(gettext("keys"), "Give a list of the items that are held.")
    held = slots.beat(enrolment, [_uuid(one, "keys") for one in given])
    return {"held": {str(key): until for key, until in held.items()}}


@_answering
def rate_skip(enrolment: Enrolment, said: Said, key: UUID) -> dict[str, Any]:
    """The item goes to somebody else, with the reason."""
    ratings.skip(enrolment, key=key, reason=_text(said, "reason"), note=_text(said, "note"))
    return {"skipped": True}


@_answering
def rate_flag(enrolment: Enrolment, said: Said, key: UUID) -> dict[str, Any]:
    """The lead gets to read what this person wrote of the item."""
    ratings.flag(enrolment, key=key, text=_text(said, "text"))
    return {"flagged": True}


@_answering
def rate_back(enrolment: Enrolment, said: Said) -> dict[str, Any]:
    """An own answer again, to change it: the last one, or that before the slot `before`."""
    before = _uuid(said["before"], "before") if said.get("before") else None
    rating = queries.answer_before(enrolment, before)
    return {"item": item(queries.shown(enrolment, rating.assignment, rating)) if rating else None}


def _text(said: Said, name: str) -> str:
    value = said.get(name) or ""
    if not isinstance(value, str):
        raise AnswerProblem(name, "This is to be text.")
    return value


def _token(said: Said, name: str) -> UUID:
    return _uuid(said.get(name), name)


def _uuid(value: object, name: str) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as problem:
        raise AnswerProblem(name, "This is not a UUID. Load the page again.") from problem


def _whole(said: Said, name: str) -> int | None:
    value = said.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31):
        return value
    raise AnswerProblem(name, "This is not a whole number. Load the page again.")
