"""A model without an address: the gateway starts its server for the first call and ends it with itself."""

import pytest

from tests.gateway_place import CHAT, ask, counting, hello, served
from tests.machines import ROOT
from training.engines._child import model_file

pytestmark = pytest.mark.django_db(transaction=True)


def test_weights_are_served_from_the_first_call_on(monkeypatch):
    monkeypatch.delenv("COSA_EMBEDDED_URL", raising=False)
    place = {"engine": "embedded", "weights": str(model_file()), "timeout": 60, "patience": 60}
    with counting() as redis:
        _, secret = served("", "small", reached=place, candidate={"max_tokens": 4})

        async def twice(call):
            return [await call.post(CHAT, hello(), secret) for _ in range(2)]

        first, second = ask(redis, twice)
    assert first.text and second.text and first.json["usage"]["completion_tokens"] <= 4


def test_weights_that_are_not_there_are_an_error_of_the_server_and_name_no_path(monkeypatch):
    place = {"engine": "embedded", "weights": str(ROOT / "nothing.gguf"), "timeout": 5, "patience": 5}
    with counting() as redis:
        _, secret = served("", "small", reached=place)
        answer = ask(redis, lambda call: call.post(CHAT, hello(), secret))
    assert answer.status in {502, 503} and "nothing.gguf" not in answer.body.decode()
