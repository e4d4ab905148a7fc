"""The tables of a test database, made by one worker of a parallel run and copied by the others.

Making them takes every migration, five seconds; afterwards `migrate` finds nothing left to do. On SQLite, whose
database is a file: on PostgreSQL one process tests alone.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

# Before anything stands in their place, so that one use inside of another begins anew.
WHOLE, LAY = DatabaseCreation.create_test_db, DatabaseCreation._create_test_db


@contextmanager
def shared_tables(folder: Path) -> Iterator[None]:
    """Test databases made in here begin as the first one did that was made with the same folder, in any process."""
    kept = folder / "migrated.sqlite3"

    def begin(creation: DatabaseCreation, *args: Any, **named: Any) -> str:
        name = LAY(creation, *args, **named)
        if kept.exists():
            shutil.copyfile(kept, name)
        return name

    def create(creation: DatabaseCreation, *args: Any, **named: Any) -> str:
        with (folder / "migrated.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            name = WHOLE(creation, *args, **named)
            if not kept.exists():
                keep(kept)
            return name

    with (
        mock.patch.object(DatabaseCreation, "create_test_db", create),
        mock.patch.object(DatabaseCreation, "_create_test_db", begin),
    ):
        yield


def keep(place: Path) -> None:
    """A copy of the database at that place, which is whole as soon as it is there."""
    unfinished = place.with_suffix(".part")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(unfinished)])
    unfinished.rename(place)
