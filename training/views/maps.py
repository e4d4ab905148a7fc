"""Maps of prompts: make one, follow it, look at it, look into a cluster."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.access import AUTHORS, WORKERS, for_roles, may_run, roles
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.services import chores
from annotations.tasks import hint
from annotations.web import page_or_fragment, paged, refused
from training import access, clustering
from training import map_queries as reads
from training.clustering import DENSE, PLAIN
from training.forms.clusters import desk
from training.forms.maps import MapForm
from training.models import PromptMap
from training.services import maps

FORM = "training/map_form.html"
PAGE, LIVE = "training/map_detail.html", "training/_map_live.html"
CLUSTERS = 25


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def map_list(request: HttpRequest) -> HttpResponse:
    """Every map the person may read, the newest first."""
    person = _person(request)
    may_add = bool(roles(person) & {*AUTHORS, ADMIN})
    context = {"page": paged(request, access.maps(person), size=25), "may_add": may_add}
    return render(request, "training/map_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def map_new(request: HttpRequest) -> HttpResponse:
    """The form of a map; once it is right, a worker makes it."""
    person = _person(request)
    context: dict[str, Any] = {"missing": maps.missing(DENSE)}
    if request.method != "POST":
        form = MapForm(person, initial={"benchmark": request.GET.get("prompts")})
        return render(request, FORM, context | {"form": form})
    form = MapForm(person, request.POST)
    row = form.start(person) if form.is_valid() else None
    if row is None:
        return refused(request, FORM, context | {"form": form})
    hint(row)
    return redirect("training:map-detail", row.pk)


@require_safe
@for_roles(*WORKERS)
def map_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the map is; then its picture, with the clusters beside it."""
    person = _person(request)
    row = access.map_for_reader(person, pk)
    context = {
        "map": row,
        "method": gettext(clustering.label(row.settings.get("method", PLAIN))),
        "may_write": may_run(person, row.organisation_id),
        "moved": request.GET.get("known", row.state) != row.state,
        **(_looked_at(request, row) if reads.is_ready(row) else {}),
    }
    return page_or_fragment(request, PAGE, LIVE, context)


def _looked_at(request: HttpRequest, row: PromptMap) -> dict[str, Any]:
    state = request.GET.get("state", "")
    page = paged(request, reads.table(row, state), size=CLUSTERS)
    dots, signs = reads.drawn(row)
    return {
        "page": page,
        "rows": reads.shown(row, list(page.object_list)),
        "state": state,
        "states": reads.choices(row),
        "tally": reads.tally(row),
        "dots": dots,
        "signs": signs,
    }


@require_safe
@for_roles(*WORKERS)
def map_points(request: HttpRequest, pk: int) -> HttpResponse:
    """All points of a finished map, compact; with `?at=` the prompt of one of them."""
    row = access.map_for_reader(_person(request), pk)
    if not reads.is_ready(row):
        raise Http404("This map is not ready. Open its page to see how far it is.")
    if "at" not in request.GET:
        return JsonResponse(reads.packed(row), json_dumps_params={"separators": (",", ":")})
    place = request.GET["at"]
    prompt = reads.prompt_at(row, int(place)) if place.isdecimal() and len(place) < 10 else None
    if prompt is None:
        raise Http404("There is no such point on this map.")
    return JsonResponse({"text": prompt.text, "language": prompt.language})


@require_POST
@for_roles(*AUTHORS, ADMIN)
def map_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop making a map; the vectors that were made are kept."""
    row = access.map_for_author(_person(request), pk)
    try:
        chores.cancel(row=row, actor=_person(request))
    except chores.ChoreProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:map-detail", row.pk)


@require_safe
@for_roles(*WORKERS)
def cluster_detail(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A cluster: some of its prompts, what lies near to it, and for authors what can be made of it."""
    person = _person(request)
    row = access.map_for_reader(person, pk)
    cluster = get_object_or_404(row.clusters.select_related("into", "parent"), number=number)
    cluster.map = row
    asked = request.GET.get("seed", "0")
    seed = int(asked) if asked.isdecimal() and len(asked) < 7 else 0
    context = {
        "map": row,
        "cluster": cluster,
        "row": reads.shown(row, [cluster])[0],
        "meaning": reads.meaning(cluster.state),
        "sample": reads.sample(cluster, seed),
        "seed": seed,
        "neighbours": reads.neighbours(row, cluster),
        "parts": cluster.parts.order_by("number") if cluster.state == "split" else (),
        "desk": desk(cluster, may_write=may_run(person, row.organisation_id)),
    }
    return render(request, "training/cluster_detail.html", context)
