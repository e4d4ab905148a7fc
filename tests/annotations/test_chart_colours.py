"""The colours of charts for eyes that see fewer of them: told apart by lightness, or by a glyph, hatch, dash or marker.

The three matrices give what a person without one kind of cone sees of linear light. Source: Machado, Oliveira and
Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.0.
"""

import re
from itertools import combinations
from pathlib import Path

import pytest

from annotations import heat, marks
from tests.annotations.test_assets import COLOURS, contrast
from training.training_charts import MARKS

CSS = (Path(__file__).resolve().parents[2] / "static/css/components.css").read_text()
EYES = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
BARS = ("helpful-safe", "helpful-unsafe", "unhelpful-safe", "unhelpful-unsafe")
PATTERN = {"helpful-unsafe": "hatch", "unhelpful-safe": "dots", "unscored": "dashed edge"}
"""What a part of a bar has beside its colour; the others are plain."""
APART = 1.25


def channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def seen(colour: str, eyes: str) -> str:
    """The colour as such eyes see it."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels(colour)]
    mixed = [
        min(max(sum(part * value for part, value in zip(row, linear, strict=True)), 0.0), 1.0) for row in EYES[eyes]
    ]
    back = [value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in mixed]
    return "#" + "".join(f"{round(value * 255):02x}" for value in back)


def mix(top: str, bottom: str, share: float) -> str:
    """So much of one colour in another, as color-mix(in srgb) does it."""
    pairs = zip(channels(top), channels(bottom), strict=True)
    return "#" + "".join(f"{round(255 * (share * one + (1 - share) * other)):02x}" for one, other in pairs)


@pytest.mark.parametrize("eyes", EYES)
def test_white_and_black_look_the_same_to_all(eyes):
    assert (seen("#ffffff", eyes), seen("#000000", eyes)) == ("#ffffff", "#000000")


def test_red_and_green_of_one_lightness_fall_together_without_the_green_cones():
    assert contrast(seen("#b42318", "deuteranopia"), seen("#667a00", "deuteranopia")) < APART


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("pair", list(combinations(BARS, 2)), ids="/".join)
def test_outcomes_differ_in_lightness_or_in_pattern(pair, eyes, theme):
    one, other = (seen(COLOURS[name][theme], eyes) for name in pair)
    assert PATTERN.get(pair[0]) != PATTERN.get(pair[1]) or contrast(one, other) >= APART or hue_apart(one, other)


def hue_apart(one: str, other: str) -> bool:
    """True for two colours that differ by a third of the way from black to white in a channel."""
    return max(abs(a - b) for a, b in zip(channels(one), channels(other), strict=True)) >= 1 / 3


def test_every_outcome_has_a_glyph_of_its_own():
    assert len({mark.glyph for mark in marks.OUTCOMES.values()}) == len(marks.OUTCOMES)


def test_hatch_dots_and_dashed_edge_are_in_the_sheet():
    assert '.bar-part.helpful_unsafe { fill: url("#hatch"); }' in CSS
    assert '.bar-part.unhelpful_safe { fill: url("#dots"); }' in CSS
    assert re.search(r"\.bar-part\.unscored \{[^}]*stroke-dasharray", CSS)


def test_every_curve_has_dashes_of_its_own():
    assert len({dashes for _, dashes in MARKS}) == len(MARKS)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_numbers_can_be_read_on_every_shade_and_the_shades_follow_each_other(theme):
    ink, blue, paper = (COLOURS[name][theme] for name in ("ink", "blue", "paper"))
    mixed = re.findall(r"\.shade-(\d) \{ --mix: (\d+)%; \}", CSS)
    assert [int(step) for step, _ in mixed] == list(range(1, heat.SHADES + 1))
    grounds = [paper, *(mix(blue, paper, int(share) / 100) for _, share in mixed)]
    assert min(contrast(ink, ground) for ground in grounds) >= 4.5
    ladder = [contrast(ground, paper) for ground in grounds]
    assert ladder == sorted(ladder) and min(b / a for a, b in zip(ladder, ladder[1:], strict=False)) > 1.1
