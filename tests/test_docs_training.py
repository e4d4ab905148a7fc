"""docs/training.md says what the settings, presets and bounds of a training run are."""

import re
from pathlib import Path

from training.recipes import _check_rows, check
from training.recipes.settings import PRESETS, about
from training.services.trainer import estimate

TEXT = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")


def rows(heading):
    """The rows of the first table after a heading, as lists of cells."""
    part = TEXT[TEXT.index(f"## {heading}\n") :]
    lines = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_setting_has_its_row_as_the_form_says_it():
    expected = [
        [f"`{name}`", told.label, told.trl, f"{told.help}{' DPO alone.' if told.only else ''}".strip()]
        for name, told in about().items()
    ]
    assert rows("Settings") == expected


def test_every_preset_has_its_row():
    assert [cells[0].strip("`") for cells in rows("Presets")] == list(PRESETS)


def test_the_bounds_are_those_of_the_code():
    assert f"measures\n{_check_rows.LOOKED_AT:,} pairs" in TEXT and f"drawn by seed {_check_rows.SEED}" in TEXT
    assert f"more than {check.MUCH_CUT:.0%}".replace("%", " %") in TEXT
    assert f"more than {check.MUCH_LOST:.0%}".replace("%", " %") in TEXT
    assert f"(from {estimate.NEAR:.0%} on)".replace("%", " %") in TEXT
    assert f"(above {1 / estimate.NEAR:.0%})".replace("%", " %") in TEXT
    assert f"at {estimate.REACHED:.0%} of".replace("%", " %") in TEXT and f"{estimate.CORE_TERAFLOPS:g} · 10¹²" in TEXT
