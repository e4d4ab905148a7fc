"""Deployments: the list, one with its traffic, and what admins do: put in service, switch, retire."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import ConfigVersion, LanguageModel, User
from annotations.models.configs import APPROVED
from annotations.models.people import ADMIN
from annotations.services.prompt_checks import LONGEST
from annotations.web import asked_filters, asked_format, paged, refused, taken_away, wants_fragment
from training import access, deployment_queries, deployment_words, snippets, traffic_charts, traffic_queries
from training import key_queries as keys
from training.forms.deployments import DeploymentForm, SwitchForm
from training.lineage import Step
from training.models import Deployment
from training.services.deploy import deployments
from training.services.deploy.deployments import DeploymentProblem

LIST, PAGE, NEW, SWITCH = (f"training/deployment_{name}.html" for name in ("list", "detail", "new", "switch"))
SERVED_BY = "training/_deployment_served.html"


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _is_admin(request: HttpRequest) -> bool:
    return ADMIN in people_access.roles(_person(request))


@require_safe
@for_roles(*WORKERS)
def deployment_list(request: HttpRequest) -> HttpResponse:
    """The deployments the person may read. htmx asks for those of one `?version=` or `?model=`, for other pages."""
    mine = access.deployments(_person(request))
    if wants_fragment(request):
        return render(request, SERVED_BY, _served_by(request))
    wanted = asked_filters(request, deployment_queries.FILTERS)
    page = paged(request, deployment_queries.listed(mine, wanted), size=25)
    context = {
        "page": page,
        "rows": deployment_queries.rows(page.object_list),
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "may_deploy": _is_admin(request),
        "deployable": deployment_queries.deployable(_person(request)).exists(),
        **deployment_queries.choices(mine),
    }
    return render(request, LIST, context)


def _served_by(request: HttpRequest) -> dict[str, Any]:
    """What serves one version, or is answered by one model; and whether the person may put that version in service."""
    person = _person(request)
    version, model = (whole_number(request.GET.get(name, "")) for name in deployment_queries.LINKS)
    row = people_access.versions(person).filter(pk=version).first() if version is not None else None
    found = deployment_queries.serving(access.deployments(person), version=version, model=model)
    deploy = row if row and row.state == APPROVED and _is_admin(request) else None
    asked = access.models().filter(pk=model).first() if model is not None and _is_admin(request) else None
    by = asked if asked and not deployments.unservable(asked) else None
    return {"found": found, "deploy": deploy, "by": by, "of_model": model is not None}


@require_safe
@for_roles(*WORKERS)
def deployment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One deployment; htmx asks for its figures alone."""
    deployment = access.deployment_for_reader(_person(request), pk)
    if wants_fragment(request):
        return render(request, "training/_deployment_live.html", _live(request, deployment))
    return render(request, PAGE, page_of(request, deployment))


def page_of(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    """All that the page of a deployment shows to this person."""
    person = _person(request)
    evidence = deployment_queries.evidence(access.runs(person), deployment)
    steps: list[Step] = deployment_queries.lineage(person, deployment, evidence)
    opening = keys.rows(traffic_queries.keys_of(access.api_keys(person), deployment)[: keys.MOST_ON_PAGE])
    context = {
        "deployment": deployment,
        "standing": deployment_queries.standing(deployment),
        "candidate": deployment.candidate,
        "strategy_checks": deployment_words.checks_first(deployment.candidate.strategy),
        "evidence": evidence,
        "lineage": steps,
        "base_url": snippets.base_url(settings.GATEWAY_URL),
        "snippets": snippets.snippets(settings.GATEWAY_URL, deployment.slug),
        "variable": snippets.VARIABLE,
        "keys": opening,
        "most_keys": keys.MOST_ON_PAGE,
        "may_deploy": _is_admin(request),
        "may_give_keys": access.may_give_keys(person, deployment.organisation_id),
        "longest": LONGEST,
    }
    return _live(request, deployment) | context


def _live(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    """The figures of the period that `?period=` asks for."""
    found = traffic_queries.figures(deployment, traffic_queries.period(request.GET.get("period", "")))
    return {
        "deployment": deployment,
        "figures": found,
        "chart": traffic_charts.chart(found.period, found.slots),
        "groups": deployment_words.GROUPS,
        "periods": traffic_queries.PERIODS,
        "polls": deployment.retired_at is None,
    }


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def deployment_new(request: HttpRequest) -> HttpResponse:
    """Put an approved version in service; `?version=` (a row id) chooses it, `?model=` the model."""
    person = _person(request)
    if request.method == "GET":
        form = DeploymentForm(person)
        chosen = form.first_choices(_version(request, form)) | _model(request)
        return render(request, NEW, {"form": DeploymentForm(person, initial=chosen)})
    form = DeploymentForm(person, request.POST)
    made = form.create() if form.is_valid() else None
    if made is None:
        return refused(request, NEW, {"form": form})
    messages.success(request, gettext("%(slug)s is served. Clients need a key: give one below.") % {"slug": made.slug})
    return redirect("training:deployment-detail", made.pk)


def _version(request: HttpRequest, form: DeploymentForm | SwitchForm) -> ConfigVersion | None:
    number = whole_number(request.GET.get("version", ""))
    return form.versions().filter(pk=number).first() if number is not None else None


def _model(request: HttpRequest) -> dict[str, LanguageModel]:
    number = whole_number(request.GET.get("model", ""))
    return {"model": access.model_for_reader(number)} if number is not None else {}


@require_http_methods(["GET", "POST"])
@for_roles(*WORKERS)
def deployment_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Exchange what a deployment serves; `?version=` (a row id) chooses the version."""
    person, deployment = _person(request), access.deployment_for_admin(_person(request), pk)
    context = {"deployment": deployment, "standing": deployment_queries.standing(deployment)}
    if request.method == "GET":
        version = _version(request, SwitchForm(person, deployment))
        initial = SwitchForm(person, deployment).first_choices(version.pk if version else None)
        return render(request, SWITCH, context | {"form": SwitchForm(person, deployment, initial=initial)})
    form = SwitchForm(person, deployment, request.POST)
    if not (form.is_valid() and form.switch()):
        return refused(request, SWITCH, context | {"form": form})
    messages.success(
        request,
        gettext("%(slug)s is switched. Every call from now on is answered by what you chose.")
        % {"slug": deployment.slug},
    )
    return redirect("training:deployment-detail", pk)


@require_POST
@for_roles(*WORKERS)
def deployment_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a deployment out of service for good."""
    deployment = access.deployment_for_admin(_person(request), pk)
    try:
        deployments.retire(deployment=deployment, actor=_person(request))
    except DeploymentProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:deployment-detail", pk)
    messages.success(
        request, gettext("%(slug)s is retired. Its traffic stays on this page.") % {"slug": deployment.slug}
    )
    return redirect("training:deployment-detail", pk)


@require_safe
@for_roles(*WORKERS)
def deployment_traffic(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The traffic of a period, to take away as a table."""
    deployment = access.deployment_for_reader(_person(request), pk)
    format = asked_format(request, "Traffic")
    period = traffic_queries.period(request.GET.get("period", ""))
    return taken_away(traffic_queries.table(deployment, period), format)
