"""Checkpoints that are whole: a marker with the size and the SHA-256 of every file, written last; no torch needed."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from training.recipes import run_dir

MARKER = "FINISHED.json"
PREFIX = "checkpoint-"


class Finished(NamedTuple):
    """What the marker of a whole folder says: `files` are relative names with (bytes, SHA-256), in order.

    `sha256` is the digest of names, sizes and digests together, so that it names the whole folder.
    """

    step: int
    files: dict[str, tuple[int, str]]
    sha256: str

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(size for size, _ in self.files.values())


def mark(folder: Path, step: int) -> Finished:
    """The marker of the folder as it is now, written after everything in it is on the disk."""
    names = sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file() and one.name != MARKER)
    files = {name: ((folder / name).stat().st_size, _digest(folder / name)) for name in names}
    finished = Finished(step, files, _whole(files))
    run_dir.write(folder / MARKER, finished._asdict())
    return finished


def read(folder: Path) -> Finished | None:
    """What the folder's marker says; None without one that can be read."""
    try:
        said: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in said["files"].items()}
        found = Finished(int(said["step"]), files, str(said["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if found.sha256 == _whole(files) else None


def wrong(folder: Path, *, digests: bool = True) -> str:
    """Why the folder is not as it was when it was finished, in words; empty when it is whole.

    Without `digests` only names and sizes are looked at.
    """
    finished = read(folder)
    if finished is None:
        return f"{folder.name} was never finished."
    for name, (size, digest) in finished.files.items():
        file = folder / name
        if not file.is_file():
            return f"{name} is missing in {folder.name}."
        if file.stat().st_size != size:
            return f"{name} in {folder.name} has {file.stat().st_size:,} bytes and not {size:,}."
        if digests and _digest(file) != digest:
            return f"{name} in {folder.name} is not what was written."
    return ""


def steps(folder: Path) -> list[int]:
    """The steps of a run that have a folder below `checkpoints`, whole or not, the latest first."""
    found = (folder / run_dir.CHECKPOINTS).glob(f"{PREFIX}*")
    return sorted((int(tail) for one in found if (tail := one.name[len(PREFIX) :]).isdecimal()), reverse=True)


def at(folder: Path, step: int) -> Path:
    """Where the checkpoint of that step of a run lies."""
    return folder / run_dir.CHECKPOINTS / f"{PREFIX}{step}"


def last_whole(folder: Path) -> Path | None:
    """The latest checkpoint of the run that is whole to the last byte; an earlier one where it is broken; or None."""
    return next((at(folder, step) for step in steps(folder) if not wrong(at(folder, step))), None)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _whole(files: dict[str, tuple[int, str]]) -> str:
    lines = (f"{digest}  {size}  {name}\n" for name, (size, digest) in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
