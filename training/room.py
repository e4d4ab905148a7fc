"""How much room a version leaves in each model's context."""

from typing import NamedTuple

from annotations.core.token_count import estimate
from annotations.models import ConfigVersion, LanguageModel
from annotations.services import floor
from training import access

PROMPT_TOKENS = 256
"""What a prompt and the words around it may need besides the system prompt and the answer."""


class Room(NamedTuple):
    """A version's system prompt in one model's context; `tokens` is about right, never exact.

    `left` is what remains for prompt and answer, `wanted` what they may need; both None for an unknown context.
    """

    model: LanguageModel
    tokens: int
    context: int | None
    left: int | None
    wanted: int

    @property
    def fits(self) -> bool:
        """False when the system prompt alone is longer than the context."""
        return self.left is None or self.left > 0

    @property
    def enough(self) -> bool:
        """False when prompt and answer may not fit beside it."""
        return self.left is None or self.left >= self.wanted

    @property
    def share(self) -> float | None:
        """The part of the context that is taken; None for an unknown context."""
        return self.tokens / self.context if self.context else None


def room(version: ConfigVersion) -> list[Room]:
    """The version's whole system prompt, floor included, in each model of the registry; two queries."""
    tokens = estimate(version.system_prompt(floor.in_force()))
    return [_room(model, tokens) for model in access.models()]


def _room(model: LanguageModel, tokens: int) -> Room:
    context = model.context_tokens
    left = None if context is None else context - tokens
    return Room(model, tokens, context, left, model.max_tokens + PROMPT_TOKENS)
