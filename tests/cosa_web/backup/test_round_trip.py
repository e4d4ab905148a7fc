"""A backup brings back what was there, on either database, whatever others write meanwhile."""

import hashlib
import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from annotations.models import Artifact, AuditEvent
from annotations.models.artifacts import CHECKPOINT, PREFERENCES
from annotations.services import artifacts, audit
from cosa_web.backup import BackupProblem, databases, manifest, places, restoring, taking
from cosa_web.backup.databases import Database
from cosa_web.backup.facts import MARKS
from tests.factories import make_model, make_person, make_run

pytestmark = pytest.mark.django_db(transaction=True)
both = pytest.mark.both_databases


@pytest.fixture
def world(tmp_path: Path, settings) -> Path:
    """A run and its people, two artifacts, a kept key and an open log-in; a folder for backups."""
    settings.FERNET_KEYS, settings.PREFERENCES_DIR = ["one", "two"], tmp_path / "pairs"
    settings.STORAGES = settings.STORAGES | {"artifacts": _store(tmp_path / "store")}
    make_run(2)
    make_model("sealed", sealed_key="gAAAA")
    for kind, name, text in ((PREFERENCES, "pairs", b"better " * 300_000), (CHECKPOINT, "model", b"weights")):
        artifacts.keep(io.BytesIO(text), kind, f"{kind}/{name}-{{sha256}}")
    client = Client()
    client.force_login(make_person())
    return tmp_path


def _store(folder: Path) -> dict:
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}


def silent(_: str) -> None:
    pass


def take(place: Path, **how) -> manifest.Manifest:
    return taking.take(databases.here(), place, silent, **how)


@contextmanager
def empty_place(settings, folder: Path) -> Iterator[Database]:
    """An empty database of the kind, and an empty store."""
    settings.STORAGES = settings.STORAGES | {"artifacts": _store(folder)}
    with databases.here().spare() as spare:
        yield spare


@both
@pytest.mark.parametrize("name", ["night", "night.tar"])
def test_all_of_it_is_back(world: Path, settings, name: str) -> None:
    made, before = take(world / name), databases.here().facts()
    with empty_place(settings, world / "other") as place:
        heard: list[str] = []
        assert restoring.restore(place, world / name, heard.append) == []
        after = place.facts()
    assert after.tables == made.tables and after.migrations == before.migrations and after.things == before.things
    assert {name for name in before.tables if before.tables[name] != after.tables[name]} <= {"django_session"}
    assert after.tables["django_session"].rows == 0 and after.tables["training_runitem"].rows == 2
    assert all(b"".join(artifacts.stream(row)) for row in Artifact.objects.all()) and Artifact.objects.count() == 2
    assert heard[-1].endswith(f"{len(made.tables)} of {len(made.tables)} tables as in the manifest")


@both
def test_a_backup_holds_neither_keys_nor_open_log_ins(world: Path) -> None:
    made = take(world / "night")
    (key,) = Session.objects.values_list("pk", flat=True)
    texts = b"".join(path.read_bytes() for path in (world / "night").rglob("*") if path.is_file())
    assert key.encode() not in texts and made.sealed == 1
    assert made.keys == manifest.fingerprints() and not {"one", "two"} & {*made.keys}


@both
def test_people_write_while_it_is_taken(world: Path) -> None:
    begun, over, actor = threading.Event(), threading.Event(), make_person()

    def write() -> None:
        while not over.is_set():
            audit.record(actor=actor, action="write", obj=actor, after={})
            begun.set()
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait(20)
        made = take(world / "night.tar")
    finally:
        over.set()
        writer.join()
    assert 0 < made.tables["annotations_auditevent"].rows < AuditEvent.objects.count()
    assert restoring.verify(databases.here(), world / "night.tar", silent) == []


@both
def test_a_place_in_use_is_left_alone(world: Path) -> None:
    take(world / "night")
    before = databases.here().facts()
    with pytest.raises(BackupProblem, match="Somebody has begun|somebody has begun"):
        restoring.restore(databases.here(), world / "night", silent)
    assert databases.here().facts() == before


@both
def test_a_place_that_was_only_migrated_is_free(world: Path, settings) -> None:
    made = take(world / "night")
    with empty_place(settings, world / "other") as place:
        assert restoring.restore(place, world / "night", silent) == []
        _forget_people(place)
        assert restoring.restore(place, world / "night", silent) == [] and place.facts().tables == made.tables


