"""A backup that is not what it was is never taken for one that is, and its names lead nowhere else."""

import hashlib
import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from cosa_web.backup import BackupProblem, manifest, places, programs, restoring
from cosa_web.backup.manifest import ARTIFACTS, File, Manifest, Table
from cosa_web.backup.sqlite import DUMP, Sqlite

KEY = "upload/" + "a" * 64
CONTENT, ROWS = b"artifact " * 2_000, "CREATE TABLE things (id integer primary key, name text, share real)"


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    with sqlite3.connect(tmp_path / "here.sqlite3") as made:
        made.execute(ROWS)
        made.executemany("INSERT INTO things VALUES (?, ?, ?)", [(1, "Ada", 0.1), (2, "Bob\n", None), (3, "", 1e300)])
    return Sqlite(tmp_path / "here.sqlite3")


def taken(database: Sqlite, place: Path, **other) -> Path:
    """A backup of the little database with one artifact."""
    with places.writing(place) as out, database.snapshot(place.parent) as snapshot:
        facts = snapshot.facts()
        with out.file(DUMP) as file:
            snapshot.write(file)
        with out.file(ARTIFACTS + KEY) as file:
            file.write(CONTENT)
        with snapshot._file.open("rb") as dump:
            sha256 = hashlib.file_digest(dump, "sha256").hexdigest()
        artifact = File("upload", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
        said = {
            **{"taken_at": "2026-11-22T04:00:00+00:00", "app": "0.1.0", "vendor": "sqlite", "version": "3"},
            **{"sql": (DUMP, sha256), "migrations": (), "tables": facts.tables, "things": facts.things},
            **{"keys": (), "sealed": 0, "artifacts": {KEY: artifact}},
        }
        manifest.write(Manifest(**said | other), out)
    return place


def found(database: Sqlite, place: Path) -> list[str]:
    return restoring.verify(database, place, lambda _: None)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_a_whole_one_has_no_differences(database: Sqlite, tmp_path: Path) -> None:
    assert found(database, taken(database, tmp_path / "night")) == []
    assert found(database, taken(database, tmp_path / "night.tar")) == []


def test_other_programs_can_read_the_tar(database: Sqlite, tmp_path: Path) -> None:
    with tarfile.open(taken(database, tmp_path / "night.tar")) as tar:
        assert tar.getnames() == [DUMP, ARTIFACTS + KEY, manifest.NAME]
        assert tar.extractfile(ARTIFACTS + KEY).read() == CONTENT


@pytest.mark.parametrize(
    ("name", "told"), [(DUMP, restoring.DUMP_CHANGED), (ARTIFACTS + KEY, f"artifact {KEY}: its digest is not")]
)
def test_one_bit_is_seen(database: Sqlite, tmp_path: Path, name: str, told: str) -> None:
    flip(taken(database, tmp_path / "night") / name, 5_000)
    (line,) = found(database, tmp_path / "night")
    assert line.startswith(told)


@pytest.mark.parametrize("at", [5, 300])
def test_one_bit_of_the_manifest_is_seen(database: Sqlite, tmp_path: Path, at: int) -> None:
    flip(taken(database, tmp_path / "night") / manifest.NAME, at)
    with pytest.raises(BackupProblem, match="manifest is not as it was written"):
        found(database, tmp_path / "night")


def test_rows_that_are_not_those_of_the_manifest_are_named(database: Sqlite, tmp_path: Path) -> None:
    taken(database, tmp_path / "night", tables={"things": Table(4, "0" * 16), "more": Table(1, "1" * 16)})
    more, things = found(database, tmp_path / "night")
    assert more == "table more: 1 rows (11111111) in the manifest, no such table here"
    assert things.startswith("table things: 4 rows (00000000) in the manifest, 3 rows (")


@pytest.mark.parametrize("left", [0.3, 0.7, 0.9])
def test_a_tar_that_ends_early_is_refused(database: Sqlite, tmp_path: Path, left: float) -> None:
    whole = taken(database, tmp_path / "night.tar").read_bytes()
    (tmp_path / "night.tar").write_bytes(whole[: int(len(whole) * left) // 512 * 512 + 100])
    with pytest.raises(BackupProblem, match=r"no whole \.tar|no manifest|not as it was"):
        found(database, tmp_path / "night.tar")


@pytest.mark.parametrize("name", [DUMP, ARTIFACTS + KEY, manifest.NAME])
def test_a_file_that_is_missing_is_named(database: Sqlite, tmp_path: Path, name: str) -> None:
    (taken(database, tmp_path / "night") / name).unlink()
    try:
        told = " ".join(found(database, tmp_path / "night"))
    except BackupProblem as problem:
        told = str(problem)
    assert "no manifest" in told if name == manifest.NAME else f"holds no {name}" in told


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "artifacts/../../evil", "a//b", "./a", "..", "a\\..\\b"])
def test_names_that_lead_away_are_refused(database: Sqlite, tmp_path: Path, name: str) -> None:
    with tarfile.open(taken(database, tmp_path / "night.tar"), "a") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(BackupProblem, match="not the name of a file of a backup"):
        found(database, tmp_path / "night.tar")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE]
)
def test_only_plain_files_are_taken(database: Sqlite, tmp_path: Path, kind: bytes) -> None:
    odd = tarfile.TarInfo("odd")
    odd.type, odd.linkname = kind, "/etc/passwd"
    with tarfile.open(taken(database, tmp_path / "night.tar"), "a") as tar:
        tar.addfile(odd)
    with pytest.raises(BackupProblem, match="not the name of a file of a backup"):
        found(database, tmp_path / "night.tar")


