"""What every test may use: people who are logged in, and an engine-safe environment."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase

from annotations.services import guards
from cosa_web import celery_app
from tests.factories import make_person
from tests.postgres import server

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server that this run starts and ends by itself."""
    with server() as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def _files_of_this_process_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests that run side by side have databases with the same ids, and would write to the same files."""
    place = tmp_path_factory.mktemp("files")
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = place / "uploads", place / "preferences"


def _lift_what_is_kept() -> None:
    """Nothing is kept from deletion any more, until `keep_guards` sees to it again after the flush."""
    whole = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for table, _, _ in guards._KEPT:
            name, place = guards._trigger(table, "DELETE"), f" ON {table}" if whole else ""
            for trigger in (name, f"{name}_whole") if whole else (name,):
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}{place}")


@pytest.fixture(scope="session", autouse=True)
def _a_test_with_real_transactions_may_empty_its_tables() -> Iterator[None]:
    plain = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        _lift_what_is_kept()
        plain(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    from django.core.cache import cache

    from annotations.queries import similar_index

    cache.clear()
    similar_index.forget()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
