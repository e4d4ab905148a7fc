"""Deployments: the list, one with its traffic, putting a version in service, switching and retiring it."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from annotations import access as people_access
from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.filters import choice, number
from annotations.api.problems import refused
from annotations.models import ConfigVersion, LanguageModel
from annotations.models.people import ADMIN
from training import access, deployment_queries, snippets, traffic_queries
from training.api.deployment_shapes import (
    DeploymentShown,
    NewDeployment,
    Switch,
    TrafficShown,
    WholeDeployment,
    part_told,
    waits_told,
    with_recent,
)
from training.deployment_words import STATES
from training.models import Deployment
from training.services.deploy import deployments
from training.services.deploy.deployments import DeploymentChanged, DeploymentProblem, Wanted
from training.traffic_queries import PERIODS

ADMINS = frozenset({ADMIN})
NO_VERSION = "There is no such version that you may read."
NO_MODEL = "There is no such model, or it is archived."


class Deployments(Endpoint):
    """The deployments."""

    resource, roles = "deployments", WORKERS
    refusals, conflicts = (DeploymentProblem,), (DeploymentChanged,)

    @lists(
        DeploymentShown,
        choice("state", "Deployments in this state; without it all but retired ones.", (*STATES, "all")),
        number("organisation", "Deployments of the organisation of this id."),
        number("config", "Deployments of the config of this id."),
        number("model", "Deployments that the model of this id answers.", lookup="candidate__model"),
        order=("slug", "pk"),
    )
    def get(self) -> QuerySet[Deployment]:
        """The deployments you may read, by name."""
        wanted = {name: str(self.asked[name] or "") for name in deployment_queries.FILTERS}
        found = deployment_queries.listed(access.deployments(self.user), wanted)
        return found.defer(None).defer("shown", *deployment_queries.VERSION_HEAVY)

    @creates(NewDeployment, WholeDeployment, roles=ADMINS)
    def post(self) -> Deployment:
        """Put an approved version in service. Clients reach it from now on; they need a key."""
        said = self.said
        version = _version(self, said["config"], said["version"])
        named = {name: said[name] for name in ("slug", "client_system", "note")}
        made = deployments.create(version=version, candidate=_wanted(said), actor=self.user, **named)
        return _whole(self, made.pk)


def _version(endpoint: Endpoint, config: int, version: int) -> ConfigVersion:
    found = people_access.versions(endpoint.user).filter(config=config, number=version).first()
    if found is None:
        raise refused(NO_VERSION, "version")
    return found


def _wanted(said: dict[str, Any]) -> Wanted:
    model: LanguageModel | None = access.models().filter(pk=said["model"]).first()
    if model is None:
        raise refused(NO_MODEL, "model")
    named = {name: said[name] for name in ("strategy", "temperature", "top_p", "seed")}
    return Wanted(model, settings=said.get("settings", {}), max_tokens=said.get("max_tokens"), **named)


def _whole(endpoint: Endpoint, pk: int) -> Deployment:
    """The deployment with all that its shape reads."""
    found: Any = with_recent([access.deployment_for_reader(endpoint.user, pk)])[0]
    found.standing = deployment_queries.standing(found)
    found.evidence = deployment_queries.evidence(access.runs(endpoint.user), found)
    found.address = snippets.base_url(settings.GATEWAY_URL)
    return found  # type: ignore[no-any-return]


class _OneDeployment(Endpoint):
    """One deployment, and what admins do with it."""

    resource, roles = "deployments", WORKERS
    refusals, conflicts = (DeploymentProblem,), (DeploymentChanged,)
    words = {"pk": "Id of the deployment."}


class OneDeployment(_OneDeployment):
    """One deployment."""

    @reads(WholeDeployment)
    def get(self, pk: int) -> Deployment:
        """The deployment, how it stands, and the score of exactly what it serves."""
        return _whole(self, pk)


class DeploymentsSwitch(_OneDeployment):
    """Exchanging what a deployment serves."""

    @changes(Switch, WholeDeployment)
    def post(self, pk: int) -> Deployment:
        """Serve another version of the config, another candidate, or both; address and keys stay."""
        row, said = access.deployment_for_admin(self.user, pk), self.said
        kept = {name: said.get(name) for name in ("client_system", "note")}
        version = _version(self, row.version.config_id, said["version"])
        seen = deployments.stamp(row) if said["seen"] == row.changed_at else ""
        deployments.switch(deployment=row, version=version, candidate=_wanted(said), seen=seen, actor=self.user, **kept)
        return _whole(self, pk)


class DeploymentsRetire(_OneDeployment):
    """Taking a deployment out of service."""

    @changes(None, WholeDeployment)
    def post(self, pk: int) -> Deployment:
        """Its address answers nobody from now on, for good; its traffic stays."""
        deployments.retire(deployment=access.deployment_for_admin(self.user, pk), actor=self.user)
        return _whole(self, pk)


class DeploymentsTraffic(_OneDeployment):
    """The traffic of a deployment."""

    @reads(TrafficShown, choice("period", "Up to now; 24 hours without it.", tuple(one.slug for one in PERIODS)))
    def get(self, pk: int) -> dict[str, Any]:
        """Calls, tokens, refusals, errors and waiting times of a period up to now."""
        row = access.deployment_for_reader(self.user, pk)
        found = traffic_queries.figures(row, traffic_queries.period(self.asked["period"] or ""))
        names = ("requests", "ended", "failed", "counts", "tokens_in", "tokens_out", "estimated")
        return {name: getattr(found.totals, name) for name in names} | {
            "period": found.period.slug,
            "waits": [waits_told(one) for one in found.waits],
            "slots": [one._asdict() for one in found.slots],
            "keys": [part_told(one) for one in found.keys],
            "versions": [part_told(one) for one in found.versions],
        }


ROUTES = [
    route("deployments/", Deployments, "deployments-list"),
    route("deployments/<int:pk>/", OneDeployment, "deployments-detail"),
    route("deployments/<int:pk>/traffic/", DeploymentsTraffic, "deployments-traffic"),
    route("deployments/<int:pk>/switch/", DeploymentsSwitch, "deployments-switch"),
    route("deployments/<int:pk>/retire/", DeploymentsRetire, "deployments-retire"),
]
