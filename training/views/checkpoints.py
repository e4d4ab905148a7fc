"""Checkpoints: the list, one with all it came from and came to, its card, its files, and what people decide."""

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.services import links
from annotations.services.artifacts import ArtifactProblem
from annotations.views import downloads
from annotations.web import asked_filters, paged, refused
from training import access
from training import checkpoint_queries as reads
from training.forms.checkpoints import PromoteForm
from training.models import Checkpoint
from training.recipes.settings import PRESETS
from training.services import checkpoints
from training.services.checkpoints import CheckpointProblem
from training.services.trainer import card, export, kept, origins

PAGE = "training/checkpoint_detail.html"
CONFLICT, WHAT = 409, "checkpoint"


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def checkpoint_list(request: HttpRequest) -> HttpResponse:
    """The checkpoints the person may read, the newest first, by base, preference set, state and words."""
    person, wanted = _person(request), asked_filters(request, reads.FILTERS)
    mine = access.checkpoints(person)
    page = paged(request, reads.listed(mine, wanted), size=25)
    context = {
        "page": page,
        "rows": reads.rows(page.object_list, access.runs(person)),
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "may_train": access.may_train(person),
        **reads.choices(mine),
    }
    return render(request, "training/checkpoint_list.html", context)


@require_safe
@for_roles(*WORKERS)
def checkpoint_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One checkpoint: what it is, how it answered, its files, its card, what it came from and what came of it."""
    checkpoint = access.checkpoint_for_reader(_person(request), pk)
    return render(request, PAGE, _page(request, checkpoint, PromoteForm(checkpoint)))


def _page(request: HttpRequest, checkpoint: Checkpoint, form: PromoteForm) -> dict[str, Any]:
    person = _person(request)
    runs = access.runs(person)
    return {
        "checkpoint": checkpoint,
        "model": checkpoint.model,
        "run": checkpoint.run,
        "origin": (origin := origins.whole(checkpoint.lineage)),
        "figures": [(name, card.figure(name, value)) for name, value in sorted(origin["figures"].items())],
        "preset": PRESETS[checkpoint.run.preset].label if checkpoint.run.preset in PRESETS else checkpoint.run.preset,
        "folder": export.folder_of(checkpoint),
        "files": kept.files(checkpoint),
        "kept": kept.is_kept(checkpoint),
        "why_not": export.why_not(checkpoint),
        "card": card.markdown(checkpoint.model.slug, checkpoint.lineage),
        "evaluations": reads.evaluations(runs, checkpoint),
        "pairs": reads.against_base(runs, checkpoint),
        "children": reads.children(person, checkpoint),
        "lineage": reads.lineage(checkpoint),
        "may_train": access.may_train(person),
        "form": form,
    }


@require_safe
@for_roles(*WORKERS)
def checkpoint_card(request: HttpRequest, pk: int) -> HttpResponse:
    """The model card to take away, as its folder has it."""
    checkpoint = access.checkpoint_for_reader(_person(request), pk)
    text, name = card.markdown(checkpoint.model.slug, checkpoint.lineage), f"{checkpoint.model.slug}-README.md"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)


@require_safe
@for_roles(*WORKERS)
def checkpoint_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The checkpoint's folder as a ZIP; a page in words where this machine does not have its files."""
    checkpoint = access.checkpoint_for_reader(_person(request), pk)
    if why := export.why_not(checkpoint):
        context = {"checkpoint": checkpoint, "why": why}
        return render(request, "training/checkpoint_elsewhere.html", context, status=CONFLICT)
    answer = StreamingHttpResponse(export.pieces(checkpoint), content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{checkpoint.model.slug}.zip"'
    return answer


@require_safe
@for_roles(*WORKERS)
def checkpoint_file(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """On to a link at one file of the checkpoint, which holds for some minutes and for this person alone."""
    checkpoint = access.checkpoint_for_reader(_person(request), pk)
    if name not in {one.name for one in kept.files(checkpoint)}:
        raise Http404
    text = links.made(person=_person(request), what=WHAT, pk=pk, name=name)
    return redirect("training:checkpoint-download", text)


@require_safe
def checkpoint_download(request: HttpRequest, link: str) -> HttpResponseBase:
    """The file of a link, if who it was made for may read the checkpoint still."""
    found = downloads.opened(request, link, WHAT)
    checkpoint = access.checkpoint_for_reader(found.person, found.pk)
    try:
        place, artifact = kept.source(checkpoint, found.name)
    except (ArtifactProblem, KeyError) as problem:
        raise Http404(str(problem)) from problem
    return downloads.send(request, place, artifact, f"{checkpoint}-{found.name.replace('/', '-')}")


@require_POST
@for_roles(*WORKERS)
def checkpoint_promote(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that this is the one to use, for a reason in words."""
    checkpoint = access.checkpoint_for_operator(_person(request), pk)
    form = PromoteForm(checkpoint, request.POST)
    if not (form.is_valid() and form.promote(_person(request))):
        return refused(request, PAGE, _page(request, checkpoint, form))
    messages.success(
        request, gettext("%(slug)s is promoted. Your words stay with it.") % {"slug": checkpoint.model.slug}
    )
    return redirect("training:checkpoint-detail", pk)


@require_POST
@for_roles(*WORKERS)
def checkpoint_demote(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the promotion back."""
    checkpoint = access.checkpoint_for_operator(_person(request), pk)
    try:
        checkpoints.demote(checkpoint=checkpoint, actor=_person(request))
    except CheckpointProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:checkpoint-detail", pk)


@require_POST
@for_roles(*WORKERS)
def checkpoint_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the checkpoint away: its model is offered no more, and its files stay."""
    checkpoint = access.checkpoint_for_operator(_person(request), pk)
    try:
        checkpoints.archive(checkpoint=checkpoint, actor=_person(request))
    except CheckpointProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:checkpoint-detail", pk)
    messages.success(
        request,
        gettext("%(slug)s is archived. Its files stay, and so does this page.") % {"slug": checkpoint.model.slug},
    )
    return redirect("training:checkpoint-detail", pk)
