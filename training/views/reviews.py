"""Reviews: what waits, one version with everything a reviewer needs, the decision, and retiring."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access, trail
from annotations.access import WORKERS, for_roles
from annotations.dossier import dossier
from annotations.models import ConfigVersion, User
from annotations.models.configs import REJECTED, RETURNED, SUBMITTED
from annotations.models.people import REVIEWER
from annotations.queries.configs import decisions, versions_in_review
from annotations.services import reviews
from annotations.services.reviews import CHECKLIST, Decision, ReviewProblem
from annotations.web import paged
from training import access as run_access
from training import evidence_queries

PAGE = "training/review_detail.html"
CAME_BACK = (RETURNED, REJECTED)


@require_safe
@for_roles(*WORKERS)
def review_list(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, longest first, and the decisions of late."""
    user = cast(User, request.user)
    context = {
        "waiting": versions_in_review(access.configs(user)),
        "decided": paged(request, decisions(access.configs(user)), size=25),
    }
    return render(request, "training/review_list.html", context)


@require_safe
@for_roles(*WORKERS)
def review_detail(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version beside the one it would replace, with lints, conflicts, comments and evidence."""
    version = access.version_for_reader(cast(User, request.user), pk, number)
    return review_page(request, version)


@require_POST
@for_roles(*WORKERS)
def review_decide(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Approve, return or reject; the page comes back with what was typed when that is refused."""
    user = cast(User, request.user)
    version = access.version_for_reviewer(user, pk, number)
    given = {name: request.POST.get(name, "") for name in ("decision", "reasons", "without_evidence")}
    try:
        said = Decision(
            checklist=request.POST.getlist("checklist"),
            evidence=evidence_queries.evidence(version),
            stale=request.POST.get("seen", "") != evidence_queries.stand(version).word,
            **given,
        )
        reviews.decide(version=version, reviewer=user, said=said)
    except ReviewProblem as problem:
        version.refresh_from_db()
        typed = given | {"checklist": request.POST.getlist("checklist"), "problem": str(problem)}
        return review_page(request, version, status=422, **typed)
    version.refresh_from_db(fields=["state"])
    messages.success(request, f"v{number} {_said(version)}.")
    return redirect("training:review-detail", pk, number)


def _said(version: ConfigVersion) -> str:
    if version.state == SUBMITTED:
        left = version.config.organisation.approvals_needed - reviews.approvals(version)
        return f"has your approval; {left} more is needed"
    return f"is {version.state_word}"


@require_POST
@for_roles(*WORKERS)
def version_retire(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Take an approved version out of service."""
    user = cast(User, request.user)
    version, reasons = access.version_for_reviewer(user, pk, number), request.POST.get("reasons", "")
    try:
        reviews.retire(version=version, actor=user, reasons=reasons)
    except ReviewProblem as problem:
        return review_page(request, version, status=422, retire_problem=str(problem), reasons=reasons)
    messages.success(request, gettext("v%(number)s is retired.") % {"number": number})
    return redirect("training:review-detail", pk, number)


def review_page(request: HttpRequest, version: ConfigVersion, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of one version under review; `more` is what a form on it said that was refused."""
    user = cast(User, request.user)
    reviewing = REVIEWER in access.roles(user)
    may_write = (not reviewing or version.state in CAME_BACK) and access.may_write(user, version.config.organisation_id)
    mine = run_access.runs(user)
    stand = evidence_queries.stand(version)
    found = evidence_queries.reading(mine, version, stand.runs)
    context = {
        "version": version,
        "config": version.config,
        "dossier": dossier(version, request.GET.get("against", "")),
        "runs": found.runs,
        "older": found.older,
        "worst": evidence_queries.worst(mine, version),
        "seen": stand.word,
        "reviews": list(version.reviews.select_related("reviewer")),
        "approvals": reviews.approvals(version),
        "checks": CHECKLIST,
        "reviewing": reviewing,
        "obstacle": reviews.obstacle(version=version, reviewer=user) if reviewing else "",
        "may_answer": may_write and version.state in CAME_BACK,
        "may_comment": reviewing or may_write,
        "retired": trail.retirement(version),
        "commenting": request.GET.get("comment", ""),
    }
    return render(request, PAGE, context | more, status=status)
