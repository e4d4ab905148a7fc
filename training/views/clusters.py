"""Sorting a cluster: a proposal is asked for, it is named, merged, split, kept, rejected, opened again."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from annotations.access import AUTHORS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.web import refused
from training import access
from training.forms.clusters import MergeForm, ProposeForm, RejectForm, SplitForm, WordsForm, desk
from training.models import Cluster
from training.services import clusters, proposals
from training.services.clusters import ClusterProblem

PAGE = "training/cluster_sort.html"


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _cluster(request: HttpRequest, pk: int, number: int) -> Cluster:
    """The cluster of a map the person may sort: 404 for strangers, 403 without the right."""
    found = access.map_for_author(_person(request), pk)
    cluster = get_object_or_404(Cluster, map=found, number=number)
    cluster.map = found
    return cluster


def _page(cluster: Cluster) -> HttpResponse:
    return redirect("training:cluster-detail", cluster.map_id, cluster.number)


def _refused(request: HttpRequest, cluster: Cluster, **typed: forms.Form) -> HttpResponse:
    """The desk again as it is now, with everything typed and what is wrong with it; sending it again decides."""
    cluster = _cluster(request, cluster.map_id, cluster.number)
    for form in typed.values():
        data = request.POST.copy()
        data["seen"] = clusters.stamp(cluster)
        form.data = data
    problem = next((str(error) for form in typed.values() for error in form.non_field_errors()), "")
    shown = desk(cluster, may_write=True, typed=typed)
    context = {"cluster": cluster, "desk": shown, "problem": problem, "faster": problem == clusters.FASTER}
    return refused(request, PAGE, context)


def _tried(form: forms.Form, act: Callable[[dict[str, Any]], Any]) -> Any:
    """What acting on a valid form gave back; None when it was refused, the reason then stands on the form."""
    if not form.is_valid():
        return None
    try:
        return act(form.cleaned_data)
    except ClusterProblem as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return None


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_propose(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Ask a model for a name and a definition."""
    cluster, form = _cluster(request, pk, number), ProposeForm(request.POST)
    asked = _tried(form, lambda said: proposals.propose(cluster=cluster, actor=_person(request), **said))
    if asked is None:
        return _refused(request, cluster, propose=form)
    if asked.proposal["name"]:
        messages.success(request, gettext("The model proposed a name and a definition. Read them, then decide."))
    else:
        messages.error(request, asked.proposal["problem"])
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_edit(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Save name and definition."""
    cluster, form = _cluster(request, pk, number), WordsForm(request.POST)
    if _tried(form, lambda said: clusters.edit(cluster=cluster, actor=_person(request), **said)) is None:
        return _refused(request, cluster, words=form)
    messages.success(request, gettext("Cluster %(number)s is saved.") % {"number": number})
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_keep(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Make the cluster a category of the taxonomy's draft."""
    cluster, form = _cluster(request, pk, number), WordsForm(request.POST)
    kept = _tried(form, lambda said: clusters.keep(cluster=cluster, actor=_person(request), **said))
    if kept is None:
        return _refused(request, cluster, words=form)
    messages.success(
        request,
        gettext("“%(value)s” is a category of the draft of “%(kept)s” now.")
        % {"value": form.cleaned_data["name"], "kept": kept},
    )
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_merge(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take other clusters into this one."""
    cluster = _cluster(request, pk, number)
    form = MergeForm(cluster, request.POST)
    merged = _tried(
        form, lambda said: clusters.merge(cluster=cluster, others=list(said["others"]), actor=_person(request))
    )
    if merged is None:
        return _refused(request, cluster, merge=form)
    messages.success(
        request,
        gettext("Cluster %(number)s has %(size)s prompts now.") % {"number": number, "size": f"{merged.size:,}"},
    )
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_split(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Part the cluster into new ones."""
    cluster, form = _cluster(request, pk, number), SplitForm(request.POST)
    made = _tried(form, lambda said: clusters.split(cluster=cluster, actor=_person(request), **said))
    if made is None:
        return _refused(request, cluster, split=form)
    messages.success(
        request,
        gettext("Cluster %(number)s is split into %(value)s.")
        % {"number": number, "value": ", ".join(str(part.number) for part in made)},
    )
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_reject(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Say why the cluster is no category."""
    cluster, form = _cluster(request, pk, number), RejectForm(request.POST)
    if _tried(form, lambda said: clusters.reject(cluster=cluster, actor=_person(request), **said)) is None:
        return _refused(request, cluster, reject=form)
    messages.success(request, gettext("Cluster %(number)s is rejected.") % {"number": number})
    return _page(cluster)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def cluster_reopen(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take back that the cluster was kept or rejected."""
    cluster = _cluster(request, pk, number)
    try:
        gone = clusters.reopen(cluster=cluster, actor=_person(request))
    except ClusterProblem as problem:
        messages.error(request, str(problem))
        return _page(cluster)
    stays = "Its category was changed in the draft meanwhile and stays there."
    messages.success(request, f"Cluster {number} is open again. {'' if gone else stays}".strip())
    return _page(cluster)
