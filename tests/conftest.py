"""What every test may use: people who are logged in, and an engine-safe environment."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client, TransactionTestCase

from cosa_web import celery_app
from cosa_web.api_settings import caches as caches_of
from tests import collecting, emptying, migrated
from tests.factories import make_person
from tests.postgres import server
from tests.stores import folder

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# A developer's own broker must not get hints at rows of a test database.
celery_app.conf.broker_url = "memory://"
settings.CACHES["throttles"] = caches_of("")["throttles"]
# Nor are the assets that a demo in this checkout collected those of the tests.
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def log_in(client: Client, user: AbstractBaseUser, backend: str) -> None:
    """What a log-in leaves in the session; nobody is told of it, which takes longer than many a page.

    That the real one counts tries and starts a new session is tried by tests/cosa_web/test_log_in.py.
    """
    request = HttpRequest()
    request.session = SessionStore()
    kept = {SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: user.get_session_auth_hash()}
    request.session.update(kept)
    request.session.create()
    client._set_login_cookies(request)


Client._login = log_in


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How a parallel run shares out its tests, whatever `--dist` says."""
    from tests.schedule import ByFile

    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    """The report of a folder, whose files each worker reads from another one on."""
    report = yield
    if isinstance(collector, pytest.Directory):
        report.result = collecting.turned(report.result or [], *collecting.place_among_workers())
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All workers must have the same tests in one order."""
    if collecting.place_among_workers()[1] > 1:
        collecting.put_in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """The tests themselves are never garbage, and looking for some takes a tenth of the time of a run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The workers of a parallel run take the tables of their databases from each other."""
    parallel = collecting.place_among_workers()[1] > 1
    with migrated.shared_tables(tmp_path_factory.getbasetemp().parent) if parallel else nullcontext():
        yield


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
    settings.STORAGES["artifacts"] = folder(place / "artifacts")
    settings.ARTIFACTS_SHARED, settings.ARTIFACTS_CACHE_DIR = False, place / "artifacts-cache"


@pytest.fixture(scope="session", autouse=True)
def _a_test_with_real_transactions_may_empty_its_tables() -> Iterator[None]:
    fill, flush = TransactionTestCase._fixture_setup.__func__, TransactionTestCase._fixture_teardown
    wanted: list[emptying.Fresh] = []

    def setup(case: type[TransactionTestCase]) -> None:
        fill(case)
        wanted[:] = wanted or [emptying.fresh()]

    def teardown(case: TransactionTestCase) -> None:
        if not emptying.empty(*wanted):
            emptying.unguard()
            flush(case)
            wanted[:] = [emptying.fresh()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(setup))
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    from django.core.cache import cache, caches

    from annotations.queries import similar_index

    cache.clear()
    caches["throttles"].clear()
    similar_index.forget()
