"""One call whose deployment is known: what it has heard from the model, what that cost, and what it came to."""

from collections.abc import Sequence
from time import perf_counter

from training.gateway import conversation, declined, failures
from training.gateway.answering import Body
from training.gateway.completions import Usage
from training.gateway.messages import Message
from training.gateway.reading import REFUSED, Heard
from training.gateway.replies import Reply
from training.gateway.requests import Request
from training.services.deploy.grants import Grant, Served
from training.strategies import WITHHELD


class Call:
    """`first` is the time in ms after which its first text went out, None before; `outcome` is one of OUTCOMES."""

    def __init__(self, grant: Grant, served: Served, request: Request, reply: Reply, began: float) -> None:
        self.grant, self.served, self.request, self.reply = grant, served, request, reply
        self.first: float | None = None
        self.outcome = "broken"
        self._began = began
        self._heard: list[tuple[Heard, Sequence[Message]]] = []

    def hear(self, body: Body) -> Heard:
        """What the model is going to say to that body; its tokens are the call's."""
        heard = Heard()
        self._heard.append((heard, body["messages"]))
        return heard

    @property
    def usage(self) -> Usage:
        """The tokens of all calls to the model so far; where no server tells them, the most they can be."""
        tokens_in = tokens_out = 0
        estimated = False
        for heard, messages in self._heard:
            if heard.tokens_in is not None and heard.tokens_out is not None:
                tokens_in, tokens_out = tokens_in + heard.tokens_in, tokens_out + heard.tokens_out
            elif heard.sent:
                tokens_in, tokens_out = tokens_in + conversation.bound(messages, 0), tokens_out + heard.size
                estimated = True
        return Usage(tokens_in, tokens_out, estimated)

    @property
    def milliseconds(self) -> float:
        """How long it has taken."""
        return (perf_counter() - self._began) * 1000

    def text_goes_out(self) -> None:
        """Nothing; the first text goes out now, if none did before."""
        if self.first is None:
            self.first = self.milliseconds

    def answered(self, finish: str, heard: Heard) -> None:
        """Nothing; it was answered, in one of three ways."""
        if finish in {WITHHELD, failures.FILTERED}:
            self.outcome = "withheld"
        elif heard.refused or finish == REFUSED or declined.declines(heard.beginning):
            self.outcome = "refused"
        else:
            self.outcome = "answered"
