"""What every test may use: people who are logged in, and an engine-safe environment."""

import os
from collections.abc import Callable

import pytest
from django.test import Client

from tests.factories import make_person

os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def as_person(db: None) -> Callable[[str], Client]:
    """A browser in which that person is logged in."""

    def log_in(username: str) -> Client:
        client = Client()
        client.force_login(make_person(username))
        return client

    return log_in


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    from django.core.cache import cache

    cache.clear()
