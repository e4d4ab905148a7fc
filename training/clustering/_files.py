"""The files through which the program of this folder is asked and answers; both sides use this module."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from training import clustering
from training.clustering import Laid, Numbers, Say, Settings

CALL, VECTORS, PLANE, CLUSTERS, TOLD = "call.json", "vectors.f32", "plane.f32", "clusters.i32", "told.json"
STEP, REASON = "step: ", "reason: "
_ENDED = "It ended with code {code} and said nothing of use."


class Answer(NamedTuple):
    """What the program left: the plane with its clusters, and for each cluster the nearest other ones."""

    laid: Laid
    near: dict[str, list[list[float]]]


def put(folder: Path, blocks: Iterable[Numbers], settings: Settings) -> int:
    """How many vectors there are. They lie in the folder then, block after block, with what is wanted of them.

    Raises ValueError for vectors of different lengths.
    """
    rows, numbers = 0, 0
    with (folder / VECTORS).open("wb") as file:
        for block in blocks:
            numbers = numbers or block.shape[1]
            if block.shape[1] != numbers:
                raise ValueError(f"Vectors of {numbers} and of {block.shape[1]} numbers do not go together.")
            file.write(np.asarray(block, dtype="<f4").tobytes())
            rows += len(block)
    call = {"rows": rows, "numbers": numbers, "settings": settings._asdict()}
    (folder / CALL).write_text(json.dumps(call), encoding="utf-8")
    return rows


def lay_out(folder: Path, say: Say) -> None:
    """Nothing; what was asked for lies in the folder. Raises ValueError, LookupError."""
    call = json.loads((folder / CALL).read_text(encoding="utf-8"))
    vectors = np.fromfile(folder / VECTORS, dtype="<f4").reshape(call["rows"], call["numbers"])
    laid = clustering.lay_out(vectors, Settings(**call["settings"]), say)
    (folder / PLANE).write_bytes(np.asarray(laid.xy, dtype="<f4").tobytes())
    (folder / CLUSTERS).write_bytes(np.asarray(laid.clusters, dtype="<i4").tobytes())
    near = clustering.near(vectors, laid.clusters)
    told = {"libraries": laid.libraries, "figures": laid.figures, "near": near}
    (folder / TOLD).write_text(json.dumps(told), encoding="utf-8")


def take(folder: Path) -> Answer:
    """What the program answered. Raises ValueError when it is not whole."""
    try:
        told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        plane = np.fromfile(folder / PLANE, dtype="<f4").reshape(-1, 2)
        clusters = np.fromfile(folder / CLUSTERS, dtype="<i4")
        laid = Laid(plane, clusters, told["libraries"], told["figures"])
        return Answer(laid, told["near"])
    except (OSError, KeyError) as problem:
        raise ValueError("The program ended well and left no whole result.") from problem


def say(step: str) -> None:
    """Nothing; the step stands in the log."""
    sys.stdout.write(f"{STEP}{step}\n")
    sys.stdout.flush()


def fail(reason: str) -> None:
    """Nothing; why there is no result stands in the log."""
    sys.stdout.write(f"{REASON}{reason}\n")


def step(log: str) -> str:
    """The last step that a log tells of, "" before the first."""
    return _last(log, STEP)


def why(log: str, code: int) -> str:
    """Why the program ended without a result, in a sentence."""
    if code < 0:
        return "The layout was stopped by the system, most likely for want of memory. Map fewer prompts."
    lines = [line for line in log.splitlines() if line.strip()]
    return _last(log, REASON) or (lines[-1].strip()[:300] if lines else _ENDED.format(code=code))


def _last(log: str, mark: str) -> str:
    found = [line.removeprefix(mark) for line in log.splitlines() if line.startswith(mark)]
    return found[-1].strip() if found else ""
