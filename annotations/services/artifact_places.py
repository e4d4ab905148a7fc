"""Where artifacts lie: a folder that all processes see, or a bucket. Nothing here knows of rows and digests."""

import errno
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.http import content_disposition_header

from annotations.services import file_digests
from annotations.services.chores import ChoreProblem

STAGING = ".part"
A_DAY = 24 * 60 * 60
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL = "The store of artifacts is full. What was there is untouched; make room, then try again."
FAILED = "The store of artifacts cannot be used ({why}). What was there is untouched; try again later."
AWAY = "The store of artifacts does not answer ({why}). What was there is untouched; try again later."


class ArtifactProblem(ChoreProblem):
    """Why an artifact was not kept or cannot be read, and what to do about it."""


class ArtifactMissing(ArtifactProblem):
    """There is no file where an artifact should lie."""


class Place(Protocol):
    """What holds the files of artifacts by their keys."""

    def staging(self) -> Path:
        """The folder in which files are written down before they are put."""

    def put(self, key: str, file: Path) -> None:
        """Nothing; what the file holds lies at the key, whole. The file may be gone then. Raises ArtifactProblem."""

    def pieces(self, key: str) -> Iterator[bytes]:
        """What lies at the key. Raises ArtifactMissing, ArtifactProblem."""

    def path(self, key: str) -> Path | None:
        """Where the file of that key lies, whether or not it is there; None where no path leads to it."""

    def size(self, key: str) -> int | None:
        """The bytes of what lies at the key; None when nothing does. Raises ArtifactProblem."""

    def remove(self, key: str) -> None:
        """Nothing; nothing lies at the key any more. Raises ArtifactProblem."""

    def link(self, key: str, name: str, seconds: int) -> str:
        """An address at which anybody takes the file away for so long; "" where there is none."""


def current() -> Place:
    """The place that the settings name."""
    return of(storages["artifacts"])


def of(storage: Storage) -> Place:
    """The place of one of Django's storages: a folder, else a bucket."""
    if isinstance(storage, FileSystemStorage):
        return Folder(Path(storage.location))
    from annotations.services.artifact_bucket import Bucket  # boto3 is not loaded where no bucket is used

    return Bucket(storage)


def is_shared() -> bool:
    """True when somebody said where artifacts lie: other machines may see them there."""
    return bool(settings.ARTIFACTS_SHARED)


def fault(problem: OSError) -> ArtifactProblem:
    """The sentence for what the system said."""
    if problem.errno in NO_ROOM:
        return ArtifactProblem(FULL)
    return ArtifactProblem(FAILED.format(why=problem.strerror or type(problem).__name__))


def attachment(name: str) -> str:
    """The header that sends a file of that name to be kept and never shown; signs that no screen shows are left out."""
    shown = "".join(sign for sign in name.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    return str(content_disposition_header(True, shown or "file"))


class Folder:
    """A folder; a key is a path in it. A file comes into its place in one moment, after it is on the disk."""

    def __init__(self, root: Path):
        self.root = root

    def staging(self) -> Path:
        """The folder for files on their way, on the same disk."""
        return self.root / STAGING

    def put(self, key: str, file: Path) -> None:
        """Nothing; the file, one of `staging`, is in its place. Raises ArtifactProblem."""
        try:
            goal = self.root / key
            goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with file.open("rb") as written:
                os.fsync(written.fileno())
            file.replace(goal)
        except OSError as problem:
            raise fault(problem) from problem

    def pieces(self, key: str) -> Iterator[bytes]:
        """What the file holds. Raises ArtifactMissing, ArtifactProblem."""
        return _read(self.root / key)

    def path(self, key: str) -> Path | None:
        """Where the file lies, whether or not it is there."""
        return self.root / key

    def size(self, key: str) -> int | None:
        """The bytes of the file; None without one."""
        try:
            return (self.root / key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as problem:
            raise fault(problem) from problem

    def remove(self, key: str) -> None:
        """Nothing; the file is gone, and so are the folders that it leaves empty."""
        path = self.root / key
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise fault(problem) from problem
        with suppress(OSError):
            for folder in path.parents:
                if folder == self.root:
                    break
                folder.rmdir()

    def link(self, key: str, name: str, seconds: int) -> str:
        """Nothing: a folder has no address."""
        return ""


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file_digests.pieces(file)
    except FileNotFoundError as problem:
        raise ArtifactMissing(f"The file of this artifact is not where it was put: {path.name}.") from problem
    except OSError as problem:
        raise fault(problem) from problem


@contextmanager
def staged(folder: Path, pieces: Iterable[bytes]) -> Iterator[Path]:
    """A file with what the pieces hold; it is gone afterwards unless somebody took it. Raises ArtifactProblem."""
    part = folder / token_hex(16)
    try:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("xb") as out:
                for piece in pieces:
                    out.write(piece)
        except OSError as problem:
            raise fault(problem) from problem
        yield part
    finally:
        part.unlink(missing_ok=True)


def forget_parts(folder: Path) -> None:
    """Nothing; what processes that died left in a folder of `staged` is removed after a day."""
    with suppress(OSError):
        for part in folder.iterdir():
            if part.stat().st_mtime < time.time() - A_DAY:
                part.unlink(missing_ok=True)
