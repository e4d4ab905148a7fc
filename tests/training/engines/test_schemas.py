"""A server that does not take a JSON schema is asked without it; what it refuses for other reasons stays refused."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.stub_server import StubServer
from training.engines import Endpoint, EngineError, Reply, Sampling, openai_http

MESSAGES = [{"role": "user", "content": "judge this"}]
ONE = {"type": "object", "properties": {"sure": {"type": "boolean"}}}
OTHER = {"type": "object", "properties": {"score": {"type": "integer"}}}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def replies(stub: StubServer, model: str, *schemas: dict | None) -> list[Reply | str]:
    """The answers of one engine, call after call, or the words of a failure."""

    async def asked() -> list[Reply | str]:
        engine = openai_http.engine(Endpoint(stub.base_url, model, patience=1.0, timeout=1.0))
        got: list[Reply | str] = []
        for schema in schemas:
            try:
                got.append(await engine.chat(MESSAGES, Sampling(), schema))
            except EngineError as problem:
                got.append(problem.message)
        await engine.close()
        return got

    return asyncio.run(asked())


@pytest.mark.parametrize("model", ["no-schema-400", "no-schema-422", "no-schema-list", "no-schema-mute"])
def test_a_schema_that_is_refused_is_left_out_then_and_from_then_on(stub: StubServer, model: str) -> None:
    first, second = replies(stub, model, ONE, ONE)
    assert (first.structured, first.attempts, second.structured, second.attempts) == (False, 2, False, 1)
    assert stub.calls(model) == 3  # one with the schema, two without


def test_another_schema_gets_its_own_try(stub: StubServer) -> None:
    replies(stub, "no-schema-400#other", ONE, OTHER, OTHER)
    assert stub.calls("no-schema-400#other") == 5  # two, two, one


def test_a_reply_tells_whether_the_schema_was_sent(stub: StubServer) -> None:
    taken, none = replies(stub, "judge-json", ONE, None)
    assert (taken.structured, none.structured) == (True, None)


def test_another_refusal_is_not_taken_for_one_of_the_schema(stub: StubServer) -> None:
    assert "temperature must be at most 2" in replies(stub, "e400#schema", ONE)[0]
    assert stub.calls("e400#schema") == 1


def test_a_filtered_call_is_not_sent_again_without_its_schema(stub: StubServer) -> None:
    assert "content filter" in replies(stub, "filtered#schema", ONE)[0]
    assert stub.calls("filtered#schema") == 1


def test_a_server_that_refuses_without_the_schema_too_is_believed_after_three_times(stub: StubServer) -> None:
    said = replies(stub, "mute-400", *[ONE] * 6)
    assert all("refused the call with status 400" in words for words in said)
    assert stub.calls("mute-400") == 9  # three times two calls, then three times one
