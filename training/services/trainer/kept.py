"""A checkpoint's files in the store of artifacts, so that it is not bound to the machine on which it was made.

They are kept there only where somebody said where artifacts lie; the folder on the node stays what it was. A file is
kept by its digest, so that checkpoints that share one (a tokenizer) share its place.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from errno import ENOSPC
from pathlib import Path
from secrets import token_hex
from time import sleep
from typing import NamedTuple

from django.conf import settings
from django.template.defaultfilters import filesizeformat

from annotations.models import Artifact
from annotations.models.artifacts import CHECKPOINT
from annotations.services import artifact_places, artifacts, file_digests
from annotations.services.artifact_places import Folder, Place
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactProblem
from annotations.services.chores import Stopped
from training.models import Checkpoint
from training.recipes import checkpoints, run_dir
from training.recipes.checkpoints import Finished

KEY = f"{CHECKPOINT}/{artifacts.DIGEST}"
LOCK, LOCK_SECONDS = ".fetch.lock", 0.2
NO_ROOM = (
    "The disk of {node} has no room for the weights of {name}: {size} have to fit into COSA_TRAINING_DIR. Make room "
    "there; what was there is untouched."
)
UNWRITTEN = "The weights of {name} cannot be written on {node} ({why}). Look at COSA_TRAINING_DIR there."
ELSEWHERE = "{name} of {slug} lies on the node {node} and is not in the store of artifacts. Take it from there."


class File(NamedTuple):
    """A file of a checkpoint: its name in the folder, or beside it, its bytes and its digest."""

    name: str
    size: int
    sha256: str
    beside: bool = False

    @property
    def artifact(self) -> Artifact:
        """The file as the store knows it; the row is not stored."""
        key = KEY.format(sha256=self.sha256)
        return Artifact(key=key, kind=CHECKPOINT, sha256=self.sha256, bytes=self.size)


def files(checkpoint: Checkpoint) -> list[File]:
    """Every file of the checkpoint in the order of the names, then the one beside it for llama.cpp where it has one."""
    found = [File(name, size, digest) for name, (size, digest) in sorted(checkpoint.files.items())]
    gguf = checkpoint.lineage.get("gguf")
    return [*found, File(gguf["name"], gguf["bytes"], gguf["sha256"], beside=True)] if gguf else found


def finished(checkpoint: Checkpoint) -> Finished:
    """What the marker of the checkpoint's folder says."""
    whole = {name: (size, digest) for name, (size, digest) in sorted(checkpoint.files.items())}
    return Finished(checkpoint.step, whole, checkpoint.sha256)


def is_kept(checkpoint: Checkpoint) -> bool:
    """True when the store has all files of the checkpoint, as far as the rows say. One query."""
    return bool(which([checkpoint]))


