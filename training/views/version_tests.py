"""The tests of one version: its rules by kind with the last verdicts, its runs, and what changed since approval."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.core.taxonomy import KINDS
from annotations.marks import OUTCOMES
from annotations.models import ConfigVersion, User
from annotations.models.configs import DRAFT
from annotations.web import refused, wants_fragment
from training import access, evidence_queries, queries
from training.charts import matrix_rows
from training.forms.runs import VersionRunForm
from training.lineage import version_lineage
from training.models import EvaluationRun
from training.models.runs import OPEN_STATES
from training.tasks import hint
from training.views.runs import progress_of

PAGE = "training/version_tests.html"


@require_safe
@for_roles(*WORKERS)
def version_tests(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The page; htmx gets the matrix alone, or the figures when it asks for `version-results`."""
    user = cast(User, request.user)
    version = people_access.version_for_reader(user, pk, number)
    runs = access.runs(user)
    if wants_fragment(request) and request.htmx.target == "version-results":
        return render(request, "training/_version_results.html", _matrix(runs, version) | _results(runs, version))
    if wants_fragment(request):
        return render(request, "training/_version_matrix.html", _matrix(runs, version))
    return render(request, PAGE, _page(request, version, None))


@require_POST
@for_roles(*WORKERS)
def version_test_run(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Start a run of this version alone; a draft's text is kept as it is from then on."""
    user = cast(User, request.user)
    version = people_access.version_for_reader(user, pk, number)
    if not people_access.may_run(user, version.config.organisation_id):
        raise PermissionDenied
    form = VersionRunForm(user, version, request.POST)
    started = form.start() if form.is_valid() else []
    if not started:
        return refused(request, PAGE, _page(request, version, form))
    for run in started:
        hint(run.pk)
    names = ", ".join(str(run.pk) for run in started)
    said = f"Run {names} tests" if len(started) == 1 else f"Runs {names} test"
    kept = f" Its text is kept as v{number}; the next edit goes on as a new version." if version.state == DRAFT else ""
    messages.success(request, f"{said} v{number}.{kept}")
    return redirect("training:version-tests", pk, number)


def _page(request: HttpRequest, version: ConfigVersion, form: VersionRunForm | None) -> dict[str, Any]:
    user = cast(User, request.user)
    runs = access.runs(user)
    if form is None and people_access.may_run(user, version.config.organisation_id):
        form = VersionRunForm(user, version)
        form.initial = form.first_choices()
    return {
        "form": form,
        "freezes": version.state == DRAFT and version.frozen_at is None,
        **_matrix(runs, version),
        **_results(runs, version),
        **_live(request, runs, version),
    }


def _matrix(runs: QuerySet[EvaluationRun], version: ConfigVersion) -> dict[str, Any]:
    found = evidence_queries.matrix(runs, version)
    rows = matrix_rows(found, version.config_id)
    config = version.config
    page = {"config": config, "config_text": str(config.pk), "version": version}
    return page | {"matrix": found, "rows": rows, "kinds": KINDS, "legend": list(OUTCOMES)}


def _results(runs: QuerySet[EvaluationRun], version: ConfigVersion) -> dict[str, Any]:
    base = evidence_queries.base_of(version)
    found = evidence_queries.runs_of_version(runs, version)
    return {
        "base": base,
        "comparison": evidence_queries.compare(runs, version, base) if base else None,
        "runs": found,
        "lineage": version_lineage(version, found[0].facts.run) if found else None,
        "following": any(run.facts.alone and run.state in OPEN_STATES for run in found),
        "worst": evidence_queries.worst(runs, version),
    }


def _live(request: HttpRequest, runs: QuerySet[EvaluationRun], version: ConfigVersion) -> dict[str, Any]:
    """The newest run of this version that still works, as its own page shows it; nothing when none does."""
    run = queries.unfinished(runs.filter(version=version)).first()
    return progress_of(request, run) if run else {}
