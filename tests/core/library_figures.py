"""Writes agreement_vectors.json: random tables of ratings, and what well-kept libraries make of them.

The libraries are no requirement of this project, so their figures are kept. To make them anew, in an environment with
krippendorff, irrCAC, scikit-learn and statsmodels: `python tests/core/library_figures.py`.
"""

import json
import random
from importlib.metadata import version
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).with_name("agreement_vectors.json")
LIBRARIES = ("krippendorff", "irrCAC", "scikit-learn", "statsmodels")
# Values there may be, raters, share of missing ratings, and how the values are spread: the weight of each.
SHAPES = (
    ((0, 1), 2, 0.0, (1, 1)),
    ((0, 1), 2, 0.0, (1, 9)),
    ((0, 1), 3, 0.0, (2, 7)),
    ((0, 1), 4, 0.3, (1, 3)),
    (range(6), 2, 0.0, (1, 1, 1, 1, 1, 1)),
    (range(6), 2, 0.0, (1, 0, 2, 3, 5, 9)),
    (range(6), 3, 0.0, (1, 1, 2, 3, 5, 2)),
    (range(6), 5, 0.4, (5, 1, 1, 1, 2, 6)),
)


def made_up(seed: int) -> list[list[int | None]]:
    """Units by raters. A rater says what the unit is, or one time in three anything; each unit has a rating."""
    values, raters, missing, weights = SHAPES[seed % len(SHAPES)]
    rng, kept = random.Random(seed), list(values)  # noqa: S311
    table = []
    for _ in range(40):
        truth = rng.choices(kept, weights)[0]
        said = [rng.choices(kept, weights)[0] if rng.random() < 1 / 3 else truth for _ in range(raters)]
        row = [None if rng.random() < missing else one for one in said]
        table.append(row if any(one is not None for one in row) else said)
    return table


def figures(table: list[list[int | None]], scale: list[int]) -> dict[str, float]:
    """The figures of every library that takes such a table, by `figure weights library`."""
    import numpy as np

    units = np.array(table, dtype=float)
    found = {f"alpha {kind} krippendorff": _alpha(units, kind, scale) for kind in ("nominal", "ordinal", "interval")}
    for weights in ("identity", "linear", "quadratic"):
        found |= {f"{name} {weights} irrCAC": value for name, value in _cac(units, weights, scale).items()}
    if not np.isnan(units).any():
        found |= _whole(units.astype(int), scale)
    return found


def _alpha(units: Any, kind: str, scale: list[int]) -> float:
    import krippendorff

    return float(krippendorff.alpha(units.T, value_domain=scale, level_of_measurement=kind))


def _cac(units: Any, weights: str, scale: list[int]) -> dict[str, float]:
    import pandas
    from irrCAC.raw import CAC

    found = CAC(pandas.DataFrame(units), weights=weights, categories=scale, digits=12)
    made = {"fleiss": found.fleiss(), "gwet": found.gwet()}
    return {name: float(one["est"]["coefficient_value"]) for name, one in made.items()}


def _whole(units: Any, scale: list[int]) -> dict[str, float]:
    """Figures of libraries that want a rating of every rater."""
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    found = {"fleiss identity statsmodels": float(fleiss_kappa(aggregate_raters(units)[0]))}
    if units.shape[1] == 2:
        for name, weights in (("identity", None), ("linear", "linear"), ("quadratic", "quadratic")):
            kappa = cohen_kappa_score(*units.T, labels=scale, weights=weights)
            found[f"cohen {name} scikit-learn"] = float(kappa)
    return found


def main() -> None:
    """Nothing; the file is written anew."""
    made = []
    for seed in range(2 * len(SHAPES)):
        table, scale = made_up(seed), list(SHAPES[seed % len(SHAPES)][0])
        made.append({"scale": scale, "units": table, "figures": figures(table, scale)})
    said = {"libraries": {name: version(name) for name in LIBRARIES}, "tables": made}
    VECTORS.write_text(json.dumps(said) + "\n", "utf-8")


if __name__ == "__main__":
    main()
