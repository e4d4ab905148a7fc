"""Our figures of agreement are those of well-kept libraries, on random tables of ratings: see library_figures.py."""

import json
from pathlib import Path

import pytest

from annotations.core.agreement import cohen_kappa, fleiss_kappa, gwet_ac, krippendorff_alpha

VECTORS = json.loads(Path(__file__).with_name("agreement_vectors.json").read_text("utf-8"))
OURS = {"alpha": krippendorff_alpha, "fleiss": fleiss_kappa, "cohen": cohen_kappa}


def ours(table, name):
    figure, weights, _ = name.split()
    rows = [(unit, who, value) for unit, said in enumerate(table["units"]) for who, value in enumerate(said)]
    if figure == "gwet":
        return gwet_ac(rows, weights, scale=table["scale"]).value
    return OURS[figure](rows, weights).value


@pytest.mark.parametrize("table", VECTORS["tables"])
def test_our_figures_are_those_of_the_libraries(table):
    found = {name: ours(table, name) for name in table["figures"]}
    assert found == pytest.approx(table["figures"], abs=1e-9)


def test_every_library_was_asked_for_every_figure_it_has():
    asked = {name for table in VECTORS["tables"] for name in table["figures"]}
    assert {name.split()[2] for name in asked} == set(VECTORS["libraries"]) and len(asked) == 13
