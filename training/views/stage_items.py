"""The items behind a stage of a recipe: the list, and the reader for one."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.access import WORKERS, for_roles, one_or_404
from annotations.models import User
from annotations.web import asked_filters, filter_query, page_or_fragment, paged
from training import access, queries, stage_items
from training.services.building import chain
from training.views.items import shown

FILTERS = ("run", "state")


@require_safe
@for_roles(*WORKERS)
def stage_item_list(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """Every item of the stage's runs, filtered by run and by how far it is."""
    one = access.stage_for_reader(cast(User, request.user), pk, stage)
    wanted = asked_filters(request, FILTERS)
    context = {
        "stage": one,
        "wanted": wanted,
        "query": filter_query(wanted),
        "runs": stage_items.runs(one),
        "states": stage_items.STATES,
        "page": paged(request, stage_items.items(one, **wanted)),
    }
    return page_or_fragment(request, "training/stage_items.html", "training/_stage_items.html", context)


@require_safe
@for_roles(*WORKERS)
def stage_item(request: HttpRequest, pk: int, stage: int, item: int) -> HttpResponse:
    """One item: the config it stands under beside prompt and response, every verdict, every call."""
    one = access.stage_for_reader(cast(User, request.user), pk, stage)
    wanted = asked_filters(request, FILTERS)
    found = one_or_404(stage_items.items(one).select_related("response__system_prompt"), pk=item)
    beside = stage_items.items(one, run=str(found.run_id), state=wanted["state"])
    taxonomy = chain.taxonomy(one.taxonomy)
    context = {
        "stage": one,
        "item": found,
        "allowed": taxonomy.names(found.synthesised.allowed) if found.synthesised else "",
        "verdicts": [shown(judgement) for judgement in found.judgements.select_related("judge__model")],
        "calls": found.calls.select_related("judge").order_by("pk"),
        "beside": queries.neighbours(beside, found),
        "query": filter_query(wanted),
        "lineage": stage_items.item_lineage(found, one),
    }
    return render(request, "training/stage_item.html", context)
