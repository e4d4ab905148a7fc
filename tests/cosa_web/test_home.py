"""Each person's home: what waits, what runs, and the newest scores; and the sign of life for machines."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import make_run
from tests.markup import elements
from tests.outcomes import answer, finish, finished_run
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db


def run_url(run):
    return reverse("training:run-detail", args=[run.pk])


def home(client):
    return client.get("/").content.decode()


def links(html):
    return [one.attributes.get("href", "") for one in elements(html, "a")]


def test_an_expert_is_asked_to_start_something(as_person):
    html = home(as_person("ada"))
    assert "Hello, Ada" in html and reverse("training:run-new") in links(html)


def test_an_annotator_is_told_that_nothing_waits(as_person):
    make_run(1)
    html = home(as_person("carol"))
    assert "Nothing waits for you." in html and not [url for url in links(html) if url.startswith("/runs/")]


def test_a_run_that_stopped_itself_waits_with_its_reason(as_person):
    run = make_run(1)
    EvaluationRun.objects.update(state="paused", reason="The key has no money left.")
    html = home(as_person("ada"))
    assert run_url(run) in links(html) and "The key has no money left." in html


def test_a_working_run_shows_how_far_it_is(as_person):
    run = make_run(4)
    answer(run.items.first())
    html = home(as_person("ada"))
    assert run_url(run) in links(html) and "1 of 4" in html


def test_the_newest_score_of_a_config_leads_to_its_items(as_person):
    finished_run(4)
    newest = finished_run(0)
    html = home(as_person("ada"))
    assert [url for url in links(html) if url.startswith(reverse("training:item-list", args=[newest.pk]) + "?config=")]


def test_a_run_without_a_score_does_not_hide_an_older_one(as_person):
    scored, unscored = finished_run(4), make_run(0)
    for item in unscored.items.all():
        answer(item, helpfulness=None)
    finish(unscored)
    html = home(as_person("ada"))
    assert [url for url in links(html) if url.startswith(reverse("training:item-list", args=[scored.pk]))]


def test_nothing_of_another_organisation_is_shown(as_person):
    run = finished_run(2)
    assert not [url for url in links(home(as_person("mallory"))) if f"/runs/{run.pk}/" in url]


def test_a_sign_of_life_needs_no_log_in():
    response = Client().get(reverse("healthz"))
    assert (response.status_code, response.content, response.headers["Content-Type"]) == (200, b"ok", "text/plain")


def test_a_sign_of_life_asks_the_database(django_assert_num_queries):
    with django_assert_num_queries(1, connection=connection):
        Client().get(reverse("healthz"))


def test_a_database_that_is_gone_is_no_sign_of_life(monkeypatch):
    def gone(*unused):
        raise OSError("the disk is away")

    monkeypatch.setattr(connection, "cursor", gone)
    assert Client(raise_request_exception=False).get(reverse("healthz")).status_code == 500
