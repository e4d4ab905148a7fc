"""What the API shows of deployments and their traffic, and what it takes to make one."""

from typing import Any

from rest_framework import serializers

from annotations.api.fields import json, moment, real, text, whole, word, yes
from annotations.api.shapes import Id, Person, Said, Shown
from training import deployment_queries, strategies
from training.api.fields import maybe, plain
from training.api.score_shapes import ScoreInterval
from training.deployment_words import STATES
from training.models import Deployment
from training.models.serving import CLIENT_SYSTEM, OUTCOMES
from training.services.deploy.deployments import LONGEST_NOTE
from training.traffic_queries import PERIODS, Part, Waits

LARGEST = 2**31 - 1
SERVED = tuple(name for name in strategies.names() if name not in strategies.controls())
CLIENT = "What becomes of a client's own system message: append, after the config as untrusted text, or refuse."
TEMPERATURE, TOP_P = (
    "Temperature where a client asks for no other.",
    "Top p, above 0, where a client asks for no other.",
)
ANSWER = "The longest answer in tokens, and the most a client can ask for."
SETTINGS = "Settings of the strategy by name; its defaults for those left out."
NOTE = "For colleagues: what it is for, and who uses it."


class DeploymentRows(serializers.ListSerializer[Any]):
    """Deployments, each with its state and its last 24 hours."""

    def to_representation(self, data: Any) -> list[Any]:
        """The deployments as JSON; two queries for all their traffic."""
        return super().to_representation(with_recent(list(data)))


def with_recent(deployments: list[Deployment]) -> list[Deployment]:
    """The deployments, each with its `state` and its `recent` traffic."""
    for row in deployment_queries.rows(deployments):
        row.deployment.state = row.state  # type: ignore[attr-defined]
        row.deployment.recent = row.recent  # type: ignore[attr-defined]
    return deployments


class RecentTraffic(Shown):
    """The last 24 hours of a deployment."""

    requests = whole("Calls.")
    failed = whole("Those that failed.")
    tokens = whole("Tokens read and written.")
    last = moment("Start of the five minutes of its last call ever; null before one.", allow_null=True)


class DeploymentShown(Shown):
    """An approved version and a candidate, served together under a name that clients give as their model."""

    class Meta:
        list_serializer_class = DeploymentRows

    id = Id(help_text="Id of the deployment.", source="pk")
    slug = text("What clients give as their model.")
    organisation = Id(help_text="Id of the organisation whose keys open it.", source="organisation_id")
    state = word("served; stopped while its version is not approved; retired for good.", STATES)
    config = Id(help_text="Id of the config.", source="version.config_id")
    version = whole("Number of the config's version.", source="version.number")
    model = Id(help_text="Id of the model that answers.", source="candidate.model_id")
    model_slug = text("Short name of that model.", source="candidate.model.slug")
    strategy = text("How it answers.", source="candidate.strategy")
    settings = json("Settings of the strategy by name.", source="candidate.settings")
    temperature = real(TEMPERATURE, source="candidate.temperature")
    top_p = real(TOP_P, source="candidate.top_p")
    max_tokens = whole(ANSWER, source="candidate.max_tokens")
    seed = whole("Seed where a client gives none.", source="candidate.seed")
    client_system = word(CLIENT, CLIENT_SYSTEM)
    note = text(NOTE)
    recent = RecentTraffic(help_text="Its last 24 hours.")
    created_by = Person(help_text="Who put it in service; null for the command line.", allow_null=True)
    created_at = moment("When it was put in service.")
    changed_at = moment("When it was switched last: say it as `seen` to switch it.")
    retired_by = Person(help_text="Who retired it; null while nobody did.", allow_null=True)
    retired_at = moment("When it was retired; null while it is not.", allow_null=True)


class DeploymentScore(Shown):
    """The figures of exactly this version and candidate in the newest run that has them."""

    run = Id(help_text="Id of the run.", source="run.facts.run")
    score = maybe(
        "CoSA-Score of the version's items, -1..1; null without a scored item.", source="run.row.scored.score"
    )
    interval = ScoreInterval(
        help_text="95 % interval; null without a score.", source="run.row.interval", allow_null=True
    )
    n_scored = whole("Items with both values.", source="run.row.scored.n_scored")
    n_total = whole("Items that ended.", source="run.row.scored.n_total")
    heuristic = yes("True where a program judged: no evidence.", source="run.row.heuristic")


