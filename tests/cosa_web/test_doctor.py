"""Each check of `manage.py doctor` says what is wrong when one thing is, and nothing when it is not."""

import io
import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from annotations.services import artifacts
from cosa_web import doctor
from cosa_web.backup import BackupProblem, restoring
from cosa_web.doctor import broker, database, machines, models_here, storage, web
from cosa_web.doctor.database import SKEW_SECONDS, _outside
from tests.factories import make_model, make_node
from training.models import Worker
from training.services import sources

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, settings) -> None:
    settings.VAR_DIR = settings.TRAINING_DIR = tmp_path
    folder = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "store")},
    }
    settings.STORAGES = settings.STORAGES | {"artifacts": folder}


def said(*checks: Callable[[], Iterable[doctor.Finding]], state: str = "") -> str:
    """What the checks found, or what of it has that state."""
    return " / ".join(f"{one.name}: {one.words}" for one in doctor.examine(checks) if state in ("", one.state))


def make_worker(*queues: str, **fields) -> Worker:
    values = {"name": f"host:{Worker.objects.count()}", "version": sources.version(), "swept_at": timezone.now()}
    return Worker.objects.create(node="desk", queues=list(queues), **values | fields)


def test_a_database_that_is_away(monkeypatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("connection refused\nmore")

    monkeypatch.setattr(connection, "cursor", away)
    assert "does not answer: connection refused. Start it" in said(database.reached, state=doctor.BROKEN)


def test_a_database_of_an_old_version(monkeypatch) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "get_database_version", lambda: (13, 2))
    assert "PostgreSQL 13 is older than 14" in said(database.reached, state=doctor.BROKEN)


def test_tables_that_are_behind_or_ahead(monkeypatch) -> None:
    assert said(database.migrated) == "migrations: all applied"
    monkeypatch.setattr(restoring, "unknown", lambda: ["annotations.0099_later"])
    assert "annotations.0099_later" in said(database.migrated, state=doctor.CARE)
    monkeypatch.setattr(restoring, "pending", lambda: ["annotations.0002_x", "training.0001_y"])
    assert "2 migrations are to be applied, the first is annotations.0002_x" in said(
        database.migrated, state=doctor.BROKEN
    )


@pytest.mark.parametrize(("theirs", "skew"), [(99.0, 1.0), (100.2, 0), (103.5, 3.0)])
def test_skew_is_what_lies_outside_the_moment_of_asking(theirs: float, skew: float) -> None:
    assert _outside(theirs, 100.0, 100.5) == skew


class Cursor:
    def __init__(self, *rows: object):
        self.rows = list(rows)

    __enter__ = lambda self: self  # noqa: E731
    __exit__ = execute = lambda self, *_: None

    def fetchall(self) -> list[object]:
        return self.rows


def test_a_clock_that_is_off(monkeypatch) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "cursor", lambda: Cursor((timezone.now().timestamp() + 10,)))
    assert "differ by 1" in said(database.clock) or "differ by 9." in said(database.clock)
    assert said(database.clock, state=doctor.CARE) and SKEW_SECONDS == 1


@pytest.mark.parametrize(("most", "state"), [(100, doctor.OK), (47, doctor.CARE)])
def test_more_connections_than_the_server_takes(monkeypatch, most: int, state: str) -> None:
    make_worker("short")
    rows = iter([Cursor((most,))])
    with monkeypatch.context() as patch:
        patch.setattr(database, "alive", lambda: SimpleNamespace(count=lambda: 1))
        patch.setattr(connection, "vendor", "postgresql")
        patch.setattr(connection, "cursor", lambda: next(rows))
        found = said(database.connections_left, state=state)
    assert "48" in found and (state == doctor.OK or "raise max_connections" in found)


class Server:
    def __init__(self, **told: object):
        self.told = told

    __enter__ = lambda self: self  # noqa: E731
    __exit__ = lambda self, *_: None  # noqa: E731

    def info(self) -> dict[str, object]:
        return self.told

    def llen(self, _: str) -> int:
        return 7


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"maxmemory": 10, "maxmemory_policy": "allkeys-lru"}, "is allkeys-lru.*Set noeviction"),
        ({"maxmemory": 10, "maxmemory_policy": "noeviction", "used_memory": 9}, "used 90% .* short 7"),
        ({"maxmemory": 0, "redis_version": "8"}, "broker: 8, keeps nothing on disk"),
    ],
)
def test_a_broker_that_forgets(monkeypatch, settings, told: dict, words: str) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(redis.Redis, "from_url", lambda *_, **__: Server(**told))
    assert re.search(words, said(broker.hints))


