"""Engines: ways to reach a model. One file of this folder is one entry with `LABEL` and `engine(endpoint)`.

An engine belongs to the event loop that first uses it; `close()` ends its connections.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from annotations.core import folder

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from training.engines._reach import Reach

Messages = list[dict[str, str]]
KINDS = frozenset({"passing", "rate_limited", "permanent", "budget"})


class Sampling(NamedTuple):
    """How to draw an answer; a `seed` of None leaves the draw to the server."""

    temperature: float = 0.0
    max_tokens: int = 512
    top_p: float = 1.0
    seed: int | None = None


class Reply(NamedTuple):
    """One answer. `identity` is the model's own name in it; tokens are None when the server does not count them.

    `text` and `identity` can be stored anywhere: no NUL, no broken Unicode. `finish` is "" when the server gives none,
    and "refusal" when the model refused in the field meant for it; the text is then the refusal. `latency_ms` is that
    of the attempt that succeeded, `attempts` counts all, from 1. `structured`: True when a schema was sent, False when
    it had to be left out because the server does not take it, None when none was wanted.
    """

    text: str
    identity: str
    tokens_in: int | None
    tokens_out: int | None
    finish: str
    latency_ms: float
    attempts: int
    structured: bool | None = None


@dataclass
class Ending:
    """What a stream tells besides its text, filled in as it comes; the fields mean what they mean in Reply."""

    identity: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str = ""


class EngineError(Exception):
    """A call that gave no answer, of one of KINDS; `message` is for a person and holds neither key nor prompt.

    `retry_after`: seconds the server asked to wait, None when it did not say.
    """

    def __init__(self, kind: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(kind, message, retry_after)
        self.kind, self.message, self.retry_after = kind, message, retry_after

    def __str__(self) -> str:
        return self.message

    @property
    def permanent(self) -> bool:
        """True when the same call would fail again, so that nobody should repeat it."""
        return self.kind == "permanent"


class NotServed(EngineError):
    """A server that this process starts itself cannot be had: every other call to it would meet the same."""


class NoWeights(NotServed):
    """The weights of such a server cannot be brought to this machine."""


class Files(Protocol):
    """Weights that lie elsewhere, and have to lie where the endpoint says before their server is started."""

    def bring(self, stopped: Callable[[], bool]) -> None:
        """Nothing; they are there, whole. Raises NoWeights when they cannot be had, and soon after `stopped` says so.

        Cheap when they are there already; else it takes as long as writing them.
        """


class Cards(Protocol):
    """The graphics cards of a server, its own from before its start until after its end."""

    def take(self) -> Sequence[int]:
        """The numbers of the cards. Raises NotServed when too few are free."""

    def give_back(self) -> None:
        """Nothing; the server needs them no more."""


class Serving(NamedTuple):
    """How this process starts a server for weights: with which `python`, on which `cards`, by what `options`.

    Without `cards` it gets the processor alone. It ends `idle` seconds after its last call; `logs` is the folder of its
    log, "" for a temporary one. `files` are brought before it takes its cards; None where the weights are here.
    """

    python: str = ""
    options: Mapping[str, Any] = MappingProxyType({})
    cards: Cards | None = None
    idle: float = 300.0
    logs: str = ""
    files: Files | None = None


class Endpoint(NamedTuple):
    """Where a model answers. `timeout` bounds one attempt, `patience` one call with its waits, both in seconds.

    The wait for a free place under `max_concurrency`, for a turn at the server's pace, or for a server to be started is
    not part of the patience. Without a `base_url`, an engine that can starts a server for the `weights`: a folder, a
    GGUF file, or a hub id. `reach` are the rules for a `base_url` that somebody typed; one of our own has none.
    """

    base_url: str
    model: str
    api_key: str = ""
    timeout: float = 60.0
    patience: float = 120.0
    max_concurrency: int = 8
    weights: str = ""
    serving: Serving = Serving()
    reach: "Reach | None" = None

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r}, {self.model!r})"


class Engine(Protocol):
    """A model one can talk to."""

    limit: int
    """Calls open at one time at most, fewer when the server cannot take so many; may be set at any moment."""

    @property
    def waiting(self) -> int:
        """Calls that now wait for their next try."""

    @property
    def next_try(self) -> float:
        """Seconds until the nearest next try; 0 when no call waits."""

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """The answer to the messages; it follows a JSON `schema` where the server can do that. Raises EngineError."""

    def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """The answer in pieces as they come; `ending` is filled meanwhile. Raises EngineError, also between pieces."""

    @property
    def trouble(self) -> str:
        """Why calls wait, in words; empty when none waits."""

    def give_up(self) -> None:
        """End every call that waits for a place or for its next try, and every later one, with a passing error."""

    async def close(self) -> None:
        """End the connections; a closed engine is not used again."""


class Embedder(Engine, Protocol):
    """An engine that also gives vectors; its file says `EMBEDS = True`."""

    async def embed(self, texts: Sequence[str]) -> "NDArray[float32]":
        """A vector for each text, shape (texts, numbers), all of one length. Raises EngineError."""


def load(name: str) -> Callable[[Endpoint], Engine]:
    """The function that makes an engine of the entry `name`. Raises NoSuchEntry when there is no such file."""
    return cast(Callable[[Endpoint], Engine], folder.module(__name__, name).engine)


def label(name: str) -> str:
    """What people call the engine `name`. Raises NoSuchEntry when there is no such file."""
    return cast(str, folder.module(__name__, name).LABEL)


def embeds(name: str) -> bool:
    """True when the engine `name` gives vectors, an Embedder. Raises NoSuchEntry when there is no such file."""
    return bool(getattr(folder.module(__name__, name), "EMBEDS", False))


def starts(name: str) -> bool:
    """True when the engine `name` starts a server for weights. Raises NoSuchEntry when there is no such file."""
    return bool(getattr(folder.module(__name__, name), "STARTS", False))


def cards(name: str) -> int:
    """The graphics cards a server of engine `name` takes unless its model says otherwise. Raises NoSuchEntry."""
    return cast(int, getattr(folder.module(__name__, name), "CARDS", 0))


def environment(name: str) -> str:
    """The setting with the Python that the servers of engine `name` are started by; "" for this process's own.

    Raises NoSuchEntry when there is no such file.
    """
    return cast(str, getattr(folder.module(__name__, name), "ENVIRONMENT", ""))


def embedders() -> list[str]:
    """The engines that give vectors, in alphabetical order."""
    return [name for name in folder.names(__name__) if embeds(name)]
