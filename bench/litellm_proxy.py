"""LiteLLM's proxy before the same model: one worker, a master key, no database, nothing told to anybody."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.gateway_servers import Server, answers, free_port, until

KEY = "sk-a-key-of-the-bench"
START_SECONDS = 120.0
_QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_TELEMETRY": "False"}


@contextmanager
def started(program: str, model: Server, folder: Path) -> Iterator[Server]:
    """The proxy before the model; `program` is the path of its command."""
    reached = {"model": "openai/slow", "api_base": model.address, "api_key": "none"}
    told = {
        "model_list": [{"model_name": "lantern", "litellm_params": reached}],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0},
    }
    settings, port = folder / "litellm.yaml", free_port()
    settings.write_text(json.dumps(told), encoding="utf-8")  # which is YAML too
    command = [program, "--config", str(settings), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    with (folder / "litellm.log").open("wb") as log:
        running = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | _QUIET, cwd=folder, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: answers(f"{address}/health/liveliness"), running, START_SECONDS)
            yield Server("LiteLLM", f"{address}/v1", "lantern", KEY, running.pid)
        finally:
            running.terminate()
            running.wait(30)
