"""The items of a campaign: the list, one with its right answer, names hidden from raters, items in and out."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotations import access
from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead, campaign_for_reader, item_for_lead, item_for_reader
from annotations.core.answers import mask
from annotations.core.taxonomy import KINDS
from annotations.forms.campaign_items import GoldForm
from annotations.models import Campaign, CampaignItem, User
from annotations.models.campaigns import CLOSED
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.queries import campaign_items as queries
from annotations.services import campaign_gold, campaign_items
from annotations.services.campaign_items import ItemProblem
from annotations.web import page_or_fragment, paged, refused, wants_fragment

PAGE, LIST = "annotations/campaign_items.html", "annotations/_item_list.html"
ONE = "annotations/campaign_items_one.html"
FILTERS = ("show", "config", "kind", "source")


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_item_list(request: HttpRequest, pk: int) -> HttpResponse:
    """The items, those that name their model first. Posted, it hides these names or takes these items out."""
    user = cast(User, request.user)
    if request.method == "POST":
        return _all_naming(request, campaign_for_lead(user, pk))
    campaign = campaign_for_reader(user, pk)
    asked = queries.wanted(request.GET)
    page = paged(request, queries.matching(campaign, asked).only("pk", "campaign"))
    context = {
        "campaign": campaign,
        "asked": asked,
        "query": _query(request),
        "page": page,
        "lines": queries.lines(page),
        "may_change": _may_change(user, campaign),
    }
    if not wants_fragment(request):
        context |= {"totals": queries.totals(campaign), "words": queries.WORDS, "kinds": KINDS}
        context |= queries.choices(campaign)
    return page_or_fragment(request, PAGE, LIST, context)


def _may_change(user: User, campaign: Campaign) -> bool:
    return campaign.state != CLOSED and access.leads(user, campaign.organisation_id)


def _query(request: HttpRequest) -> str:
    given = {name: request.GET[name] for name in (*FILTERS, "after", "before") if request.GET.get(name)}
    return urlencode(given)


def _all_naming(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    user, do = cast(User, request.user), request.POST.get("do")
    doing = {"mask": campaign_items.mask_all, "take-out": campaign_items.take_out_naming}.get(do or "")
    if doing is None:
        messages.error(request, gettext("Choose what is to be done with the items that name their model."))
        return redirect("annotations:campaign-items", campaign.pk)
    try:
        number = doing(campaign=campaign, actor=user)
    except ItemProblem as problem:
        messages.error(request, str(problem))
    else:
        done = "masked: raters read [model] in place of the name" if do == "mask" else "taken out"
        messages.success(request, f"{number:,} item{'' if number == 1 else 's'} {done}.")
    return redirect("annotations:campaign-items", campaign.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def item_gold(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One item, whole; posted, its right answer is set, or taken away again."""
    user = cast(User, request.user)
    if request.method != "POST":
        one = item_for_reader(user, pk, item)
        return render(request, ONE, _page(request, one, GoldForm(one)))
    one = item_for_lead(user, pk, item)
    if request.POST.get("do") == "unset":
        unset = "The item is one like all others again."
        return _done(request, one, lambda: campaign_gold.unset_gold(item=one, actor=user), unset)
    form = GoldForm(one, request.POST)
    if form.is_valid() and form.save(user):
        messages.success(request, gettext("The right answer is set. Every rater gets this item once."))
        return redirect("annotations:item-gold", pk, item)
    return refused(request, ONE, _page(request, item_for_reader(user, pk, item), form))


def _page(request: HttpRequest, item: CampaignItem, form: GoldForm) -> dict[str, Any]:
    user = cast(User, request.user)
    return {
        "campaign": item.campaign,
        "item": item,
        "line": queries.lines([item])[0],
        "text": mask(item.response.text, item.names_model) if item.masked else item.response.text,
        "gold": campaign_gold.gold_of(item),
        "form": form,
        "query": _query(request),
        "may_change": _may_change(user, item.campaign),
        "may_open_config": access.configs(user).filter(pk=item.response.version.config_id).exists(),
    }


def _done(request: HttpRequest, item: CampaignItem, do: Callable[[], object], said: str) -> HttpResponse:
    """What was to be done is done, or the reason why not is told; then the page it was asked from."""
    try:
        do()
    except ItemProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, said)
    if "list" not in request.POST:
        return redirect("annotations:item-gold", item.campaign_id, item.pk)
    query = _query(request)
    return redirect(reverse("annotations:campaign-items", args=[item.campaign_id]) + (f"?{query}" if query else ""))


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def item_mask(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The model's name is hidden from raters, or shown again."""
    user = cast(User, request.user)
    one = item_for_lead(user, pk, item)
    if request.POST.get("do") == "unmask":
        return _done(request, one, lambda: campaign_items.unmask(item=one, actor=user), "The name is shown again.")
    name = request.POST.get("name", "")
    said = "The name is masked: raters read [model] in its place."
    return _done(request, one, lambda: campaign_items.mask(item=one, actor=user, name=name), said)


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def item_take_out(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The item is handed to nobody any more."""
    user = cast(User, request.user)
    one = item_for_lead(user, pk, item)
    said = "The item is out. What was said of it is kept and counts no longer; who holds it may still answer."
    return _done(request, one, lambda: campaign_items.take_out(item=one, actor=user), said)


@require_POST
@for_roles(LEAD, REVIEWER, ADMIN)
def item_put_back(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """The item is in the campaign again."""
    user = cast(User, request.user)
    one = item_for_lead(user, pk, item)
    said = "The item is in the campaign again, and what was said of it counts."
    return _done(request, one, lambda: campaign_items.put_back(item=one, actor=user), said)
