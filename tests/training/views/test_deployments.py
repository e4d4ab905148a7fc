"""The pages of deployments: the list, one with all around it, and what admins do."""

import json
import shlex

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import ConfigVersion
from annotations.services import reviews
from tests.factories import (
    make_candidate,
    make_checkpoint,
    make_config,
    make_deployment,
    make_key,
    make_model,
    make_organisation,
    make_person,
    make_version,
)
from tests.outcomes import finished_run
from training import deployment_queries
from training.models import Deployment, Traffic
from training.services.deploy import deployments
from training.services.deploy.traffic import five_minutes
from training.snippets import snippets

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("training:deployment-list"), reverse("training:deployment-new")


def url(name, row, query=""):
    return reverse(f"training:deployment-{name}", args=[row.pk]) + query


def called(row, n=1, outcome="answered", **fields):

    key, kept = make_key(row)[0], {"version": row.version, "candidate": row.candidate, "requests": n}
    at = five_minutes(timezone.now())
    return Traffic.objects.create(deployment=row, key=key, at=at, outcome=outcome, **kept | fields)


def served_model():
    return make_model("served", engine="openai_http", base_url="http://127.0.0.1:9/v1")


def form(version, **fields):
    """What the form sends for a deployment of the version."""
    said = {"slug": "game", "strategy": "plain", "temperature": "0", "top_p": "1", "seed": "0", "note": ""}
    chosen = {"version": version.pk, "model": served_model().pk, "client_system": "append"}
    return said | chosen | fields


def rows(client, **wanted):
    return [row.deployment.slug for row in client.get(LIST, wanted).context["rows"]]


def test_the_list_is_filtered_by_state_organisation_and_config(as_person):
    home = make_deployment("at-home")
    away = make_deployment("away", make_version(make_config("far", make_organisation("elsewhere"))))
    make_deployment("stopped", make_version(make_config("old"), state="retired"))
    deployments.retire(deployment=make_deployment("gone"), actor=None)
    grace = as_person("grace")
    assert rows(grace) == ["at-home", "away", "stopped"]
    assert rows(grace, state="served") == ["at-home", "away"]
    assert rows(grace, state="stopped") == ["stopped"]
    assert rows(grace, state="retired") == ["gone"]
    assert rows(grace, organisation=away.organisation_id) == ["away"]
    assert rows(grace, config=home.version.config_id) == ["at-home"]
    assert rows(as_person("ada")) == ["at-home", "stopped"]


def test_the_list_tells_of_the_last_day(as_person):
    row = make_deployment()
    called(row, 3, tokens_in=20)
    called(row, 1, "upstream")
    page = as_person("ada").get(LIST)
    assert page.context["rows"][0].recent[:3] == (4, 1, 20)


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(as_person):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    client = as_person("grace")
    for number in range(25):
        called(make_deployment(f"game-{number}"))
        if number == 2:
            few = asked()
    assert asked() == few


def test_the_form_takes_as_many_queries_for_six_versions_as_for_one(as_person):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(NEW).status_code == 200
        return len(queries)

    client = as_person("grace")
    make_deployment("game-0")
    few = asked()
    for number in range(1, 6):
        make_deployment(f"game-{number}")
    assert asked() == few


@pytest.mark.parametrize(("person", "words"), [("grace", "no version is approved yet"), ("ada", "Admins put approved")])
def test_an_empty_list_says_what_to_do_next(as_person, person, words):
    assert words in as_person(person).get(LIST).content.decode()


def test_an_admin_deploys_a_version(as_person):
    version = make_version()
    answer = as_person("grace").post(NEW, form(version))
    row = Deployment.objects.get()
    assert (answer.status_code, answer.url) == (302, url("detail", row))
    assert (row.slug, row.version, row.created_by.username) == ("game", version, "grace")


def test_the_form_begins_with_the_version_of_the_link(as_person):
    version = make_version()
    served_model()
    shown = as_person("grace").get(NEW, {"version": version.pk}).context["form"]
    assert (shown["version"].value(), shown["slug"].value()) == (version.pk, "game")
    offered = [part.strategy.name for part in shown.parts]
    assert offered == ["plain", "cascade", "few_shot", "self_revise"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"slug": "Bad Name"}, "slug"), ({"strategy": "few_shot"}, "strategy"), ({"top_p": ""}, "top_p")],
)
def test_a_refused_form_says_why_beside_the_field_and_keeps_what_was_typed(as_person, fields, field):
    answer = as_person("grace").post(NEW, form(make_version()) | {"note": "For <us>"} | fields)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "For &lt;us&gt;" in answer.content.decode()


def test_a_version_retired_while_the_form_was_open_is_refused(as_person):
    version = make_version()
    reviews.retire(version=ConfigVersion.objects.get(pk=version.pk), actor=make_person("bob"), reasons="Old.")
    answer = as_person("grace").post(NEW, form(version))
    assert (answer.status_code, Deployment.objects.count()) == (422, 0)


def test_an_admin_switches_and_the_slower_one_is_told(as_person):
    row = make_deployment()
    newer, grace = make_version(row.version.config), as_person("grace")
    seen = grace.get(url("switch", row)).context["form"]["seen"].value()
    sent = form(newer, seen=seen)
    assert grace.post(url("switch", row), sent).status_code == 302
    row.refresh_from_db()
    assert row.version == newer
    slower = grace.post(url("switch", row), sent | {"seed": "4"})
    assert slower.status_code == 422
    assert "Somebody was faster" in slower.content.decode()