class WholeDeployment(DeploymentShown):
    """A deployment, how it stands, and its evidence."""

    why = text("Why it is stopped; empty when it is not.", source="standing.why")
    trouble = text("Why its model cannot be asked although it is served; empty when it can.", source="standing.trouble")
    evidence = DeploymentScore(help_text="Its score; null without a finished run of just this.", allow_null=True)
    address = text("Base address that clients are given.")


class _Served(Said):
    """What is served and how it answers."""

    model = Id(help_text="Id of a model that answers over HTTP.")
    strategy = word("How it answers; a cascade streams only after its check.", SERVED, default="plain")
    settings = plain(SETTINGS)
    temperature = real(TEMPERATURE, default=0.0, min_value=0, max_value=2)
    top_p = real(TOP_P, default=1.0, min_value=0, max_value=1)
    max_tokens = whole(
        ANSWER + " Null for the model's own setting.", required=False, allow_null=True, min_value=1, max_value=LARGEST
    )
    seed = whole("Seed where a client gives none.", default=0, min_value=0, max_value=LARGEST)


class NewDeployment(_Served):
    """An approved version goes into service, in the organisation of its config."""

    slug = text(
        "What clients give as their model: small letters, digits, hyphens, underscores; it stays for good.",
        max_length=63,
    )
    config = Id(help_text="Id of the config.")
    version = whole("Number of its approved version.", min_value=1, max_value=LARGEST)
    client_system = word(CLIENT, CLIENT_SYSTEM, default=CLIENT_SYSTEM[0])
    note = text(NOTE, default="", allow_blank=True, max_length=LONGEST_NOTE)


class Switch(_Served):
    """What a deployment serves from now on: all of it is said anew, but for what is marked."""

    seen = moment("Its `changed_at` as you read it: when somebody else was there meanwhile, nothing is switched.")
    version = whole("Number of the approved version.", min_value=1, max_value=LARGEST)
    client_system = word(CLIENT + " Left out it stays.", CLIENT_SYSTEM, required=False)
    note = text(NOTE + " Left out it stays.", required=False, allow_blank=True, max_length=LONGEST_NOTE)


class TrafficSlot(Shown):
    """One step of time."""

    start = moment("Its start.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Calls by how they ended.")
    tokens_in = whole("Tokens read.")
    tokens_out = whole("Tokens written.")


class TrafficWaits(Shown):
    """Percentiles of how long calls took that brought an answer, in milliseconds, within 9 %; null without one."""

    what = text("Whole calls, whole streams, or the first text of streams.")
    n = whole("How many calls.")
    p50 = maybe("Half of them took no longer.")
    p90 = maybe("Nine of ten took no longer.")
    p95 = maybe("19 of 20 took no longer.")
    p99 = maybe("99 of 100 took no longer.")


class TrafficPart(Shown):
    """The calls of one key, or under one version with one candidate."""

    title = text("Name of the key, or model and strategy.")
    key = Id(help_text="Id of the key; null for a version.", allow_null=True)
    config = Id(help_text="Id of the config; null for a key.", allow_null=True)
    version = whole("Number of the version; null for a key.", allow_null=True)
    requests = whole("Calls.")
    failed = whole("Those that failed.")
    tokens_in = whole("Tokens read.")
    tokens_out = whole("Tokens written.")


class TrafficShown(Shown):
    """The traffic of a deployment in a period up to now."""

    period = word("The period.", [one.slug for one in PERIODS])
    requests = whole("All calls.")
    ended = whole("Those that brought an answer, refusals among them.")
    failed = whole("Those that failed.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Calls by how they ended: {', '.join(OUTCOMES)}."
    )
    tokens_in = whole("Tokens read.")
    tokens_out = whole("Tokens written.")
    estimated = whole("Calls whose tokens no server told: they are estimated.")
    waits = TrafficWaits(many=True, help_text="How long calls took.")
    slots = TrafficSlot(many=True, help_text="Step by step, the oldest first; the last one is not over.")
    keys = TrafficPart(many=True, help_text="By key, the busiest first, at most 50.")
    versions = TrafficPart(many=True, help_text="By version and candidate, the busiest first, at most 50.")


def waits_told(waits: Waits) -> dict[str, Any]:
    """The percentiles by their names."""
    return {"what": waits.label, "n": waits.n} | dict(zip(("p50", "p90", "p95", "p99"), waits.at, strict=True))


def part_told(part: Part) -> dict[str, Any]:
    """A part of the traffic, of a key or of a version."""
    config, number = part.version or (None, None)
    return part._asdict() | {
        "title": part.label,
        "key": None if part.version else part.key,
        "config": config,
        "version": number,
    }
