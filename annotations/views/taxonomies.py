"""Taxonomies: the list, one of them, the editor of its draft, publishing, and its versions."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access, exports
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.core.taxonomies import built_in
from annotations.core.taxonomy_rows import MOST
from annotations.forms.taxonomies import TaxonomyForm, TaxonomyStartForm
from annotations.models import Taxonomy, TaxonomyVersion, User
from annotations.models.people import ADMIN
from annotations.queries import taxonomies as reads
from annotations.services import taxonomies
from annotations.services.taxonomies import TaxonomyProblem
from annotations.web import asked_format, paged, refused, taken_away

FORMATS = exports.choices(dataset=False)
DETAIL, EDIT = "annotations/taxonomy_detail.html", "annotations/taxonomy_edit.html"


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def taxonomy_list(request: HttpRequest) -> HttpResponse:
    """The taxonomies the person may read, and the built-in one."""
    page = paged(request, access.taxonomies(_person(request)))
    context = {
        "page": page,
        "rows": reads.standing(page),
        "built_in": built_in(),
        "may_add": access.organisations_for_benchmarks(_person(request)).exists(),
    }
    return render(request, "annotations/taxonomy_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def taxonomy_new(request: HttpRequest) -> HttpResponse:
    """A new taxonomy: from the built-in categories, from nothing, or from another one."""
    form = TaxonomyStartForm(_person(request), request.POST if request.method == "POST" else None)
    context = {"form": form, "built_in": built_in()}
    if request.method != "POST":
        return render(request, "annotations/taxonomy_new.html", context)
    draft = form.create(_person(request)) if form.is_valid() else None
    if draft is None:
        return refused(request, "annotations/taxonomy_new.html", context)
    return redirect("annotations:taxonomy-edit", draft.taxonomy_id)


@require_safe
@for_roles(*WORKERS)
def taxonomy_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What is published, what its draft changes, and every version."""
    return render(request, DETAIL, _page(request, access.taxonomy_for_reader(_person(request), pk)))


def _page(request: HttpRequest, taxonomy: Taxonomy) -> dict[str, Any]:
    every = list(reads.versions(taxonomy))
    published = next((version for version in every if version.published_at), None)
    draft = next((version for version in every if not version.published_at), None)
    return {
        "taxonomy": taxonomy,
        "versions": every,
        "published": published,
        "draft": draft,
        "changes": reads.changes(draft, published) if draft else None,
        "may_write": access.may_run(_person(request), taxonomy.organisation_id),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def taxonomy_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft, or where there is none what the last version says: saving that begins the next draft."""
    taxonomy = access.taxonomy_for_author(_person(request), pk)
    draft, last = taxonomies.draft_of(taxonomy), taxonomies.newest(taxonomy)
    if request.method != "POST":
        return render(request, EDIT, _editor(TaxonomyForm(taxonomy, draft or last), draft, last))
    form = TaxonomyForm(taxonomy, draft or last, request.POST)
    if action := request.POST.get("do", ""):
        form.rearrange(action)
        return render(request, EDIT, _editor(form, draft, last, unsaved=True))
    if not form.is_valid():
        return refused(request, EDIT, _editor(form, draft, last, unsaved=True))
    return _saved(request, form, draft, last)


def _saved(
    request: HttpRequest, form: TaxonomyForm, draft: TaxonomyVersion | None, last: TaxonomyVersion | None
) -> HttpResponse:
    try:
        saved = form.save(_person(request))
    except TaxonomyProblem as problem:
        form.tell(problem)
        faster = isinstance(problem, taxonomies.Conflict)
        return render(
            request, EDIT, _editor(form, draft, last, unsaved=True, conflict=faster), status=409 if faster else 422
        )
    messages.success(request, gettext("The draft of v%(number)s is saved.") % {"number": saved.number})
    return redirect("annotations:taxonomy-detail", saved.taxonomy_id)


def _editor(
    form: TaxonomyForm, draft: TaxonomyVersion | None, last: TaxonomyVersion | None, **more: bool
) -> dict[str, Any]:
    """The editor's page. After a conflict its number and revision are those of now, so that saving again decides."""
    typed = form.data if form.is_bound and not more.get("conflict") else {}
    return {
        "form": form,
        "taxonomy": form.taxonomy,
        "draft": draft,
        "number": typed.get("number") or (draft.number if draft else (last.number if last else 0) + 1),
        "revision": typed.get("revision", draft.revision if draft else ""),
        "most": MOST,
        **more,
    }


@require_POST
@for_roles(*AUTHORS, ADMIN)
def taxonomy_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft becomes a version that recipes may use and that never changes."""
    taxonomy = access.taxonomy_for_author(_person(request), pk)
    draft, note = taxonomies.draft_of(taxonomy), request.POST.get("note", "")
    seen = whole_number(request.POST.get("revision", ""))
    try:
        if draft is None:
            raise TaxonomyProblem(gettext("There is no draft. Change something first, then publish it."))
        made = taxonomies.publish(draft=draft, revision=-1 if seen is None else seen, note=note, actor=_person(request))
    except TaxonomyProblem as problem:
        return refused(request, DETAIL, _page(request, taxonomy) | {"problem": str(problem), "note": note})
    messages.success(
        request,
        gettext("v%(number)s is published and never changes. Recipes can use it now.") % {"number": made.number},
    )
    return redirect("annotations:taxonomy-detail", pk)


@require_POST
@for_roles(*AUTHORS, ADMIN)
def taxonomy_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """The taxonomy leaves every list; a box says that the person means it."""
    taxonomy = access.taxonomy_for_author(_person(request), pk)
    if not request.POST.get("sure"):
        messages.error(request, gettext("Tick the box that says you mean it, then archive."))
        return redirect("annotations:taxonomy-detail", pk)
    try:
        taxonomies.archive(taxonomy=taxonomy, actor=_person(request))
        messages.success(
            request,
            gettext("“%(taxonomy)s” is archived. Recipes that use a version of it keep that version.")
            % {"taxonomy": taxonomy},
        )
    except TaxonomyProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:taxonomy-list")


@require_safe
@for_roles(*WORKERS)
def taxonomy_version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version: its categories, and what changed since the one before."""
    taxonomy = access.taxonomy_for_reader(_person(request), pk)
    version: TaxonomyVersion = access.one_or_404(reads.versions(taxonomy), number=number)
    version.taxonomy = taxonomy
    since = reads.before(version)
    changes = reads.changes(version, since)
    context = {
        "version": version,
        "since": since,
        "changes": changes,
        "reworded": reads.reworded(changes) if changes else [],
        "formats": [("toml", "TOML"), *FORMATS],
    }
    return render(request, "annotations/taxonomy_version.html", context)


@require_safe
@for_roles(*WORKERS)
def taxonomy_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The categories of version `?version=`, else of the newest, as TOML or in the format that `?format=` names."""
    taxonomy = access.taxonomy_for_reader(_person(request), pk)
    asked = request.GET.get("version", "")
    version: TaxonomyVersion = access.one_or_404(
        reads.versions(taxonomy), **{"number": whole_number(asked)} if asked else {}
    )
    version.taxonomy = taxonomy
    table = reads.table(version)
    if request.GET.get("format") != "toml":
        return taken_away(table, asked_format(request, "A taxonomy"))
    response = HttpResponse(reads.toml(version), content_type="application/toml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{table.name}.toml"'
    return response