def which(several: Iterable[Checkpoint]) -> set[int]:
    """The ids of those of which the store has all files, as far as the rows say. One query, or none."""
    wanted = {one.pk: {file.artifact.key for file in files(one)} for one in several}
    keys = set().union(*wanted.values())
    there = set(Artifact.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    return {pk for pk, mine in wanted.items() if mine and mine <= there}


def share(checkpoint: Checkpoint) -> bool:
    """True when the store has all files of the checkpoint now, False where nobody said where artifacts lie.

    Every byte is read that is not kept yet. Raises ArtifactProblem.
    """
    if not artifact_places.is_shared():
        return False
    wanted = files(checkpoint)
    there = Artifact.objects.filter(key__in=[one.artifact.key for one in wanted])
    known = set(there.values_list("key", flat=True))
    for file in wanted:
        if file.artifact.key not in known:
            made = artifacts.keep(_folder(checkpoint, file) / file.name, CHECKPOINT, KEY)
            if made.sha256 != file.sha256:
                raise ArtifactDamaged(f"{file.name} of {checkpoint} is not what was written.")
    return True


def source(checkpoint: Checkpoint, name: str) -> tuple[Place, Artifact]:
    """Where the file of that name is read from: this machine's folder, else the store.

    Raises ArtifactMissing when it is neither here nor there, KeyError for a name that is none of its files.
    """
    file = {one.name: one for one in files(checkpoint)}[name]
    here = Folder(_folder(checkpoint, file))
    if here.size(file.name) == file.size:
        return here, Artifact(key=file.name, kind=CHECKPOINT, sha256=file.sha256, bytes=file.size)
    if not Artifact.objects.filter(key=file.artifact.key).exists():
        told = {"name": name, "slug": str(checkpoint), "node": checkpoint.run.node.name}
        raise ArtifactMissing(ELSEWHERE.format(**told))
    return artifact_places.current(), file.artifact


def bring(checkpoint: Checkpoint, stopped: Callable[[], bool] = lambda: False) -> Path:
    """The checkpoint's folder on this machine, fetched from the store where it is not there, each file checked.

    The folder comes into its place in one moment, whole; who else wants it meanwhile waits for that. Raises
    ArtifactProblem, and Stopped soon after `stopped` says so; then nothing of it is left.
    """
    folder = Path(settings.TRAINING_DIR) / checkpoint.folder
    mine = [file for file in files(checkpoint) if not file.beside]
    with _writing(checkpoint, folder, sum(file.size for file in mine), lambda: _is_here(checkpoint), stopped) as part:
        if part:
            for file in mine:
                _fetch(file, part / file.name, stopped)
            run_dir.write(part / checkpoints.MARKER, finished(checkpoint)._asdict())
            if folder.exists():
                folder.replace(folder.with_name(f".{folder.name}-broken-{token_hex(4)}"))
            part.rename(folder)
    return folder


def bring_beside(checkpoint: Checkpoint, stopped: Callable[[], bool] = lambda: False) -> Path:
    """The checkpoint's file for llama.cpp on this machine, fetched alone in the same way. Raises the same.

    Raises ValueError for a checkpoint without one.
    """
    (file,) = (one for one in files(checkpoint) if one.beside)
    path = _folder(checkpoint, file) / file.name
    with _writing(checkpoint, path, file.size, lambda: _is_whole(path, file), stopped) as part:
        if part:
            _fetch(file, part / file.name, stopped)
            (part / file.name).replace(path)
    return path


def is_served_here(checkpoint: Checkpoint, *, beside: bool) -> bool:
    """True when this machine has the checkpoint's folder, or its file for llama.cpp: `bring` would fetch nothing."""
    if not beside:
        return _is_here(checkpoint)
    (file,) = (one for one in files(checkpoint) if one.beside)
    return _is_whole(_folder(checkpoint, file) / file.name, file)


def _is_here(checkpoint: Checkpoint) -> bool:
    """True when the folder is that of the checkpoint, as far as its marker and the sizes of its files say."""
    folder = Path(settings.TRAINING_DIR) / checkpoint.folder
    marked = checkpoints.read(folder)
    return bool(marked and marked.sha256 == checkpoint.sha256) and not checkpoints.wrong(folder, digests=False)


def _is_whole(path: Path, file: File) -> bool:
    try:
        return file_digests.is_whole(path, file.sha256, file.size)
    except FileNotFoundError:
        return False


@contextmanager
def _writing(
    checkpoint: Checkpoint, goal: Path, size: int, is_here: Callable[[], bool], stopped: Callable[[], bool]
) -> Iterator[Path | None]:
    """An empty folder for what becomes the goal, of one process at a time; None when somebody has brought it."""
    lock = goal.parent / LOCK
    try:
        _used(lock)
        if is_here():
            yield None
            return
        goal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(lock, stopped):
            _used(lock)
            part = goal.with_name(f".{goal.name}-part")
            shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
            if is_here():
                yield None
                return
            if (free := shutil.disk_usage(goal.parent).free) < size:
                raise OSError(ENOSPC, f"{free} bytes are free")
            try:
                part.mkdir(mode=0o700)
                yield part
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except OSError as problem:
        raise _unwritten(checkpoint, size, problem) from problem


@contextmanager
def _alone(path: Path, stopped: Callable[[], bool]) -> Iterator[None]:
    """Nobody else on this machine holds the file at that path meanwhile; a process that ends holds it no more."""
    with path.open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _leave_when(stopped)
                sleep(LOCK_SECONDS)
        yield


def _used(lock: Path) -> None:
    """Nothing; what was fetched beside the lock is known to be in use. What was made here has none."""
    with suppress(FileNotFoundError):
        os.utime(lock)


def forget(before: datetime, *, rehearsal: bool = False) -> int:
    """How many checkpoints were fetched here and not served or trained from since then; they are removed.

    The store has all of each, so that they come again when they are needed. A rehearsal removes nothing.
    """
    root, moment = Path(settings.TRAINING_DIR), before.timestamp()
    old = [lock.parent for lock in root.glob(f"*/{LOCK}") if lock.stat().st_mtime < moment]
    runs = [int(folder.name) for folder in old if folder.name.isdecimal()]
    rows = list(Checkpoint.objects.filter(run__in=runs).exclude(run__node__name=settings.NODE))
    there = which(rows)
    return sum(_forgotten(root, one, moment, rehearsal) for one in rows if one.pk in there)


def _forgotten(root: Path, checkpoint: Checkpoint, moment: float, rehearsal: bool) -> bool:
    """True when something of it was here. What somebody fetches or begins to use at this moment stays."""
    places = [root / name for name in (checkpoint.folder, checkpoint.gguf) if name and (root / name).exists()]
    if not places or rehearsal:
        return bool(places)
    lock, removed = (root / checkpoint.folder).parent / LOCK, False
    with suppress(Stopped), _alone(lock, lambda: True):
        for place in places if lock.stat().st_mtime < moment else ():
            shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
            removed = True
    return removed


def _fetch(file: File, path: Path, stopped: Callable[[], bool]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("wb") as out:
        for piece in artifacts.stream(file.artifact):
            _leave_when(stopped)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _leave_when(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Stopped


def _unwritten(checkpoint: Checkpoint, size: int, problem: OSError) -> ArtifactProblem:
    told = {"name": str(checkpoint), "node": settings.NODE, "size": filesizeformat(size)}
    if problem.errno in artifact_places.NO_ROOM:
        return ArtifactProblem(NO_ROOM.format(**told))
    return ArtifactProblem(UNWRITTEN.format(**told, why=problem.strerror or type(problem).__name__))


def _folder(checkpoint: Checkpoint, file: File) -> Path:
    folder = Path(settings.TRAINING_DIR) / checkpoint.folder
    return folder.parent if file.beside else folder
