"""Whether a deployment's calls fit into its model's context: an estimate, by the rule of thumb that counts tokens."""

from typing import NamedTuple

from annotations.core.token_count import estimate
from annotations.models import FloorVersion
from training import strategies
from training.models import Deployment
from training.services import shots

ERR = 0.1
"""The part of a context by which an estimate may be wrong: within it nothing is refused, and the page warns."""
MESSAGE_TOKENS, QUESTION_TOKENS = 5, 10
"""What a template puts round a message, and a short question."""


class Need(NamedTuple):
    """What the shortest call with the longest answer needs, beside the model's context; tokens, about.

    `told` is all that the model reads, `shown` how many demonstrations are in it, `answer` the longest answer.
    """

    told: int
    answer: int
    context: int
    shown: int

    @property
    def tokens(self) -> int:
        """What is read and written together."""
        return self.told + self.answer

    @property
    def too_long(self) -> bool:
        """True when it is longer than the context, however the estimate errs."""
        return self.tokens > self.context * (1 + ERR)

    @property
    def close(self) -> bool:
        """True when it may be longer than the context, or leaves next to nothing of it for a conversation."""
        return self.tokens > self.context * (1 - ERR)

    @property
    def todo(self) -> str:
        """What makes it shorter, in words."""
        ways = [*(["show fewer demonstrations"] if self.shown else []), "allow a shorter answer"]
        return f"{', '.join(ways)}, or choose a model with a longer context.".capitalize()


def need(deployment: Deployment, above: FloorVersion | None) -> Need | None:
    """What the deployment's calls need at least, under that floor; None where the model's context is not known."""
    candidate = deployment.candidate
    context = candidate.model.context_tokens
    if context is None:
        return None
    shown = _shown(deployment)
    told = [estimate(deployment.version.system_prompt(above)), *shown, QUESTION_TOKENS]
    messages = len(told) + len(shown)  # a demonstration is two of them
    return Need(sum(told) + messages * MESSAGE_TOKENS, candidate.max_tokens, context, len(shown))


def _shown(deployment: Deployment) -> list[int]:
    """The tokens of the demonstrations before a prompt: of a pool that each prompt draws from, the shortest ones."""
    if not deployment.shown:
        return []
    candidate = deployment.candidate
    number, _ = shots.wanted(strategies.load(candidate.strategy), candidate.settings)
    return sorted(estimate(row["prompt"]) + estimate(row["response"]) for row in deployment.shown)[:number]
