"""The settings of a merge: how much of the second parent each part of the model takes."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from training.recipes.settings import BadSettings

SAME, FLOAT32, BFLOAT16 = DTYPES = ("same", "float32", "bfloat16")
EMBEDDINGS, NORM, HEAD = PARTS = ("embeddings", "norm", "head")
MOST_LAYERS = 1_000
_STEMS = {"embed_tokens": EMBEDDINGS, "norm": NORM, "lm_head": HEAD}


@dataclass(frozen=True)
class MergeSettings:
    """A merge is (1 − w) · base + w · other, number by number: 0 is the base, 1 the other, 0.5 their mean.

    `weight` is w for every part without one of its own. `per_layer` has a w for each layer, from the first on, or is
    empty; embeddings, the last norm and the head may have their own. `dtype` is what the numbers are kept in.
    """

    weight: float = 0.5
    per_layer: tuple[float, ...] = field(default=())
    embeddings: float | None = None
    norm: float | None = None
    head: float | None = None
    dtype: str = SAME

    def of(self, name: str) -> float:
        """The w of the tensor with that name. Raises BadSettings for a layer that `per_layer` does not reach."""
        parts = name.split(".")
        if (number := layer(name)) is not None and self.per_layer:
            if number >= len(self.per_layer):
                raise BadSettings({"per_layer": f"There is no weight for layer {number}, and the models have it."})
            return self.per_layer[number]
        part = None if number is not None else next((_STEMS[one] for one in parts if one in _STEMS), None)
        own: float | None = getattr(self, part) if part else None
        return self.weight if own is None else own


def layer(name: str) -> int | None:
    """The number of the layer that a tensor belongs to; None for embeddings, head and the last norm."""
    return next((int(part) for part in name.split(".") if part.isdecimal()), None)


def between(first: float, last: float, layers: int) -> tuple[float, ...]:
    """A weight for each layer, evenly from `first` to `last`."""
    if layers == 1:
        return (first,)
    return tuple(round(first + (last - first) * at / (layers - 1), 6) for at in range(layers))


def plain(settings: MergeSettings) -> dict[str, Any]:
    """The settings as JSON holds them."""
    return asdict(settings) | {"per_layer": list(settings.per_layer)}


def read(values: Mapping[str, Any]) -> MergeSettings:
    """The settings in these values; what they do not name is the default. Raises BadSettings."""
    known = {one.name for one in fields(MergeSettings)}
    problems = {name: "There is no such setting." for name in values if name not in known}
    for name in ("weight", *PARTS):
        value = values.get(name, 0.5 if name == "weight" else None)
        if not (_is_weight(value) or (value is None and name != "weight")):
            problems[name] = "Give a number from 0 to 1."
    per_layer = values.get("per_layer", ())
    if not isinstance(per_layer, list | tuple) or not all(map(_is_weight, per_layer)) or len(per_layer) > MOST_LAYERS:
        problems["per_layer"] = "Give a number from 0 to 1 for each layer."
    if values.get("dtype", SAME) not in DTYPES:
        problems["dtype"] = f"One of {', '.join(DTYPES)}."
    if problems:
        raise BadSettings(problems)
    return MergeSettings(**{**values, "per_layer": tuple(per_layer)})


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1
