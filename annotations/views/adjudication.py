"""Where raters differ: the list, one response with its answers and without a name, and a lead's decision."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access
from annotations import campaign_access as campaigns
from annotations.access import for_roles
from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.forms.adjudication import DecisionForm
from annotations.models import Campaign, CampaignItem, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import adjudication as queries
from annotations.queries import adjudication_lines as shown
from annotations.queries import guidelines
from annotations.queries.adjudication import OPEN, Difference, Wanted
from annotations.services import adjudication as service
from annotations.services.adjudication import AdjudicationProblem
from annotations.web import page_or_fragment, refused

LIST, FRAGMENT, READER = (
    f"annotations/{name}.html" for name in ("adjudication_list", "_adjudication_items", "adjudication")
)
FILTERS = ("state", "size", "config", "kind")


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def adjudication_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The items about which raters differ, the greatest differences first, and why they did by the decisions so far."""
    campaign, wanted = campaigns.campaign_for_reader(cast(User, request.user), pk), _wanted(request)
    rows = queries.differences(campaign)
    context = {
        "campaign": campaign,
        "wanted": wanted,
        "query": _query(request),
        "page": _page(request, queries.chosen(rows, wanted)),
        "totals": shown.totals(rows),
        "configs": shown.configs(rows),
        "kinds": KINDS,
        "causes": guidelines.causes(campaign),
        "leads": access.leads(cast(User, request.user), campaign.organisation_id),
    }
    return page_or_fragment(request, LIST, FRAGMENT, context)


@require_safe
@for_roles(LEAD, REVIEWER, ADMIN)
def adjudication(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One response beside its config, with what each rater said, under letters, and the decision."""
    campaign = campaigns.campaign_for_reader(cast(User, request.user), pk)
    return render(request, READER, _reader(request, campaign, _item(campaign, item)))


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def adjudicate(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The lead's decision is stored, and the next difference of the filter comes."""
    user = cast(User, request.user)
    campaign = campaigns.campaign_for_lead(user, pk)
    row = _item(campaign, item)
    rows = queries.chosen(queries.differences(campaign), _wanted(request))
    form = DecisionForm(_rules(row), request.POST)
    if form.is_valid():
        try:
            service.decide(item=row, decision=form.decision(), seen=form.cleaned_data["seen"], actor=user)
        except AdjudicationProblem as problem:
            form.add_error(problem.field or None, str(problem))
    if form.errors:
        return refused(request, READER, _reader(request, campaign, row, form))
    messages.success(request, gettext("Decided. The answers stay as they were."))
    return redirect(_onward(request, campaign, rows, row))


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def adjudication_reopen(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The decision counts no longer; it stays readable."""
    user = cast(User, request.user)
    campaign = campaigns.campaign_for_lead(user, pk)
    row = _item(campaign, item)
    try:
        service.reopen(item=row, actor=user)
    except AdjudicationProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, gettext("The decision counts no longer. It stays readable below."))
    return redirect(reverse("annotations:adjudication", args=[campaign.pk, row.pk]) + _query(request))


def _wanted(request: HttpRequest) -> Wanted:
    given = request.GET
    kind = given.get("kind", "")
    return Wanted(
        given.get("state") or OPEN, given.get("size", ""), whole_number(given.get("config", "")), kind * (kind in KINDS)
    )


def _query(request: HttpRequest) -> str:
    given = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    return f"?{urlencode(given)}" if given else ""


def _page(request: HttpRequest, rows: list[Difference]) -> Page[Any]:
    page: Page[Any] = Paginator(rows, 50).get_page(request.GET.get("page"))
    page.object_list = shown.lines(list(page.object_list))
    return page


def _item(campaign: Campaign, pk: int) -> CampaignItem:
    found = queries.item(campaign, pk)
    if found is None:
        raise Http404("This item does not count in its campaign: it is gold, practice, taken out, or of another one.")
    return found


def _rules(item: CampaignItem) -> list[str]:
    return [rule.id for rule in item.response.version.rule_list]


def _reader(
    request: HttpRequest, campaign: Campaign, item: CampaignItem, form: DecisionForm | None = None
) -> dict[str, Any]:
    rows, wanted = queries.differences(campaign), _wanted(request)
    said, decisions = queries.answers(item), queries.decisions(item)
    differ = any(row.item == item.pk for row in rows)
    decision = next((one for one in decisions if one.made.withdrawn_at is None), None)
    leads = access.leads(cast(User, request.user), campaign.organisation_id)
    return {
        "campaign": campaign,
        "item": item,
        "version": item.response.version,
        "prompt": item.response.prompt,
        "text": queries.text(item),
        "answers": said,
        "seen": queries.seen(said),
        "differ": differ,
        "open": leads and differ and decision is None,
        "decisions": decisions,
        "decision": decision,
        "leads": leads,
        "form": form or DecisionForm(_rules(item)),
        "wanted": wanted,
        "query": _query(request),
        "beside": queries.beside(queries.chosen(rows, wanted), item.pk),
    }


def _onward(request: HttpRequest, campaign: Campaign, rows: list[Difference], item: CampaignItem) -> str:
    """The address of the item that came after this one in the filter, else of the list."""
    if after := queries.beside(rows, item.pk).next:
        return reverse("annotations:adjudication", args=[campaign.pk, after]) + _query(request)
    return reverse("annotations:adjudication-list", args=[campaign.pk]) + _query(request)
