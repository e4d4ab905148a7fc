"""Tokens of tries: only ours, only for a minute, only for what they name."""

from django.core import signing

from training.services.deploy import tries


def test_a_token_names_its_deployment_and_its_person():
    assert tries.read(tries.token(7, 3)) == (7, 3)


def test_a_token_that_was_changed_or_made_by_others_names_nothing():
    token = tries.token(7, 3)
    of_another = tries.PREFIX + signing.dumps([7, 3], salt="another")
    assert [tries.read(one) for one in (token + "x", token[:-1], token.removeprefix("try-"), of_another)] == [None] * 4


def test_a_token_opens_nothing_after_a_minute(monkeypatch):
    token, now = tries.token(7, 3), signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + tries.SECONDS + 1)
    assert tries.read(token) is None
