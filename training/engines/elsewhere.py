"""A model that answers where nobody here can call it: its responses come as a file."""

from collections.abc import AsyncIterator
from typing import Any

from training.engines import Ending, Endpoint, EngineError, Messages, Reply, Sampling

LABEL = "Answers elsewhere"
NOTE = "A model that cannot be called from here; its responses are imported as a file."

_NO_CALLS = (
    "This model answers elsewhere and cannot be called from here. Import its responses, or choose another model."
)


def engine(endpoint: Endpoint) -> "ElsewhereEngine":
    """An engine that fails every call in words; an address is not needed."""
    return ElsewhereEngine(endpoint.max_concurrency)


class ElsewhereEngine:
    """Reaches nobody; see Engine for what its methods give back."""

    waiting = 0
    next_try = 0.0
    trouble = ""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    async def chat(self, messages: Messages, sampling: Sampling, schema: dict[str, Any] | None = None) -> Reply:
        """No answer ever. Raises EngineError, always permanent."""
        raise EngineError("permanent", _NO_CALLS)

    async def stream(self, messages: Messages, sampling: Sampling, ending: Ending | None = None) -> AsyncIterator[str]:
        """No piece ever. Raises EngineError, always permanent."""
        raise EngineError("permanent", _NO_CALLS)
        yield ""

    def give_up(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Nothing to end."""
