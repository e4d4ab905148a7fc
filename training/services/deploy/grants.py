"""What a key opens, read from the database: everything the gateway needs to answer a call, and nothing else of Django.

Only what may be served is in it: a key that is neither revoked nor expired, deployments that are not retired, versions
that are approved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.utils import timezone

from annotations.models import FloorVersion, User
from annotations.models.configs import APPROVED
from annotations.services import floor
from training import access
from training.engines import Endpoint, EngineError, Sampling
from training.models import ApiKey, Deployment
from training.services import places, registry
from training.strategies import Demonstration


@dataclass(frozen=True)
class Limits:
    """What a key may ask for, in any 60 seconds and in a calendar month; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_month: int | None = None


@dataclass(frozen=True)
class Served:
    """A deployment as a call needs it: what the model is told, how it answers, and where it is reached.

    `system` is the whole system prompt with the floor in force now, `config` the config's text inside it.
    `endpoint` is None where the model cannot be asked from here; `trouble` says why, for the provider's people.
    """

    deployment_id: int
    version_id: int
    candidate_id: int
    organisation_id: int
    slug: str
    created: int
    client_system: str
    system: str
    config: str
    strategy: str
    settings: Mapping[str, Any]
    demonstrations: tuple[Demonstration, ...]
    sampling: Sampling
    engine: str
    endpoint: Endpoint | None = field(repr=False)
    trouble: str = ""


@dataclass(frozen=True)
class Grant:
    """A living key: whose it is, until when, its limits, and the deployments it opens by their slug."""

    key_id: int
    organisation_id: int
    limits: Limits
    expires_at: datetime | None
    served: Mapping[str, Served] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def living(self, now: datetime | None = None) -> bool:
        """False once the key has expired."""
        return self.expires_at is None or self.expires_at > (now or datetime.now(UTC))


def read(digests: Iterable[str]) -> dict[str, Grant]:
    """The living keys of these digests, each with what it opens; those that open nothing any more are left out.

    Three queries, however many there are, and one more where checkpoints are served that lie on other nodes.
    """
    alive = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    keys = list(ApiKey.objects.filter(alive, digest__in=list(digests)).order_by())
    served = _served({key.organisation_id for key in keys}) if keys else []
    return {key.digest: _grant(key, served) for key in keys}


def of_deployment(pk: int) -> Served | None:
    """A deployment that may be served, without anybody's key; None when it may not."""
    found = list(_deployments().filter(pk=pk))
    return _as_served(found[0], floor.in_force()) if found else None


def of_organisations(organisations: Iterable[int]) -> list[Served]:
    """What may be served of these organisations, without anybody's key; two queries, however many."""
    return _served(set(organisations))


def of_try(pk: int, person: int) -> Served | None:
    """A deployment that may be served, for a person who tries it; None when it or the person may not.

    The person, by the row id, is active and may read the deployment.
    """
    user = User.objects.filter(pk=person, is_active=True).first()
    return of_deployment(pk) if user and access.deployments(user).filter(pk=pk).exists() else None


def _grant(key: ApiKey, served: Iterable[Served]) -> Grant:
    limits = Limits(key.requests_per_minute, key.tokens_per_minute, key.tokens_per_month)
    opened = {
        one.slug: one
        for one in served
        if one.organisation_id == key.organisation_id and key.deployment_id in {None, one.deployment_id}
    }
    return Grant(key.pk, key.organisation_id, limits, key.expires_at, MappingProxyType(opened))


def _deployments() -> Any:
    living = Deployment.objects.filter(retired_at=None, version__state=APPROVED, version__config__archived_at=None)
    return living.select_related("version__config", "candidate__model").order_by()


def _served(organisations: set[int]) -> list[Served]:
    above, rows = floor.in_force(), list(_deployments().filter(organisation__in=organisations))
    models = [one.candidate.model for one in rows]
    prefetch_related_objects([model for model in models if places.lies_elsewhere(model)], "checkpoint")
    return [_as_served(one, above) for one in rows]


def _as_served(one: Deployment, above: FloorVersion | None) -> Served:
    candidate, model = one.candidate, one.candidate.model
    reached, trouble = None, ""
    try:
        reached = registry.endpoint(model)
    except EngineError as problem:
        trouble = problem.message
    return Served(
        deployment_id=one.pk,
        version_id=one.version_id,
        candidate_id=candidate.pk,
        organisation_id=one.organisation_id,
        slug=one.slug,
        created=int(one.created_at.timestamp()),
        client_system=one.client_system,
        system=one.version.system_prompt(above),
        config=one.version.text,
        strategy=candidate.strategy,
        settings=candidate.settings,
        demonstrations=tuple(Demonstration(**row) for row in one.shown),
        sampling=Sampling(candidate.temperature, candidate.max_tokens, candidate.top_p, candidate.seed),
        engine=model.engine,
        endpoint=reached,
        trouble=trouble,
    )
