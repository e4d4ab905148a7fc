"""Training runs: the form, what a run would take, and the buttons that launch, resume, finish, cancel, archive it."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.tasks import hint
from annotations.web import page_or_fragment, refused
from training import access
from training.forms.training import KINDS, TrainingForm, first_choices, fitting_preset, kinds_with_presets
from training.models import Node, TrainingRun
from training.recipes.run_dir import DPO
from training.recipes.settings import PRESETS
from training.services.trainer import bases, launch
from training.services.trainer.launch import TrainingProblem

FORM = "training/training_form.html"
CARRIED = {"base": "base", "set": "preference_set", "node": "node"}
"""What a link to another preset takes along, by its name there and in the form."""
MOST_TYPED = 500


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(ADMIN)
def training_new(request: HttpRequest) -> HttpResponse:
    """Choose what to train on what, where and how; a worker of the node checks it, then it waits for its launch."""
    user = cast(User, request.user)
    if request.method != "POST":
        chosen = _asked(request, user)
        return render(request, FORM, _page(TrainingForm(user, chosen["kind"], initial=chosen)))
    form = TrainingForm(user, _kind(request.POST.get("kind", "")), request.POST)
    run = form.start(user) if form.is_valid() else None
    if run is None:
        return refused(request, FORM, _page(form))
    hint(run)
    return redirect("training:training-detail", run.pk)


def _kind(asked: str) -> str:
    return asked if asked in KINDS else DPO


def _asked(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the form begins with: like another run, or as a link asks for it."""
    like = whole_number(request.GET.get("from", ""))
    if like is not None:
        run = access.training_for_reader(user, like)
        if run.kind in KINDS:
            preset = run.preset if run.preset in PRESETS else fitting_preset(run.node)
            return first_choices(run.kind, preset, {}) | launch.again(run) | {"preset": preset}
    node = _node(request.GET.get("node", ""))
    kind, preset = _kind(request.GET.get("kind", "")), request.GET.get("preset", "")
    chosen: dict[str, Any] = {field: whole_number(request.GET.get(name, "")) for name, field in CARRIED.items()}
    first = first_choices(kind, preset if preset in PRESETS else fitting_preset(node), chosen | {"node": node})
    typed = {name: request.GET.get(name, "")[:MOST_TYPED] for name in ("title", "typed")}
    return ({} if typed["typed"] else {"base": _first_base()}) | first | typed


def _node(asked: str) -> Node | None:
    """The node of a link, or the one with the most cards."""
    pk = whole_number(asked)
    nodes = list(access.nodes().prefetch_related("gpus"))
    wanted = next((one for one in nodes if one.pk == pk), None)
    return wanted or max(nodes, key=lambda one: (not one.problem, len(one.gpus.all())), default=None)


def _first_base() -> int | None:
    return bases.offered().values_list("pk", flat=True).first()


def _page(form: TrainingForm, **more: Any) -> dict[str, Any]:
    """The page of the form; its links to presets take along what is chosen."""
    known = {name: form[field].value() for name, field in CARRIED.items()}
    carried = {name: getattr(value, "pk", value) for name, value in known.items() if value}
    here = (form["kind"].value(), form["preset"].value())
    starts = [
        (
            label,
            [(one, (kind, name) == here, urlencode({"kind": kind, "preset": name} | carried)) for name, one in all_],
        )
        for kind, label, all_ in kinds_with_presets()
    ]
    preset = PRESETS.get(str(here[1]))
    return {"form": form, "starts": starts, "preset": preset, "kind": KINDS[_kind(str(here[0]))]} | more


@require_POST
@for_roles(ADMIN)
def training_estimate(request: HttpRequest) -> HttpResponse:
    """What the run of the form would take; nothing is stored. htmx gets the estimate alone."""
    form = TrainingForm(cast(User, request.user), _kind(request.POST.get("kind", "")), request.POST)
    told = form.estimate() if form.is_valid() else None
    answer = page_or_fragment(request, FORM, "training/_training_estimate.html", _page(form, estimate=told, asked=True))
    answer.status_code = 200 if told else 422
    return answer


@require_POST
@for_roles(*WORKERS)
def training_launch(request: HttpRequest, pk: int) -> HttpResponse:
    """Launch a run that was checked."""
    return _moved(request, pk, launch.launch, "It is started, and begins as soon as its cards are free.")


@require_POST
@for_roles(*WORKERS)
def training_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a run that failed or was cancelled; one that never trained is checked again."""
    return _moved(request, pk, launch.resume)


@require_POST
@for_roles(*WORKERS)
def training_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """End a run early and keep the model as it is by then."""
    return _moved(request, pk, launch.finish, "It ends after the step it is at, and writes the model.")


@require_POST
@for_roles(*WORKERS)
def training_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a run; its checkpoints stay, and it can be resumed."""
    return _moved(request, pk, launch.cancel)


@require_POST
@for_roles(*WORKERS)
def training_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a run that is over out of the lists; what came of it stays."""
    run = access.training_for_operator(cast(User, request.user), pk)
    try:
        launch.archive(run=run, actor=cast(User, request.user))
    except TrainingProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:training-detail", pk)
    messages.success(request, gettext("“%(value)s” is archived. Its checkpoints stay.") % {"value": run.title[:80]})
    return redirect("training:training-list")


def _moved(request: HttpRequest, pk: int, move: Callable[..., None], said: str = "") -> HttpResponse:
    run: TrainingRun = access.training_for_operator(cast(User, request.user), pk)
    try:
        move(run=run, actor=cast(User, request.user))
    except TrainingProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:training-detail", pk)
    if said:
        messages.success(request, said)
    if run.is_open:
        hint(run)
    return redirect("training:training-detail", pk)
