"""The plain answer, withheld where the run's own judges find that it breaks the config: an upper bound for filters."""

from training.engines import Reply
from training.strategies import Ask, Question

LABEL = "Cascade-Oracle"
ABOUT = "As plain; an answer that the run's judges find to break the config becomes a refusal. No filter can do better."
CALLS = 1
FILTERS = True


async def answer(ask: Ask, question: Question) -> Reply:
    """The model's own answer under the config; the run filters it. Source: Zhang et al. 2025, Cascade-Oracle."""
    return await ask([{"role": "system", "content": question.system}, {"role": "user", "content": question.prompt}])
