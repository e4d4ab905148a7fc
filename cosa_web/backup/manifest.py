"""The manifest of a backup: what is in it, written last, with a digest of itself."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.conf import settings

from cosa_web.backup import BackupProblem
from cosa_web.backup.places import Reader, Writer

NAME, FORMAT = "manifest.json", 1
ARTIFACTS = "artifacts/"
NO_MANIFEST = "There is no manifest in it: this is no backup, or one that was broken off. Take another."
CHANGED = "Its manifest is not as it was written. Take another backup."
OTHER_FORMAT = "It has the format {found}, and this version reads {known}. Restore it with the version that made it."


class Table(NamedTuple):
    """What a table holds: how many rows, and a digest of them that does not depend on their order."""

    rows: int
    digest: str


class File(NamedTuple):
    """What an artifact is: its kind, its bytes and their SHA-256."""

    kind: str
    bytes: int
    sha256: str


class Manifest(NamedTuple):
    """All that a backup says of itself.

    `vendor` is the database it comes from; digests are comparable within one vendor only. `sql` is the dump's file name
    with its SHA-256. `migrations` are `app.name`. `things` is a digest of the names of indexes, rules and triggers.
    `keys` are fingerprints of the keys that opened sealed keys of models, the first one seals; `sealed` counts these.
    `missing` are the artifacts that were not to be had, `without` the kinds that were left out.
    """

    taken_at: str
    app: str
    vendor: str
    version: str
    sql: tuple[str, str]
    migrations: tuple[str, ...]
    tables: dict[str, Table]
    things: str
    keys: tuple[str, ...]
    sealed: int
    artifacts: dict[str, File]
    missing: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def write(manifest: Manifest, out: Writer) -> None:
    """Nothing; the manifest stands in the backup."""
    said = {"format": FORMAT, **manifest._asdict()}
    said["tables"] = {name: list(one) for name, one in manifest.tables.items()}
    said["artifacts"] = {key: list(one) for key, one in manifest.artifacts.items()}
    said["sha256"] = _digest(said)
    with out.file(NAME) as file:
        file.write(json.dumps(said, indent=1, sort_keys=True).encode())


def read(backup: Reader) -> Manifest:
    """The manifest of the backup. Raises BackupProblem when it is missing, changed, or of another format."""
    if NAME not in backup.names():
        raise BackupProblem(NO_MANIFEST)
    try:
        with backup.open(NAME) as file:
            said = json.loads(file.read())
        kept = said.pop("sha256")
        whole = kept == _digest(said)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BackupProblem(CHANGED) from problem
    if not whole:
        raise BackupProblem(CHANGED)
    if (found := said.pop("format")) != FORMAT:
        raise BackupProblem(OTHER_FORMAT.format(found=found, known=FORMAT))
    return _of(said)


def _of(said: dict[str, Any]) -> Manifest:
    said["tables"] = {name: Table(*one) for name, one in said["tables"].items()}
    said["artifacts"] = {key: File(*one) for key, one in said["artifacts"].items()}
    for name in ("sql", "migrations", "keys", "missing", "without"):
        said[name] = tuple(said[name])
    return Manifest(**said)


def _digest(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def fingerprints() -> tuple[str, ...]:
    """A short digest of each key that opens sealed keys here, in their order; none of them leads back to its key."""
    keys: Iterable[str] = getattr(settings, "FERNET_KEYS", ())
    return tuple(hashlib.sha256(f"cosa fernet {key}".encode()).hexdigest()[:16] for key in keys)
