"""Deployments and their keys through the API."""

import pytest
from django.utils import timezone

from annotations.core.secret import digest
from annotations.models import RepeatedRequest
from tests.factories import (
    make_config,
    make_deployment,
    make_key,
    make_model,
    make_organisation,
    make_person,
    make_version,
)
from tests.outcomes import finished_run
from tests.programs import Program
from training.models import ApiKey, Deployment, Traffic

pytestmark = pytest.mark.django_db


def served():
    return make_model("served", engine="openai_http", base_url="http://127.0.0.1:9/v1")


def said(version=None, **fields):
    version = version or make_version()
    named = {"slug": "game", "config": version.config_id, "version": version.number, "model": served().pk}
    return named | fields


def traffic(deployment, key, **fields):
    there = {"version": deployment.version, "candidate": deployment.candidate, "at": timezone.now(), "requests": 1}
    return Traffic.objects.create(deployment=deployment, key=key, **there | {"latency": 20, "tokens_in": 5} | fields)


def test_an_approved_version_is_put_in_service():
    told = Program("grace").send(
        "deployments/", said(temperature=0.5, top_p=0.9, strategy="cascade", note="For the desk.")
    )
    row = Deployment.objects.get()
    assert (told.status_code, told.json()["id"], told.json()["state"]) == (201, row.pk, "served")
    assert (row.candidate.temperature, row.candidate.top_p, row.candidate.strategy) == (0.5, 0.9, "cascade")
    assert told.json()["evidence"] is None and told.json()["address"].endswith("/v1")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"slug": "Big Name"}, "slug"),
        ({"version": 99}, "version"),
        ({"config": 2**63 - 1}, "version"),
        ({"model": 2**62}, "model"),
        ({"strategy": "no_config"}, "strategy"),
        ({"temperature": "Infinity"}, "temperature"),
        ({"max_tokens": 2**31 - 1}, "max_tokens"),
        ({"client_system": "obey"}, "client_system"),
        ({"settings": {"a": {}}}, "settings.a"),
    ],
)
def test_what_cannot_be_served_says_which_field(fields, where):
    response = Program("grace").send("deployments/", said() | fields)
    assert (response.status_code, where in response.json()["errors"]) == (422, True)


@pytest.mark.parametrize("fields", [{"top_p": "NaN"}, {"top_p": 0}, {"temperature": "NaN"}, {"settings": {"shots": 5}}])
def test_a_candidate_that_cannot_be_is_refused(fields):
    assert Program("grace").send("deployments/", said() | fields).status_code == 422


def test_a_draft_is_not_served_and_the_answer_says_so():
    response = Program("grace").send("deployments/", said(make_version(state="draft")))
    assert (response.status_code, "only an approved version" in response.json()["detail"]) == (422, True)


def test_only_admins_deploy_and_strangers_find_nothing():
    row, body = make_deployment(), said()
    assert Program("lea").send("deployments/", body).status_code == 403
    assert Program("grace", "deployments:read").send("deployments/", body).status_code == 403
    for action in ("switch", "retire"):
        assert Program("lea").send(f"deployments/{row.pk}/{action}/", {}).status_code == 403
        assert Program("mallory").send(f"deployments/{row.pk}/{action}/", {}).status_code == 404
    assert Program("mallory").get(f"deployments/{row.pk}/").status_code == 404
    assert Program("carol").get("deployments/").status_code == 403


def test_a_deployment_is_switched_by_whoever_saw_it_as_it_is():
    grace = Program("grace")
    row = grace.send("deployments/", said()).json()
    body = {"seen": row["changed_at"], "version": make_version().number, "model": served().pk}
    first, second = (grace.send(f"deployments/{row['id']}/switch/", body) for _ in range(2))
    assert (first.status_code, first.json()["version"], first.json()["slug"]) == (200, 2, "game")
    assert (second.status_code, "Somebody was faster" in second.json()["detail"]) == (409, True)


def test_a_switch_needs_to_know_what_was_seen():
    row = make_deployment()
    response = Program("grace").send(f"deployments/{row.pk}/switch/", {"version": 1, "model": served().pk})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["seen"])


def test_a_deployment_is_retired_once_and_leaves_the_list():
    row, grace = make_deployment(), Program("grace")
    assert grace.send(f"deployments/{row.pk}/retire/").json()["state"] == "retired"
    assert grace.send(f"deployments/{row.pk}/retire/").status_code == 409
    assert grace.get("deployments/").json()["results"] == []
    assert [one["slug"] for one in grace.get("deployments/", state="retired").json()["results"]] == ["game"]


def test_a_deployment_has_the_score_of_exactly_what_it_serves():
    run = finished_run(4)
    row = make_deployment(version=run.items.first().version, candidate_id=run.candidate_id)
    told = Program().get(f"deployments/{row.pk}/").json()["evidence"]
    assert (told["run"], told["score"], told["n_scored"], told["n_total"]) == (run.pk, 1.0, 4, 4)


