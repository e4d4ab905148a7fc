"""Embeddings as JSON: the body one sends, and the vectors that stand in the body one gets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.engines import EngineError
from training.engines._failures import NOT_COMPATIBLE, Spoiled

BATCH = 32
"""Texts of one call; some servers take no more."""
LIMIT = 16 * 1024 * 1024
TOO_LARGE = "The answer with the vectors is larger than 16 MB and was not kept. Choose a model with shorter vectors."
MISCOUNTED = "{where} sent vectors for {got} texts, not one for each of {wanted}."
NO_NUMBERS = "{where} sent vectors that are no lists of numbers."
UNEVEN = "{where} sent vectors of {one} and of {other} numbers for one model."

Vectors = NDArray[np.float32]


def request_body(model: str, texts: Sequence[str]) -> dict[str, Any]:
    """The body of a call for vectors; numbers are asked for, since some servers would pack them otherwise."""
    return {"model": model, "input": list(texts), "encoding_format": "float"}


def vectors(body: dict[str, Any], wanted: int, where: str) -> Vectors:
    """The vectors in the order of the texts, shape (wanted, numbers): each says by its index whose it is.

    Raises EngineError when one is missing or doubled, when they differ in length, and for what is no finite number.
    """
    listed = body["data"]
    if not isinstance(listed, list):
        raise EngineError("permanent", NOT_COMPATIBLE.format(where=where))
    by_place = {row.get("index"): row.get("embedding") for row in listed if isinstance(row, dict)}
    if len(listed) != wanted or by_place.keys() != set(range(wanted)):
        raise Spoiled("passing", MISCOUNTED.format(where=where, got=len(listed), wanted=wanted))
    return _array([by_place[place] for place in range(wanted)], where)


def _array(rows: list[Any], where: str) -> Vectors:
    if not all(isinstance(row, list) and row for row in rows):
        raise EngineError("permanent", NO_NUMBERS.format(where=where))
    _alike([len(row) for row in rows], where)
    try:
        made = np.array(rows, dtype=np.float32)
    except (TypeError, ValueError):
        raise EngineError("permanent", NO_NUMBERS.format(where=where)) from None
    if made.ndim != 2 or not np.isfinite(made).all():
        raise EngineError("permanent", NO_NUMBERS.format(where=where))
    return made


def joined(parts: Sequence[Vectors], where: str) -> Vectors:
    """The vectors of several calls in one array. Raises EngineError when they differ in length."""
    _alike([part.shape[1] for part in parts], where)
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _alike(lengths: Sequence[int], where: str) -> None:
    if len(set(lengths)) > 1:
        raise EngineError("permanent", UNEVEN.format(where=where, one=min(lengths), other=max(lengths)))
