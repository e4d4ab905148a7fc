"""The editor of a config: where one begins, its draft, saving as it is typed, and what becomes of its versions."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access, lints
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.dossier import draft_for_lints
from annotations.forms.configs import ConfigForm, StartForm, new_rule
from annotations.models import ConfigVersion, SafetyConfig, User
from annotations.models.configs import DRAFT
from annotations.services import configs, floor
from annotations.services.config_content import LONGEST_POLICY, MOST_RULES
from annotations.templatetags.markdown import markdown
from annotations.views.configs import version_page
from annotations.web import refused


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _draft(config: SafetyConfig) -> ConfigVersion | None:
    draft = config.versions.filter(state=DRAFT).first()
    if draft:
        draft.config = config
    return draft


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS)
def config_new(request: HttpRequest) -> HttpResponse:
    """A new config: empty, from a template, or from another config."""
    person = _person(request)
    if request.method != "POST":
        source = request.GET.get("source", "")
        first = {"source": source, "start": "config"} if source else {}
        return render(request, "annotations/config_new.html", {"form": StartForm(person, initial=first)})
    form = StartForm(person, request.POST)
    draft = form.create(person) if form.is_valid() else None
    if draft is None:
        return refused(request, "annotations/config_new.html", {"form": form})
    return redirect("annotations:config-edit", draft.config_id)


@require_POST
@for_roles(*WORKERS)
def config_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """To the editor with the draft, which is made from the newest version when there is none."""
    config = access.config_for_author(_person(request), pk)
    try:
        configs.draft_of(config=config, actor=_person(request))
    except configs.ConfigProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:config-detail", pk)
    return redirect("annotations:config-edit", pk)


@require_safe
@for_roles(*WORKERS)
def config_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The editor; without a draft, or where the text follows from what is allowed, the config's own page opens."""
    config = access.config_for_author(_person(request), pk)
    draft = _draft(config)
    if draft is None or config.categorical:
        return redirect("annotations:config-detail", pk)
    form = ConfigForm(config, draft=draft)
    if "add" in request.GET:
        form.rules.append(new_rule(configs.next_rule(config)))
    return render(request, "annotations/config_edit.html", _page(form, draft))


def _page(form: ConfigForm, draft: ConfigVersion) -> dict[str, Any]:
    return {
        "form": form,
        "config": form.config,
        "version": draft,
        "next_rule": configs.next_rule(form.config),
        "model_rule": {"id": "r0", "kind": "allow", "text": "", "example": ""},
        "longest": LONGEST_POLICY,
        "most_rules": MOST_RULES,
        **_panel(draft),
    }


def _panel(draft: ConfigVersion) -> dict[str, Any]:
    """What stands beside the text: findings with why they matter, and counts."""
    found = [(finding, lints.about(finding.lint)) for finding in lints.check(draft_for_lints(draft, floor.in_force()))]
    return {
        "config": draft.config,
        "version": draft,
        "findings": found,
        "words": len(draft.policy.split()),
        "rule_words": sum(len(f"{rule.text} {rule.example}".split()) for rule in draft.rule_list),
    }