def _forget_people(place: Database) -> None:
    """Leave nothing in the tables by which a place is known to be in use."""
    if place.vendor == "sqlite":
        with sqlite3.connect(place.file) as database:
            for table in MARKS:
                database.execute(f"DELETE FROM {table}")  # noqa: S608
        return
    with place._open() as database:
        database.execute("SET session_replication_role = replica")
        for table in MARKS:
            database.execute(f"DELETE FROM {table}")  # noqa: S608


def test_a_store_with_something_else_is_left_alone(world: Path, settings) -> None:
    take(world / "night")
    key = Artifact.objects.get(kind=PREFERENCES).key
    with empty_place(settings, world / "other") as place:
        (world / "other" / key).parent.mkdir(parents=True)
        (world / "other" / key).write_bytes(b"theirs")
        with pytest.raises(BackupProblem, match="something else"):
            restoring.restore(place, world / "night", silent)
        assert place.occupied() == "" and (world / "other" / key).read_bytes() == b"theirs"


def test_checkpoints_may_be_left_out(world: Path) -> None:
    made = take(world / "night", without_checkpoints=True)
    assert [one.kind for one in made.artifacts.values()] == [PREFERENCES]
    assert "without artifacts of the kind checkpoint" in " ".join(restoring.warnings(world / "night"))


def test_an_artifact_that_is_damaged_is_named_and_the_rest_is_whole(world: Path) -> None:
    row = Artifact.objects.get(kind=PREFERENCES)
    (world / "store" / row.key).write_bytes(b"x" * row.bytes)
    made = take(world / "night.tar")
    assert made.missing == (row.key,) and [one.kind for one in made.artifacts.values()] == [CHECKPOINT]
    assert restoring.verify(databases.here(), world / "night.tar", silent) == []
    assert (world / "night.tar").read_bytes().endswith(bytes(1024))
    with pytest.raises(SystemExit):
        call_command("backup", world / "again", stdout=io.StringIO())


def test_keys_that_will_not_open_are_announced(world: Path, settings) -> None:
    take(world / "night")
    assert restoring.warnings(world / "night") == []
    settings.FERNET_KEYS = ["three"]
    assert "1 kept keys of models" in restoring.warnings(world / "night")[0]


def test_the_commands_say_what_they_do(world: Path, settings) -> None:
    said = io.StringIO()
    call_command("backup", world / "night.tar", stdout=said)
    call_command("backup", world / "night.tar", verify=True, stdout=said)
    assert "night.tar is whole." in said.getvalue() and "can be restored as it was taken" in said.getvalue()
    with pytest.raises(CommandError, match="has begun"):
        call_command("restore", world / "night.tar", stdout=said)
    with empty_place(settings, world / "other") as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "here", lambda: place)
        call_command("restore", world / "night.tar", stdout=said)
    assert said.getvalue().endswith("is back. Start with manage.py doctor.\n")


def test_pairs_from_before_the_store_are_in_it_too(world: Path, settings) -> None:
    sha256 = hashlib.sha256(b"earlier").hexdigest()
    (world / "pairs").mkdir()
    for name, content in ((sha256, b"earlier"), ("0" * 64, b"damaged")):
        (world / "pairs" / f"{name}.parquet").write_bytes(content)
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("backup", world / "night", stdout=said)
    with places.reading(world / "night") as backup:
        assert any(sha256 in name for name in backup.names())
    assert f"missing: {'0' * 64}.parquet" in said.getvalue()


def test_nothing_is_written_over(world: Path) -> None:
    take(world / "night")
    with pytest.raises(BackupProblem, match="is there already"):
        take(world / "night")


def test_one_that_is_broken_off_leaves_nothing(world: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(taking.manifest, "write", fail)
    kept = sorted(world.iterdir())
    for name in ("night", "night.tar"):
        with pytest.raises(KeyboardInterrupt):
            take(world / name)
    assert sorted(world.iterdir()) == kept


def test_what_a_killed_one_left_is_no_backup(world: Path) -> None:
    take(world / "night")
    (world / "night" / manifest.NAME).unlink()
    with pytest.raises(BackupProblem, match="no manifest"), places.reading(world / "night") as backup:
        manifest.read(backup)
