"""The store of artifacts takes files and gives back what it took; the disks have room."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from django.conf import settings

from annotations.models import Artifact
from annotations.services import artifact_places, artifacts
from annotations.services.artifacts import ArtifactProblem
from cosa_web.doctor import BROKEN, CARE, OK, Finding

SAMPLE, LARGEST = 20, 256 << 20
LITTLE, LEAST = 5 << 30, 512 << 20
NOT_WRITTEN = "{why} Look at COSA_ARTIFACTS, its rights and its disk."
OTHER = "it took a file and gave back another one. Look at COSA_ARTIFACTS."
LOW = "{place} has {free:.1f} GiB free of {total:.0f}. Make room: manage.py retention, or a larger disk."


def store() -> Iterator[Finding]:
    """A small file goes in, comes back, and is removed."""
    place, key, content = artifact_places.current(), f"upload/doctor-{token_hex(8)}", token_hex(16).encode()
    try:
        with artifact_places.staged(place.staging(), [content]) as part:
            place.put(key, part)
        whole = b"".join(place.pieces(key)) == content
        place.remove(key)
    except ArtifactProblem as problem:
        yield Finding(BROKEN, "store of artifacts", NOT_WRITTEN.format(why=problem))
        return
    yield (
        Finding(OK, "store of artifacts", "takes and gives files")
        if whole
        else Finding(BROKEN, "store of artifacts", OTHER)
    )


def sample() -> Iterator[Finding]:
    """Some artifacts by chance, read to their last byte; large ones by their size only."""
    rows, broken = list(Artifact.objects.order_by("?")[:SAMPLE]), 0
    for row in rows:
        if why := _wrong(row):
            broken += 1
            yield Finding(BROKEN, "artifacts", f"{row.key}: {why}")
    if not broken:
        yield Finding(OK, "artifacts", f"{len(rows)} of {Artifact.objects.count():,} looked at, all as they were kept")


def disks() -> Iterator[Finding]:
    """Room where the application writes."""
    for name, place in (("COSA_VAR", settings.VAR_DIR), ("COSA_TRAINING_DIR", settings.TRAINING_DIR)):
        there = next(one for one in (Path(place), *Path(place).parents) if one.exists())
        disk = shutil.disk_usage(there)
        state = BROKEN if disk.free < LEAST else CARE if disk.free < LITTLE else OK
        words = f"{disk.free / (1 << 30):.1f} GiB free at {place}"
        if state != OK:
            words = LOW.format(place=place, free=disk.free / (1 << 30), total=disk.total / (1 << 30))
        yield Finding(state, f"disk of {name}", words)


def _wrong(row: Artifact) -> str:
    try:
        if row.bytes > LARGEST:
            return "" if artifacts.is_there(row) else "it is not there, or not as long as it was."
        for _ in artifacts.stream(row):
            pass
    except ArtifactProblem as problem:
        return str(problem)
    return ""
