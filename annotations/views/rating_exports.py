"""Taking a campaign's answers away: what one gets, and the file."""

from itertools import chain, islice
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from annotations import access, exports
from annotations.access import WATCHERS, for_roles
from annotations.campaign_access import campaign_for_reader
from annotations.core import content_notice, export_card
from annotations.forms.rating_exports import RatingExportForm
from annotations.models import Campaign, User
from annotations.models.people import LEAD
from annotations.queries import rating_tables
from annotations.queries.rating_shapes import SHAPES
from annotations.services import audit
from annotations.views.exports import SHOWN, download, shown
from annotations.web import page_or_fragment, wants_fragment

PAGE, FRAGMENT = "annotations/rating_export.html", "annotations/_rating_export.html"
NOTHING = {
    "answers": "Nobody has sent an answer yet, so there is nothing to download.",
    "items": "The campaign has no item yet, so there is nothing to download.",
}
CAVEAT = "Answers that came later are not in it, nor what a lead decided later."


@require_safe
@for_roles(LEAD, *WATCHERS)
def campaign_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The choice of rows and format, with the first rows as they would be in the file, user names left out."""
    campaign = campaign_for_reader(cast(User, request.user), pk)
    form = RatingExportForm(request.GET)
    context = _context(request, campaign, form)
    if not form.is_valid():
        return render(request, FRAGMENT if wants_fragment(request) else PAGE, context, status=422)
    return page_or_fragment(request, PAGE, FRAGMENT, context | _preview(campaign, form))


@require_safe
@for_roles(LEAD, *WATCHERS)
def rating_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file; its first bytes leave before all rows are read. Only leads get user names, and that is recorded."""
    campaign = campaign_for_reader(cast(User, request.user), pk)
    form = RatingExportForm(request.GET)
    if not form.is_valid():
        return render(request, PAGE, _context(request, campaign, form), status=422)
    if form.user_names and not _leads(request, campaign):
        raise PermissionDenied
    table = rating_tables.table(campaign, form.shape_name, user_names=form.user_names, card=_card(campaign, form))
    rows = iter(table.rows)
    if (first := next(rows, None)) is None:
        return render(request, PAGE, _context(request, campaign, form) | _preview(campaign, form), status=422)
    if form.user_names and request.method == "GET":
        audit.record(
            actor=cast(User, request.user), action="export_names", obj=campaign, after={"format": form.format_name}
        )
    return download(table._replace(rows=chain([first], rows)), form.format_name)


def _leads(request: HttpRequest, campaign: Campaign) -> bool:
    return access.leads(cast(User, request.user), campaign.organisation_id)


def _context(request: HttpRequest, campaign: Campaign, form: RatingExportForm) -> dict[str, Any]:
    shape = form.shape_name if form.is_valid() else "answers"
    return {
        "campaign": campaign,
        "form": form,
        "shape": SHAPES[shape],
        "leads": _leads(request, campaign),
        "notice": _notice(campaign),
    }


def _notice(campaign: Campaign) -> str:
    return content_notice.notice(rating_tables.tag_counts(campaign), campaign.items.count())


def _card(campaign: Campaign, form: RatingExportForm) -> str:
    shape = SHAPES[form.shape_name]
    return export_card.card(
        title=f"{campaign.title}: {shape.label.lower()}",
        about=campaign.about,
        licence="",
        notice=_notice(campaign),
        day=timezone.localdate().isoformat(),
        columns=[(column.name, column.type, column.about) for column in shape.columns],
        caveat=CAVEAT,
    )


def _preview(campaign: Campaign, form: RatingExportForm) -> dict[str, Any]:
    table = rating_tables.table(campaign, form.shape_name)
    return {
        "table": table,
        "first": [[shown(value) for value in row] for row in islice(table.rows, SHOWN)],
        "count": rating_tables.number_of(campaign, form.shape_name),
        "nothing": NOTHING[form.shape_name],
        "format": exports.load(form.format_name).LABEL,
        "user_names": form.user_names,
    }
