"""What the browser is sent: small, readable in both themes, and nothing a strict content policy would stop."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CSS = sorted((ROOT / "static" / "css").glob("*.css"))
TOKEN = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
COLOURS = {name: (light, dark) for name, light, dark in TOKEN.findall((ROOT / "static/css/tokens.css").read_text())}
READ_ON = ("paper", "ground", "raised", "shade")
TEXTS = [(text, ground) for text in ("ink", "muted", "link", "red", "teal") for ground in READ_ON]
BADGES = [(tone, f"{tone}-soft") for tone in ("grey", "blue", "amber", "teal", "red")]
GLYPHS = [(name, "paper") for name in ("helpful-safe", "helpful-unsafe", "unhelpful-safe", "unhelpful-unsafe", "slate")]
SOLID = [("on-ink", "ink"), ("ink", "mark"), ("ink", "added"), ("ink", "removed"), ("ink", "amber-soft")]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0..1. Source: WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1..21. Source: WCAG 2.2."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS + BADGES + GLYPHS + SOLID)
def test_text_can_be_read_on_its_ground(text, ground, theme):
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "ground", "raised"])
@pytest.mark.parametrize("line", ["edge", "focus"])
def test_borders_of_controls_can_be_seen(line, ground, theme):
    assert contrast(COLOURS[line][theme], COLOURS[ground][theme]) >= 3


def test_all_css_together_stays_small():
    assert sum(path.stat().st_size for path in CSS) < 60_000


def test_no_template_has_an_inline_style_or_script():
    inline = re.compile(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=|javascript:")
    html = {str(path): re.sub(r"{%.*?%}", " ", path.read_text(), flags=re.DOTALL) for path in TEMPLATES}
    found = {path: inline.findall(source) for path, source in html.items()}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_every_template_fits_on_a_screen():
    lines = {str(path): len(path.read_text().splitlines()) for path in TEMPLATES}
    assert {path: count for path, count in lines.items() if count > 120} == {}


def test_nothing_is_loaded_from_elsewhere():
    everything = "".join(path.read_text() for path in [*TEMPLATES, *CSS])
    assert re.findall(r"(?:src|href)=[\"'](?:https?:)?//|@import|url\(\"?(?:https?:)?//", everything) == []


def test_every_colour_in_use_is_a_token():
    used = "".join(path.read_text() for path in CSS if path.name != "tokens.css")
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", used)) <= {"#fff"}


def test_every_variable_in_use_exists():
    everything = "".join(path.read_text() for path in CSS)
    assert set(re.findall(r"var\(--([\w-]+)", everything)) <= set(re.findall(r"--([\w-]+):", everything))


def test_every_icon_a_template_names_is_in_the_sprite():
    sprite = (ROOT / "static/icons.svg").read_text()
    named = re.findall(r"_icon\.html\" with name=\"([\w-]+)\"", "".join(path.read_text() for path in TEMPLATES))
    assert set(named) <= set(re.findall(r"id=\"([\w-]+)\"", sprite))
