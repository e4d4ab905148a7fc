"""What a strategy and a judge would send, played through without a model: the calls, and about how much they read."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import NamedTuple

from annotations.core.token_count import estimate
from training.engines import Messages, Reply
from training.judges import Case, LlmJudge
from training.strategies import Question, Strategy

TURN = 4
"""Tokens that a server puts around a message."""
_WORDS = ("it", "is", "as", "long", "as", "the", "others", "are")


class Load(NamedTuple):
    """Calls, and the tokens read in all of them."""

    calls: int
    read: int


def rehearse(strategy: Strategy, question: Question, *, written: int, readable: bool = True) -> Load:
    """What one answer takes when the model writes so many tokens in each call.

    A strategy that asks the model for a verdict gets one, or none that it could read. Raises EngineError where the
    strategy cannot answer at all.
    """
    said = Reply(_filler(written, readable), "", None, None, "stop", 0.0, 1)
    reads: list[int] = []

    async def ask(messages: Messages) -> Reply:
        reads.append(size(messages))
        return said

    asyncio.run(strategy.answer(ask, question))
    return Load(len(reads), sum(reads))


def verdict(judge: LlmJudge, config: str, prompt: str, response: str) -> int:
    """About how many tokens the judge reads for one verdict."""
    return size(judge.messages(Case(config, prompt, response)))


def size(messages: Sequence[dict[str, str]]) -> int:
    """About how many tokens a model reads in these messages."""
    return sum(TURN + _tokens(message["content"]) for message in messages)


_tokens = lru_cache(maxsize=256)(estimate)  # the same system prompt stands before many prompts


def filler(tokens: int) -> str:
    """A text of about so many tokens, 0 or more."""
    return " ".join(islice(cycle(_WORDS), tokens))


def _filler(tokens: int, readable: bool) -> str:
    return f'{{"reasons": "{filler(tokens)}", "follows_config": true}}' if readable else filler(tokens)
