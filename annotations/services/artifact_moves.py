"""Artifacts on their way from one store to another, and files from before there was a store."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from annotations.models.artifacts import PREFERENCES
from annotations.services import artifacts, file_digests, pair_files
from annotations.services.artifact_places import Place
from annotations.services.artifacts import ArtifactProblem

OF_PAIRS = re.compile(r"([0-9a-f]{64})\.parquet")


class Moved(NamedTuple):
    """What became of one file: its key or its name, whether anything had to be done, and what is wrong; "" for good."""

    key: str
    done: bool
    wrong: str = ""


def take_in_earlier() -> Iterator[Moved]:
    """Each file of pairs that lies where they lay before there was a store; it is in the store then, and only there."""
    for file in sorted(Path(settings.PREFERENCES_DIR).glob("*.parquet")):
        if named := OF_PAIRS.fullmatch(file.name):
            yield _taken_in(file, named[1])


def _taken_in(file: Path, sha256: str) -> Moved:
    try:
        if file_digests.of(file).sha256 != sha256:
            return Moved(file.name, False, artifacts.DAMAGED.format(key=file.name))
        made = artifacts.keep(file, PREFERENCES, pair_files.KEY)
        file.unlink()
    except (ArtifactProblem, OSError) as problem:
        return Moved(file.name, False, str(problem))
    return Moved(made.key, True)


def copy(goal: Place) -> Iterator[Moved]:
    """Each artifact, copied to another place; one that is there with all its bytes is left, so that it can go on."""
    for artifact, content in artifacts.each():
        try:
            if goal.size(artifact.key) == artifact.bytes:
                yield Moved(artifact.key, False)
                continue
            artifacts.bring_back(artifact, content, goal)
        except ArtifactProblem as problem:
            yield Moved(artifact.key, False, str(problem))
        else:
            yield Moved(artifact.key, True)


def check(place: Place) -> Iterator[Moved]:
    """Each artifact, read in that place to its last byte."""
    for artifact, _ in artifacts.each():
        try:
            for _ in artifacts.stream(artifact, place):
                pass
        except ArtifactProblem as problem:
            yield Moved(artifact.key, False, str(problem))
        else:
            yield Moved(artifact.key, True)
