"""The store of artifacts: files that rows depend on, kept by their digest and read only when they still have it.

A key ends at one content, for it holds its digest: two that keep the same thing write the same bytes to the same place,
and nothing is ever written over with something else. The file is there before the row, and goes after it, so that a
crash leaves a file without a row at the most, and never a row without a file.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from annotations.models import Artifact
from annotations.models.artifacts import KINDS, UPLOAD
from annotations.services import artifact_cache, artifact_places, file_digests
from annotations.services.artifact_places import ArtifactMissing as ArtifactMissing
from annotations.services.artifact_places import ArtifactProblem as ArtifactProblem
from annotations.services.artifact_places import Place, staged
from annotations.services.file_digests import Content, Counting

log = logging.getLogger(__name__)
DIGEST = "{sha256}"
LONGEST_KEY, LONGEST_PART, AT_ONCE = 500, 255, 200
LONGEST_OF_BUCKETS = 900
DAMAGED = "The file {key} in the store of artifacts is not what was kept there. Bring it back from a backup."
CUT = "The store of artifacts did not take all of the file. Try again."


class ArtifactDamaged(ArtifactProblem):
    """What lies where an artifact should lie has another digest."""


def keep(source: Path | BinaryIO, kind: str, key: str) -> Artifact:
    """The artifact: the file, or what can be read from the stream, is in the store from now on.

    `key` is where, beginning with the kind, with {sha256} where the digest goes: "checkpoint/{sha256}". What was kept
    there already is written again and is the same artifact. Raises ValueError for a key that leads elsewhere,
    ArtifactProblem for a store that is full or does not answer, and then nothing of it is left.
    """
    _refuse(kind, key)
    place = artifact_places.current()
    with _at_hand(source, place) as (file, content):
        full = key.replace(DIGEST, content.sha256)
        place.put(full, file)
        if place.size(full) != content.size:
            raise ArtifactProblem(CUT)
    artifact_places.forget_parts(place.staging())
    known = {"kind": kind, "sha256": content.sha256, "bytes": content.size}
    return Artifact.objects.get_or_create(key=full, defaults=known)[0]


def bring_back(artifact: Artifact, pieces: Iterator[bytes], place: Place | None = None) -> None:
    """Nothing; what the pieces hold lies where the artifact's row says, here or in another place.

    Raises ArtifactDamaged when they are not what the row says, and then nothing is put there.
    """
    place, counting = place or artifact_places.current(), Counting(pieces)
    with staged(place.staging(), counting) as part:
        if counting.content != (artifact.sha256, artifact.bytes):
            _damaged(artifact)
        place.put(artifact.key, part)


def local(artifact: Artifact) -> Path:
    """Where a file with the artifact's content lies on this machine, whose digest was checked.

    A file in the store's folder stays there; one in a bucket is copied, and the copy may be taken away when nobody
    asked for it for ten minutes. The row need not be stored: key and digest are enough. Raises ArtifactMissing,
    ArtifactDamaged, ArtifactProblem.
    """
    place = artifact_places.current()
    if (path := place.path(artifact.key)) is None:
        path = artifact_cache.found(artifact) or artifact_cache.fetch(artifact, place)
        return path or _damaged(artifact)
    try:
        return path if file_digests.is_whole(path, artifact.sha256) else _damaged(artifact)
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise ArtifactMissing(f"The file of this artifact is not where it was put: {path.name}.") from problem
    except OSError as problem:
        raise artifact_places.fault(problem) from problem


@contextmanager
def reading(artifact: Artifact) -> Iterator[Path]:
    """A local path with the artifact's content, as `local` gives it."""
    yield local(artifact)


def stream(artifact: Artifact, place: Place | None = None) -> Iterator[bytes]:
    """The content by the piece. The last piece comes only when all of it was what was kept.

    So nobody is ever handed a whole file that is wrong. Raises ArtifactDamaged, ArtifactMissing, ArtifactProblem.
    """
    counting, held = Counting((place or artifact_places.current()).pieces(artifact.key)), b""
    for piece in counting:
        if held:
            yield held
        held = piece
    if counting.content != (artifact.sha256, artifact.bytes):
        _damaged(artifact)
    yield held


def each() -> Iterator[tuple[Artifact, Iterator[bytes]]]:
    """Every artifact with its content as `stream` gives it, which nobody has to read, in the order they were kept.

    No transaction stays open between two of them. What is kept meanwhile comes last, what is removed may be missing.
    """
    last = 0
    while rows := list(Artifact.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        for artifact in rows:
            yield artifact, stream(artifact)
        last = rows[-1].pk


def is_there(artifact: Artifact) -> bool:
    """True when a file of the right size lies where it should; its digest is not looked at. Raises ArtifactProblem."""
    return artifact_places.current().size(artifact.key) == artifact.bytes


def remove(artifact: Artifact) -> None:
    """Nothing; the artifact is gone, first its row and then its file. Raises ValueError for all kinds but uploads:

    nothing is deleted that a number depends on. Raises ArtifactProblem.
    """
    if artifact.kind != UPLOAD:
        raise ValueError(f"an artifact of the kind {artifact.kind} is never removed")
    Artifact.objects.filter(pk=artifact.pk).delete()
    artifact_places.current().remove(artifact.key)


def _refuse(kind: str, key: str) -> None:
    parts = key.split("/")
    for wrong, why in (
        (kind not in KINDS, f"there is no kind {kind!r}"),
        (parts[0] != kind or len(parts) < 2, f"it does not begin with {kind}/"),
        (key.count(DIGEST) != 1, f"it does not hold {DIGEST} once"),
        (any(not part or part.startswith(".") for part in parts), "a part of it is empty or begins with a dot"),
        ("\\" in key or not key.isprintable(), "it has a sign that no path should have"),
        (len(key) + 64 > LONGEST_KEY or len(key.encode()) + 64 > LONGEST_OF_BUCKETS, "it is too long"),
        (any(len(part.encode()) + 64 > LONGEST_PART for part in parts), "a part of it is too long"),
    ):
        if wrong:
            raise ValueError(f"The key {key!r} cannot be used: {why}.")


@contextmanager
def _at_hand(source: Path | BinaryIO, place: Place) -> Iterator[tuple[Path, Content]]:
    """A file that the place may take, and what it holds. A file for a bucket is sent from where it lies."""
    try:
        if isinstance(source, Path) and place.path("") is None:
            yield source, file_digests.of(source)
            return
        with source.open("rb") if isinstance(source, Path) else _open(source) as opened:
            counting = Counting(file_digests.pieces(opened))
            with staged(place.staging(), counting) as part:
                yield part, counting.content
    except OSError as problem:
        raise artifact_places.fault(problem) from problem


@contextmanager
def _open(stream: BinaryIO) -> Iterator[BinaryIO]:
    yield stream


def _damaged(artifact: Artifact) -> NoReturn:
    log.error("artifact %s (%s) does not have the digest it was kept with", artifact.pk, artifact.key)
    raise ArtifactDamaged(DAMAGED.format(key=artifact.key))
