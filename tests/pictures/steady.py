"""What makes a second walk give the same pictures: one address of the demo, and no new file for a later minute."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw
from playwright.sync_api import Page

Box = tuple[float, float, float, float]
VISIBLE, FEW = 40, 25
CHANGES = "|".join(
    (
        r"\d:\d\d",
        r"\b\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)",
        r"\d\s(ms|s|sec|min|GB|MB)\b",
        r"per second|/s\b",
        r"\b[0-9a-f]{8,}\b|req_|cosa-|pat-",
    )
)
REPLACE = """(addresses) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) for (const [here, written] of addresses) {
    const text = texts.currentNode;
    if (text.data.includes(here)) text.data = text.data.replaceAll(here, written);
  }
}"""
MOVING = """(pattern) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const changes = new RegExp(pattern), range = document.createRange(), found = [];
  while (texts.nextNode()) if (changes.test(texts.currentNode.data)) {
    const block = texts.currentNode.parentElement.closest("p, td, th, li, dd, div, text");
    range.selectNodeContents(texts.currentNode);
    for (const { left, top, right, bottom } of range.getClientRects())
      found.push([left - 2, top - 2, Math.max(right, block?.getBoundingClientRect().right ?? 0) + 2, bottom + 2]);
  }
  return found;
}"""


def address(page: Page, here: Iterable[tuple[str, str]]) -> None:
    """Let the page show the addresses of the documents where it shows those of this demo: (shown, written)."""
    page.evaluate(REPLACE, [list(pair) for pair in here])


def moving(page: Page, corner: tuple[float, float]) -> list[Box]:
    """Where the picture from that corner on shows a time, a date, or how long or how much something took."""
    x, y = corner
    found: list[Box] = page.evaluate(MOVING, CHANGES)
    return [(left - x, top - y, right - x, bottom - y) for left, top, right, bottom in found]


def keep(path: Path, picture: bytes, changing: Iterable[Box]) -> bool:
    """Write the picture unless the file shows the same but for the places that always change; whether it is written."""
    if path.exists() and same(path.read_bytes(), picture, changing):
        return False
    path.write_bytes(picture)
    return True


def same(one: bytes, other: bytes, changing: Iterable[Box]) -> bool:
    """Whether at most FEW pixels outside of these places differ visibly."""
    first, second = (Image.open(BytesIO(data)).convert("RGB") for data in (one, other))
    if first.size != second.size:
        return False
    apart = ImageChops.difference(first, second)
    brush = ImageDraw.Draw(apart)
    for box in changing:
        brush.rectangle(box, fill=(0, 0, 0))
    strongest = ImageChops.lighter(ImageChops.lighter(apart.getchannel(0), apart.getchannel(1)), apart.getchannel(2))
    return sum(strongest.histogram()[VISIBLE:]) <= FEW