def test_brokers_that_are_away(settings) -> None:
    settings.CELERY_BROKER_URL, settings.GATEWAY_REDIS = "redis://127.0.0.1:1/0", "redis://127.0.0.1:1/1"
    assert "does not answer (ConnectionError). Start it, or mend COSA_BROKER." in said(broker.hints)
    assert "COSA_GATEWAY_REDIS" in said(broker.limits, state=doctor.BROKEN)
    settings.GATEWAY_REDIS = settings.COUNTED_AT
    assert said(broker.limits) == ""


def test_queues_that_nobody_listens_to_and_old_workers() -> None:
    make_worker("short", "cpu")
    make_worker("llm", ended_at=timezone.now())
    make_worker("llm", seen_at=timezone.now() - timedelta(minutes=5))
    assert said(machines.workers, state=doctor.BROKEN).startswith("workers: nobody listens to llm")
    make_worker("llm", version="0.0.9", seen_at=timezone.now() + timedelta(seconds=20))
    found = said(machines.workers)
    assert "versions 0." in found and "Restart the old ones" in found and "the clock of the worker host:3" in found


def test_a_node_that_is_silent() -> None:
    assert said(machines.nodes) == ""
    make_node("forge", seen_at=timezone.now() - timedelta(hours=2))
    assert "the node forge has said nothing" in said(machines.nodes) and "-Q gpu-forge" in said(machines.nodes)


def test_nobody_sends_the_sweeper() -> None:
    assert "nobody has swept for lost work yet" in said(machines.beat, state=doctor.BROKEN)
    worker = make_worker("short", swept_at=timezone.now() - timedelta(hours=1))
    assert "Start one worker with -B" in said(machines.beat, state=doctor.BROKEN)
    Worker.objects.filter(pk=worker.pk).update(swept_at=timezone.now())
    assert said(machines.beat, state=doctor.OK)


def test_keys_that_are_not_to_be_had(monkeypatch, settings) -> None:
    make_model("free")
    make_model("old", key_variable="COSA_KEY_GONE", archived_at=timezone.now())
    assert "1 models, every key can be had" in said(models_here.keys)
    make_model("far", key_variable="COSA_KEY_FAR")
    make_model("sealed", sealed_key="gAAAA")
    found = said(models_here.keys, state=doctor.BROKEN)
    assert "key of far: COSA_KEY_FAR is not set" in found and "key of sealed" in found and "cannot be opened" in found


def test_models_that_do_not_answer(monkeypatch) -> None:
    make_model("free")
    for error, words in (("", "answered after 0.5 s"), ("No answer.", "model free: No answer.")):
        trial = SimpleNamespace(error=error, seconds=0.5)
        monkeypatch.setattr(models_here.registry, "try_model", lambda *_, trial=trial, **__: trial)
        monkeypatch.setattr(models_here, "connections", SimpleNamespace(close_all=lambda: None))
        assert words in said(models_here.answers)
    assert models_here.answers in doctor.everything(models=True) and models_here.answers not in doctor.everything()


def test_a_store_that_takes_nothing(tmp_path: Path) -> None:
    assert said(storage.store, state=doctor.OK) and not [*(tmp_path / "store").rglob("doctor*")]
    (tmp_path / "store" / "upload").rmdir() if (tmp_path / "store" / "upload").exists() else None
    (tmp_path / "store" / "upload").write_text("in the way")
    assert "Look at COSA_ARTIFACTS" in said(storage.store, state=doctor.BROKEN)


def test_an_artifact_that_is_damaged(tmp_path: Path) -> None:
    row = artifacts.keep(io.BytesIO(b"pairs"), "preferences", "preferences/{sha256}")
    assert "1 of 1 looked at" in said(storage.sample)
    (tmp_path / "store" / row.key).write_bytes(b"PAIRS")
    assert row.key in said(storage.sample, state=doctor.BROKEN)


