"""How much waits for each role, on the home and beside the places of the rail."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import PromptImport
from annotations.models.configs import RETIRED
from annotations.queries import numbers
from tests.campaign_place import arguments
from tests.factories import (
    make_benchmark,
    make_config,
    make_deployment,
    make_key,
    make_node,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_training,
    make_version,
)
from tests.markup import elements
from tests.outcomes import finished_run
from tests.review_desk import waits
from training.models import EvaluationRun, Worker

pytestmark = pytest.mark.django_db


def numbers_of(client):
    """The numbers above what waits: each with its words and address."""
    found = elements(client.get("/").content.decode(), "a", "chip")
    return {" ".join(one.text.split()): one.attributes["href"] for one in found}


def rail(client):
    """The words of the rail's entries that count something."""
    links = elements(client.get("/").content.decode(), "a", "rail-link")
    return [words for words in (" ".join(one.text.split()) for one in links) if "waiting" in words]


def made(state, **fields):
    """An import of prompts in that state."""
    benchmark = make_benchmark()
    values = {"organisation": benchmark.organisation, "name": "rows.csv", "folder": "gone", "state": state} | fields
    return PromptImport.objects.create(benchmark=benchmark, **values)


def test_reviews_are_counted_for_reviewers_alone(as_person):
    waits(), waits(make_config("other"))
    assert numbers_of(as_person("bob")) == {"2 reviews": reverse("training:review-list")}
    assert rail(as_person("bob")) == ["Reviews 2 waiting"]
    assert rail(as_person("ada")) == [] and "2 reviews" not in numbers_of(as_person("ada"))


def test_a_number_is_counted_no_further_than_99(as_person, monkeypatch):
    monkeypatch.setattr(numbers, "MOST", 2)
    waits(), waits(make_config("other")), waits(make_config("third"))
    assert rail(as_person("bob")) == ["Reviews 1+ waiting"]


def test_prompts_to_label_are_counted_for_an_annotator(as_person):
    make_prompt(), make_prompt()
    assert numbers_of(as_person("carol")) == {"2 prompts to label": reverse("annotations:check-list")}


def test_flags_are_counted_for_the_lead_of_the_campaign(as_person):
    arguments(finished_run(4))
    assert "1 flag" in numbers_of(as_person("lea")) and rail(as_person("lea")) == ["Campaigns 1 waiting"]
    assert rail(as_person("ada")) == []


def test_stopped_runs_are_counted_for_who_may_go_on_with_them(as_person):
    make_run(1)
    EvaluationRun.objects.update(state="paused", reason="The key has no money left.")
    assert numbers_of(as_person("ada"))["1 stopped run"] == f"{reverse('training:run-list')}?state=paused"
    assert numbers_of(as_person("bob")) == {} == numbers_of(as_person("mallory"))


def test_an_admin_is_told_of_what_is_in_trouble_and_nobody_else(as_person):
    long_ago = timezone.now() - timedelta(days=1)
    make_deployment(version=make_version(state=RETIRED))
    make_node(seen_at=long_ago), Worker.objects.create(name="w", node="n", seen_at=long_ago)
    make_key(expires_at=long_ago), make_key(expires_at=timezone.now() + timedelta(days=90))
    told = {"1 deployment stopped", "1 worker is silent", "1 node is silent", "1 key ends about now"}
    client = as_person("grace")
    found = numbers_of(client)
    assert told == set(found) and {client.get(url).status_code for url in found.values()} == {200}
    assert set(numbers_of(as_person("lea"))) == {"1 key ends about now"} and numbers_of(as_person("ada")) == {}


def test_long_work_of_every_sort_is_among_what_runs(as_person):
    row, training = made("running", done=1, total=4), make_training()
    for person in ("ada", "grace"):
        html = as_person(person).get("/").content.decode()
        links = [one.attributes["href"] for one in elements(html, "a", "plain")]
        assert reverse("annotations:import-detail", args=[row.pk]) in links
        assert reverse("training:training-detail", args=[training.pk]) in links
    assert "1 of 4 steps done" in html
    assert "Import of prompts" not in as_person("mallory").get("/").content.decode()


def test_work_that_waits_for_a_decision_is_counted_for_who_may_decide(as_person):
    made("waiting")
    assert "1 decision" in numbers_of(as_person("ada")) and numbers_of(as_person("bob")) == {}


def test_a_training_that_waits_is_an_admins(as_person):
    make_training(state="waiting", reason="")
    assert "1 decision" in numbers_of(as_person("grace")) and "1 decision" not in numbers_of(as_person("ada"))


def test_more_long_work_asks_no_more_often(as_person):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        return len(queries)

    client = as_person("lea")
    made("running"), make_person("lea"), client.get("/")
    first = asked()
    made("queued"), made("waiting"), make_training(), make_key(organisation=make_organisation())
    assert asked() == first <= 25
