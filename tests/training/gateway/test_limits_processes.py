"""Keys and limits with several real processes at one Redis and one database: killed, emptied, all at the same time."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from annotations.models import ConfigVersion
from tests.factories import make_deployment
from tests.gateway_place import counting, key_of, secret_for
from tests.limits_processes import Process, processes
from training.gateway.limit_server import BASE
from training.models import ApiKey, Deployment, Traffic
from training.services.deploy import keys, traffic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with counting() as address:
        yield address


@pytest.fixture(scope="module")
def three(redis: str, django_db_setup: Any) -> Iterator[list[Process]]:
    with processes(redis, 3) as started:
        yield started


@pytest.fixture(autouse=True)
def _keys_of_other_tests_are_gone_from_redis_too(redis: str) -> None:
    server = Redis.from_url(redis)
    for name in [*server.keys(f"{BASE}:window:*"), *server.keys(f"{BASE}:month:*")]:
        server.delete(name)


def at_once(started: list[Process], do: str, secret: str, **how: Any) -> Counter[str]:
    """What all of them together were told."""
    for one in started:
        one.tell(do, secret, **how)
    return sum((Counter(one.hear()) for one in started), Counter())


def month(redis: str, secret: str) -> tuple[int, int]:
    """The month of a key as Redis has it, and as the database has it."""
    key, name = key_of(secret).pk, f"{timezone.now():%Y-%m}"
    used = Redis.from_url(redis).hget(f"{BASE}:month:{key}:{name}", "used")
    return int(used or 0), traffic.tokens_in_month(key, name)  # type: ignore[arg-type]


def flushed(started: list[Process]) -> None:
    for one in started:
        one.tell("flush", "")
    assert [one.hear() for one in started] == [None] * len(started)


def test_of_300_calls_at_once_exactly_50_pass(three: list[Process]) -> None:
    secret = secret_for(make_deployment(), requests_per_minute=50)
    told = at_once(three, "burst", secret, times=100, tokens=10, cost=5)
    assert told == {"begun": 50, "rate_limit_exceeded": 250}


def test_tokens_of_a_minute_are_never_more_than_the_key_has(three: list[Process]) -> None:
    secret = secret_for(make_deployment(), tokens_per_minute=1000)
    held = at_once(three, "hold", secret, times=40, tokens=20)
    assert held == {"begun": 50, "rate_limit_exceeded": 70}
    second = secret_for(Deployment.objects.get(), tokens_per_minute=1000)
    spent = at_once(three, "spend", second, seconds=0.4, tokens=20, cost=7)
    flushed(three)
    used = traffic.tokens_in_month(key_of(second).pk, f"{timezone.now():%Y-%m}")
    # the last call to begin needs 20 free; the rest is used to the brim: 981 to 1,000, in steps of 7
    assert used == 7 * spent["begun"] and 981 <= used <= 1000


def test_a_killed_process_gives_back_what_it_held_and_the_month_is_never_exceeded(
    redis: str, three: list[Process]
) -> None:
    secret = secret_for(make_deployment(), tokens_per_month=10_000)
    with processes(redis, 1) as [victim]:
        victim.tell("spend", secret, seconds=0.2, tokens=100, cost=10)
        before = victim.hear()["begun"] * 10
        victim.tell("hold", secret, times=50, tokens=100)
        assert victim.hear() == {"begun": 50}
        first = at_once(three, "spend", secret, seconds=0.4, tokens=100, cost=60)
        victim.kill()
    held = before + first["begun"] * 60
    # 5,000 are held: the others stop where a call of 100 would not fit any more
    assert 4_900 < held <= 5_000 and first["rate_limit_exceeded"]
    _age_the_dead(redis, three)
    second = at_once(three, "spend", secret, seconds=0.4, tokens=100, cost=60)
    used = held + second["begun"] * 60
    assert 9_900 < used <= 10_000 and second["insufficient_quota"]
    flushed(three)
    in_redis, _ = month(redis, secret)
    assert in_redis == used, "what the killed one had settled is counted still"


def _age_the_dead(redis: str, living: list[Process]) -> None:
    """As if 5 seconds had gone by: who lives says so again at once."""
    server = Redis.from_url(redis, decode_responses=True)
    for name, said in server.hgetall(f"{BASE}:processes").items():
        if name not in {"since", "writes"}:
            at, *rest = said.split(" ")
            server.hset(f"{BASE}:processes", name, " ".join([str(int(at) - 5_001), *rest]))
    flushed(living)


def test_an_emptied_redis_forgets_no_token_of_the_month(redis: str, three: list[Process]) -> None:
    secret = secret_for(make_deployment(), tokens_per_month=6_000)
    for one in three:
        one.tell("spend", secret, seconds=2.6, tokens=50, cost=3)
    time.sleep(0.5)
    Redis.from_url(redis).flushall()
    spent = sum((Counter(one.hear()) for one in three), Counter())
    flushed(three)
    in_redis, written = month(redis, secret)
    assert in_redis == written == 3 * spent["begun"]
    assert spent["begun"] > 100 and set(spent) <= {"begun", "rate_limit_exceeded", "insufficient_quota"}


def revoke(key: ApiKey) -> None:
    keys.revoke(key=key, actor=None)


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() + timedelta(milliseconds=1))


def retire(key: ApiKey) -> None:
    Deployment.objects.filter(pk=key.deployment_id).update(retired_at=timezone.now())


def retire_version(key: ApiKey) -> None:
    ConfigVersion.objects.update(state="retired")


@pytest.mark.parametrize("end", [revoke, expire, retire, retire_version])
def test_within_a_second_every_process_refuses_and_ends_what_goes_on(
    three: list[Process], end: Callable[[ApiKey], None], record_property: Callable[[str, object], None]
) -> None:
    secret = secret_for(make_deployment())
    for one in three:
        one.tell("watch", secret)
        assert one.hear() is None
    end(key_of(secret))
    began = time.monotonic()
    seconds = [moment - began for one in three for moment in one.hear()]
    record_property("seconds", seconds)
    assert len(seconds) == 6 and max(seconds) < 1


def test_what_all_processes_counted_is_in_the_database_once(three: list[Process]) -> None:
    secret = secret_for(make_deployment())
    told = at_once(three, "burst", secret, times=50, tokens=10, cost=4)
    flushed(three)
    assert told == {"begun": 150}
    assert sum(Traffic.objects.values_list("requests", flat=True)) == 150
    assert sum(Traffic.objects.values_list("tokens_out", flat=True)) == 600
