"""Where a judge and people differ about a response: the list, and the reader for one of them."""

from typing import Any, NamedTuple, cast

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from annotations.access import WATCHERS, for_roles
from annotations.campaign_access import campaign_for_reader, item_for_reader
from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.models import Campaign, CampaignItem, Rating, User
from annotations.models.campaigns import MOST_POINTS
from annotations.models.people import LEAD
from annotations.queries.kept import Later
from annotations.queries.rating_tables import rater_name
from annotations.templatetags.look import duration
from annotations.web import filter_query, waits, wants_fragment
from training import human_queries as queries
from training import human_reader as reader
from training.human_checks import DIRECTIONS
from training.human_queries import Wanted
from training.views.items import shown

PAGE, FRAGMENT, READER = (
    f"training/{name}.html" for name in ("campaign_differences", "_campaign_differences", "campaign_difference")
)
WAYS = (("false_safe", _("judge says yes, people no")), ("false_unsafe", _("judge says no, people yes")))


class Beside(NamedTuple):
    """The items before and after one in the filter, its place from 1 (0 when it is not there), and how many."""

    previous: int | None
    next: int | None
    place: int
    total: int


@require_safe
@for_roles(LEAD, *WATCHERS)
def campaign_differences(request: HttpRequest, pk: int) -> HttpResponse:
    """The items about which a judge and people differ, those first on which people are of one mind.

    Of many answers the list comes after the page, unless it is known.
    """
    campaign = campaign_for_reader(cast(User, request.user), pk)
    wanted = _wanted(request)
    context = {"campaign": campaign, "wanted": wanted, "query": _query(wanted), "kinds": KINDS, "ways": WAYS}
    whole = waits(request) or not wants_fragment(request)
    try:
        found = queries.parted(campaign, wait=waits(request) or not whole)
    except Later:
        return render(request, PAGE, context | {"later": True})
    page: Page[Any] = Paginator(queries.differences(found.items, wanted), 50).get_page(request.GET.get("page"))
    page.object_list = queries.lines(list(page.object_list))
    context["judges"], context["configs"] = queries.judges_of(found.judges), queries.configs_of(found.configs)
    return render(request, PAGE if whole else FRAGMENT, context | {"page": page})


@require_safe
@for_roles(LEAD, *WATCHERS)
def campaign_difference(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One item: the config beside prompt and response, every answer of people, every verdict of judges."""
    user = cast(User, request.user)
    row = item_for_reader(user, pk, item)
    wanted = _wanted(request)
    found = reader.read(row, user)
    context = {
        "campaign": row.campaign,
        "item": row,
        "found": found,
        "answers": [_answer(row, rating) for rating in found.answers],
        "verdicts": [shown(judgement) for judgement in found.judgements],
        "wanted": wanted,
        "query": _query(wanted),
        "beside": _beside(request, row.campaign, wanted, item),
        "lineage": reader.lineage(row, found.run_item),
    }
    return render(request, READER, context)


def _answer(item: CampaignItem, rating: Rating) -> dict[str, Any]:
    """An answer as the verdict component shows it, under a name of this campaign alone."""
    values = [
        (gettext("helpful"), gettext("%(points)s of %(most)s") % {"points": rating.points, "most": MOST_POINTS}),
        (gettext("follows the config"), gettext("yes") if rating.follows_config else gettext("no")),
        (gettext("risks"), ", ".join(rating.risks) or gettext("none") if rating.risks is not None else ""),
        (gettext("guideline"), f"v{rating.guideline.number}"),
        (gettext("time"), duration(rating.seconds) if rating.seconds is not None else ""),
    ]
    return {
        "judge": rater_name(item.campaign_id, rating.rater_id),
        "values": [(label, value) for label, value in values if value],
        "broken_rules": rating.broken_rules,
        "reasons": rating.comment,
    }


def _wanted(request: HttpRequest) -> Wanted:
    """What the filters ask for; an unknown value asks for nothing."""
    given = {name: request.GET.get(name, "") for name in Wanted._fields}
    return Wanted(
        whole_number(given["judge"]),
        whole_number(given["config"]),
        given["kind"] if given["kind"] in KINDS else "",
        given["direction"] if given["direction"] in DIRECTIONS else "",
    )


def _query(wanted: Wanted) -> str:
    return filter_query(wanted._asdict())


def _beside(request: HttpRequest, campaign: Campaign, wanted: Wanted, item: int) -> Beside | None:
    """Where the item stands in the filter; None when that comes after the page."""
    try:
        ids = [one.pk for one in queries.differences(queries.parted(campaign, wait=waits(request)).items, wanted)]
    except Later:
        return None
    if item not in ids:
        return Beside(None, None, 0, len(ids))
    at = ids.index(item)
    after = ids[at + 1] if at + 1 < len(ids) else None
    return Beside(ids[at - 1] if at else None, after, at + 1, len(ids))
