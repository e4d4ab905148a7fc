"""Reads over deployments: the list under filters, how one stands, its evidence, and where its score comes from."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from annotations import access as people_access
from annotations.core.storable import whole_number
from annotations.models import ConfigVersion, LanguageModel, Organisation, SafetyConfig, User
from annotations.models.configs import APPROVED, RETIRED
from annotations.services import floor
from annotations.trail import retirement
from training import access, checkpoint_queries, evidence_queries, traffic_queries
from training import deployment_words as words
from training.evidence import RunFacts, VersionRun
from training.lineage import Step, version_step
from training.models import Checkpoint, Deployment, EvaluationRun
from training.models.runs import FINISHED
from training.services.deploy import fitting, grants
from training.traffic_queries import Recent

FILTERS = ("organisation", "state", "config")
LINKS = ("version", "model")
MOST_CHOICES, MOST_SERVED, MOST_NEXT, MOST_RUNS = 200, 8, 50, 10
VERSION_HEAVY = tuple(f"version__{name}" for name in ("policy", "rules", "allowed", "note"))
_APPROVED = Q(version__state=APPROVED, version__config__archived_at=None)


class Row(NamedTuple):
    """A line of the list: the deployment, its state, and its last 24 hours."""

    deployment: Deployment
    state: str
    recent: Recent


class Standing(NamedTuple):
    """How a deployment stands: its state, why it is stopped in words, and the approved versions to switch to.

    `trouble` is why its model cannot be asked although it is served, `tight` what its calls need where that is close to
    the model's context or above it.
    """

    state: str
    why: str
    ways_on: list[ConfigVersion]
    trouble: str
    tight: fitting.Need | None = None


class Evidence(NamedTuple):
    """The newest finished run of exactly a deployment's version and candidate, with the figures of that version."""

    run: VersionRun
    steps: list[Step]


def state_of(deployment: Deployment) -> str:
    """One of the states: retired for good, stopped while its version is not approved or archived, else served."""
    if deployment.retired_at is not None:
        return words.RETIRED
    version = deployment.version
    return words.SERVED if version.state == APPROVED and version.config.archived_at is None else words.STOPPED


def listed(found: QuerySet[Deployment], wanted: dict[str, str]) -> QuerySet[Deployment]:
    """The deployments under the filters, those that go on first, without what is too heavy for a list.

    Retired ones come only when asked for.
    """
    state, home, config = wanted["state"], whole_number(wanted["organisation"]), whole_number(wanted["config"])
    if state == words.RETIRED:
        found = found.exclude(retired_at=None)
    elif state != "all":
        found = found.filter(retired_at=None)
    if state == words.SERVED:
        found = found.filter(_APPROVED)
    elif state == words.STOPPED:
        found = found.exclude(_APPROVED)
    if home is not None:
        found = found.filter(organisation=home)
    if config is not None:
        found = found.filter(version__config=config)
    return found.defer("shown", "note", *VERSION_HEAVY).order_by(F("retired_at").asc(nulls_first=True), "slug", "pk")


def rows(deployments: Iterable[Deployment]) -> list[Row]:
    """The deployments with their last 24 hours; two queries, however many."""
    page = list(deployments)
    recent = traffic_queries.recent(one.pk for one in page)
    return [Row(one, state_of(one), recent[one.pk]) for one in page]


def choices(found: QuerySet[Deployment]) -> dict[str, Any]:
    """What the filters of the list offer: organisations and configs that there are deployments of."""
    mine = found.order_by()
    homes = Organisation.objects.filter(pk__in=mine.values("organisation")).order_by("name", "pk")
    configs = SafetyConfig.objects.filter(pk__in=mine.values("version__config")).order_by("title", "pk")
    return {
        "organisations": homes.only("name")[:MOST_CHOICES],
        "configs": configs.only("title")[:MOST_CHOICES],
        "states": words.STATES,
    }


