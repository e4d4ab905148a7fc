"""`python -m tests.sweep.screens [OUT]` (`make screenshots`): a picture of every page at each width, light and dark.

Writes OUT/<url-name>-<width>-<theme>.png, a contact sheet OUT/index.html and OUT/wrong.txt, what looks wrong to a
machine: sideways scrolling, errors on the console, requests that leave the site, broken pictures. Ends with 1 when
there is any. --only, --width and --theme choose some; what OUT has of the others stays.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

WIDTHS, THEMES = (1440, 1024, 390), ("light", "dark")
OUT = Path("var/screenshots")
STYLE = (
    "body { font: 15px system-ui; background: #888 } "
    "img { height: 360px; max-width: 400px; object-fit: cover; object-position: top }"
)


def main(argv: list[str]) -> int:
    """The exit status: 0 when nothing looks wrong."""
    asked = _asked(argv)
    asked.out.mkdir(parents=True, exist_ok=True)
    from tests.sweep.server import serve

    begun = time.monotonic()
    with serve() as site:
        from tests.sweep.browser import chromium
        from tests.sweep.pages import sights

        seen = sights(site.place, asked.only)
        with chromium() as browser:
            wrong = [problem for width in asked.width for problem in _look(browser, site.address, seen, width, asked)]
    (asked.out / "wrong.txt").write_text("".join(f"{one}\n" for one in wrong), encoding="utf-8")
    sheet = contact_sheet(asked.out)
    shots = len(seen) * len(asked.width) * len(asked.theme)
    print(*wrong, sep="\n")
    print(f"{shots} pictures of {len(seen)} pages in {time.monotonic() - begun:.0f} s, {len(wrong)} problems: {sheet}")
    return 1 if wrong else 0


def _asked(argv: list[str]) -> Any:
    parser = argparse.ArgumentParser(prog="tests.sweep.screens", description=__doc__.partition("\n")[0])
    parser.add_argument("out", nargs="?", type=Path, default=OUT)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="pages whose URL name contains it")
    parser.add_argument("--width", nargs="+", type=int, default=WIDTHS)
    parser.add_argument("--theme", nargs="+", choices=THEMES, default=THEMES)
    return parser.parse_args(argv)


def _look(browser: Any, address: str, seen: list[Any], width: int, asked: Any) -> Iterator[str]:
    """What is wrong at that width; pictures in each theme are taken of one loaded page, unless it paints a canvas."""
    from tests.sweep.browser import Window

    window = Window(browser, address, width=width)
    for number, sight in enumerate(seen, start=1):
        found: list[str] = []
        for theme in asked.theme:
            window.page.emulate_media(color_scheme=theme)
            if theme == asked.theme[0] or window.page.query_selector("canvas"):
                found += window.open(sight)
            window.picture(asked.out / f"{sight.file}-{width}-{theme}.png")
        yield from (f"{sight.name} as {sight.person} at {width}: {problem}" for problem in dict.fromkeys(found))
        if number % 20 == 0 or number == len(seen):
            print(f"{width} px: {number} of {len(seen)} pages", file=sys.stderr, flush=True)
    window.context.close()


def contact_sheet(out: Path) -> Path:
    """The page that shows all pictures of the folder, one line a page of the site."""
    lines: dict[str, list[str]] = {}
    for path in sorted(out.glob("*-*-*.png")):
        lines.setdefault(path.stem.rsplit("-", 2)[0], []).append(path.name)
    rows = "".join(f"<h2>{escape(name)}</h2><p>{''.join(map(_thumb, files))}</p>" for name, files in lines.items())
    sheet = out / "index.html"
    sheet.write_text(f"<!doctype html><meta charset=utf-8><title>Screens</title><style>{STYLE}</style>{rows}", "utf-8")
    return sheet


def _thumb(name: str) -> str:
    return f'<a href="{name}"><img loading="lazy" src="{name}" alt="{name}" title="{name}"></a> '


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
