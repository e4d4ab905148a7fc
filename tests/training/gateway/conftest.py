"""What tests of calls through the gateway need: a server that counts, and knows of nothing before each test."""

from collections.abc import Iterator

import pytest

from tests.gateway_place import counting, forget


@pytest.fixture(scope="module")
def counter() -> Iterator[str]:
    with counting() as address:
        yield address


@pytest.fixture
def redis(counter: str) -> str:
    """A counter that knows of nothing: the keys of another test had the same row ids."""
    forget(counter)
    return counter
