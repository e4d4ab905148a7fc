"""Vectors over HTTP: in the order of the texts, whole and of one length, or a failure in words."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.stub_server import StubServer
from training.engines import Endpoint, EngineError, _embeddings, openai_http

SECRET = "a prompt that must stay between the two of us"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def embed(stub: StubServer, model: str, texts: list[str], **changes: Any) -> Any:
    async def one() -> Any:
        engine = openai_http.engine(Endpoint(stub.base_url, model, timeout=2.0, patience=5.0, **changes))
        try:
            return await engine.embed(texts)
        finally:
            await engine.close()

    return asyncio.run(one())


def problem(stub: StubServer, model: str, texts: list[str]) -> EngineError:
    with pytest.raises(EngineError) as caught:
        embed(stub, model, texts)
    return caught.value


def test_each_text_gets_its_own_vector_though_the_server_sends_the_last_one_first(stub: StubServer) -> None:
    both, one, two = (embed(stub, "embed", texts) for texts in (["one", "two"], ["one"], ["two"]))
    assert both.shape == (2, 8) and both.dtype == np.float32
    assert np.array_equal(both, np.concatenate([one, two])) and not np.array_equal(one, two)


def test_many_texts_go_in_calls_of_some(stub: StubServer) -> None:
    texts = [f"text {number}" for number in range(_embeddings.BATCH * 2 + 1)]
    made = embed(stub, "embed#many", texts)
    assert (len(made), stub.calls("embed#many")) == (len(texts), 3)
    assert np.array_equal(made[-1], embed(stub, "embed", texts[-1:])[0])


def test_no_text_needs_no_call(stub: StubServer) -> None:
    assert embed(stub, "embed#none", []).shape == (0, 0) and stub.calls("embed#none") == 0


def test_numbers_are_asked_for_and_no_packed_bytes() -> None:
    asked = json.loads(json.dumps(_embeddings.request_body("m", ("a", "b"))))
    assert asked == {"model": "m", "input": ["a", "b"], "encoding_format": "float"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("embed-uneven", "vectors of 7 and of 8 numbers"),
        ("embed-packed", "no lists of numbers"),
        ("embed-text", "no lists of numbers"),
        ("embed-none", "no lists of numbers"),
        ("other-json", "not as an OpenAI-compatible server"),
        ("e403", "no right to this model"),
        ("embed-too-long", "longer than the model's context"),
        ("not-found", "has no model 'not-found'. It offers: ok, echo"),
    ],
)
def test_a_failure_that_stays_is_said_in_words_and_not_repeated(stub: StubServer, model: str, words: str) -> None:
    before = stub.calls(model)
    error = problem(stub, model, [SECRET, "x"])
    assert error.permanent and words in error.message and SECRET not in error.message
    assert stub.calls(model) == before + 1


def test_a_missing_vector_is_asked_for_again_and_then_said(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.engines._retries.FIRST_WAIT", 0.001)
    error = problem(stub, "embed-missing", ["a", "b"])
    assert error.message.endswith("sent vectors for 1 texts, not one for each of 2.")
    assert (error.kind, stub.calls("embed-missing")) == ("passing", 3)


def test_what_passes_is_tried_again(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.engines._retries.FIRST_WAIT", 0.001)
    assert embed(stub, "e500-once", ["a"]).shape == (1, 8)


def test_a_server_that_has_the_model_but_no_embeddings_says_what_is_missing(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.stub_server.OFFERED", ["not-found"])
    assert "has no embeddings for the model 'not-found'" in problem(stub, "not-found", ["a"]).message


@pytest.mark.parametrize("index", [[0, 0], [0, 2], [1, None]])
def test_vectors_whose_places_do_not_fit_are_refused(index: list[Any]) -> None:
    body = {"data": [{"index": place, "embedding": [1.0, 2.0]} for place in index]}
    with pytest.raises(EngineError, match="not one for each of 2"):
        _embeddings.vectors(body, 2, "here")


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(EngineError, match="no lists of numbers"):
        _embeddings.vectors({"data": [{"index": 0, "embedding": [1.0, float("nan")]}]}, 1, "here")
