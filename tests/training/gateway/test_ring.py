"""Keys in use: looked up, read again, ended."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from annotations.models import ConfigVersion
from tests.databases import aside
from tests.factories import make_deployment, make_key
from tests.ring_place import played, tried
from training.gateway import ring as module
from training.gateway.refused import Refused
from training.gateway.ring import KeyRing
from training.models import ApiKey, Deployment
from training.services.deploy import grants, keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


class Counting:
    """How often the database is read for keys, and for how many of them; it can be away."""

    def __init__(self) -> None:
        self.reads: list[list[str]] = []
        self.away = False
        self._read = grants.read

    def __call__(self, names: Any) -> Any:
        self.reads.append(list(names))
        if self.away:
            raise OperationalError("away")
        return self._read(self.reads[-1])


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counted = Counting()
    monkeypatch.setattr(grants, "read", counted)
    return counted


def test_a_known_key_is_read_once_and_a_crowd_of_it_too(counting: Counting, monkeypatch: Any) -> None:
    key, secret = make_key(make_deployment())
    monkeypatch.setattr(module, "WATCH_SECONDS", 30)

    async def scenario(ring: KeyRing) -> list[Any]:
        crowd = await asyncio.gather(*(ring.grant(secret) for _ in range(50)))
        return [*crowd, await ring.grant(secret)]

    assert {grant.key_id for grant in played(scenario)} == {key.pk}
    assert counting.reads == [[key.digest]]


def test_unknown_keys_are_read_in_groups_and_refused_alike(counting: Counting) -> None:
    _, secret = make_key(make_deployment())
    wrong = [secret[:-1] + "_", secret + "x", secret[:12], "cosa-", "x", "pat-abc", *(f"cosa-{n}" for n in range(300))]

    async def scenario(ring: KeyRing) -> list[Any]:
        return await asyncio.gather(*(tried(ring, one) for one in wrong))

    answers = played(scenario)
    assert {(one.status, one.code, str(one)) for one in answers} == {
        (401, "invalid_api_key", module.unauthorized().message)
    }
    assert len(counting.reads) <= 4 and max(map(len, counting.reads)) <= module.TOGETHER


def test_a_flood_of_unknown_keys_is_told_to_come_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)

    async def scenario(ring: KeyRing) -> list[Any]:
        return await asyncio.gather(*(tried(ring, f"cosa-{number}") for number in range(30)))

    assert sorted(one.status for one in played(scenario)) == [401] * 10 + [503] * 20


def end_key(key: ApiKey) -> None:
    keys.revoke(key=key, actor=None)


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() + timedelta(seconds=0.1))


def retire(key: ApiKey) -> None:
    Deployment.objects.filter(pk=key.deployment_id).update(retired_at=timezone.now())


def retire_version(key: ApiKey) -> None:
    ConfigVersion.objects.update(state="retired")


ENDS = {end_key: (401, 401), expire: (401, 401), retire: (None, 404), retire_version: (None, 404)}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_what_died_opens_nothing_and_ends_its_calls_within_a_second(end: Callable[[ApiKey], None]) -> None:
    key, secret = make_key(make_deployment())

    async def call(ring: KeyRing) -> Refused:
        grant = await ring.grant(secret)
        with pytest.raises(Refused) as refusal:
            async with ring.using(grant, "game"):
                await asyncio.sleep(10)
        return refusal.value

    async def scenario(ring: KeyRing) -> tuple[Any, Refused, float]:
        going = asyncio.create_task(call(ring))
        await tried(ring, secret)
        await aside(end, key)
        began = time.monotonic()
        refusal = await going
        seconds = time.monotonic() - began
        return await tried(ring, secret), refusal, seconds

    answer, refusal, seconds = played(scenario)
    status, inside = ENDS[end]
    assert seconds < 1 and refusal.status == inside
    assert answer.status == status if status else answer.served == {}


def test_an_expired_key_is_refused_at_its_second_without_a_read(monkeypatch: Any) -> None:
    _, secret = make_key(make_deployment(), expires_at=timezone.now() + timedelta(seconds=0.4))
    monkeypatch.setattr(module, "WATCH_SECONDS", 30)
    monkeypatch.setattr(module, "TRUST_SECONDS", 30)

    async def scenario(ring: KeyRing) -> tuple[Any, Any]:
        living = await tried(ring, secret)
        await asyncio.sleep(0.45)
        return living, await tried(ring, secret)

    living, dead = played(scenario)
    assert living.served and dead.status == 401


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring that looks eight times as often."""
    monkeypatch.setattr(module, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(module, "TRUST_SECONDS", 0.25)


@pytest.mark.usefixtures("hurried")
def test_a_change_of_what_is_served_counts_soon_and_ends_no_call() -> None:
    deployment = make_deployment()
    key, secret = make_key(deployment)

    async def scenario(ring: KeyRing) -> tuple[int | None, str]:
        grant = await ring.grant(secret)
        async with ring.using(grant, "game"):
            await aside(ApiKey.objects.filter(pk=key.pk).update, requests_per_minute=3)
            await aside(Deployment.objects.filter(pk=deployment.pk).update, client_system="refuse")
            await asyncio.sleep(0.3)
        new = await ring.grant(secret)
        return new.limits.requests_per_minute, new.served["game"].client_system

    assert played(scenario) == (3, "refuse")


@pytest.mark.usefixtures("hurried")
def test_a_call_of_a_key_that_died_before_it_began_does_not_begin() -> None:
    key, secret = make_key(make_deployment())

    async def scenario(ring: KeyRing) -> Any:
        grant = await ring.grant(secret)
        await aside(end_key, key)
        await asyncio.sleep(0.3)
        async with ring.using(grant, "game"):
            return "begun"

    with pytest.raises(Refused):
        played(scenario)


def test_a_call_that_is_cancelled_by_others_stays_cancelled() -> None:
    _, secret = make_key(make_deployment())

    async def scenario(ring: KeyRing) -> bool:
        grant = await ring.grant(secret)

        async def call() -> None:
            async with ring.using(grant, "game"):
                await asyncio.sleep(10)

        going = asyncio.create_task(call())
        await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait([going])
        return going.cancelled() and not ring._uses

    assert played(scenario)


@pytest.mark.usefixtures("hurried")
def test_a_database_that_is_away_makes_keys_unusable_and_ends_no_call(counting: Counting) -> None:
    _, secret = make_key(make_deployment())

    async def scenario(ring: KeyRing) -> list[Any]:
        grant = await ring.grant(secret)
        async with ring.using(grant, "game"):
            counting.away = True
            still = await tried(ring, secret)
            await asyncio.sleep(0.4)
            away = await tried(ring, secret)
        counting.away = False
        return [still, away, await tried(ring, secret)]

    still, away, back = played(scenario)
    assert still.key_id == back.key_id
    assert (away.status, away.code, away.headers["Retry-After"]) == (503, "keys_unavailable", "2")


@pytest.mark.usefixtures("hurried")
def test_unused_keys_are_forgotten_and_the_others_kept(counting: Counting, monkeypatch: Any) -> None:
    one, secret = make_key(make_deployment())
    other, second = make_key(one.deployment)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.1)

    async def scenario(ring: KeyRing) -> set[str]:
        async with ring.using(await ring.grant(secret), "game"):
            await ring.grant(second)
            await asyncio.sleep(0.3)
            return set(ring._entries)

    assert played(scenario) == {one.digest}
    assert counting.reads[-1] == [one.digest], "all keys in use are read in one go"
