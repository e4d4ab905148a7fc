"""What a key opens, as the gateway reads it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import (
    make_candidate,
    make_config,
    make_deployment,
    make_key,
    make_model,
    make_organisation,
    make_version,
)
from training.services.deploy import grants

pytestmark = pytest.mark.django_db


def opened(key):
    return {slug for grant in grants.read([key.digest]).values() for slug in grant.served}


def test_a_key_of_a_deployment_opens_that_one_alone():
    deployment = make_deployment("game")
    make_deployment("other", version=deployment.version)
    assert opened(make_key(deployment)[0]) == {"game"}


def test_a_key_of_an_organisation_opens_all_of_its_own():
    deployment = make_deployment("game")
    make_deployment("other", version=deployment.version)
    elsewhere = make_version(make_config("far", make_organisation("elsewhere")))
    make_deployment("far", version=elsewhere)
    assert opened(make_key(organisation=deployment.organisation)[0]) == {"game", "other"}


@pytest.mark.parametrize(
    "ended", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}]
)
def test_a_revoked_or_expired_key_opens_nothing(ended):
    assert grants.read([make_key(make_deployment(), **ended)[0].digest]) == {}


def test_a_retired_version_stops_its_deployment():
    deployment = make_deployment()
    key, _ = make_key(deployment)
    type(deployment.version).objects.filter(pk=deployment.version_id).update(state="retired")
    assert opened(key) == set()


def test_a_retired_deployment_is_not_served():
    deployment = make_deployment()
    key, _ = make_key(deployment)
    type(deployment).objects.update(retired_at=timezone.now())
    assert opened(key) == set() and grants.of_deployment(deployment.pk) is None


def test_a_deployment_says_what_the_model_is_told_and_how_it_samples():
    deployment = make_deployment(candidate_id=make_candidate(make_model(), temperature=0.5, max_tokens=99).pk)
    served = grants.of_deployment(deployment.pk)
    assert served.system == deployment.version.system_prompt(None) and served.config == deployment.version.text
    assert (served.sampling.temperature, served.sampling.max_tokens) == (0.5, 99)


def test_many_keys_are_read_in_three_queries(django_assert_num_queries):
    deployment = make_deployment()
    digests = [make_key(deployment)[0].digest for _ in range(20)]
    with django_assert_num_queries(3):
        assert len(grants.read(digests)) == 20
