"""The tutorials and the script that takes their pictures say the same, and every picture is there and small.

What the steps do, and that the pages have what a step names, is tried by `make pictures`, which walks all of them.
"""

import html
import re
import struct
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Error, Page

from tests.pictures import camera, document, steady
from tests.pictures.document import DOCS, PICTURES, ROOT, TUTORIALS
from tests.pictures.walk import Place, Walk

NARROW, WIDE, AT_MOST, ALL_AT_MOST = 320, 1280, 80_000, 1_200_000
FEWEST, MOST = 4, 7
TAG = re.compile(r"{%.*?%}|{#.*?#}|<[^>]*>", re.DOTALL)
READERS = [*sorted(DOCS.glob("*.md")), ROOT / "README.md"]


def script(tutorial: str) -> str:
    return (ROOT / "tests" / "pictures" / f"{tutorial}.py").read_text(encoding="utf-8")


def taken(source: str) -> list[str]:
    """The pictures that a part of the script takes."""
    return re.findall(r'\.picture\(\s*"(\w+)"', source)


def parts(tutorial: str) -> list[tuple[str, str]]:
    """Title and source of each step of the script."""
    found = re.split(r'^@TUTORIAL\.step\("(.*)"\)\n', script(tutorial), flags=re.MULTILINE)
    return list(zip(found[1::2], found[2::2], strict=True))


@cache
def words_of_pages() -> str:
    """All that templates and Python files say, without marks, in small letters and single spaces."""
    folders = ("templates", "annotations", "training", "cosa_web", "static/js")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix in {".html", ".py", ".toml", ".js"}]
    plain = html.unescape(TAG.sub(" ", " ".join(texts)) + " " + " ".join(texts))
    return " ".join(plain.split()).lower()


def test_there_is_a_tutorial_and_a_script_for_each_role() -> None:
    assert sorted(TUTORIALS) == sorted(path.stem.removeprefix("tutorial_") for path in DOCS.glob("tutorial_*.md"))
    assert {import_module(f"tests.pictures.{name}").TUTORIAL.name for name in TUTORIALS} == set(TUTORIALS)


@pytest.mark.parametrize("name", TUTORIALS)
def test_its_numbered_steps_are_those_of_the_script(name: str) -> None:
    written = document.steps(name)
    assert [step.number for step in written] == list(range(1, len(written) + 1))
    assert [step.title for step in written] == [title for title, _ in parts(name)]
    assert [step.title for step in written] == [
        title for title, _ in import_module(f"tests.pictures.{name}").TUTORIAL.steps
    ]


@pytest.mark.parametrize("name", TUTORIALS)
def test_each_step_shows_the_pictures_that_its_part_of_the_script_takes(name: str) -> None:
    shown = [step.pictures for step in document.steps(name)]
    assert shown == [taken(source) for _, source in parts(name)]
    assert FEWEST <= sum(map(len, shown)) <= MOST
    assert all(picture.startswith(f"{name}_") for pictures in shown for picture in pictures)


@pytest.mark.parametrize("name", TUTORIALS)
def test_names_in_italics_are_words_of_the_pages(name: str) -> None:
    unknown = [word for word in document.names(document.text(name)) if not said(word)]
    assert unknown == []


def said(name: str) -> bool:
    """Whether the pages say it in one piece, or in two that they put together."""
    words, pieces = words_of_pages(), name.lower().split()
    halves = [(" ".join(pieces[:at]), " ".join(pieces[at:])) for at in range(1, len(pieces))]
    return " ".join(pieces) in words or any(first in words and second in words for first, second in halves)


def test_every_picture_is_shown_and_taken_and_small() -> None:
    there = {path.stem: path.read_bytes() for path in PICTURES.glob("*.png")}
    shown = {name for path in READERS for name in document.pictures(path.read_text(encoding="utf-8"))}
    assert set(there) == shown == {name for tutorial in TUTORIALS for name in taken(script(tutorial))}
    wrong = {name for name, data in there.items() if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) > AT_MOST}
    widths = {name: struct.unpack(">I", data[16:20])[0] for name, data in there.items()}
    assert (wrong, {name: wide for name, wide in widths.items() if not NARROW <= wide <= WIDE}) == (set(), {})
    assert sum(map(len, there.values())) <= ALL_AT_MOST
    assert {path.name for path in PICTURES.iterdir()} == {f"{name}.png" for name in there}


def drawn(*rectangles: tuple[int, int, int, int]) -> bytes:
    """A picture of 400 × 100 dots with these rectangles in it, as a camera gives it."""
    picture, out = Image.new("RGB", (400, 100), "#ffffff"), BytesIO()
    for rectangle in rectangles:
        ImageDraw.Draw(picture).rectangle(rectangle, fill="#1b2230")
    picture.save(out, "PNG")
    return camera.small(out.getvalue())


def test_a_picture_is_kept_where_nothing_but_a_time_has_changed(tmp_path: Path) -> None:
    there, clock = tmp_path / "one.png", (300, 10, 390, 30)
    before, later = drawn((10, 10, 90, 30), (300, 10, 340, 30)), drawn((10, 10, 90, 30), (310, 10, 350, 30))
    assert steady.keep(there, before, [clock])
    assert not steady.keep(there, later, [clock]) and there.read_bytes() == before
    assert steady.keep(there, later, []) and there.read_bytes() == later
    assert steady.keep(there, drawn((10, 10, 99, 30), (310, 10, 350, 30)), [clock])


class Leaving:
    """A page that gives way to the next one while somebody looks at it, so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def evaluate(self, script: str) -> str:
        self.times -= 1
        if self.times >= 0:
            raise Error("Page.evaluate: Execution context was destroyed, most likely because of a navigation")
        return "Hello, Ada"

    def wait_for_load_state(self) -> None:
        assert self.times >= 0


def test_a_look_at_a_page_that_leaves_sees_the_next_one(tmp_path: Path) -> None:
    walk = Walk(cast("Browser", None), Place("", "", tmp_path), tmp_path)
    walk.page = cast("Page", Leaving(2))
    walk.look()
    assert walk.seen == ["Hello, Ada"]
    walk.page = cast("Page", Leaving(9))
    with pytest.raises(Error):
        walk.look()


def test_pictures_say_in_words_what_they_show() -> None:
    lacking = [
        (name, picture)
        for name in TUTORIALS
        for words, picture in re.findall(r"!\[([^\]]*)\]\(pictures/(\w+)\.png\)", document.text(name))
        if len(words) < 8
    ]
    assert lacking == []


def test_names_and_code_are_told_apart() -> None:
    text = "Press *Save* and\n*Make the\nkey*, not `*this*`, **nor this**.\n\n```sh\n# 1. *nor that*\n```\n"
    assert document.names(text) == ["Save", "Make the key"]
