"""Deployments: what may be served, what a switch exchanges, and that nobody overwrites anybody."""

import pytest

from annotations.models import AuditEvent, ConfigVersion, LanguageModel
from annotations.services import reviews
from tests.factories import (
    make_candidate,
    make_config,
    make_demonstration,
    make_key,
    make_model,
    make_organisation,
    make_person,
    make_preference_set,
    make_version,
)
from training.models import Deployment
from training.services.deploy import deployments, grants
from training.services.deploy.deployments import DeploymentChanged, DeploymentProblem, Wanted

pytestmark = pytest.mark.django_db


def served_model(slug="served", **fields):
    return make_model(
        slug, **{"engine": "openai_http", "base_url": "http://127.0.0.1:9/v1", "max_tokens": 512} | fields
    )


def wanted(**parts):
    return Wanted(parts.pop("model", None) or served_model(), **parts)


def deploy(slug="game", version=None, candidate=None, **fields):
    version, grace = version or make_version(), make_person("grace")
    return deployments.create(slug=slug, version=version, candidate=candidate or wanted(), actor=grace, **fields)


def switch(row, version=None, candidate=None, seen=None, **fields):
    row.refresh_from_db()
    told = {"version": version or row.version, "candidate": candidate or row.candidate, "actor": make_person("grace")}
    seen = deployments.stamp(row) if seen is None else seen
    return deployments.switch(deployment=row, seen=seen, **told, **fields)


def refused(words, field, **asked):
    with pytest.raises(DeploymentProblem, match=words) as told:
        deploy(**asked)
    assert told.value.field == field
    assert Deployment.objects.count() == 0


def test_an_approved_version_is_served_at_its_name():
    version = make_version()
    row = deploy("game", version, wanted(temperature=0.5, top_p=0.9, seed=3), note=" For the desk. ")
    assert (row.organisation, row.version, row.note) == (version.config.organisation, version, "For the desk.")
    candidate = row.candidate
    assert (candidate.temperature, candidate.top_p, candidate.max_tokens, candidate.seed) == (0.5, 0.9, 512, 3)
    assert grants.of_deployment(row.pk).slug == "game"
    event = AuditEvent.objects.get(object_type="deployment", action="create")
    assert (event.actor.username, event.after["number"]) == ("grace", version.number)


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "retired"])
def test_only_an_approved_version_is_served(state):
    refused("only an approved version", "version", version=make_version(state=state))


def test_a_version_that_was_retired_after_the_page_was_opened_is_refused():
    version = make_version()
    reviews.retire(version=ConfigVersion.objects.get(pk=version.pk), actor=make_person("bob"), reasons="Old.")
    assert version.state == "approved"
    refused("is retired", "version", version=version)


def test_a_version_of_an_archived_config_is_refused():
    version = make_version()
    version.config.archived_at = version.config.created_at
    version.config.save()
    refused("is archived", "version", version=version)


@pytest.mark.parametrize("slug", ["", "Game", "game desk", "-game", "_game", "g" * 64, "spiel\n", "gäme", "a/b"])
def test_a_name_that_clients_could_not_give_is_refused(slug):
    refused("small letters", "slug", slug=slug)


def test_a_name_is_served_once_in_an_organisation():
    first = deploy("game")
    with pytest.raises(DeploymentProblem, match="already serves"):
        deploy("game")
    elsewhere = make_version(make_config("other", make_organisation("elsewhere")))
    assert deploy("game", elsewhere).pk
    deployments.retire(deployment=first, actor=None)
    assert deploy("game").pk


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"engine": "echo", "base_url": "echo://"}, "No HTTP server"),
        ({"engine": "elsewhere", "base_url": ""}, "No HTTP server"),
        ({"engine": "openai_http", "base_url": ""}, "No HTTP server"),
        ({"engine": "vllm", "base_url": "", "weights": "/w", "node": "forge"}, "lie on forge"),
    ],
)
def test_a_model_that_cannot_answer_clients_is_refused(fields, words):
    refused(words, "model", candidate=wanted(model=served_model(**fields)))


def test_weights_on_another_node_are_served_at_an_address():
    model = served_model(engine="vllm", base_url="http://forge:8000/v1", weights="/w", node="forge")
    assert deployments.unservable(model) == ""


def test_a_model_that_was_archived_meanwhile_is_refused():
    model = served_model()
    LanguageModel.objects.update(archived_at=model.created_at)
    refused("archived", "model", candidate=Wanted(model))


