"""Uploads where a worker on another machine finds them: in the store of artifacts, until their import is over.

Only where somebody said where artifacts lie. On one machine all processes see the folder of uploads, and nothing is
kept twice.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import timedelta
from pathlib import Path

from django.db.models import QuerySet
from django.utils import timezone

from annotations.models import Artifact
from annotations.models.artifacts import UPLOAD
from annotations.services import artifact_places, artifacts
from annotations.services.artifact_places import ArtifactProblem, staged

log = logging.getLogger(__name__)
A_DAY = timedelta(days=1)


def share(folder: str, files: Iterable[tuple[Path, str]]) -> None:
    """Nothing; the files with these names are in the store too. Raises ArtifactProblem, and then none of them is.

    Raises ValueError for names that are too long together.
    """
    if not artifact_places.is_shared():
        return
    try:
        for path, name in files:
            artifacts.keep(path, UPLOAD, f"{UPLOAD}/{folder}/{artifacts.DIGEST}/{name}")
    except (ArtifactProblem, ValueError):
        forget(folder)
        raise


def bring(folder: str, place: Path) -> None:
    """Nothing; files of the store that are not below `place` on this machine are there now. Raises ArtifactProblem."""
    if not artifact_places.is_shared():
        return
    newest = {one.key.split("/", 3)[3]: one for one in _of(folder).order_by("pk")}
    for name, artifact in newest.items():
        path = place / name
        if path.is_file() and path.stat().st_size == artifact.bytes:
            continue
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with staged(place.parent / artifact_places.STAGING, artifacts.stream(artifact)) as part:
                part.replace(path)
        except OSError as problem:
            raise artifact_places.fault(problem) from problem


def forget(folder: str) -> None:
    """Nothing; the files are in the store no more. One that cannot be taken away now is a stray later."""
    if artifact_places.is_shared():
        _remove(_of(folder))


def forget_strays(kept: Collection[str]) -> None:
    """Nothing; files older than a day that belong to none of these folders are in the store no more."""
    if artifact_places.is_shared():
        old = Artifact.objects.filter(kind=UPLOAD, created_at__lt=timezone.now() - A_DAY)
        _remove(one for one in old if one.key.split("/")[1] not in kept)


def _of(folder: str) -> QuerySet[Artifact]:
    return Artifact.objects.filter(kind=UPLOAD, key__startswith=f"{UPLOAD}/{folder}/")


def _remove(found: Iterable[Artifact]) -> None:
    for artifact in found:
        try:
            artifacts.remove(artifact)
        except ArtifactProblem as problem:
            log.warning("artifact %s (%s) stays for now: %s", artifact.pk, artifact.key, type(problem).__name__)