@pytest.mark.parametrize(("free", "state"), [(100 << 20, doctor.BROKEN), (2 << 30, doctor.CARE), (50 << 30, doctor.OK)])
def test_a_disk_that_is_full(monkeypatch, free: int, state: str) -> None:
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: SimpleNamespace(free=free, total=100 << 30))
    found = said(storage.disks, state=state)
    assert "disk of COSA_VAR" in found and ("Make room" in found) == (state != doctor.OK)


def test_assets_that_are_not_collected(tmp_path: Path, settings) -> None:
    settings.WHITENOISE_USE_FINDERS, settings.STATIC_ROOT = False, tmp_path / "nothing"
    assert "Run manage.py collectstatic" in said(web.static_files, state=doctor.BROKEN)


def test_secrets_that_are_none(tmp_path: Path, settings) -> None:
    settings.SECRET_KEY = "a" * 60
    assert "Set COSA_SECRET_KEY" in said(web.secrets, state=doctor.BROKEN)
    settings.SECRET_KEY = "0123456789abcdef" * 4
    (tmp_path / "secret_key").write_text("secret")
    (tmp_path / "secret_key").chmod(0o644)
    assert f"Run chmod 600 {tmp_path / 'secret_key'}" in said(web.secrets, state=doctor.BROKEN)
    (tmp_path / "secret_key").chmod(0o600)
    assert said(web.secrets, state=doctor.BROKEN) == ""


def test_switches_that_are_wrong_where_others_come(settings) -> None:
    settings.DEBUG = settings.DEMO = True
    found = said(web.switches)
    assert "COSA_DEBUG is on" in found and "COSA_DEMO is on" in found and "plain HTTP" in found
    settings.DEBUG = settings.DEMO = False
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 0
    assert "COSA_HSTS_SECONDS is 0" in said(web.switches)
    settings.SECURE_HSTS_SECONDS = 60
    assert said(web.switches) == ""


def test_what_django_finds_is_told(settings) -> None:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Csrf" not in one]
    assert "security.W003" in said(web.deployment)


def test_what_the_settings_silence_is_left_out(settings) -> None:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "Csrf" not in one]
    settings.SILENCED_SYSTEM_CHECKS = ["security.W003"]
    assert "security.W003" not in said(web.deployment)


def test_a_machine_that_cannot_take_backups(monkeypatch) -> None:
    def missing(*_: object) -> str:
        raise BackupProblem("There is no pg_dump.")

    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(web.programs, "find", missing)
    assert said(web.backups, state=doctor.CARE) == "backups: There is no pg_dump."


def test_a_check_that_fails_itself_does_not_end_the_others() -> None:
    def its_own_fault() -> Iterable[doctor.Finding]:
        raise ZeroDivisionError

    assert "its own fault: could not be checked (ZeroDivisionError)" in said(its_own_fault, machines.beat)


@pytest.mark.parametrize(("state", "code"), [(doctor.BROKEN, 1), (doctor.CARE, None)])
def test_the_command_ends_with_one_when_something_is_broken(monkeypatch, state: str, code: int | None) -> None:
    from cosa_web.management.commands import doctor as command

    monkeypatch.setattr(command, "everything", lambda models: [lambda: [doctor.Finding(state, "thing", "so.")]])
    plain, asked = io.StringIO(), io.StringIO()
    for out, told in ((plain, {}), (asked, {"json": True})):
        try:
            call_command("doctor", stdout=out, **told)
            ended = None
        except SystemExit as end:
            ended = end.code
        assert ended == code
    assert plain.getvalue() == f"{state:8}thing: so.\n"
    assert json.loads(asked.getvalue()) == [{"state": state, "name": "thing", "words": "so."}]


def test_without_a_database_nothing_waits_for_it_again() -> None:
    def reached() -> Iterable[doctor.Finding]:
        yield doctor.Finding(doctor.BROKEN, "database", "away")

    def migrated() -> Iterable[doctor.Finding]:
        raise AssertionError("asked")

    def switches() -> Iterable[doctor.Finding]:
        yield doctor.Finding(doctor.OK, "switches", "right")

    assert said(reached, migrated, migrated, switches) == (
        "database: away / switches: right / database: 2 more checks need it; look again when it answers."
    )


def test_checks_that_need_no_database_are_there() -> None:
    assert {check.__name__ for check in doctor.everything(models=True)} > doctor.WITHOUT_DATABASE
