"""Ways to answer a prompt under a config: one file each, with `LABEL`, `ABOUT` and an async `answer`."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, cast

from annotations.core import folder
from training.engines import Reply

Messages = list[dict[str, str]]
Ask = Callable[[Messages], Awaitable[Reply]]


class Question(NamedTuple):
    """What a strategy answers: the rendered system prompt, the config text inside it, and the user's prompt."""

    system: str
    config: str
    prompt: str


class Strategy(Protocol):
    """A file of this folder. `answer` calls `ask` as often as it needs and returns the reply that counts."""

    LABEL: str
    ABOUT: str

    async def answer(self, ask: Ask, question: Question) -> Reply:
        """The reply that counts as the response. Raises EngineError when a call it needs fails for good."""


def names() -> list[str]:
    """The strategies there are, in alphabetical order."""
    return folder.names(__name__)


def load(name: str) -> Strategy:
    """The strategy of that name. Raises NoSuchEntry."""
    return cast(Strategy, folder.module(__name__, name))
