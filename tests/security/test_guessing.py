"""Guessing at passwords, names, tokens and keys: slow, the same for all of them, and without an answer."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from cosa_web.throttle import WIDE
from tests import factories
from tests.databases import at_once
from tests.factories import make_key, make_person

LOGIN = reverse("login")
PASSWORD, WRONG = "a-long-lantern", "a-wrong-lantern"


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME = 2, timedelta(minutes=10)


@pytest.fixture
def ada(db):
    """Ada, with a password."""
    return with_password("ada")


def with_password(name):
    return factories.with_password(make_person(name, role="annotator"), PASSWORD)


def log_in(name="ada", password=WRONG, address="192.0.2.1", **headers):
    said = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(LOGIN, said, **headers).status_code


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_count_each():
    """They are rows of the database: processes, threads and machines count together."""
    with_password("ada")
    told = at_once(*[lambda: log_in(password=WRONG)] * 6)
    caches["default"].clear()
    assert set(told) <= {422, 429} and log_in(password=PASSWORD) == 429


@pytest.mark.django_db
def test_a_header_of_ones_own_is_no_other_address(ada, settings):
    settings.BEHIND_PROXY = False
    told = [log_in(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}") for number in range(3)]
    assert told == [422, 429, 429]


@pytest.mark.django_db
def test_behind_a_proxy_only_its_own_word_counts(ada, settings):
    settings.BEHIND_PROXY = True
    told = [log_in(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, 198.51.100.7") for number in range(3)]
    assert told == [422, 429, 429] and log_in(HTTP_X_FORWARDED_FOR="198.51.100.7, 198.51.100.8") == 422


@pytest.mark.django_db
@pytest.mark.parametrize("many", ["addresses", "names"])
def test_many_addresses_or_names_are_worth_twenty_times_the_tries_and_no_more(ada, many):
    """Two tries a pair; forty of a name, or from an address, are the last."""
    for number in range(2 * WIDE):
        mine = {"address": f"198.51.100.{number}"} if many == "addresses" else {"name": f"person{number}"}
        log_in(**mine)
    theirs = {"address": "192.0.2.77"} if many == "addresses" else {}
    assert log_in(password=PASSWORD, **theirs) == 429
    assert log_in("carol", address="192.0.2.99") == 422


@pytest.mark.django_db
def test_a_name_that_is_known_takes_as_much_work_and_the_same_words(monkeypatch, settings):
    """The slow part of a log-in is the hash of the password: one for whatever name, also one that has no password."""
    settings.AXES_FAILURE_LIMIT, work = 50, []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *said: (work.append(1), encode(*said))[1])
    with_password("ada")
    invited, left = make_person("nina", role="annotator"), with_password("left")
    invited.set_unusable_password()
    invited.save()
    left.is_active = False
    left.save()
    done, words = {}, set()
    for name in ("ada", "nina", "left", "unheard-of"):
        work.clear()
        page = Client().post(LOGIN, {"username": name, "password": WRONG})
        done[name] = len(work)
        words.add(page.content.decode().replace(name, "…").split("<main")[1].split("csrfmiddlewaretoken")[0])
    assert set(done.values()) == {1} and len(words) == 1, done


@pytest.mark.django_db
def test_tokens_that_open_nothing_count_by_the_address(settings):
    settings.API_PER_MINUTE_ANONYMOUS = 3
    told = [
        Client(headers={"Authorization": f"Bearer pat-guess-{number}"}).get("/api/v1/me/").status_code
        for number in range(5)
    ]
    assert told == [401, 401, 401, 429, 429]


@pytest.mark.django_db
def test_secrets_are_of_256_bits_and_kept_as_a_digest():
    key, secret = make_key()
    assert len(secret.rpartition("-")[2]) >= 40 or len(secret) >= 46
    assert secret not in str(type(key).objects.values()) and key.digest != secret
