"""Copies of artifacts that lie in a bucket, on this machine's disk; what was not read for longest makes room."""

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from annotations.models import Artifact
from annotations.services import artifact_places, file_digests
from annotations.services.artifact_places import STAGING, Place, staged

log = logging.getLogger(__name__)
IN_USE_SECONDS = 600
"""A copy that was asked for so lately is not taken away: somebody may be about to open it."""


def path_of(artifact: Artifact) -> Path:
    """Where the copy lies, whether or not it is there."""
    return Path(settings.ARTIFACTS_CACHE_DIR) / f"{artifact.sha256}{Path(artifact.key).suffix[:20]}"


def found(artifact: Artifact) -> Path | None:
    """The copy, read and found whole; None without one. One that is damaged is dropped."""
    path = path_of(artifact)
    try:
        if file_digests.is_whole(path, artifact.sha256):
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            return path
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise artifact_places.fault(problem) from problem
    log.warning("the copy of artifact %s (%s) was damaged, and is fetched anew", artifact.pk, artifact.key)
    path.unlink(missing_ok=True)
    return None


def fetch(artifact: Artifact, place: Place) -> Path | None:
    """The new copy; None when what lies in the place is not what was kept. Raises ArtifactProblem."""
    counting = file_digests.Counting(place.pieces(artifact.key))
    with staged(place.staging(), counting) as part:
        if counting.content.sha256 != artifact.sha256:
            return None
        path = path_of(artifact)
        try:
            part.replace(path)
        except OSError as problem:
            raise artifact_places.fault(problem) from problem
    make_room(path)
    return path


def make_room(kept: Path) -> None:
    """Nothing; the copies are no larger together than the setting says, but for `kept` and those in use."""
    artifact_places.forget_parts(kept.parent / STAGING)
    copies = []
    with suppress(OSError):
        copies = [(one.stat().st_atime, one.stat().st_size, one) for one in kept.parent.iterdir() if one.is_file()]
    over = sum(size for _, size, _ in copies) - settings.ARTIFACTS_CACHE_BYTES
    for read, size, one in sorted(copies):
        if over <= 0 or read > time.time() - IN_USE_SECONDS:
            break
        if one != kept:
            one.unlink(missing_ok=True)
            over -= size
