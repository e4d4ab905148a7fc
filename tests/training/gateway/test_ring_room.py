"""What a ring has room for, and what the tokens of tries open."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from annotations.models import Membership, User
from tests.databases import aside
from tests.factories import make_deployment, make_key, make_person
from tests.ring_place import played, tried
from training.gateway import ring as module
from training.gateway.refused import Refused
from training.gateway.ring import KeyRing, counted_as
from training.models import Deployment
from training.services.deploy import tries

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def retire(deployment: Deployment) -> None:
    Deployment.objects.filter(pk=deployment.pk).update(retired_at=timezone.now())


def test_no_more_keys_are_remembered_than_there_is_room_for(monkeypatch: Any) -> None:
    deployment = make_deployment()
    made = [make_key(deployment)[1] for _ in range(5)]
    monkeypatch.setattr(module, "MOST_KEYS", 2)
    monkeypatch.setattr(module, "GRANTED_SECONDS", 0)

    async def scenario(ring: KeyRing) -> tuple[int, int]:
        grant = await ring.grant(made[0])
        async with ring.using(grant, "game"):
            for secret in made:
                await ring.grant(secret)
            return len(ring._entries), list(ring._names).count(grant.key_id)

    assert played(scenario) == (2, 1)


@pytest.mark.parametrize("seconds", [0, module.GRANTED_SECONDS])
def test_with_all_others_in_use_a_key_that_was_just_granted_is_kept(monkeypatch: Any, seconds: float) -> None:
    deployment = make_deployment()
    made = [make_key(deployment)[1] for _ in range(4)]
    monkeypatch.setattr(module, "MOST_KEYS", 1)
    monkeypatch.setattr(module, "GRANTED_SECONDS", seconds)

    async def scenario(ring: KeyRing) -> int:
        # the last two are granted before either of them is used, where the time between counts
        used = made if seconds else made[:3]
        async with AsyncExitStack() as calls:
            for secret in used[:2]:
                await calls.enter_async_context(ring.using(await ring.grant(secret), "game"))
            for grant in [await ring.grant(secret) for secret in used[2:]]:
                await calls.enter_async_context(ring.using(grant, "game"))
            return len(ring._entries)

    assert played(scenario) == (4 if seconds else 3)


def test_a_try_opens_one_deployment_for_a_person_until_it_is_retired() -> None:
    deployment, person = make_deployment(), make_person("ada")
    make_deployment("other", version=deployment.version)
    token = tries.token(deployment.pk, person.pk)

    async def scenario(ring: KeyRing) -> Any:
        grant = await ring.grant(token)
        with pytest.raises(Refused) as ended:
            async with ring.using(grant, "game"):
                await aside(retire, deployment)
                await asyncio.sleep(5)
        return grant, ended.value, await tried(ring, token), await tried(ring, token + "x")

    grant, ended, retired, forged = played(scenario)
    assert (grant.key_id, counted_as(grant), set(grant.served)) == (0, f"try-{person.pk}", {"game"})
    assert (ended.status, retired.status, forged.status) == (404, 401, 401)


def deactivate() -> None:
    User.objects.update(is_active=False)


def shut_out() -> None:
    Membership.objects.all().delete()


@pytest.mark.parametrize("end", [deactivate, shut_out], ids=lambda end: end.__name__)
def test_a_try_opens_nothing_once_its_person_may_no_longer_read_the_deployment(end: Callable[[], None]) -> None:
    token = tries.token(make_deployment().pk, make_person("ada").pk)

    async def scenario(ring: KeyRing) -> tuple[Any, Any]:
        grant = await ring.grant(token)
        with pytest.raises(Refused) as ended:
            async with ring.using(grant, "game"):
                await aside(end)
                await asyncio.sleep(5)
        return ended.value, await tried(ring, token)

    ended, afterwards = played(scenario)
    assert (ended.status, afterwards.status) == (401, 401)


def test_a_try_of_a_stranger_opens_nothing() -> None:
    token = tries.token(make_deployment().pk, make_person("mallory").pk)
    assert played(lambda ring: tried(ring, token)).status == 401


def test_a_token_of_a_try_that_is_too_old_opens_nothing() -> None:
    with patch("django.core.signing.time.time", return_value=time.time() - 61):
        token = tries.token(make_deployment().pk, make_person().pk)
    assert played(lambda ring: tried(ring, token)).status == 401
