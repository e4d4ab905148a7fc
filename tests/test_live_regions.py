"""What moves by itself is spoken politely: a new state once, and not each tick of a bar."""

import re
from pathlib import Path

from django.template.loader import render_to_string

from tests.markup import elements

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
SOURCES = {path.name: path.read_text() for path in TEMPLATES.rglob("*.html")}
POLLS = re.compile(r'hx-trigger="[^"]*\bevery ')
FILLS = re.compile(r'id="([\w-]+)" hx-swap-oob="innerHTML"')
STATUS = re.compile(r'<(\w+)[^>]*\brole="status"[^>]*\bid="([\w-]+)"[^>]*></\1>')
SILENT = {
    *("_deployment_live.html", "_nodes_live.html", "_workers_live.html"),
    *("_run_figures.html", "_version_results.html"),
}
"""Tables of what is busy now, and figures below a run that tells its state itself."""


def places() -> set[str]:
    """The ids of empty status elements that pages have."""
    return {name for source in SOURCES.values() for _, name in STATUS.findall(source)}


def test_whatever_asks_for_itself_fills_a_status_that_its_page_has():
    filled = {name: set(FILLS.findall(source)) for name, source in SOURCES.items() if POLLS.search(source)}
    assert len(filled) > 10
    assert sorted(name for name, ids in filled.items() if not ids & places()) == sorted(SILENT)


def test_no_part_that_asks_for_itself_is_a_live_region():
    tags = [tag for source in SOURCES.values() for tag in re.findall(r"<[a-z][^>]*>", source) if POLLS.search(tag)]
    assert tags and [tag for tag in tags if "aria-live=" in tag or 'role="status"' in tag] == []


def swapped_whole() -> set[str]:
    """The ids of the parts that an answer takes the place of."""
    tags = [tag for source in SOURCES.values() for tag in re.findall(r"<[a-z][^>]*>", source)]
    return {name for tag in tags if 'hx-swap="outerHTML' in tag for name in re.findall(r'hx-target="#([\w-]+)"', tag)}


def test_no_part_that_is_swapped_whole_is_a_live_region():
    tags = [tag for source in SOURCES.values() for tag in re.findall(r"<[a-z][^>]*>", source)]
    swapped = [tag for tag in tags if set(re.findall(r'\bid="([\w-]+)"', tag)) & swapped_whole()]
    assert len(swapped) > 10 and [tag for tag in swapped if re.search('role="status"|aria-live="polite"', tag)] == []


def test_each_sentence_that_is_said_has_its_place():
    said = {name for source in SOURCES.values() for name in FILLS.findall(source)}
    assert {"estimate-said", "preview-said", "look-said", "effect-said"} <= said <= places()


def test_a_bar_of_progress_tells_its_value_in_words():
    told = {"done": 1240, "failed": 36, "total": 2000, "noun": "rows"}
    bar = next(one for one in elements(render_to_string("components/_progress.html", told)) if one.tag == "svg")
    values = [bar.attributes[f"aria-value{name}"] for name in ("min", "now", "max", "text")]
    assert values == ["0", "1276", "2000", "1\u202f240 done and 36 failed of 2\u202f000 rows"]
    assert bar.attributes["role"] == "progressbar"


def test_toasts_and_the_sign_of_saving_are_spoken_in_their_turn():
    page = elements(SOURCES["base.html"])
    toasts = next(one for one in page if one.attributes.get("id") == "toasts")
    assert (toasts.attributes["role"], toasts.attributes["aria-live"]) == ("status", "polite")
    assert "sign-said" in places() and 'id="rate-said" role="status"' in SOURCES["_rate_head.html"]