def test_a_link_in_a_folder_is_refused(database: Sqlite, tmp_path: Path) -> None:
    (taken(database, tmp_path / "night") / "odd").symlink_to("/etc/passwd")
    with pytest.raises(BackupProblem, match="not the name of a file of a backup"):
        found(database, tmp_path / "night")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"vendor": "postgresql"}, "COSA_DATABASE names one of sqlite"),
        ({"migrations": ("annotations.9999_later",)}, "annotations.9999_later.*Install the version 0.1.0"),
    ],
)
def test_what_does_not_fit_is_refused(database: Sqlite, tmp_path: Path, other: dict, told: str) -> None:
    with pytest.raises(BackupProblem, match=told):
        found(database, taken(database, tmp_path / "night", **other))


def test_keys_that_lead_away_are_refused(database: Sqlite, tmp_path: Path) -> None:
    odd = {"upload/../../evil": File("upload", 1, "0" * 64)}
    empty = Sqlite(tmp_path / "empty.sqlite3")
    with pytest.raises(BackupProblem, match="no key of the store"):
        restoring.restore(empty, taken(database, tmp_path / "night", artifacts=odd), lambda _: None)
    assert not empty.file.exists()


def test_a_digest_does_not_depend_on_the_order_of_rows(database: Sqlite, tmp_path: Path) -> None:
    before = database.facts().tables["things"]
    with sqlite3.connect(database.file) as there:
        there.execute("CREATE TABLE other AS SELECT * FROM things ORDER BY id DESC")
        there.execute("DROP TABLE things")
        there.execute("ALTER TABLE other RENAME TO things")
    assert database.facts().tables["things"] == before
    with sqlite3.connect(database.file) as there:
        there.execute("UPDATE things SET share = 0.1000001 WHERE id = 1")
    assert database.facts().tables["things"].digest != before.digest


def test_a_database_of_somebody_else_is_not_replaced(database: Sqlite) -> None:
    assert "not of this application" in database.occupied()


def test_the_programs_version_must_be_the_servers_or_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "versions", lambda _: {"/a/pg_dump": 14, "/b/pg_dump": 17, "/c/pg_dump": 16})
    assert programs.find("pg_dump", 15) == "/c/pg_dump"
    with pytest.raises(BackupProblem, match="PostgreSQL 18 or newer.*a/pg_dump is of 14.*postgresql-client-18"):
        programs.find("pg_dump", 18)
