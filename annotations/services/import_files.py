"""Files of imports: written down as they arrive, kept below the uploads until their import is over."""

import hashlib
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BufferedWriter
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.services import file_digests, upload_store
from annotations.services.artifact_places import ArtifactProblem

PIECE = 1 << 20
MEGABYTE = 1 << 20
LONGEST_PART, DEEPEST = 120, 5
OURS = re.compile(r"import-[0-9a-f]{32}")
A_DAY = 24 * 60 * 60


class FileProblem(ValueError):
    """Why a file was not taken, and what to do about it."""


class Upload(NamedTuple):
    """Files that were taken: where they lie, what they are called, their bytes in all, and the digest of these."""

    folder: str
    names: tuple[str, ...]
    size: int
    sha256: str

    @property
    def title(self) -> str:
        """What the files are called together: the one name, the folder they share, or the first name and how many."""
        if len(self.names) < 2:
            return "".join(self.names)
        tops = {"/" in name and name.partition("/")[0] for name in self.names}
        if len(tops) == 1 and False not in tops:
            return f"{tops.pop()}/ ({len(self.names)} files)"
        return f"{self.names[0]} and {len(self.names) - 1} more"


class Taking:
    """Files on their way into a folder of their own, one after the other. `most` bytes in all; None is no limit."""

    def __init__(self, most: int | None = None):
        self.folder, self.most, self.size = f"import-{token_hex(16)}", most, 0
        self.place = settings.UPLOADS_DIR / self.folder
        try:
            self.place.mkdir(mode=0o700, parents=True)
        except OSError as problem:
            raise _not_kept(problem) from problem
        self.names: list[str] = []
        self.out: BufferedWriter | None = None

    def begin(self, name: str) -> None:
        """Nothing; what is written from now on belongs to the file of that name."""
        self.end()
        path = _free(self.place / safe_name(name))
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.out = path.open("xb")
        except OSError as problem:
            raise _not_kept(problem) from problem
        self.names.append(path.relative_to(self.place).as_posix())

    def write(self, piece: bytes) -> None:
        """Nothing; the bytes are kept. Raises FileProblem when it gets too much, or the disk is full."""
        self.size += len(piece)
        if self.most is not None and self.size > self.most:
            raise FileProblem(too_big())
        try:
            if self.out:
                self.out.write(piece)
        except OSError as problem:
            raise _not_kept(problem) from problem

    def end(self) -> None:
        """Nothing; the last file is closed. Raises FileProblem when its last bytes found no room."""
        out, self.out = self.out, None
        try:
            if out:
                out.close()
        except OSError as problem:
            raise _not_kept(problem) from problem

    def done(self) -> Upload | None:
        """What was taken; None without any file, and then nothing is left of it. Raises FileProblem, as `end` does."""
        try:
            self.end()
        except FileProblem:
            self.drop()
            raise
        if not self.names:
            self.drop()
            return None
        return Upload(self.folder, tuple(self.names), self.size, digest(self.folder))

    def drop(self) -> None:
        """Nothing; whatever was taken is removed."""
        with suppress(FileProblem):
            self.end()
        remove(self.folder)


def _not_kept(problem: OSError) -> FileProblem:
    return FileProblem(
        gettext("The server could not keep the file: %(strerror)s. Try again later.") % {"strerror": problem.strerror}
    )


def most_bytes() -> int:
    """How many bytes one upload may have."""
    return int(settings.UPLOAD_MEGABYTES * MEGABYTE)


def too_big() -> str:
    """The sentence for an upload that is too big."""
    return (
        f"An upload has at most {settings.UPLOAD_MEGABYTES:,.0f} MB. Send it in parts, or ask whoever runs this server"
        " to import it with manage.py import_prompts."
    )


def copied(paths: Iterable[Path]) -> Upload | None:
    """Copies of files and folders of this machine; None without any file. Raises FileProblem."""
    taking = Taking()
    try:
        for path in paths:
            for source, name in _files_of(path):
                _copy(source, name, taking)
        upload = taking.done()
        share(taking.folder)
    except BaseException:
        taking.drop()
        raise
    return upload


