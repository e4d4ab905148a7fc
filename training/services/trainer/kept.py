"""A checkpoint's files in the store of artifacts, so that it is not bound to the machine on which it was made.

They are kept there only where somebody said where artifacts lie; the folder on the node stays what it was. A file is
kept by its digest, so that checkpoints that share one (a tokenizer) share its place.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from django.conf import settings

from annotations.models import Artifact
from annotations.models.artifacts import CHECKPOINT
from annotations.services import artifact_places, artifacts
from annotations.services.artifact_places import Folder, Place
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing
from training.models import Checkpoint
from training.recipes import checkpoints, run_dir
from training.recipes.checkpoints import Finished

KEY = f"{CHECKPOINT}/{artifacts.DIGEST}"
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
    wanted = {one.artifact.key for one in files(checkpoint)}
    return bool(wanted) and Artifact.objects.filter(key__in=wanted).count() == len(wanted)


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


def bring(checkpoint: Checkpoint) -> Path:
    """The checkpoint's folder on this machine, fetched from the store where it is not there, each file checked.

    The folder comes into its place in one moment, whole. Raises ArtifactProblem.
    """
    folder = Path(settings.TRAINING_DIR) / checkpoint.folder
    if checkpoints.wrong(folder, digests=False):
        part = folder.with_name(f".{folder.name}-{token_hex(8)}")
        try:
            _fetch(checkpoint, part)
            with suppress(FileExistsError):  # somebody else was faster, unless what lies there is broken
                _into_place(part, folder)
        except OSError as problem:
            raise artifact_places.fault(problem) from problem
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _fetch(checkpoint: Checkpoint, part: Path) -> None:
    place = artifact_places.current()
    for file in files(checkpoint):
        path = part / file.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("wb") as out:
            out.writelines(artifacts.stream(file.artifact, place))
        if file.beside:
            path.replace(part.parent / file.name)
    run_dir.write(part / checkpoints.MARKER, finished(checkpoint)._asdict())


def _into_place(part: Path, folder: Path) -> None:
    if folder.is_dir() and checkpoints.wrong(folder, digests=False):
        folder.replace(folder.with_name(f".{folder.name}-broken-{token_hex(4)}"))
    part.rename(folder)


def _folder(checkpoint: Checkpoint, file: File) -> Path:
    folder = Path(settings.TRAINING_DIR) / checkpoint.folder
    return folder.parent if file.beside else folder
