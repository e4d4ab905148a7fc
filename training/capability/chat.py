"""By chat completions: what every OpenAI-compatible server of a chat model answers. For tasks that let it write."""

from typing import Any

from training.capability import Target

LABEL = "Chat completions"
ABOUT = "The model writes its answer. Tasks that compare the likelihood of given answers cannot be asked this way."
RETRIES = 4


def arguments(target: Target) -> dict[str, Any]:
    """Which model is asked and how, in the harness's words; it takes the key from OPENAI_API_KEY."""
    told = {
        "model": target.model,
        "base_url": f"{target.address.rstrip('/')}/chat/completions",
        "num_concurrent": target.at_once,
        "max_retries": RETRIES,
        "timeout": max(1, round(target.timeout)),
        "tokenized_requests": False,
    }
    return {"model": "local-chat-completions", "model_args": told, "apply_chat_template": True}
