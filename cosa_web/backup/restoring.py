"""Bringing a backup back into an empty place, and trying one out without touching the real place."""

from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connections
from django.db.migrations.loader import MigrationLoader

from annotations.models import Artifact
from annotations.services import artifact_places, artifacts, file_digests
from cosa_web.backup import BackupProblem, facts, manifest, places
from cosa_web.backup.databases import Database
from cosa_web.backup.manifest import ARTIFACTS, File, Manifest
from cosa_web.backup.places import Reader
from cosa_web.backup.taking import Tell

OTHER_VENDOR = (
    "It holds a database of {found}, and COSA_DATABASE names one of {here}. Nothing is carried over between them."
)
NEWER = (
    "It was taken by a newer version: this one does not know the migrations {names}. Install the version {app} or a"
    " newer one, then restore."
)
OCCUPIED = "The store of artifacts has something else at {key} already. Restore into an empty store."
ODD_KEY = "Its manifest names the artifact {key!r}, which is no key of the store. Nothing of it was used."
OLDER = "Its database is older than this version: run manage.py migrate before anything is started."
SEALED = (
    "{count} kept keys of models were encrypted with a key that is not in COSA_FERNET_KEYS here. Put that key there, or"
    " enter the models' keys again."
)
DUMP_CHANGED = "dump: its digest is not that of the manifest"


def restore(database: Database, place: Path, tell: Tell) -> list[str]:
    """What is not as the manifest says, a line each: empty when all of it is back. `tell` hears what is done.

    Artifacts come first and the database last, in one step: when it is broken off, the same call may be made again.
    Raises BackupProblem, before anything is touched, where the place is not empty or the backup does not fit.
    """
    with places.reading(place) as backup:
        said = _fitting(backup, database)
        if why := database.occupied():
            raise BackupProblem(why)
        told = _dump_whole(backup, said) or list(_refused(backup, said))
        if told:
            return told
        told = list(_bring_back(backup, said))
        tell(f"artifacts: {len(said.artifacts) - len(told):,} of {len(said.artifacts):,} brought back and compared")
        connections.close_all()
        with backup.open(said.sql[0]) as dump:
            database.load(dump)
        return told + _compared(said, database, tell)


def verify(database: Database, place: Path, tell: Tell) -> list[str]:
    """What is not as the manifest says, a line each: it is restored into a database that is thrown away, and compared.

    Neither the database nor the store of the settings is changed. Raises BackupProblem.
    """
    with places.reading(place) as backup:
        said = _fitting(backup, database)
        told = list(_damaged(backup, said))
        tell(f"artifacts: {len(said.artifacts) - len(told):,} of {len(said.artifacts):,} as in the manifest")
        if broken := _dump_whole(backup, said):
            return told + broken
        with database.spare() as spare:
            with backup.open(said.sql[0]) as dump:
                spare.load(dump)
            return told + _compared(said, spare, tell)


def warnings(place: Path) -> list[str]:
    """What whoever restores it has to know or do afterwards, in sentences."""
    with places.reading(place) as backup:
        said = manifest.read(backup)
    found = []
    if pending():
        found.append(OLDER)
    if said.sealed and not set(said.keys) & set(manifest.fingerprints()):
        found.append(SEALED.format(count=said.sealed))
    found += [f"It was taken without artifacts of the kind {kind}; their rows are there." for kind in said.without]
    if said.missing:
        found.append(
            f"{len(said.missing)} artifacts could not be read when it was taken: {', '.join(said.missing[:5])}."
        )
    return found


def pending() -> list[str]:
    """The migrations of this version that the database of the settings has not had, as app.name."""
    connection = connections["default"]
    loader = MigrationLoader(connection)
    missing = loader.graph.nodes.keys() - loader.applied_migrations.keys()
    return sorted(".".join(one) for one in missing)


def unknown() -> list[str]:
    """The migrations that the database of the settings has had and this version does not know, as app.name."""
    applied = MigrationLoader(connections["default"]).applied_migrations
    return sorted({".".join(one) for one in applied} - _known())


def _fitting(backup: Reader, database: Database) -> Manifest:
    """The manifest of a backup that this version can bring back into such a database. Raises BackupProblem."""
    said = manifest.read(backup)
    if said.vendor != database.vendor:
        raise BackupProblem(OTHER_VENDOR.format(found=said.vendor, here=database.vendor))
    if unknown := sorted(set(said.migrations) - _known()):
        raise BackupProblem(NEWER.format(names=", ".join(unknown[:5]), app=said.app))
    return said


def _known() -> set[str]:
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known |= set(migration.replaces)
    return {".".join(one) for one in known}


def _refused(backup: Reader, said: Manifest) -> Iterator[str]:
    """A line for each artifact that is damaged. Raises BackupProblem when the store has something else in its place."""
    store = artifact_places.current()
    for key, one in said.artifacts.items():
        if key.partition("/")[0] != one.kind or any(part in ("", ".", "..") for part in key.split("/")):
            raise BackupProblem(ODD_KEY.format(key=key))
        if store.size(key) not in (None, one.bytes):
            raise BackupProblem(OCCUPIED.format(key=key))
    yield from _damaged(backup, said)


def _damaged(backup: Reader, said: Manifest) -> Iterator[str]:
    """A line for each artifact whose file in the backup is not what the manifest says."""
    for key, one in said.artifacts.items():
        try:
            with backup.open(ARTIFACTS + key) as file:
                found = file_digests.of_open(file).sha256
        except (BackupProblem, OSError) as problem:
            yield f"artifact {key}: {problem}"
            continue
        if found != one.sha256:
            yield f"artifact {key}: its digest is not that of the manifest"


def _bring_back(backup: Reader, said: Manifest) -> Iterator[str]:
    """A line for each artifact that is not in the store afterwards, to its last byte."""
    for key, one in said.artifacts.items():
        row = _row(key, one)
        try:
            with backup.open(ARTIFACTS + key) as file:
                artifacts.bring_back(row, file_digests.pieces(file))
            for _ in artifacts.stream(row):
                pass
        except (artifacts.ArtifactProblem, OSError) as problem:
            yield f"artifact {key}: {problem}"


def _row(key: str, one: File) -> Artifact:
    return Artifact(key=key, kind=one.kind, sha256=one.sha256, bytes=one.bytes)


def _dump_whole(backup: Reader, said: Manifest) -> list[str]:
    with backup.open(said.sql[0]) as dump:
        return [] if file_digests.of_open(dump).sha256 == said.sql[1] else [DUMP_CHANGED]


def _compared(said: Manifest, database: Database, tell: Callable[[str], None]) -> list[str]:
    found = database.facts()
    told = facts.differences(said, found)
    same = sum(found.tables.get(name) == table for name, table in said.tables.items())
    rows = sum(table.rows for table in found.tables.values())
    tell(f"database: {rows:,} rows, {same} of {len(said.tables)} tables as in the manifest")
    return told
