"""A picture of a part of a page, without the frame round it: in few colours, and as wide as what it shows."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page

WIDTH, HEIGHT = 1280, 900
MARGIN, ABOVE, NARROWEST = 12, 4, 320
COLOURS = (96, 48, 24)
ALIKE = 8
AT_MOST = 80_000
RING = "element => { element.style.outline = '3px solid #B42318'; element.style.outlineOffset = '4px'; }"
NO_RING = "element => { element.style.outline = ''; element.style.outlineOffset = ''; }"
QUIET = """() => {
  document.querySelectorAll("#toasts .toast").forEach((toast) => toast.remove());
  document.querySelectorAll(".editor-side").forEach((side) => { side.style.overflow = "visible"; });
}"""
UNDER_THE_BAR = """(element, margin) => {
  const bar = document.querySelector(".bar")?.getBoundingClientRect().height ?? 0;
  scrollTo({ top: element.getBoundingClientRect().top + scrollY - bar - margin, behavior: "instant" });
}"""
CONTENT = """() => {
  const main = document.querySelector("main"), inside = [...main.querySelectorAll("*")];
  const shown = inside.filter((one) => one.checkVisibility() && (one.matches(".card") || !one.children.length));
  const { left, top, right } = main.getBoundingClientRect();
  return [left, top, right, Math.max(...shown.map((one) => one.getBoundingClientRect().bottom))];
}"""


def take(
    page: Page, top: Locator | None, bottom: Locator | None, ring: Locator | None, framed: bool
) -> tuple[bytes, tuple[float, float]]:
    """A PNG of the page's content, and where its corner lies; see `Walk.picture` for what is asked."""
    page.mouse.move(0, 0)
    page.evaluate(QUIET)
    if top is None:
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    else:
        top.first.evaluate(UNDER_THE_BAR, ABOVE)
    page.wait_for_timeout(250)
    left, start, right, end = _frame(page, top, bottom, framed)
    if ring:
        ring.first.evaluate(RING)
    clip = {"x": left, "y": start, "width": max(right - left, NARROWEST), "height": end - start}
    shot = page.screenshot(clip=clip, animations="disabled", caret="hide")  # type: ignore[arg-type]
    if ring:
        ring.first.evaluate(NO_RING)
    return small(shot), (left, start)


def small(shot: bytes) -> bytes:
    """The same picture in as many colours as keep it below AT_MOST bytes. Raises ValueError where none does."""
    whole = Image.open(BytesIO(shot)).convert("RGB")
    for colours in COLOURS:
        out = BytesIO()
        whole.quantize(palette=_palette(whole, colours), dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= AT_MOST:
            return out.getvalue()
    raise ValueError(f"A picture of {out.tell()} bytes: let it show less.")


def _palette(whole: Image.Image, colours: int) -> Image.Image:
    """The colours that most of the picture has, so that grounds and letters keep theirs exactly."""
    counted: Any = whole.getcolors(whole.width * whole.height)
    kept: list[tuple[int, int, int]] = []
    for _, colour in sorted(counted, key=lambda one: (-one[0], one[1])):
        if len(kept) < 8 or all(_far(colour, other) for other in kept):
            kept.append(colour)
        if len(kept) == colours:
            break
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in kept for part in colour])
    return palette


def _far(one: Sequence[int], other: Sequence[int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > ALIKE


def _frame(page: Page, top: Locator | None, bottom: Locator | None, framed: bool) -> tuple[float, float, float, float]:
    left, start, right, end = page.evaluate(CONTENT)
    start, end = max(start, 0.0), end + MARGIN
    if framed:
        left, start = 0.0, 0.0
    boxes = [_box(place) for place in (top, bottom or top) if place]
    if boxes:
        end = max(box[3] for box in boxes) + MARGIN
    if top:
        left, right = min(box[0] for box in boxes) - MARGIN, max(box[2] for box in boxes) + MARGIN
        start = boxes[0][1] - ABOVE
    return max(left, 0.0), max(start, 0.0), min(right, WIDTH), min(end, HEIGHT)


def _box(place: Locator) -> tuple[float, float, float, float]:
    box = place.first.bounding_box()
    if box is None:
        raise ValueError("What the picture should show is not on the page.")
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
