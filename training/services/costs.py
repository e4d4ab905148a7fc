"""What calls cost, in whole numbers: the most one can cost before it is made, what it did cost, what many came to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from annotations.models import LanguageModel
from training.engines import Messages

_PARTS = 10_000  # prices have four decimals
MESSAGE_TOKENS, CALL_TOKENS = 16, 64
"""What a server's chat template may add to a message (its role, its marks) and to a call."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Tokens, read and written, and micros: millionths of a US dollar."""

    tokens: int = 0
    micros: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens + other.tokens, self.micros + other.micros)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.tokens - other.tokens, self.micros - other.micros)

    def __mul__(self, times: int) -> "Amount":
        return Amount(self.tokens * times, self.micros * times)

    def covers(self, other: "Amount") -> bool:
        """True when the other is no more than this, in tokens and in micros."""
        return self.tokens >= other.tokens and self.micros >= other.micros


class Price(NamedTuple):
    """What a model takes for a token read and a token written, in ten-thousandths of a micro; None is not known."""

    read: int | None
    written: int | None

    def cost(self, tokens_in: int | None, tokens_out: int | None) -> int | None:
        """Micros ≥ 0, rounded up to a whole one; None where a price or a number of tokens is not known."""
        if self.read is None or self.written is None or tokens_in is None or tokens_out is None:
            return None
        return -(-(self.read * tokens_in + self.written * tokens_out) // _PARTS)

    def most(self, messages: Messages, max_tokens: int, schema: dict[str, Any] | None) -> Amount:
        """The most that a call can take before anybody counts it; no micros where a price is not known."""
        tokens_in = most_tokens_in(messages, schema)
        return Amount(tokens_in + max_tokens, self.cost(tokens_in, max_tokens) or 0)


def price_of(model: LanguageModel) -> Price:
    """The model's prices."""
    read, written = (None if price is None else int(price * _PARTS) for price in (model.price_in, model.price_out))
    return Price(read, written)


def most_tokens_in(messages: Messages, schema: dict[str, Any] | None = None) -> int:
    """More tokens than a server will count for the messages and the schema.

    Vocabularies over bytes, or with bytes for what they lack, need at most one token for each byte of UTF-8; what
    the chat template adds is allowed for with a margin.
    """
    texts = sum(_bytes(text) for message in messages for text in message.values())
    return texts + MESSAGE_TOKENS * len(messages) + CALL_TOKENS + (_bytes(_as_json(schema)) if schema else 0)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _as_json(schema: dict[str, Any]) -> str:
    return json.dumps(schema)


@dataclass(frozen=True, slots=True)
class Bill:
    """What some calls came to. Reused ones are among no other number; unpriced ones are those without a known cost."""

    calls: int = 0
    reused: int = 0
    unpriced: int = 0
    spent: Amount = Amount()

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            self.calls + other.calls,
            self.reused + other.reused,
            self.unpriced + other.unpriced,
            self.spent + other.spent,
        )


REUSED = Bill(reused=1)


def total(bills: Iterable[Bill]) -> Bill:
    """All bills as one."""
    return sum(bills, Bill())


def known_sum(numbers: Iterable[int | None]) -> int | None:
    """The sum of the numbers that are known; None when none is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