@require_POST
@for_roles(*WORKERS)
def config_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Saves the draft: JSON for the page that saves as one types, else the editor again."""
    config = access.config_for_author(_person(request), pk)
    form = ConfigForm(config, request.POST)
    action = request.POST.get("do", "")
    if action:
        form.rearrange(action, configs.next_rule(config))
    if not form.is_valid():
        return _not_saved(request, form, 422)
    try:
        draft = form.save(_person(request))
    except configs.Conflict as conflict:
        form.add_error(None, str(conflict))
        return _not_saved(request, form, 409)
    return _saved(request, draft, action)


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _saved(request: HttpRequest, draft: ConfigVersion, action: str) -> HttpResponse:
    where = reverse("annotations:config-edit", args=[draft.config_id])
    if not _by_script(request):
        messages.success(request, gettext("v%(number)s is saved.") % {"number": draft.number})
        return redirect(f"{where}?add=1#rule-new" if action == "add" else where)
    return JsonResponse(
        _where(draft)
        | {
            "saved_at": timezone.now().isoformat(),
            "digest": draft.digest,
            "title": draft.config.title,
            "parts": {
                "editor-panel": render_to_string("annotations/_editor_panel.html", _panel(draft), request),
                "editor-badge": render_to_string(
                    "components/_version_badge.html", {"state": draft.state, "number": draft.number}
                ),
            },
        }
    )


def _where(draft: ConfigVersion) -> dict[str, Any]:
    place = [draft.config_id, draft.number]
    return {
        "number": draft.number,
        "revision": draft.revision,
        "page": reverse("annotations:version-detail", args=place),
        "submit": reverse("annotations:version-submit", args=place),
    }


def _not_saved(request: HttpRequest, form: ConfigForm, status: int) -> HttpResponse:
    """Why not, with everything typed; after a conflict also what is saved there now, so that one can decide."""
    draft = _draft(form.config)
    problems = [str(problem) for problem in form.non_field_errors()]
    if _by_script(request):
        errors = {field: list(map(str, found)) for field, found in form.errors.items() if field != "__all__"}
        now = _where(draft) if draft else {"number": None, "page": _config_page(form.config)}
        return JsonResponse({"problems": problems, "errors": errors, "now": now}, status=status)
    newest = draft or form.config.versions.order_by("-number").first()
    if newest is None:
        return redirect("annotations:config-detail", form.config.pk)
    shown = _page(form, newest) | {"conflict": status == 409, "has_draft": draft is not None, "unsaved": True}
    return refused(request, "annotations/config_edit.html", shown)


def _config_page(config: SafetyConfig) -> str:
    return reverse("annotations:config-detail", args=[config.pk])


@require_POST
@for_roles(*WORKERS)
def config_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The policy as typed, rendered: a fragment."""
    config = access.config_for_author(_person(request), pk)
    policy = request.POST.get("policy", "")[:LONGEST_POLICY]
    return render(request, "annotations/_policy_preview.html", {"config": config, "html": markdown(policy)})


@require_POST
@for_roles(*WORKERS)
def version_submit(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Submits the draft with a note to the reviewers."""
    draft = access.version_for_author(_person(request), pk, number)
    note, seen = request.POST.get("note", ""), request.POST.get("revision", "")
    revision = int(seen) if seen.isdecimal() and len(seen) < 10 else None
    try:
        configs.submit(draft=draft, note=note, actor=_person(request), revision=revision)
    except configs.ConfigProblem as problem:
        draft.refresh_from_db()
        return version_page(request, draft, status=422, submit_problem=str(problem), note=note)
    messages.success(
        request,
        gettext("v%(number)s is submitted. A reviewer who did not write in it decides about it.")
        % {"number": draft.number},
    )
    return redirect("annotations:version-detail", pk, number)


@require_POST
@for_roles(*WORKERS)
def version_withdraw(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Takes back a version that waits for its review."""
    version = access.version_for_author(_person(request), pk, number)
    try:
        configs.withdraw(version=version, actor=_person(request))
        messages.success(
            request,
            gettext("v%(number)s is withdrawn and set aside. A new version goes on from it.") % {"number": number},
        )
    except configs.ConfigProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:version-detail", pk, number)


@require_POST
@for_roles(*WORKERS)
def version_restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """To the editor with a new draft that says what this version says."""
    version = access.version_for_author(_person(request), pk, number)
    try:
        draft = configs.restore(version=version, actor=_person(request))
    except configs.ConfigProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:version-detail", pk, number)
    messages.success(
        request,
        gettext("v%(number)s is a new draft that says what v%(number_2)s says.")
        % {"number": draft.number, "number_2": number},
    )
    return redirect("annotations:config-edit", pk)
