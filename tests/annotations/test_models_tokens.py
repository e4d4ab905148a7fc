"""What the database refuses about tokens of the API and repeated requests."""

import pytest

from annotations.models import RepeatedRequest
from tests.factories import make_person, make_token
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_token_has_a_name():
    with refused("accesstoken_has_a_name"):
        make_token(name="")


def test_a_secret_opens_one_token():
    token, _ = make_token()
    with refused("annotations_accesstoken.digest"):
        make_token(digest=token.digest)


def test_a_key_of_a_person_stands_for_one_request():
    ada = make_person()
    RepeatedRequest.objects.create(user=ada, key="a", fingerprint="1" * 64)
    with refused("repeatedrequest_once"):
        RepeatedRequest.objects.create(user=ada, key="a", fingerprint="2" * 64)
