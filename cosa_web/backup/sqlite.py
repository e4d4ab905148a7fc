"""SQLite: copied page by page by its own means while others write, so that the copy is the snapshot."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from cosa_web.backup import BackupProblem, facts
from cosa_web.backup.facts import EMPTIED, MARKS, MODULUS, Facts
from cosa_web.backup.manifest import Table
from cosa_web.backup.places import copy

DUMP = "database.sqlite3"
IN_USE = "{file} holds a database in which somebody has begun: {table} has rows. Restore into an empty place."
FOREIGN = "{file} holds a database that is not of this application. Restore into an empty place."
DAMAGED = "The copy of the database in it cannot be read: {why}."
NO_ROOM = "The copy of the database cannot be written: {why}."


class Sqlite:
    """The database in a file, which need not be there yet."""

    vendor, dump = "sqlite", DUMP

    def __init__(self, file: Path):
        self.file = file

    @contextmanager
    def snapshot(self, beside: Path) -> Iterator["Snapshot"]:
        """The database as it is now: a copy in a folder of its own below `beside`, which needs the room for it."""
        beside.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".cosa-backup-", dir=beside) as name:
            made = Path(name) / DUMP
            try:
                with closing(_open(self.file)) as here, closing(sqlite3.connect(made)) as there:
                    here.backup(there)
                    _tidied(there)
            except sqlite3.Error as problem:
                raise BackupProblem(NO_ROOM.format(why=problem)) from problem
            yield Snapshot(made)

    def occupied(self) -> str:
        """Why nothing may be restored here, in words; "" when the place is empty or has only been migrated."""
        if not self.file.exists() or not self.file.stat().st_size:
            return ""
        with closing(_open(self.file)) as database:
            tables = _tables(database)
            if tables and "django_migrations" not in tables:
                return FOREIGN.format(file=self.file)
            for table in sorted({*MARKS} & {*tables}):
                if database.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1").fetchone():  # noqa: S608
                    return IN_USE.format(file=self.file, table=table)
        return ""

    def load(self, dump: IO[bytes]) -> None:
        """Nothing; the place holds what the dump holds, at once and whole."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_name(f".{self.file.name}.part")
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                copy(dump, out)
                out.flush()
                os.fsync(out.fileno())
            for left in ("-wal", "-shm"):
                self.file.with_name(self.file.name + left).unlink(missing_ok=True)
            part.replace(self.file)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def facts(self) -> Facts:
        """What stands in it now. Raises BackupProblem when it cannot be read."""
        try:
            with closing(_open(self.file)) as database:
                return _facts(database)
        except sqlite3.Error as problem:
            raise BackupProblem(DAMAGED.format(why=problem)) from problem

    @contextmanager
    def spare(self) -> Iterator["Sqlite"]:
        """Another, empty database that is thrown away afterwards; it lies beside this one."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".cosa-verify-", dir=self.file.parent) as name:
            yield Sqlite(Path(name) / DUMP)


class Snapshot:
    """A database at one moment: its facts, and its dump."""

    def __init__(self, file: Path):
        self._file = file

    def facts(self) -> Facts:
        """What stands in it."""
        return Sqlite(self._file).facts()

    def write(self, out: IO[bytes]) -> None:
        """Nothing; the dump stands in `out`."""
        with self._file.open("rb") as file:
            copy(file, out)


def _open(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{file}?mode=rw", uri=True, isolation_level=None, timeout=20)
    database.text_factory = bytes
    return database


def _tidied(copied: sqlite3.Connection) -> None:
    """Nothing; the copy is one file without a journal beside it, and without open log-ins, not even in free pages."""
    copied.execute("PRAGMA journal_mode=DELETE")
    copied.execute("PRAGMA secure_delete=ON")
    there = {name for (name,) in copied.execute("SELECT name FROM sqlite_master")}
    for table in EMPTIED:
        if table in there:
            copied.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608
    copied.commit()


def _tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return sorted(name.decode() for (name,) in found)


def _facts(database: sqlite3.Connection) -> Facts:
    if (said := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != b"ok":
        raise BackupProblem(DAMAGED.format(why=said.decode(errors="replace")))
    tables = {name: _table(database, name) for name in _tables(database)}
    things = database.execute("SELECT type, tbl_name, name FROM sqlite_master WHERE type <> 'table'")

    def ask(sql: str) -> Iterable[tuple[Any, ...]]:
        rows = database.execute(sql)
        return (tuple(one.decode() if isinstance(one, bytes) else one for one in row) for row in rows)

    return facts.of(ask, sqlite3.sqlite_version, tables, things)


def _table(database: sqlite3.Connection, name: str) -> Table:
    """How many rows, and the sum of the first 64 bits of every row's MD5: which rows, however they are ordered."""
    columns = sorted(row[1].decode() for row in database.execute(f"PRAGMA table_info({_quoted(name)})"))
    rows = database.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(name)}")  # noqa: S608
    count, total, md5, number = 0, 0, hashlib.md5, int.from_bytes
    for row in rows:
        total += number(md5(repr(row).encode(), usedforsecurity=False).digest()[:8], "big")
        count += 1
    return Table(count, f"{total % MODULUS:016x}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
