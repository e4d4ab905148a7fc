"""What every test may use: people who are logged in, and an engine-safe environment."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cosa_web import celery_app
from tests.factories import make_person

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# A developer's own broker must not get hints at rows of a test database.
celery_app.conf.broker_url = "memory://"


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


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
