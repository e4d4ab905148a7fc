"""A real Valkey server on a private socket, and a worker of this process that listens to it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.contrib.testing import worker as testing
from kombu import pools

from annotations.models.work import QUEUES
from cosa_web.celery import app
from tests.brokers import Broker
from training import tasks


@pytest.fixture(scope="session")
def broker_server() -> Iterator[Broker]:
    """One server for all tests of this process."""
    with tempfile.TemporaryDirectory(prefix="cosa-") as folder:
        server = Broker(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def broker(broker_server: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """The server, up and empty, and this process's hints go there."""
    broker_server.start()
    broker_server.empty()
    for name in ("broker_url", "broker_read_url", "broker_write_url"):
        monkeypatch.setattr(app.conf, name, broker_server.url)
    for owner, name in ((app, "_pool"), (app.amqp, "_producer_pool")):
        monkeypatch.setattr(owner, name, None)
    yield broker_server
    pools.reset()


@contextmanager
def working(queues: tuple[str, ...] = QUEUES) -> Iterator[Any]:
    """A worker of this process at work on these queues."""
    options = {"pool": "threads", "concurrency": 2, "perform_ping_check": False, "shutdown_timeout": 20}
    with testing.start_worker(app, queues=list(queues), **options) as worker:
        # Such a worker sends no signals of its own
        tasks.begin(sender=SimpleNamespace(app=app, controller=worker))
        yield worker
    tasks.end()
