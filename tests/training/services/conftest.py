"""A stage for every test, and leases that beat fast."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """An OpenAI-compatible server on loopback that remembers and can be directed."""
    with Stage() as server:
        yield server


@pytest.fixture
def fast_beats(settings: Any) -> None:
    """A worker looks after its lease, and at what people decided, three times a second."""
    settings.LEASE_SECONDS = 1
