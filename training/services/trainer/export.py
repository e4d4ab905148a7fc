"""A checkpoint as files: whether they are here and whole, and all of them as one ZIP that is made as it is sent."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from annotations.exports.parquet import Outlet
from annotations.services import artifacts, file_digests
from annotations.services.artifacts import ArtifactProblem
from training.models import Checkpoint
from training.recipes import checkpoints, run_dir
from training.services.trainer import card, kept, origins

CARD, LINEAGE = "README.md", "lineage.json"
ELSEWHERE = "The files of {slug} lie on the node {node}, in {folder}. Take them from there: only that machine has them."
BROKEN = "The files of {slug} in {folder} are not as they were written: {why}"


class Broken(RuntimeError):
    """A file was found to be another one than was written, while it was sent."""


def folder_of(checkpoint: Checkpoint) -> Path:
    """Where the files lie on the node, whether or not this is the node."""
    return Path(settings.TRAINING_DIR) / checkpoint.folder


def why_not(checkpoint: Checkpoint) -> str:
    """Why the files cannot be taken from this machine, in words; "" when they can. Looks at names and sizes."""
    folder, node = folder_of(checkpoint), checkpoint.run.node.name
    known = {"slug": checkpoint.model.slug, "node": node, "folder": folder}
    if node != settings.NODE and not folder.is_dir():
        return "" if kept.is_kept(checkpoint) else ELSEWHERE.format(**known)
    why = wrong(checkpoint, digests=False)
    return BROKEN.format(**known, why=why) if why else ""


def wrong(checkpoint: Checkpoint, *, digests: bool) -> str:
    """What is not as the registry knows it, in words; "" when all is. With `digests` every byte is read."""
    folder = folder_of(checkpoint)
    finished = checkpoints.read(folder)
    if finished and finished.sha256 != checkpoint.sha256:
        return f"{checkpoints.MARKER} is not the one that was registered."
    if why := checkpoints.wrong(folder, digests=digests):
        return why
    gguf = checkpoint.lineage.get("gguf")
    file = folder.parent / gguf["name"] if gguf else None
    if file and not file.is_file():
        return f"{file.name} is missing."
    if file and digests and file_digests.of(file).sha256 != gguf["sha256"]:
        return f"{file.name} is not what was written."
    return ""


def pieces(checkpoint: Checkpoint) -> Iterator[bytes]:
    """The ZIP as it grows: every file of the model, its marker, its card and its lineage; stored, not compressed.

    Raises Broken when a file is not what was written, so that the download breaks off and is not taken for whole.
    """
    out, name = Outlet(), checkpoint.model.slug
    said = {CARD: card.markdown(name, checkpoint.lineage), LINEAGE: origins.as_json(checkpoint.lineage)}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for file in sorted(checkpoint.files):
            with packed.open(_entry(checkpoint, file), "w", force_zip64=True) as entry:
                for piece in _read(checkpoint, file):
                    entry.write(piece)
                    yield out.take()
        packed.writestr(_entry(checkpoint, checkpoints.MARKER), run_dir.as_json(kept.finished(checkpoint)._asdict()))
        for file, text in said.items():
            if file not in checkpoint.files:
                packed.writestr(_entry(checkpoint, file), text)
    yield out.take()


def _entry(checkpoint: Checkpoint, file: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{checkpoint.model.slug}/{file}", checkpoint.created_at.timetuple()[:6])
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_STORED, 0o644 << 16, 3
    return entry


def _read(checkpoint: Checkpoint, name: str) -> Iterator[bytes]:
    try:
        place, artifact = kept.source(checkpoint, name)
        yield from artifacts.stream(artifact, place)
    except ArtifactProblem as problem:
        raise Broken(f"{name} is not what was written.") from problem