def test_retiring_is_confirmed_and_happens_once(as_person):
    row, grace = make_deployment(), as_person("grace")
    page = grace.get(url("detail", row)).content.decode()
    assert "Retire game</button>" in page
    assert grace.post(url("retire", row)).status_code == 302
    again = grace.post(url("retire", row), follow=True).content.decode()
    assert "Somebody was faster" in again
    assert "Retire game</button>" not in again


def test_a_stopped_deployment_says_why_and_leads_on(as_person):
    row = make_deployment()
    newer = make_version(row.version.config)
    reviews.retire(version=row.version, actor=make_person("bob"), reasons="It named <people>.")
    page = as_person("grace").get(url("detail", row)).content.decode()
    assert "It named &lt;people&gt;." in page
    assert url("switch", row, f"?version={newer.pk}") in page
    assert 'id="try"' not in page


def test_the_evidence_is_that_of_exactly_this_version_and_candidate(as_person):
    run = finished_run(4)
    version = run.items.first().version
    row = make_deployment("known", version, candidate_id=run.candidate_id)
    unknown = make_deployment("unknown", version, candidate_id=make_candidate(seed=8).pk)
    client = as_person("ada")
    known = client.get(url("detail", row))
    assert known.context["evidence"].run.facts.run == run.pk
    assert "4 of 4 scored" in known.content.decode()
    assert [label for label, _ in known.context["lineage"]][0] == f"Score of run {run.pk}"
    page = client.get(url("detail", unknown))
    assert page.context["evidence"] is None
    assert "Start an evaluation" in page.content.decode()


def test_the_lineage_ends_with_the_training_run_of_a_checkpoint(as_person):
    checkpoint = make_checkpoint()
    row = make_deployment(candidate_id=make_candidate(checkpoint.model).pk)
    steps = as_person("ada").get(url("detail", row)).context["lineage"]
    assert [label for label, _ in steps][-1] == checkpoint.run.title


def test_the_live_part_is_fetched_alone_and_ends_with_the_deployment(as_person):
    row, client = make_deployment(), as_person("ada")
    called(row, 3)
    part = client.get(url("detail", row, "?period=2h"), headers={"HX-Request": "true"}).content.decode()
    assert "<body" not in part
    assert 'hx-trigger="every 10s"' in part
    assert "?period=2h" in part
    deployments.retire(deployment=row, actor=None)
    over = client.get(url("detail", row), headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in over


def test_the_page_takes_as_many_queries_for_much_traffic_as_for_little(as_person):
    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url("detail", row)).status_code == 200
        return len(queries)

    row, client = make_deployment(), as_person("grace")
    called(row)
    few = asked()
    for number in range(12):
        called(row, outcome="too_long", latency=number)
    assert asked() == few <= 25


def test_the_traffic_can_be_taken_away(as_person):
    row = make_deployment()
    called(row, 3)
    answer = as_person("ada").get(url("traffic", row, "?period=2h"))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].startswith("at,version,model,strategy,key,outcome")
    assert "answered" in lines[1]


@pytest.mark.parametrize(("person", "deploys"), [("grace", True), ("ada", False)])
def test_other_pages_fetch_what_serves_a_version(as_person, person, deploys):
    version = make_version()
    make_deployment("shown-game", version)
    part = as_person(person).get(LIST, {"version": version.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "shown-game" in part
    assert (f"{NEW}?version={version.pk}" in part) is deploys
    assert "<body" not in part


def test_a_models_page_fetches_what_it_answers(as_person):
    model, grace = served_model(), as_person("grace")
    make_deployment("of-it", candidate_id=make_candidate(model).pk)
    part = grace.get(LIST, {"model": model.pk}, headers={"HX-Request": "true"}).content.decode()
    assert "of-it" in part
    assert f"{NEW}?model={model.pk}" in part
    echo = grace.get(LIST, {"model": make_model().pk}, headers={"HX-Request": "true"}).content.decode()
    assert NEW not in echo


def test_a_stranger_learns_nothing_of_what_serves_a_version(as_person):
    row = make_deployment("secret-game")
    part = as_person("mallory").get(LIST, {"version": row.version_id}, headers={"HX-Request": "true"})
    assert "secret-game" not in part.content.decode()


def test_the_snippets_are_whole_and_quoted():
    curl, python, javascript = snippets("http://gate.example/", 'ga"me')
    words = shlex.split(curl.stream.replace("$GATEWAY_API_KEY", "k"))
    body = json.loads(words[words.index("-d") + 1])
    assert (words[2], body["model"], body["stream"]) == ("http://gate.example/v1/chat/completions", 'ga"me', True)
    compile(python.whole, "whole", "exec")
    compile(python.stream, "stream", "exec")
    assert 'baseURL: "http://gate.example/v1"' in javascript.whole
    assert "stream: true" in javascript.stream


def test_deployments_that_go_on_stand_before_those_that_are_retired(as_person):
    for slug in ("a", "b", "c"):
        make_deployment(slug)
    for slug in ("b", "a"):
        deployments.retire(deployment=Deployment.objects.get(slug=slug), actor=make_person("grace"))
    assert rows(as_person("grace"), state="all") == ["c", "b", "a"]


@pytest.mark.both_databases
def test_both_databases_put_deployments_that_go_on_first():
    names = dict.fromkeys(deployment_queries.FILTERS, "") | {"state": "all"}
    make_deployment("b")
    deployments.retire(deployment=make_deployment("a"), actor=make_person("grace"))
    assert [one.slug for one in deployment_queries.listed(Deployment.objects.all(), names)] == ["b", "a"]
