"""Access tokens: made, found, revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import AccessToken, AuditEvent, User
from annotations.services import tokens
from annotations.services.tokens import TokenProblem
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def issue(person="ada", **fields):
    values = {"name": "script", "scopes": ["configs:read"], "expires_at": None} | fields
    return tokens.issue(user=make_person(person), **values)


def test_the_secret_is_known_once_and_stored_nowhere():
    token, secret = issue(name="  nightly ")
    token.refresh_from_db()
    assert secret.startswith("pat-") and len(secret) > 40 and secret.startswith(token.prefix)
    kept = [str(value) for value in AccessToken.objects.values().get(pk=token.pk).values()]
    assert not any(secret in value for value in kept) and token.name == "nightly"
    (event,) = AuditEvent.objects.filter(action="issue")
    assert event.actor == token.user and secret not in str(event.after)


def test_a_living_token_is_found_by_its_secret_alone():
    token, secret = issue()
    found = tokens.find(secret)
    assert found == token and found.user == make_person("ada")
    assert [tokens.find(other) for other in ("", secret[:-1], secret + "x", "\ud800", token.digest)] == [None] * 5


def test_one_query_finds_a_token_that_was_used_this_minute(django_assert_num_queries):
    _, secret = issue()
    tokens.find(secret)
    with django_assert_num_queries(1):
        tokens.find(secret)


def test_its_last_use_is_noted_once_a_minute():
    token, secret = issue()
    tokens.find(secret)
    AccessToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    tokens.find(secret)
    token.refresh_from_db()
    noted = token.last_used_at
    assert timezone.now() - noted < timedelta(seconds=30)
    tokens.find(secret)
    token.refresh_from_db()
    assert token.last_used_at == noted


def test_a_revoked_token_opens_nothing_and_is_revoked_once():
    token, secret = issue()
    tokens.revoke(token=token, actor=token.user)
    assert tokens.find(secret) is None
    with pytest.raises(TokenProblem, match="revoked already"):
        tokens.revoke(token=token, actor=token.user)
    assert AuditEvent.objects.filter(action="revoke").count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["campaigns:write"]}, "scopes"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_what_cannot_be_is_told_with_its_field(fields, field):
    with pytest.raises(TokenProblem) as problem:
        issue(**fields)
    assert problem.value.field == field and AccessToken.objects.count() == 0


def test_nobody_has_endless_tokens(monkeypatch):
    monkeypatch.setattr(tokens, "MOST_LIVING", 2)
    first, _ = issue()
    issue()
    with pytest.raises(TokenProblem, match="Revoke one first"):
        issue()
    tokens.revoke(token=first, actor=first.user)
    issue()


@pytest.mark.parametrize(
    ("person", "offered"),
    [("carol", ["ratings:read", "ratings:write"]), ("bob", ["configs:read", "reviews:read", "reviews:write"])],
)
def test_a_person_is_offered_what_the_roles_can_use(person, offered):
    assert tokens.scopes_of(make_person(person))[: len(offered)] == offered


def test_a_person_without_a_role_is_offered_nothing():
    assert tokens.scopes_of(User.objects.create(username="nobody")) == []
