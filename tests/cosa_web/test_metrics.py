"""Metrics of the pages: who is told them, what a request counts, and that the inside never makes them fail."""

import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from cosa_web import env_guard, metrics, metrics_inside
from cosa_web.env import WrongSetting
from cosa_web.metrics import Inside, Measured
from tests.factories import make_person
from tests.test_observability import samples
from training import metrics_queries
from training.metrics_queries import Figure

_Disk = namedtuple("_Disk", "total used free")
TOKEN = "metrics-token-of-a-test"
ROOT = Path(__file__).parents[2]
SEVERAL = """
import os, sys
from django.conf import settings
settings.configure(METRICS_DIR=sys.argv[1])
from training.metric_files import Counter, Gauge, metrics
told = metrics("web")
Counter("cosa_test_total", "Calls.", registry=told.registry).inc()
Gauge("cosa_test_open", "Open.", multiprocess_mode="livesum", registry=told.registry).inc()
print(told.told().decode(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def shown(settings: object) -> Client:
    settings.METRICS_TOKEN = TOKEN  # type: ignore[attr-defined]
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "INSIDE", Inside())


@pytest.mark.parametrize("token", ["", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer é"])
def test_only_who_shows_the_token_is_told(settings, token):
    settings.METRICS_TOKEN = TOKEN
    answer = Client().get(reverse("metrics"), headers={"Authorization": token})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert TOKEN not in answer.text and "cosa_web_" not in answer.text


def test_without_a_token_there_is_nothing_at_the_address():
    assert Client().get(reverse("metrics"), headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("value", ["short", "a" * 16, "with a blank in it", "ununumlautä" * 2])
def test_a_token_that_is_easy_stops_the_start(monkeypatch, value):
    monkeypatch.setenv("COSA_METRICS_TOKEN", value)
    with pytest.raises(WrongSetting) as told:
        env_guard.token("COSA_METRICS_TOKEN")
    assert "COSA_METRICS_TOKEN" in str(told.value) and value not in str(told.value)


@pytest.mark.django_db
@pytest.mark.usefixtures("anew")
def test_a_request_is_counted_by_its_view_method_and_status(shown):
    before = samples(shown.get(reverse("metrics")).text)
    Client().get(reverse("login"))
    Client().get("/nowhere/")
    Client().generic("BREW", reverse("login"))
    after = samples(shown.get(reverse("metrics")).text)
    grown = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    for label in (("GET", "2xx", "login"), ("GET", "4xx", "none"), ("other", "4xx", "login")):
        assert grown["cosa_web_requests_total", label] == 1
    assert grown["cosa_web_request_seconds_count", ("cosa_web",)] == 3
    assert grown["cosa_web_request_seconds_count", ("none",)] == 1
    assert after["cosa_web_requests_in_flight", ()] == 1


def test_a_request_whose_answer_fails_is_counted_and_over():
    def broken(_: object) -> HttpResponse:
        raise RuntimeError

    before = samples(metrics.metrics("web").told().decode())
    with pytest.raises(RuntimeError):
        Measured(broken)(RequestFactory().get("/"))
    after = samples(metrics.metrics("web").told().decode())
    name = ("cosa_web_requests_total", ("GET", "5xx", "none"))
    assert after[name] == before.get(name, 0) + 1
    assert after["cosa_web_requests_in_flight", ()] == 0


def test_the_inside_is_read_once_however_many_ask():
    asked = []

    def read() -> Iterator[Figure]:
        asked.append(1)
        yield Figure("cosa_x_total", "X.", ("queue",), {("llm",): 3.0})

    inside = Inside(read)
    told = [metrics.metrics("web").told(inside).decode() for _ in range(3)]
    assert asked == [1]
    assert all(samples(one)["cosa_x_total", ("llm",)] == 3 for one in told)


@pytest.mark.django_db
def test_what_cannot_be_read_is_left_out_and_said(monkeypatch):
    def away() -> list[Figure]:
        raise OSError("db.inside")

    monkeypatch.setattr(metrics_queries, "READERS", (away, metrics_queries.runs))
    told = {figure.name: figure.values for figure in metrics_inside.figures()}
    assert told["cosa_inside_readable"] == {(): 0}
    assert "cosa_runs" in told


@pytest.mark.django_db
def test_who_has_to_wait_at_the_log_in_is_counted(settings):
    settings.AXES_FAILURE_LIMIT = 2
    make_person("ada")
    for name in ("ada", "ada", "grace"):
        Client().post(reverse("login"), {"username": name, "password": "wrong"})
    assert metrics_inside.lockouts()[0].values == {(): 1}


def test_several_processes_tell_the_sum_of_all(tmp_path):
    """The first empties the folder; one that ended goes on counting, and holds nothing open any more."""
    stale = tmp_path / "web" / "counter_1.db"
    stale.parent.mkdir()
    stale.write_bytes(b"left over")

    def begin() -> tuple["subprocess.Popen[str]", str]:
        command = [sys.executable, "-c", SEVERAL, str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        lines = [process.stdout.readline() for _ in range(6)]  # type: ignore[union-attr]
        return process, "".join(lines)

    first, alone = begin()
    second, both = begin()
    first.communicate()
    third, after = begin()
    for process in (second, third):
        process.communicate()
    told = [
        (samples(text)["cosa_test_total", ()], samples(text)["cosa_test_open", ()]) for text in (alone, both, after)
    ]
    assert told == [(1, 1), (2, 2), (3, 2)]


def test_a_full_disk_is_told(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    asked = []
    monkeypatch.setattr(metrics_inside.shutil, "disk_usage", lambda place: asked.append(place) or _Disk(200, 190, 10))
    assert metrics_inside.disk()[0].values == {(): 0.05} and asked == [tmp_path]