@pytest.mark.parametrize("strategy", ["cascade_oracle", "no_config"])
def test_nobody_is_served_with_a_control(strategy):
    refused("comparing runs", "strategy", candidate=wanted(strategy=strategy))


def test_answers_longer_than_the_models_are_refused():
    refused("at most 512", "max_tokens", candidate=wanted(max_tokens=513))
    refused("at most 512", "max_tokens", candidate=make_candidate(served_model(), max_tokens=513))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"top_p": 0}, "top p above 0"),
        ({"temperature": 3}, "from 0 to 2"),
        ({"strategy": "nothing"}, "no strategy"),
        ({"settings": {"x": 1}}, "no setting x"),
    ],
)
def test_a_candidate_that_cannot_be_is_refused_in_words(parts, words):
    refused(words, "", candidate=wanted(**parts))


def test_few_shot_keeps_the_demonstrations_it_shows():
    config = make_config()
    make_demonstration(config, prompt="How old is a wall?", response="Old.")
    row = deploy(candidate=wanted(strategy="few_shot"), version=make_version(config))
    assert [one["prompt"] for one in row.shown] == ["How old is a wall?"]
    config.demonstrations.update(response="New.")
    row.refresh_from_db()
    assert row.shown[0]["response"] == "Old."


def test_few_shot_without_demonstrations_is_refused():
    refused("no demonstrations yet", "strategy", candidate=wanted(strategy="few_shot"))


def test_a_preference_set_that_the_person_may_not_read_is_refused():
    pairs = make_preference_set()
    asked = wanted(strategy="few_shot", settings={"preference_set": pairs.pk})
    told = {"slug": "game", "version": make_version(), "candidate": asked, "actor": make_person("mallory")}
    with pytest.raises(DeploymentProblem, match="that you may read"):
        deployments.create(**told)


def test_a_switch_keeps_name_and_keys():
    config = make_config()
    row = deploy(version=make_version(config))
    key, _ = make_key(row)
    newer = make_version(config)
    switch(row, newer, wanted(strategy="self_revise"))
    row.refresh_from_db()
    assert (row.slug, row.version, row.candidate.strategy) == ("game", newer, "self_revise")
    assert list(row.keys.all()) == [key]
    event = AuditEvent.objects.get(action="switch")
    assert (event.before["number"], event.after["number"]) == (1, 2)


def test_two_people_never_overwrite_each_other():
    row = deploy()
    seen = deployments.stamp(row)
    switch(row, candidate=wanted(seed=1))
    with pytest.raises(DeploymentChanged, match="Somebody was faster"):
        switch(row, candidate=wanted(seed=2), seen=seen)
    row.refresh_from_db()
    assert row.candidate.seed == 1


def test_a_switch_to_another_config_is_refused():
    other = make_version(make_config("other"))
    with pytest.raises(DeploymentProblem, match="another config"):
        switch(deploy(), other)


def test_a_switch_to_a_version_that_is_not_approved_is_refused():
    row = deploy()
    with pytest.raises(DeploymentProblem, match="only an approved"):
        switch(row, make_version(row.version.config, state="retired"))


def test_a_switch_to_what_is_served_already_changes_nothing():
    row = deploy()
    with pytest.raises(DeploymentProblem, match="Nothing would be another"):
        switch(row)
    assert not AuditEvent.objects.filter(action="switch").exists()


def test_a_switch_goes_on_from_a_retired_version():
    config = make_config()
    row = deploy(version=make_version(config))
    reviews.retire(version=row.version, actor=make_person("bob"), reasons="Old.")
    assert grants.of_deployment(row.pk) is None
    newer = make_version(config)
    switch(row, newer)
    assert grants.of_deployment(row.pk).version_id == newer.pk


def test_the_setting_for_a_clients_system_message_is_exchanged_too():
    row = deploy(client_system="append")
    switch(row, client_system="refuse")
    row.refresh_from_db()
    assert row.client_system == "refuse"
    with pytest.raises(DeploymentProblem, match="append or refuse"):
        switch(row, client_system="obey")


def test_a_retired_deployment_is_retired_once_and_never_switched():
    row, grace = deploy(), make_person("grace")
    deployments.retire(deployment=row, actor=grace)
    assert grants.of_deployment(row.pk) is None
    for again in (
        lambda: deployments.retire(deployment=row, actor=grace),
        lambda: switch(row, candidate=wanted(seed=9)),
    ):
        with pytest.raises(DeploymentChanged, match="retired meanwhile"):
            again()
    assert AuditEvent.objects.filter(object_type="deployment", action="retire").count() == 1
