"""What else grows in an installation: the record of decisions, and what clients asked of deployments."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from annotations.models import AuditEvent, Campaign, PreferenceSet
from annotations.models.people import ADMIN, EXPERT
from cosa_web.scale.ground import SLUG, VERSIONS, Ground
from cosa_web.scale.plan import Plan, draw, moment
from cosa_web.scale.run_rows import Made
from cosa_web.scale.store import put
from training.models import ApiKey, Deployment, Traffic

SETS, DEPLOYMENTS, KEYS = 30, 6, 3
OUTCOMES = ("answered", "answered", "answered", "refused", "rate_limited", "upstream")


def make(plan: Plan, ground: Ground, runs: list[Made], campaigns: list[Campaign]) -> None:
    """Nothing; events of the record, sets of preferences, deployments with their keys and traffic are stored."""
    put(AuditEvent, _EVENT, _events(plan, ground, runs, campaigns))
    _sets(ground)
    put(Traffic, _TRAFFIC, _traffic(plan, _keys(ground)))


_EVENT = ("actor_id", "action", "object_type", "object_id", "before", "after", "at")


def _events(plan: Plan, ground: Ground, runs: list[Made], campaigns: list[Campaign]) -> Iterator[tuple[Any, ...]]:
    actors = [pk for (_, role), pks in ground.people.items() if role in (EXPERT, ADMIN) for pk in pks]
    what: list[tuple[str, str, list[int], dict[str, Any]]] = [
        ("start", "evaluationrun", [one.pk for one in runs], {"state": "queued", "items": 500}),
        ("edit", "configversion", [version.pk for version in ground.versions], {"policy": "Be kind and be clear."}),
        ("submit", "configversion", [version.pk for version in ground.versions], {"state": "submitted"}),
        ("edit", "prompt", [pk for place in ground.places for pk in place.prompts[:50]], {"kind": "safe"}),
        ("add_items", "campaign", [campaign.pk for campaign in campaigns], {"new": 100}),
    ]
    for n in range(plan.events):
        action, kind, ids, after = what[draw(n) % len(what)]
        actor = None if n % 50 == 0 else actors[draw(n, 1) % len(actors)]
        yield (actor, action, kind, ids[draw(n, 2) % len(ids)], {}, after | {"step": n}, moment(n, plan.events))


def _sets(ground: Ground) -> None:
    fixed = {"state": "finished", "sha256": "0" * 64, "rows": 40, "splits": {"train": 36, "dev": 4}}
    PreferenceSet.objects.bulk_create(
        PreferenceSet(organisation=home, title=f"Pairs {n + 1}", leaks={"state": "done"}, **fixed)
        for home in ground.organisations
        for n in range(SETS)
    )


def _keys(ground: Ground) -> list[ApiKey]:
    live = [version for version in ground.versions if version.number == VERSIONS]
    deployments = Deployment.objects.bulk_create(
        Deployment(
            organisation_id=version.config.organisation_id,
            slug=f"{SLUG}-{number}",
            version=version,
            candidate=ground.candidates[number % len(ground.candidates)],
        )
        for number, version in enumerate(live[:: max(1, len(live) // (DEPLOYMENTS * len(ground.organisations)))])
    )
    return ApiKey.objects.bulk_create(
        ApiKey(
            organisation_id=deployment.organisation_id,
            deployment=deployment,
            name=f"desk {number}",
            prefix=f"cosa-scale-{number}",
            digest=f"{deployment.pk * KEYS + number:064x}",
        )
        for deployment in deployments
        for number in range(KEYS)
    )


_TRAFFIC = (
    *("deployment_id", "key_id", "version_id", "candidate_id", "at", "outcome", "streamed", "latency", "first"),
    *("requests", "tokens_in", "tokens_out"),
)


def _traffic(plan: Plan, keys: list[ApiKey]) -> Iterator[tuple[Any, ...]]:
    """Rows of every key in turn, six for each of its five minutes, up to now."""
    lines, together = plan.events, len(keys) * len(OUTCOMES)
    begin = moment(1, 1).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=5 * (lines // together + 1))
    for n in range(lines):
        step, rest = divmod(n, together)
        key, variant = keys[rest // len(OUTCOMES)], rest % len(OUTCOMES)
        where = cast(Deployment, key.deployment)
        fixed = (where.pk, key.pk, where.version_id, where.candidate_id, begin + timedelta(minutes=5 * step))
        calls = 1 + draw(n) % 9
        yield (*fixed, OUTCOMES[variant], variant == 1, 30 + variant, 20 if variant == 1 else 0, calls, 300 * calls, 99)
