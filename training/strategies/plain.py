"""The config as the system prompt, the user's prompt as it is: zero-shot in-context alignment (ICA) of the paper."""

from training.engines import Reply
from training.strategies import Ask, Question

LABEL = "Plain"
ABOUT = "The config is the system prompt; one call for each prompt."
CALLS = 1


async def answer(ask: Ask, question: Question) -> Reply:
    """The model's own answer under the config. Source: Zhang et al. 2025, baseline ICA (zero-shot)."""
    return await ask([{"role": "system", "content": question.system}, {"role": "user", "content": question.prompt}])
