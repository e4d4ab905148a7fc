"""How much anybody may ask for in a minute."""

import pytest
from django.core.cache import caches
from django.test import Client

from annotations.api import throttles
from cosa_web.api_settings import caches as caches_of
from tests.programs import Program

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """A clock that stands in the middle of a minute."""
    settings.API_PER_MINUTE, settings.API_PER_MINUTE_ANONYMOUS = 3, 2
    now = [1_000_000 * 60.0]
    monkeypatch.setattr(throttles, "time", lambda: now[0])
    monkeypatch.setattr(throttles, "_blind_until", 0.0)
    return now


def statuses(program, number):
    return [program.get("configs/").status_code for _ in range(number)]


def test_one_too_many_is_told_to_wait_and_others_are_not(clock):
    program = Program()
    assert statuses(program, 4) == [200, 200, 200, 429]
    refused = program.get("configs/")
    assert 1 <= int(refused["Retry-After"]) <= 60 and refused["Content-Type"] == "application/problem+json"
    assert statuses(Program("lea"), 1) == [200]


def test_another_token_of_the_same_person_gives_no_more(clock):
    first, second = Program(), Program("ada", "configs:read")
    assert first.token.pk != second.token.pk
    assert statuses(first, 2) + statuses(second, 2) == [200, 200, 200, 429]
    browser = Client()
    browser.force_login(first.token.user)
    assert browser.get("/api/v1/configs/").status_code == 429


def test_a_minute_later_one_goes_on_bit_by_bit(clock):
    program = Program()
    statuses(program, 4)
    clock[0] += 60  # all 3 of the minute before still count: none is left
    assert statuses(program, 1) == [429]
    clock[0] += 30  # half of the 3 still count: 1.5 + 1 <= 3, and 1.5 + 2 > 3
    assert statuses(program, 2) == [200, 429]
    clock[0] += 90  # none of them count any more
    assert statuses(program, 4) == [200, 200, 200, 429]


def test_who_says_nothing_counts_by_the_address():
    answers = [Client().get("/api/v1/configs/").status_code for _ in range(3)]
    assert answers == [401, 401, 429]
    assert Client(REMOTE_ADDR="10.0.0.9").get("/api/v1/configs/").status_code == 401


def test_a_wrong_token_counts_for_its_address():
    client = Client(headers={"Authorization": "Bearer pat-wrong"})
    assert [client.get("/api/v1/configs/").status_code for _ in range(3)] == [401, 401, 429]


def test_zero_is_no_limit(settings):
    settings.API_PER_MINUTE = 0
    assert set(statuses(Program(), 6)) == {200}


def test_a_cache_that_is_away_lets_everybody_in_and_is_left_alone_for_a_while(monkeypatch, caplog):
    asked = []

    class Away:
        def get(self, key):
            asked.append(key)
            raise ConnectionError("no Redis here")

    monkeypatch.setattr(throttles, "caches", {"throttles": Away()})
    assert set(statuses(Program(), 5)) == {200}
    assert len(asked) == 1 and "not counted" in caplog.text


def test_the_shared_cache_is_a_redis_where_there_is_one():
    assert caches_of("unix:///run/valkey")["throttles"]["BACKEND"].endswith("RedisCache")
    assert caches_of("memory://")["throttles"]["BACKEND"].endswith("LocMemCache")
    assert caches["throttles"].add("one", 1)
