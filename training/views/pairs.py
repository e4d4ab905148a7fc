"""What became of each prompt of a recipe: the list, and one prompt with every response, error and pair."""

from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations.access import WORKERS, for_roles
from annotations.core.pairing import OUTCOMES
from annotations.core.recipe import BadRecipe
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.services.chores import ChoreProblem
from annotations.web import page_or_fragment, paged, refused
from training import access, pair_queries
from training.forms.pairs import WeightsForm, wanted
from training.models import Stage
from training.models.recipes import SPLITS
from training.pair_preview import show
from training.pair_queries import SHOWN, Wanted
from training.services.building.pair_material import Asked, Material

LIST, ONE = "training/pair_prompts.html", "training/pair_preview.html"


def _stage(request: HttpRequest, pk: int, stage: int) -> Stage:
    """The stage whose prompts have responses that are read, or 404."""
    found = access.stage_for_reader(cast(User, request.user), pk, stage)
    if found.kind not in pair_queries.KINDS:
        raise Http404("Only the steps that read responses and build pairs have a page of prompts.")
    return found


def _query(asked: Wanted, **more: object) -> str:
    return urlencode({name: value for name, value in {**asked._asdict(), **more}.items() if value not in ("", None)})


@require_safe
@for_roles(*WORKERS)
def stage_prompts(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """The kept prompts of a step, each with what became of it, filtered by that, by split and by words."""
    one, asked = _stage(request, pk, stage), wanted(request.GET)
    context: dict[str, Any] = {"stage": one, "asked": asked, "query": _query(asked)}
    context |= {"outcomes": OUTCOMES, "splits": SPLITS, "filtered": any(asked)}
    try:
        context |= _rows(request, Material(one), asked)
    except (BadRecipe, ChoreProblem) as problem:
        context["problem"] = str(problem)
    return page_or_fragment(request, LIST, "training/_pair_prompts.html", context)


def _rows(request: HttpRequest, of: Material, asked: Wanted) -> dict[str, Any]:
    """A numbered page of all of them; with an outcome asked for, as many as could be found from one prompt on."""
    if not asked.outcome:
        page = paged(request, pair_queries.labels(of, asked), size=SHOWN)
        return {"page": page, "rows": pair_queries.rows(of, list(page.object_list))}
    after = whole_number(request.GET.get("after", "")) or 0
    found = pair_queries.look(of, asked, after=after)
    further = _query(asked, after=found.further) if found.further else ""
    return {"rows": found.rows, "looked": found.looked, "further": further, "after": after}


@require_safe
@for_roles(*WORKERS)
def pair_preview(request: HttpRequest, pk: int, stage: int, prompt: int) -> HttpResponse:
    """One prompt: its responses, their errors under each config, the pairs that arise, and why the others are none."""
    one, asked = _stage(request, pk, stage), wanted(request.GET)
    try:
        of = Material(one)
    except (BadRecipe, ChoreProblem) as problem:
        return render(request, ONE, {"stage": one, "problem": str(problem)})
    found = of.some([prompt]) if whole_number(str(prompt)) else []
    if not found:
        raise Http404("This prompt was not kept when the prompts were labelled.")
    form = WeightsForm(request.GET, of.settings.weights)
    context = _shown(of, found[0], form) | _beside(of, asked, prompt, form)
    context |= {"stage": one, "query": _query(asked), "asked": asked}
    return render(request, ONE, context) if form.is_valid() else refused(request, ONE, context)


def _shown(of: Material, asked: Asked, form: WeightsForm) -> dict[str, Any]:
    now = pair_queries.tried(of, form.weights)
    shown = show(asked, now)
    return {
        "prompt": asked,
        "label": of.labels.select_related("prompt").get(prompt=asked.id),
        "risks": of.taxonomy.names(asked.risks),
        "form": form,
        "weights": now.settings.weights,
        "shown": shown,
        "replies": pair_queries.replies(of, asked, shown.dropped),
    }


def _beside(of: Material, asked: Wanted, prompt: int, form: WeightsForm) -> dict[str, Any]:
    """The way to the prompts beside this one, with the filter and the weights kept."""
    tried = asdict(form.weights) if form.changed else {}
    return {"beside": pair_queries.beside(of, asked, prompt), "kept": _query(asked, **tried)}
