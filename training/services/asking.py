"""One call to a model: from the cache or made, within the budget, and noted as a row."""

import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from annotations.models import LanguageModel
from training.engines import Engine, Reply, Sampling
from training.models import Call
from training.services.cache import NoCache, Whose
from training.services.costs import REUSED, Amount, Bill, Price, known_sum
from training.services.desk import Outcome
from training.services.purse import NOTHING, Purse, Stopped
from training.strategies import WITHHELD, Messages


def call_key(
    name: list[str],
    messages: Messages,
    sampling: Sampling,
    schema: dict[str, Any] | None,
    sample: int = 0,
    again: int = 0,
) -> str:
    """SHA-256 in hexadecimal of everything a reply depends on; equal calls have equal keys.

    `name` is engine, address and model. `sample` and `again` set apart what is asked alike on purpose: a judge's
    samples, and a question that is put once more.
    """
    whole = json.dumps([name, messages, sampling, schema, sample, again], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def name_of(model: LanguageModel) -> list[str]:
    """What a model is called in keys. Another address or another model name is another model."""
    return [model.engine, model.base_url, model.model]


@dataclass(frozen=True)
class Line:
    """A model as one shift reaches it: how it is called in keys, its engine, and what it takes."""

    name: list[str]
    engine: Callable[[], Engine]
    price: Price


@dataclass
class Means:
    """What every call of a shift goes through; `keep` hands over to be saved what an outcome holds so far."""

    cache: NoCache
    purse: Purse
    keep: Callable[[Outcome], Awaitable[None]]
    stopping: bool = False

    def stop(self) -> None:
        """Nothing; no new call starts, and nobody waits for the budget or for another's call any more."""
        self.stopping = True
        self.purse.stop()
        self.cache.stop()


@dataclass
class Caller:
    """Asks one model on behalf of one item, for its answer or one sample of one judge's verdict."""

    means: Means
    line: Line
    sampling: Sampling
    outcome: Outcome
    judge_id: int | None = None
    schema: dict[str, Any] | None = None
    sample: int = 0
    replies: list[Reply] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)

    async def ask(self, messages: Messages) -> Reply:
        """The reply, noted in the outcome. Raises EngineError, Stopped, Exhausted."""
        if self.means.stopping:
            raise Stopped
        key, mine = self._key(messages), Whose(self.outcome.item_id, self.judge_id)
        known = await self.means.cache.reply(key, mine, lambda: self._made(key, messages))
        if known.whose != mine:  # an answer this very item got before has its row
            self.outcome.note(self._row(key, known.reply, reused=True, cost_micros=0), REUSED)
        # only a filter of ours says that an answer was withheld, never a server
        reply = known.reply if known.reply.finish != WITHHELD else known.reply._replace(finish="")
        self.replies.append(reply)
        return reply

    @property
    def tokens_in(self) -> int | None:
        """Tokens read for all replies; None when no server counted them."""
        return known_sum(reply.tokens_in for reply in self.replies)

    @property
    def tokens_out(self) -> int | None:
        """Tokens written in all replies; None when no server counted them."""
        return known_sum(reply.tokens_out for reply in self.replies)

    @property
    def latency_ms(self) -> float:
        """How long all replies took when they were first given."""
        return sum(reply.latency_ms for reply in self.replies)

    def _key(self, messages: Messages) -> str:
        whole = self.line.name, messages, self.sampling, self.schema, self.sample
        first = call_key(*whole)
        again = self._asked[first]
        self._asked[first] += 1
        return call_key(*whole, again) if again else first

    async def _made(self, key: str, messages: Messages) -> Reply:
        """The reply of the model itself. What the outcome holds is saved first: nothing paid for waits for a call."""
        await self.means.keep(self.outcome)
        held = await self.means.purse.hold(
            lambda: self.line.price.most(messages, self.sampling.max_tokens, self.schema)
        )
        spent = NOTHING
        try:
            reply = await self.line.engine().chat(messages, self.sampling, self.schema)
            cost = self.line.price.cost(reply.tokens_in, reply.tokens_out)
            spent = _spent(reply, cost, held)
        finally:
            self.means.purse.settle(held, spent)
        row = self._row(key, reply, cost_micros=cost, attempts=reply.attempts)
        self.outcome.note(row, Bill(calls=1, unpriced=cost is None, spent=spent))
        return reply

    def _row(self, key: str, reply: Reply, **more: Any) -> Call:
        return Call(
            item_id=self.outcome.item_id,
            judge_id=self.judge_id,
            step=len(self.replies),
            sample=self.sample,
            key=key,
            text=reply.text,
            identity=reply.identity[:300],
            finish=reply.finish[:50],
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            latency_ms=reply.latency_ms,
            structured=reply.structured,
            **more,
        )


def _spent(reply: Reply, cost: int | None, held: Amount) -> Amount:
    """What a reply took. Of what nobody counted, a budget is charged the most it can have been."""
    counted = reply.tokens_in is not None and reply.tokens_out is not None
    tokens = known_sum([reply.tokens_in, reply.tokens_out]) or 0
    return Amount(tokens if counted else max(tokens, held.tokens), held.micros if cost is None else cost)
