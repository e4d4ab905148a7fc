"""A picture of a part of a page: as wide as the page, in few colours, so that it weighs little."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Locator, Page

WIDTH, HEIGHT = 1280, 900
MARGIN = 20
COLOURS = (64, 32, 16)
AT_MOST = 80_000
RING = "element => { element.style.outline = '3px solid #B42318'; element.style.outlineOffset = '4px'; }"
NO_RING = "element => { element.style.outline = ''; element.style.outlineOffset = ''; }"
UNDER_THE_BAR = """(element) => {
  const bar = document.querySelector(".bar")?.getBoundingClientRect().height ?? 0;
  scrollTo({ top: element.getBoundingClientRect().top + scrollY - bar - %d, behavior: "instant" });
  return bar;
}"""


def take(page: Page, top: Locator | None, bottom: Locator | None, ring: Locator | None) -> bytes:
    """A PNG of the page from `top` (the page's own top) to `bottom` (as much as fits), with a ring round one thing."""
    if top is None:
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        bar = 0.0
    else:
        bar = float(top.first.evaluate(UNDER_THE_BAR % MARGIN))
    page.wait_for_timeout(250)
    start = 0.0 if top is None or page.evaluate("scrollY") == 0 and _box(top)[0] < HEIGHT / 3 else _from(top, bar)
    end = min(HEIGHT, _box(bottom or page.locator("main .page, main"))[1] + MARGIN)
    if ring:
        ring.first.evaluate(RING)
    shot = page.screenshot(
        clip={"x": 0, "y": start, "width": WIDTH, "height": max(end - start, 120)}, animations="disabled", caret="hide"
    )
    if ring:
        ring.first.evaluate(NO_RING)
    return small(shot)


def small(shot: bytes) -> bytes:
    """The same picture in as many colours as keep it below AT_MOST bytes. Raises ValueError where none does."""
    whole = Image.open(BytesIO(shot)).convert("RGB")
    for colours in COLOURS:
        out = BytesIO()
        whole.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() <= AT_MOST:
            return out.getvalue()
    raise ValueError(f"A picture of {out.tell()} bytes: let it show less.")


def _from(top: Locator, bar: float) -> float:
    return max(0.0, _box(top)[0] - bar - MARGIN)


def _box(place: Locator) -> tuple[float, float]:
    box = place.first.bounding_box()
    if box is None:
        raise ValueError("What the picture should show is not on the page.")
    return box["y"], box["y"] + box["height"]
