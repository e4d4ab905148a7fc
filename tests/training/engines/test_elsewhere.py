import asyncio

import pytest

from training.engines import Endpoint, EngineError, Sampling, elsewhere

MESSAGES = [{"role": "user", "content": "hi"}]


def test_a_call_says_that_its_responses_are_imported() -> None:
    with pytest.raises(EngineError, match="Import its responses, or choose another model") as caught:
        asyncio.run(elsewhere.engine(Endpoint("", "")).chat(MESSAGES, Sampling()))
    assert caught.value.permanent


def test_a_stream_says_the_same() -> None:
    async def read() -> list[str]:
        return [piece async for piece in elsewhere.engine(Endpoint("", "")).stream(MESSAGES, Sampling())]

    with pytest.raises(EngineError, match="Import its responses"):
        asyncio.run(read())