def serving(found: QuerySet[Deployment], *, version: int | None = None, model: int | None = None) -> list[Deployment]:
    """The deployments that go on with that version, or answered by that model; with `state` set. One query."""
    living = found.filter(retired_at=None).defer("shown", "note", *VERSION_HEAVY)
    if version is not None:
        living = living.filter(version=version)
    if model is not None:
        living = living.filter(candidate__model=model)
    page = list(living.order_by("slug", "pk")[:MOST_SERVED])
    for one in page:
        one.state = state_of(one)  # type: ignore[attr-defined]
    return page


def deployable(user: User) -> QuerySet[ConfigVersion]:
    """The approved versions the person may put in service, by config, the newest of each first."""
    from_here = ConfigVersion.objects.filter(
        state=APPROVED, config__archived_at=None, config__organisation__in=people_access.organisations(user)
    )
    related = from_here.select_related("config__organisation").defer("policy", "rules", "allowed", "note")
    return related.order_by("config__title", "config", "-number")


def standing(deployment: Deployment) -> Standing:
    """How the deployment stands now."""
    state = state_of(deployment)
    if state == words.SERVED:
        return Standing(state, "", [], _trouble(deployment), _tight(deployment))
    if state == words.RETIRED:
        return Standing(state, "", [], "")
    others = ConfigVersion.objects.filter(config=deployment.version.config_id, state=APPROVED)
    ways_on = list(others.only("number", "config").order_by("-number")[:MOST_NEXT])
    return Standing(state, _why(deployment.version), ways_on, "")


def _why(version: ConfigVersion) -> str:
    if version.config.archived_at is not None:
        return f"The config “{version.config}” is archived."
    if version.state != RETIRED:
        return f"v{version.number} is {version.state_word}, and only an approved version is served."
    event = retirement(version)
    who = f" by {event.actor}" if event and event.actor else ""
    reasons = str(event.after.get("reasons", "")) if event else ""
    return f"v{version.number} was retired{who}" + (f": {reasons}" if reasons else ".")


def _trouble(deployment: Deployment) -> str:
    served = grants.of_deployment(deployment.pk)
    model: LanguageModel = deployment.candidate.model
    if model.archived_at is not None:
        return f"{model} is archived. It goes on answering; switch to another model when you can."
    return served.trouble if served else ""


def _tight(deployment: Deployment) -> fitting.Need | None:
    need = fitting.need(deployment, floor.in_force())
    return need if need and need.close else None


def evidence(runs: QuerySet[EvaluationRun], deployment: Deployment) -> Evidence | None:
    """The newest of these runs that says something of exactly this version and candidate; None without one."""
    ended = runs.filter(candidate=deployment.candidate_id, state=FINISHED)
    facts = evidence_queries.facts(ended, deployment.version, MOST_RUNS)
    told = next((one for one in facts if one.is_evidence), None)
    if told is None:
        return None
    run = evidence_queries.with_figures([told], deployment.version)[0]
    return Evidence(run, _measured(told, deployment))


def _measured(told: RunFacts, deployment: Deployment) -> list[Step]:
    items = f"{reverse('training:item-list', args=[told.run])}?config={deployment.version.config_id}"
    score = (f"Score of run {told.run}", reverse("training:run-detail", args=[told.run]))
    return [score, (f"Judges: {', '.join(told.judges)}", items), ("Responses", items)]


def lineage(user: User, deployment: Deployment, found: Evidence | None) -> list[Step]:
    """score ← judges ← responses ← version ← model ← training run; without a run it begins with the version."""
    model = deployment.candidate.model
    steps = [*(found.steps if found else [("No score yet", "")]), version_step(deployment.version)]
    steps.append((model.name, "" if model.archived_at else reverse("training:model-detail", args=[model.pk])))
    own = checkpoint_queries.of_model(access.checkpoints(user), model) if model.weights else None
    return steps + _trained(own)


def _trained(own: Checkpoint | None) -> list[Step]:
    if own is None:
        return []
    checkpoint = (f"Checkpoint of step {own.step}", reverse("training:checkpoint-detail", args=[own.pk]))
    return [checkpoint, (own.run.title, reverse("training:training-detail", args=[own.run_id]))]
