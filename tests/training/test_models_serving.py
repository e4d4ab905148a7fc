"""What the database refuses about deployments, the keys of their clients, and the traffic between them."""

import pytest
from django.utils import timezone

from tests.factories import make_deployment, make_key, make_organisation, make_person
from tests.refusals import refused, refused_with
from training.models import Traffic
from training.services.guards import DEPLOYMENTS_STAY, DEPLOYMENTS_STAY_RETIRED, KEYS_STAY, KEYS_STAY_REVOKED

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def change(row, **fields):
    type(row).objects.filter(pk=row.pk).update(**fields)


def retire(deployment):
    change(deployment, retired_at=timezone.now())
    return deployment


def test_two_living_deployments_of_an_organisation_never_share_a_slug():
    first = make_deployment()
    with refused("deployment_slug_in_organisation"):
        make_deployment(version=first.version)


def test_the_slug_of_a_retired_deployment_is_free_again():
    first = retire(make_deployment())
    assert make_deployment(version=first.version).pk != first.pk


def test_what_becomes_of_a_clients_system_message_is_append_or_refuse():
    with refused("deployment_client_system_known"):
        make_deployment(client_system="obey")


def test_whoever_retired_a_deployment_did_it_at_a_time():
    deployment = make_deployment()
    with refused("deployment_retired_has_time"):
        change(deployment, retired_by=make_person("grace"))


def test_a_retired_deployment_never_comes_back():
    deployment = retire(make_deployment())
    with refused_with(DEPLOYMENTS_STAY_RETIRED):
        change(deployment, retired_at=None)


@pytest.mark.parametrize("field", ["slug", "organisation"])
def test_a_deployment_keeps_its_address(field):
    deployment = make_deployment()
    with refused_with(DEPLOYMENTS_STAY_RETIRED):
        change(deployment, **{field: "another" if field == "slug" else make_organisation("other")})


def test_a_deployment_is_never_deleted():
    deployment = make_deployment()
    with refused_with(DEPLOYMENTS_STAY):
        deployment.delete()


def test_a_key_has_a_name():
    with refused("apikey_has_a_name"):
        make_key(make_deployment(), name="")


@pytest.mark.parametrize("limit", ["requests_per_minute", "tokens_per_minute", "tokens_per_month"])
def test_a_limit_of_nothing_is_no_limit_but_a_revoked_key(limit):
    with refused("apikey_limits_from_one"):
        make_key(make_deployment(), **{limit: 0})


def test_whoever_revoked_a_key_did_it_at_a_time():
    key, _ = make_key(make_deployment())
    with refused("apikey_revoked_has_time"):
        change(key, revoked_by=make_person("grace"))


def test_a_secret_opens_one_key():
    key, _ = make_key(make_deployment())
    with refused("training_apikey.digest"):
        make_key(key.deployment, digest=key.digest)


def test_a_revoked_key_never_comes_back():
    key, _ = make_key(make_deployment(), revoked_at=timezone.now())
    with refused_with(KEYS_STAY_REVOKED):
        change(key, revoked_at=None)


@pytest.mark.parametrize("field", ["digest", "organisation", "deployment"])
def test_a_key_keeps_its_secret_and_its_place(field):
    key, _ = make_key(make_deployment())
    other = {"digest": "0" * 64, "organisation": make_organisation("other"), "deployment": None}
    with refused_with(KEYS_STAY_REVOKED):
        change(key, **{field: other[field]})


def test_a_key_is_never_deleted():
    key, _ = make_key(make_deployment())
    with refused_with(KEYS_STAY):
        key.delete()


def calls(**fields):
    deployment = make_deployment()
    key, _ = make_key(deployment)
    values = {"at": timezone.now(), "outcome": "answered", "requests": 1} | fields
    return Traffic.objects.create(
        deployment=deployment, key=key, version=deployment.version, candidate=deployment.candidate, **values
    )


def test_calls_that_ended_alike_in_the_same_minutes_are_one_row():
    row = calls()
    row.pk = None
    with refused("traffic_once"):
        row.save(force_insert=True)


def test_an_outcome_that_nobody_knows_is_refused():
    with refused("traffic_outcome_known"):
        calls(outcome="wonderful")