def _files_of(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name
    elif path.is_dir():
        inside = ((one, one.relative_to(path).as_posix()) for one in sorted(path.rglob("*")) if one.is_file())
        yield from ((one, f"{path.resolve().name}/{name}") for one, name in inside if not is_hidden(name))
    else:
        raise FileProblem(gettext("There is no file or folder %(path)s.") % {"path": path})


def _copy(source: Path, name: str, taking: Taking) -> None:
    taking.begin(name)
    try:
        with source.open("rb") as file:
            while piece := file.read(PIECE):
                taking.write(piece)
    except OSError as problem:
        raise FileProblem(
            gettext("%(source)s cannot be read: %(strerror)s.") % {"source": source, "strerror": problem.strerror}
        ) from problem


def is_hidden(name: str) -> bool:
    """True for files that a system leaves in a folder by itself, such as .DS_Store."""
    return any(part.startswith((".", "__MACOSX")) for part in re.split(r"[\\/]+", name) if part not in ("", ".", ".."))


def safe_name(name: str) -> str:
    """The name as a relative path that leads nowhere else: no `..`, no signs a screen does not show, not too long."""
    parts = [_part(part) for part in re.split(r"[\\/]+", storable(name))]
    return "/".join([part for part in parts if part][-DEEPEST:]) or "file"


def _part(part: str) -> str:
    shown = "".join(sign for sign in part if sign.isprintable()).strip().lstrip(".")
    stem, dot, suffix = shown.rpartition(".")
    if not stem or len(suffix) > 10:
        stem, dot, suffix = shown, "", ""
    return stem.encode()[:LONGEST_PART].decode(errors="ignore").strip() + dot + suffix


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def share(folder: str) -> None:
    """Nothing; workers on other machines find the files of the folder too, where there are any. Raises FileProblem."""
    try:
        upload_store.share(folder, paths(folder))
    except ArtifactProblem as problem:
        raise FileProblem(str(problem)) from problem
    except ValueError as problem:
        raise FileProblem(
            gettext("The names of these files and folders are too long. Shorten them and try again.")
        ) from problem


def paths(folder: str) -> list[tuple[Path, str]]:
    """Every file of the folder and its name, in the order of the names.

    Files that another machine took in are fetched from the store first. Raises ArtifactProblem where that fails.
    """
    place = settings.UPLOADS_DIR / folder
    upload_store.bring(folder, place)
    found = [path for path in place.rglob("*") if path.is_file()]
    return sorted(((path, path.relative_to(place).as_posix()) for path in found), key=lambda pair: pair[1])


def digest(folder: str) -> str:
    """SHA-256 of the one file, or of several files' digests and names, as 64 hexadecimal digits."""
    each = [(file_digests.of(path).sha256, name) for path, name in paths(folder)]
    if len(each) == 1:
        return each[0][0]
    return hashlib.sha256("".join(f"{one}  {name}\n" for one, name in each).encode()).hexdigest()


def size(folder: str) -> int:
    """The bytes of all files of the folder."""
    return sum(path.stat().st_size for path, _ in paths(folder))


def remove(folder: str) -> None:
    """Nothing; the folder and its files are gone, if they were there. Touches no folder but those of imports."""
    if OURS.fullmatch(folder):
        shutil.rmtree(settings.UPLOADS_DIR / folder, ignore_errors=True)
        upload_store.forget(folder)


def forget_strays(in_use: Iterable[str]) -> None:
    """Nothing; folders older than a day that no import needs are removed: uploads somebody broke off."""
    kept, old = set(in_use), time.time() - A_DAY
    if settings.UPLOADS_DIR.is_dir():
        for path in settings.UPLOADS_DIR.iterdir():
            if path.name not in kept and path.stat().st_mtime < old:
                remove(path.name)
    upload_store.forget_strays(kept)
