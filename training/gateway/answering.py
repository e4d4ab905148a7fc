"""A deployment's strategy over a conversation: the calls it makes to the model, and what they may cost at most.

A strategy answers one prompt. It gets the conversation as a text; where its last message is that very text, the turns
of the conversation take its place, so that the model reads them as turns. The text stays where the strategy shows it to
a judge.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache, cached_property
from typing import Any

from training import strategies
from training.engines import EngineError, Messages, Reply
from training.gateway import conversation
from training.gateway.failures import UPSTREAM, Broken
from training.gateway.messages import USER, Message
from training.gateway.requests import Request
from training.services.deploy.grants import Served
from training.strategies import Question, Strategy

Body = dict[str, Any]
Call = Callable[[Body], Awaitable[Reply]]


class Answering:
    """One conversation before one deployment. Raises Broken where its strategy cannot be served."""

    def __init__(self, served: Served, request: Request, turns: Sequence[Message]) -> None:
        self._served, self._request, self._turns = served, request, turns
        self._strategy = _servable(served.strategy)
        self._prompt = conversation.transcript(turns)

    @property
    def calls(self) -> int:
        """The most calls to the model that it takes."""
        return self._strategy.calls

    @property
    def direct(self) -> bool:
        """True when the answer of the one call to the model is the answer, which can then be streamed."""
        return self.calls == 1

    @cached_property
    def bodies(self) -> list[Body]:
        """The bodies of the calls, in order; what follows from an answer of the model is still empty in them."""
        taken: list[Body] = []

        async def ask(messages: Messages) -> Reply:
            taken.append(self._body(messages))
            return Reply("", "", None, None, "stop", 0.0, 1)

        try:
            self._strategy.answer(ask, self._question).send(None)
        except StopIteration:
            return taken
        except EngineError as problem:
            raise Broken(UPSTREAM, problem.message) from None
        raise Broken(UPSTREAM, f"the strategy {self._served.strategy!r} waits for something else than the model")

    @cached_property
    def bound(self) -> int:
        """The most tokens that all of it can cost. A call reads, once each, what the calls before it have written."""
        cost = written = 0
        for body in self.bodies:
            cost += conversation.bound(body["messages"], body["max_tokens"]) + written
            written += body["max_tokens"]
        return cost

    async def answer(self, call: Call) -> Reply:
        """The strategy's answer, each of its calls made by `call`. Raises what that raises."""

        async def ask(messages: Messages) -> Reply:
            return await call(self._body(messages))

        return await self._strategy.answer(ask, self._question)

    @property
    def _question(self) -> Question:
        served = self._served
        seed = served.sampling.seed or 0
        return Question(served.system, served.config, self._prompt, served.demonstrations, served.settings, seed)

    def _body(self, messages: Messages) -> Body:
        """A body. Only where the deployment itself speaks, the client's own choices count: never where it is judged."""
        speaks = messages[0] == {"role": "system", "content": self._served.system}
        request = self._request if speaks else Request(self._request.model, ())
        if not self.direct:
            request = request._replace(stream=False)
        return conversation.upstream_body(self._served, self._with_turns(messages), request)

    def _with_turns(self, messages: Messages) -> Sequence[Message]:
        if messages[-1] == {"role": USER, "content": self._prompt}:
            return [*messages[:-1], *self._turns]
        return messages


@cache
def _strategies() -> dict[str, Strategy]:
    controls = strategies.controls()
    return {name: strategies.load(name) for name in strategies.names() if name not in controls}


def _servable(name: str) -> Strategy:
    found = _strategies().get(name)
    if found is None:
        raise Broken(UPSTREAM, f"nobody can be served with the strategy {name!r}")
    return found
