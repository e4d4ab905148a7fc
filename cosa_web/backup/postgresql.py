"""PostgreSQL: dumped by pg_dump from an exported snapshot, in which counts and digests are taken too."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import IO, Any

import psycopg
from psycopg import sql

from cosa_web.backup import BackupProblem, facts, programs
from cosa_web.backup.facts import EMPTIED, MARKS, MODULUS, Facts
from cosa_web.backup.manifest import Table
from cosa_web.backup.places import copy

DUMP = "database.pgdump"
# What a row looks like as text depends on these, so they are the same wherever it is read.
SAME = (
    "SET statement_timeout = 0",
    "SET lock_timeout = '20s'",
    "SET idle_in_transaction_session_timeout = 0",
    "SET TIME ZONE 'UTC'",
    "SET datestyle = 'ISO'",
    "SET intervalstyle = 'postgres'",
    "SET extra_float_digits = 1",
    "SET bytea_output = 'hex'",
)
TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = quote_ident(%s)::regclass AND attnum > 0 AND NOT attisdropped"
    " ORDER BY attname"
)
ROWS = "SELECT count(*), COALESCE(sum(('x' || left(md5(({row})::text), 16))::bit(64)::bigint::numeric), 0) FROM {table}"
THINGS = (
    "SELECT 'index', tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()"
    " UNION ALL SELECT 'rule ' || contype::text, conrelid::regclass::text, conname FROM pg_constraint"
    " WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'"
    " UNION ALL SELECT 'trigger ' || tgenabled::text, tgrelid::regclass::text, tgname FROM pg_trigger"
    " WHERE NOT tgisinternal"
)
FUNCTIONS = (
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
)
IN_USE = "Somebody has begun in the database {name}: {table} has rows. Restore into an empty database."
FOREIGN = "The database {name} has tables that are not of this application. Restore into an empty database."
FAILED = "{program} ended with an error: {why}"
NO_SPARE = (
    "No database to try it in can be made on this server: {why} Give the user the right (ALTER ROLE … CREATEDB), or"
    " restore it into an empty database by hand."
)
PG = {
    **{"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"},
    **{"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"},
}


class Postgresql:
    """A database on a server; `params` are those of psycopg."""

    vendor, dump = "postgresql", DUMP

    def __init__(self, params: dict[str, Any]):
        self._params = params

    @contextmanager
    def snapshot(self, beside: Path) -> Iterator["Snapshot"]:
        """The database as it is now, for as long as the context lasts; others write on. Nothing lies `beside`."""
        with self._open() as database, database.transaction():
            database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Snapshot(self, database)

    def occupied(self) -> str:
        """Why nothing may be restored here, in words; "" when there are no tables or they have only been migrated."""
        with self._open() as database:
            name, tables = database.info.dbname, {name for (name,) in database.execute(TABLES)}
            if tables and "django_migrations" not in tables:
                return FOREIGN.format(name=name)
            for table in sorted({*MARKS} & tables):
                if database.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
                    return IN_USE.format(name=name, table=table)
        return ""

    def load(self, dump: IO[bytes]) -> None:
        """Nothing; the database holds what the dump holds, in one transaction. Raises BackupProblem."""
        with self._open() as database:
            self._emptied(database)
            version = database.info.server_version // 10_000
        command = [programs.find("pg_restore", version), "--no-owner", "--no-privileges", "--exit-on-error"]
        command += ["--single-transaction", "--no-password", "--dbname", str(self._params["dbname"])]
        self._run(command, dump)

    def facts(self) -> Facts:
        """What stands in it now."""
        with self.snapshot(Path()) as snapshot:
            return snapshot.facts()

    @contextmanager
    def spare(self) -> Iterator["Postgresql"]:
        """Another, empty database on the same server that is dropped afterwards."""
        name = sql.Identifier(f"cosa_verify_{token_hex(6)}")
        with self._open(autocommit=True) as database:
            try:
                database.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
            except psycopg.Error as problem:
                raise BackupProblem(NO_SPARE.format(why=f"{problem}.")) from problem
            try:
                yield Postgresql(self._params | {"dbname": name._obj[0]})
            finally:
                database.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _open(self, **how: Any) -> "psycopg.Connection[tuple[Any, ...]]":
        try:
            database = psycopg.connect(**self._params, **{"autocommit": True} | how)
        except psycopg.OperationalError as problem:
            raise BackupProblem(f"PostgreSQL does not answer: {problem}") from problem
        for statement in SAME:
            database.execute(statement)
        return database

    def _emptied(self, database: "psycopg.Connection[tuple[Any, ...]]") -> None:
        """Nothing; tables and functions that migrations made are gone, so that those of the dump find room."""
        with database.transaction():
            for (table,) in database.execute(TABLES).fetchall():
                database.execute(sql.SQL("DROP TABLE IF EXISTS {} CASCADE").format(sql.Identifier(table)))
            for (function,) in database.execute(FUNCTIONS).fetchall():
                database.execute(f"DROP FUNCTION IF EXISTS {function} CASCADE")

    def _environment(self) -> dict[str, str]:
        """What pg_dump and pg_restore need to reach the database: a password is on no command line."""
        told = {PG[name]: str(value) for name, value in self._params.items() if name in PG and value}
        return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "COSA_"))} | told

    def _run(self, command: list[str], source: IO[bytes] | None, out: IO[bytes] | None = None) -> None:
        """Nothing; the program has read all of `source` and written into `out`. Raises BackupProblem."""
        with TemporaryFile() as said:
            running = subprocess.Popen(  # noqa: S603  a program of PostgreSQL, found by us
                command,
                env=self._environment(),
                stdin=subprocess.PIPE if source else subprocess.DEVNULL,
                stdout=subprocess.PIPE if out else subprocess.DEVNULL,
                stderr=said,
            )
            try:
                if source and running.stdin:
                    _feed(source, running.stdin)
                if out and running.stdout:
                    copy(running.stdout, out)
                code = running.wait()
            finally:
                running.kill()
                running.wait()
            said.seek(0)
            if code:
                why = said.read()[-1_000:].decode(errors="replace").strip()
                raise BackupProblem(FAILED.format(program=Path(command[0]).name, why=why or f"exit code {code}"))


class Snapshot:
    """A database at one moment: its facts, and its dump."""

    def __init__(self, place: Postgresql, database: "psycopg.Connection[tuple[Any, ...]]"):
        self._place, self._database = place, database

    def facts(self) -> Facts:
        """What stands in it."""
        database = self._database
        names = sorted(name for (name,) in database.execute(TABLES))
        tables = {name: Table(0, f"{0:016x}") if name in EMPTIED else self._table(name) for name in names}

        def ask(text: str) -> Iterable[tuple[Any, ...]]:
            return database.execute(text).fetchall()

        ((version,),) = ask("SHOW server_version")
        return facts.of(ask, version, tables, ask(THINGS))

    def write(self, out: IO[bytes]) -> None:
        """Nothing; the dump stands in `out`. Raises BackupProblem, so when no pg_dump fits the server."""
        ((snapshot,),) = self._database.execute("SELECT pg_export_snapshot()").fetchall()
        program = programs.find("pg_dump", self._database.info.server_version // 10_000)
        command = [program, "--format=custom", "--compress=3", "--no-owner", "--no-privileges", "--no-password"]
        command += [f"--snapshot={snapshot}", *(f"--exclude-table-data={name}" for name in EMPTIED)]
        self._place._run(command, None, out)

    def _table(self, name: str) -> Table:
        """How many rows, and the sum of the first 64 bits of every row's MD5: which rows, however they are ordered."""
        columns = [sql.Identifier(column) for (column,) in self._database.execute(COLUMNS, [name])]
        row = sql.SQL("ROW({})").format(sql.SQL(", ").join(columns))
        asked = sql.SQL(ROWS).format(row=row, table=sql.Identifier(name))
        ((count, total),) = self._database.execute(asked).fetchall()
        return Table(count, f"{int(total) % MODULUS:016x}")


def _feed(source: IO[bytes], out: IO[bytes]) -> None:
    """Nothing; all of `source` went to the program, or as much as it wanted: then it says why it ended."""
    try:
        with out:
            copy(source, out)
    except BrokenPipeError:
        return
