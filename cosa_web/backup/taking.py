"""Taking a backup: one snapshot of the database, then every artifact that its rows name, then the manifest."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

from django.utils import timezone

from annotations.models import Artifact
from annotations.models.artifacts import CHECKPOINT
from annotations.services import artifacts
from annotations.services.artifacts import ArtifactProblem
from cosa_web.backup import manifest, places
from cosa_web.backup.databases import Database
from cosa_web.backup.facts import Facts
from cosa_web.backup.manifest import ARTIFACTS, File, Manifest
from cosa_web.backup.places import Writer
from training.services import sources

Tell = Callable[[str], None]


def take(database: Database, place: Path, tell: Tell, *, without_checkpoints: bool = False) -> Manifest:
    """The manifest of the backup that lies at `place` now; `tell` hears what is done.

    Others may write meanwhile: what they write after the start is not in it. An artifact that is gone or damaged is
    named in `missing`, and the rest of the backup is whole. Raises BackupProblem, and then nothing is left.
    """
    taken_at, left_out = timezone.now().isoformat(), (CHECKPOINT,) * without_checkpoints
    with places.writing(place) as out:
        facts, sha256 = _dumped(database, place, out, tell)
        wanted = {key: one for key, one in facts.artifacts.items() if one.kind not in left_out}
        missing = tuple(_artifacts(wanted, out, tell))
        made = Manifest(
            taken_at=taken_at,
            app=sources.version(),
            vendor=database.vendor,
            sql=(database.dump, sha256),
            keys=manifest.fingerprints(),
            missing=missing,
            without=left_out,
            **facts._asdict() | {"artifacts": {key: one for key, one in wanted.items() if key not in missing}},
        )
        manifest.write(made, out)
    return made


def _dumped(database: Database, place: Path, out: Writer, tell: Tell) -> tuple[Facts, str]:
    """What the database holds at this moment, and the digest of its dump, which is in the backup now."""
    with database.snapshot(place.absolute().parent) as snapshot:
        facts = snapshot.facts()
        tell(f"database: {sum(table.rows for table in facts.tables.values()):,} rows")
        with out.file(database.dump) as file:
            counted = Counted(file)
            snapshot.write(counted)  # type: ignore[arg-type]
    tell(f"dump: {counted.size:,} bytes")
    return facts, counted.sha256


class Counted:
    """A file that counts what is written through it, and keeps its digest."""

    def __init__(self, out: IO[bytes]):
        self._out, self._digest, self.size = out, hashlib.sha256(), 0

    def write(self, piece: bytes) -> int:
        """How many bytes were written."""
        self._digest.update(piece)
        self.size += len(piece)
        return self._out.write(piece)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was written, in hexadecimal."""
        return self._digest.hexdigest()


def _artifacts(wanted: dict[str, File], out: Writer, tell: Tell) -> Iterator[str]:
    """The keys that were not to be had; all others are in the backup now."""
    for key, one in wanted.items():
        row = Artifact(key=key, kind=one.kind, sha256=one.sha256, bytes=one.bytes)
        try:
            _written(artifacts.stream(row), ARTIFACTS + key, out)
        except ArtifactProblem as problem:
            tell(f"artifact {key}: {problem}")
            yield key
    tell(f"artifacts: {len(wanted):,} asked for, {sum(one.bytes for one in wanted.values()):,} bytes")


def _written(pieces: Iterable[bytes], name: str, out: Writer) -> None:
    with out.file(name) as file, closing(iter(pieces)) as each:  # type: ignore[type-var]
        for piece in each:
            file.write(piece)
