"""Log-ins that fail too often have to wait, whoever the name belongs to; nothing typed as a password is kept."""

import logging
import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from annotations.services import people
from cosa_web.throttle import client_address
from tests.factories import make_person, with_password
from tests.markup import elements, inline

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LOGIN = reverse("login")
PASSWORD, WRONG = "a-long-lantern", "a-wrong-lantern"
HERE, THERE = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.2"}


@pytest.fixture(autouse=True)
def ada(settings):
    """Ada with a password; three tries, ten minutes."""
    settings.AXES_FAILURE_LIMIT, settings.AXES_COOLOFF_TIME = 3, timedelta(minutes=10)
    return with_password(make_person("ada"), PASSWORD)


def log_in(password=PASSWORD, username="ada", client=None, **where):
    return (client or Client()).post(LOGIN, {"username": username, "password": password}, **(where or HERE))


def fail(times, username="ada", **where):
    return [log_in(WRONG, username, **where).status_code for _ in range(times)]


def test_the_try_that_reaches_the_limit_and_every_later_one_is_429():
    assert fail(4) == [422, 422, 429, 429]


def test_even_the_right_password_has_to_wait():
    fail(3)
    client = Client()
    assert log_in(client=client).status_code == 429 and client.get("/").status_code == 302


def test_a_name_that_does_not_exist_is_answered_alike():
    answers = {}
    for name in ("ada", "nobody"):
        fail(2, name)
        html = log_in(WRONG, name).content.decode()
        # The clock may go on to the next minute between the two.
        answers[name] = re.sub(r"\d\d:\d\d(:\d\d)?", "hh:mm", elements(html, "main")[0].text)
    assert answers["ada"] == answers["nobody"] and "Too many log-ins failed" in answers["ada"]


def test_the_page_says_how_long_and_is_one_of_ours():
    fail(3)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=7, seconds=30))
    response = log_in()
    html = response.content.decode()
    # Ten minutes less seven and a half: 150 seconds, said as three minutes.
    assert "Wait 3 minutes" in html and 148 <= int(response.headers["Retry-After"]) <= 150
    assert "ada" not in html and inline(html) == []


def test_waiting_is_over_after_the_time_and_trying_meanwhile_does_not_lengthen_it():
    fail(5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=9))
    fail(1)
    assert AccessAttempt.objects.get().attempt_time < timezone.now() - timedelta(minutes=8)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=10, seconds=1))
    assert log_in().status_code == 302


def test_another_person_and_another_address_do_not_wait():
    fail(3)
    assert fail(1, "carol") == [422]
    assert log_in(**THERE).status_code == 302


def test_another_browser_is_no_other_address():
    fail(2)
    assert log_in(WRONG, client=Client(headers={"User-Agent": "another"})).status_code == 429


def test_a_log_in_that_succeeds_forgets_the_failed_ones():
    fail(2)
    log_in()
    assert fail(2) == [422, 422]


def test_a_new_password_ends_the_waiting(ada):
    fail(3)
    people.renew_link(person=ada, actor=make_person("grace"))
    ada.refresh_from_db()
    people.set_password(person=ada, password="another-lantern-9")
    assert log_in("another-lantern-9").status_code == 302


def test_somebody_deactivated_is_told_nothing_else(ada):
    people.deactivate(person=ada, actor=make_person("grace"))
    assert [log_in().status_code for _ in range(3)] == [422, 422, 429]


def test_no_password_is_kept_or_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        fail(3)
        Client().post(f"{LOGIN}?password={WRONG}", {"username": "ada", "password": WRONG}, **THERE)
    kept = str(list(AccessAttempt.objects.values())) + str(list(AccessLog.objects.values()))
    assert AccessAttempt.objects.count() == 2 and WRONG not in kept + caplog.text


def test_a_password_typed_in_place_of_the_name_is_not_kept_either():
    fail(2, PASSWORD)
    assert AccessAttempt.objects.count() == 1 and PASSWORD not in str(list(AccessAttempt.objects.values()))


def test_a_log_in_leaves_no_trace_in_the_log_of_failures():
    log_in()
    assert not AccessLog.objects.exists() and not AccessAttempt.objects.exists()


def test_what_cannot_be_stored_breaks_nothing():
    assert fail(1, "a\0da") == [422] and fail(1, "x" * 5000) == [422]


def request(address="192.0.2.1", told=None):
    headers = {"HTTP_X_FORWARDED_FOR": told} if told is not None else {}
    return RequestFactory().post(LOGIN, REMOTE_ADDR=address, **headers)


def test_without_a_proxy_nobody_chooses_an_address(settings):
    settings.BEHIND_PROXY = False
    assert client_address(request(told="203.0.113.9")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("nonsense", "192.0.2.1"),
        ("203.0.113.9, nonsense", "192.0.2.1"),
        ("", "192.0.2.1"),
        (None, "192.0.2.1"),
    ],
)
def test_behind_a_proxy_what_it_said_last_counts(settings, told, address):
    settings.BEHIND_PROXY = True
    assert client_address(request(told=told)) == address


def test_behind_a_proxy_a_made_up_address_does_not_help(settings):
    settings.BEHIND_PROXY = True
    codes = [
        log_in(WRONG, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.9").status_code
        for number in range(3)
    ]
    assert codes == [422, 422, 429]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("", None),
    ],
)
def test_an_address_of_the_newer_kind_counts_by_its_network(address, counted):
    assert client_address(request(address)) == counted
