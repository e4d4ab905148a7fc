"""One call whose deployment is known: what it has heard from the model, what that cost, and what it came to."""

from datetime import UTC, datetime, timedelta
from time import perf_counter

from training.gateway import conversation, declined, failures
from training.gateway.answering import Body
from training.gateway.completions import Usage
from training.gateway.reading import REFUSED, Heard
from training.gateway.replies import Reply
from training.gateway.requests import Request
from training.services.deploy.grants import Grant, Served
from training.strategies import WITHHELD


class Call:
    """`first` is the time in ms after which its first text went out, None before; `outcome` is one of OUTCOMES.

    `at` is when it began, for all that counts it; `reserved` the most tokens it can cost, None before that is known.
    """

    def __init__(self, grant: Grant, served: Served, request: Request, reply: Reply, began: float) -> None:
        self.grant, self.served, self.request, self.reply = grant, served, request, reply
        self.first: float | None = None
        self.reserved: int | None = None
        self.at = datetime.now(UTC) - timedelta(seconds=perf_counter() - began)
        self.outcome = "broken"
        self._began = began
        self._heard: list[tuple[Heard, Body]] = []

    def hear(self, body: Body) -> Heard:
        """What the model is going to say to that body; its tokens are the call's."""
        heard = Heard()
        self._heard.append((heard, body))
        return heard

    @property
    def usage(self) -> Usage:
        """The tokens of all calls to the model so far; where no server tells them, the most they can be.

        What is estimated never lifts the sum above what was reserved.
        """
        tokens_in = tokens_out = guessed = 0
        estimated = False
        for heard, body in self._heard:
            if heard.tokens_in is not None and heard.tokens_out is not None:
                tokens_in, tokens_out = tokens_in + heard.tokens_in, tokens_out + heard.tokens_out
            elif heard.sent:
                guessed, tokens_out = (
                    guessed + conversation.bound(body["messages"], 0),
                    tokens_out + _most_out(heard, body),
                )
                estimated = True
        if self.reserved is not None:
            guessed = min(guessed, max(0, self.reserved - tokens_in - tokens_out))
        return Usage(tokens_in + guessed, tokens_out, estimated)

    @property
    def milliseconds(self) -> float:
        """How long it has taken."""
        return (perf_counter() - self._began) * 1000

    def text_goes_out(self) -> None:
        """Nothing; the first text goes out now, if none did before."""
        if self.first is None:
            self.first = self.milliseconds

    def answered(self, finish: str, text: str, refused: bool) -> None:
        """Nothing; its client was sent an answer that begins with that text.

        `refused` is True where the model said so in the field meant for it.
        """
        if finish == WITHHELD:
            self.outcome = "withheld"
        elif finish == failures.FILTERED:
            self.outcome = "upstream"
        elif refused or finish == REFUSED or declined.declines(text):
            self.outcome = "refused"
        else:
            self.outcome = "answered"


def _most_out(heard: Heard, body: Body) -> int:
    """The most tokens that can have been written: of a whole answer that never came, nobody knows how many were."""
    most = int(body["max_tokens"])
    return min(heard.size, most) if body["stream"] or heard.read else most
