"""The user's prompt alone, without any system prompt: the control that tells what the config changes."""

from training.engines import Reply
from training.strategies import Ask, Question

LABEL = "No config (control)"
ABOUT = "The prompt alone: neither the config nor the provider's floor is said. Shows what the model does by itself."
CALLS = 1
SYSTEM = False


async def answer(ask: Ask, question: Question) -> Reply:
    """The model's own answer without system prompt. Source: Zhang et al. 2025, the rows without ICA."""
    return await ask([{"role": "user", "content": question.prompt}])
