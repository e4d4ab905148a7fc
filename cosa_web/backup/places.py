"""Where a backup lies: a folder, or one .tar file. Both hold the same files; what is written appears at once, whole."""

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import IO, BinaryIO, Protocol

from cosa_web.backup import BackupProblem

PIECE = 1 << 20
BLOCK = tarfile.BLOCKSIZE
TAKEN = "{place} is there already. A backup never writes over anything: name another place."
NOT_HERE = "{place} is no backup: there is no such folder or file."
TORN = "{place} is no whole .tar file: {why}. Take another backup."
STRANGE = "{place} holds {name!r}, which is not the name of a file of a backup. Nothing of it was used."
NO_FILE = "{place} holds no {name}. Take another backup."


class Writer(Protocol):
    """A backup on its way."""

    def file(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A file of that name to write into, as a context; one at a time."""


class Reader(Protocol):
    """A backup that is there."""

    def names(self) -> set[str]:
        """The names of all files in it."""

    def open(self, name: str) -> IO[bytes]:
        """The file of that name, to be read and closed. Raises BackupProblem when it is not there."""


def copy(source: IO[bytes], out: IO[bytes]) -> None:
    """Nothing; all of `source` is in `out`, a megabyte in memory at a time."""
    shutil.copyfileobj(source, out, PIECE)


@contextmanager
def writing(place: Path) -> Iterator[Writer]:
    """A new backup, a .tar file where the name ends so, else a folder, readable by its owner alone.

    It has its name only once it is whole and on the disk; when anything goes wrong nothing is left. A process that is
    killed leaves a hidden file `.NAME.part-…`, which is no backup. Raises BackupProblem when something is there.
    """
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise BackupProblem(TAKEN.format(place=place))
    part = place.with_name(f".{place.name}.part-{token_hex(4)}")
    try:
        with _tar(part) if place.suffix == ".tar" else _folder(part) as writer:
            yield writer
        part.rename(place)
        _keep(place.parent)
    except OSError as problem:
        raise BackupProblem(f"The backup cannot be written: {problem.strerror or problem}.") from problem
    finally:
        with suppress(OSError):
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


@contextmanager
def reading(place: Path) -> Iterator[Reader]:
    """The backup in that folder or .tar file. Raises BackupProblem when it is none, or has names that lead away."""
    if place.is_dir():
        yield _Folder(place)
        return
    if not place.is_file():
        raise BackupProblem(NOT_HERE.format(place=place))
    try:
        with tarfile.open(place, "r:") as tar:
            yield _Tar(place, tar)
    except tarfile.TarError as problem:
        raise BackupProblem(TORN.format(place=place, why=problem)) from problem


def _safe(name: str, place: Path) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or "/".join(parts) != name:
        raise BackupProblem(STRANGE.format(place=place, name=name))
    return name


def _keep(folder: Path) -> None:
    """Nothing; the names in the folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _synced(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


@contextmanager
def _folder(part: Path) -> Iterator["_FolderWriter"]:
    part.mkdir(mode=0o700, parents=True)
    yield _FolderWriter(part)


class _FolderWriter:
    def __init__(self, folder: Path):
        self._at = folder

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        path = self._at / _safe(name, self._at)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            try:
                yield out
            except BaseException:
                path.unlink()
                raise
            _synced(out)
        _keep(path.parent)


@contextmanager
def _tar(part: Path) -> Iterator["_TarWriter"]:
    part.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        yield _TarWriter(out)
        out.write(bytes(2 * BLOCK))
        _synced(out)


class _TarWriter:
    """Members are written without knowing how long they get: their header is written again behind them."""

    def __init__(self, out: BinaryIO):
        self._out = out

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        about = tarfile.TarInfo(_safe(name, Path(".tar")))
        about.mode, start = 0o600, self._out.tell()
        self._head(about)
        begin = self._out.tell()
        try:
            yield self._out
        except BaseException:
            self._out.seek(start)
            self._out.truncate()
            raise
        about.size = self._out.tell() - begin
        self._out.write(bytes(-about.size % BLOCK))
        end = self._out.tell()
        self._out.seek(start)
        self._head(about)
        self._out.seek(end)

    def _head(self, about: tarfile.TarInfo) -> None:
        self._out.write(about.tobuf(tarfile.GNU_FORMAT, "utf-8"))


class _Folder:
    def __init__(self, place: Path):
        self._place = place

    def names(self) -> set[str]:
        found = [path for path in self._place.rglob("*") if path.is_symlink() or not path.is_dir()]
        for path in found:
            if path.is_symlink() or not path.is_file():
                raise BackupProblem(STRANGE.format(place=self._place, name=path.name))
        return {path.relative_to(self._place).as_posix() for path in found}

    def open(self, name: str) -> IO[bytes]:
        path = self._place / _safe(name, self._place)
        if path.is_symlink() or not path.is_file():
            raise BackupProblem(NO_FILE.format(place=self._place, name=name))
        return path.open("rb")


class _Tar:
    def __init__(self, place: Path, tar: tarfile.TarFile):
        self._place, self._tar = place, tar
        self._members: dict[str, tarfile.TarInfo] = {}
        for one in tar:
            if not one.isreg() or one.issparse() or one.name in self._members:
                raise BackupProblem(STRANGE.format(place=place, name=one.name))
            self._members[_safe(one.name, place)] = one

    def names(self) -> set[str]:
        return set(self._members)

    def open(self, name: str) -> IO[bytes]:
        found = self._tar.extractfile(self._members[name]) if name in self._members else None
        if found is None:
            raise BackupProblem(NO_FILE.format(place=self._place, name=name))
        return found