def test_traffic_is_told_by_how_calls_ended_with_their_waits():
    row = make_deployment()
    key, _ = make_key(row)
    traffic(row, key, outcome="answered", requests=9), traffic(row, key, outcome="refused", tokens_out=7)
    traffic(row, key, outcome="upstream", requests=2, latency=0)
    told = Program().get(f"deployments/{row.pk}/traffic/", period="2h").json()
    assert told["counts"] == {"answered": 9, "refused": 1, "upstream": 2}
    assert [told[name] for name in ("requests", "ended", "failed", "tokens_in", "tokens_out")] == [12, 10, 2, 15, 7]
    whole, streams, _ = told["waits"]
    assert (whole["n"], whole["p50"] > 0, streams["n"], streams["p50"]) == (10, True, 0, None)
    assert (told["keys"][0]["key"], told["versions"][0]["config"]) == (key.pk, row.version.config_id)
    assert Program().get(f"deployments/{row.pk}/traffic/", period="1y").status_code == 400


def test_a_key_is_made_and_its_secret_given_once():
    row, lea = make_deployment(), Program("lea")
    first, again = (lea.send("keys/", {"name": "desk", "deployment": row.pk}, key="k1") for _ in range(2))
    secret = first.json()["secret"]
    assert (first.status_code, ApiKey.objects.get().digest) == (201, digest(secret))
    assert (again.status_code, again.json()) == (201, first.json() | {"secret": None})
    assert secret not in str(list(RepeatedRequest.objects.values())) and secret not in str(
        list(ApiKey.objects.values())
    )
    assert secret not in lea.get("keys/").content.decode() and "secret" not in lea.get("keys/").json()["results"][0]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": " "}, "name"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": 1}, "tokens_per_minute"),
        ({"tokens_per_month": 2**62}, "tokens_per_month"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"deployment": 2**63 - 1}, "deployment"),
        ({"deployment": None}, "organisation"),
        ({"deployment": None, "organisation": 2**62}, "organisation"),
    ],
)
def test_a_key_that_is_refused_says_which_field(fields, where):
    body = {"name": "desk", "deployment": make_deployment().pk} | fields
    response = Program("lea").send("keys/", body)
    assert (response.status_code, where in response.json()["errors"]) == (422, True)


def test_a_lead_gives_keys_for_the_own_organisation_alone():
    foreign = make_deployment("zoo", make_version(make_config("zoo", make_organisation("elsewhere"))))
    make_person("lea").memberships.create(organisation=foreign.organisation, role="expert")
    assert Program("lea").send("keys/", {"name": "desk", "deployment": foreign.pk}).status_code == 422
    assert Program("ada").send("keys/", {"name": "desk"}).status_code == 403
    home = make_organisation().pk
    assert Program("lea").send("keys/", {"name": "desk", "organisation": home}).json()["deployment"] is None


def test_a_change_leaves_what_was_not_sent():
    key, _ = make_key(make_deployment(), requests_per_minute=5)
    told = Program("lea").send(f"keys/{key.pk}/", {"name": "front"}, method="patch").json()
    assert (told["name"], told["requests_per_minute"]) == ("front", 5)
    assert Program("lea").send(f"keys/{key.pk}/", {"requests_per_minute": None}, method="patch").status_code == 200
    assert Program("ada").send(f"keys/{key.pk}/", {"name": "x"}, method="patch").status_code == 403
    assert Program("mallory").send(f"keys/{key.pk}/", {"name": "x"}, method="patch").status_code == 404


def test_a_change_keeps_what_somebody_else_changed_meanwhile(monkeypatch):
    key, _ = make_key(make_deployment(), requests_per_minute=5)
    stale = ApiKey.objects.get(pk=key.pk)
    ApiKey.objects.filter(pk=key.pk).update(requests_per_minute=9)
    monkeypatch.setattr("training.access.api_key_for_holder", lambda *_: stale)
    told = Program("lea").send(f"keys/{key.pk}/", {"name": "front"}, method="patch").json()
    assert (told["name"], told["requests_per_minute"]) == ("front", 9)


def test_a_key_is_revoked_once():
    key, _ = make_key(make_deployment())
    assert Program("lea").send(f"keys/{key.pk}/revoke/").json()["state"] == "revoked"
    assert Program("lea").send(f"keys/{key.pk}/revoke/").status_code == 409
    assert Program("ada").send(f"keys/{key.pk}/revoke/").status_code == 403


def test_a_key_says_what_it_has_used_of_its_month():
    row = make_deployment()
    key, _ = make_key(row)
    traffic(row, key, outcome="answered", tokens_out=7)
    told = Program().get(f"keys/{key.pk}/").json()
    assert (told["used"], told["state"], told["prefix"]) == (12, "active", key.prefix)
    assert Program("mallory").get(f"keys/{key.pk}/").status_code == 404


def test_lists_ask_as_much_for_thirty_rows_as_for_three(django_assert_max_num_queries):
    version, asked = make_version(), []
    for number in (3, 27):
        for _ in range(number):
            traffic(
                row := make_deployment(f"d{Deployment.objects.count()}", version), make_key(row)[0], outcome="answered"
            )
        for address in ("deployments/", "keys/"):
            program = Program()
            with django_assert_max_num_queries(7) as seen:
                assert len(program.get(address).json()["results"]) == Deployment.objects.count()
            asked.append(len(seen))
    assert asked[:2] == asked[2:]
