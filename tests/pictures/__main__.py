"""`python -m tests.pictures [TUTORIAL ...]`: walk the tutorials, all of them without a name, and keep their pictures.

Ends with the step that could not be done, where there is one; `--at ADDRESS` and `--gateway ADDRESS` walk in a demo
that runs already, `--to FOLDER` keeps the pictures somewhere else than in docs/pictures/.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.pictures.document import PICTURES, TUTORIALS
from tests.pictures.walk import PATIENCE_MS, Place, Walk
from tests.pictures.world import demo

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PORT = 8000


@contextmanager
def _browser() -> Iterator[Browser]:
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is not installed. Run `make chromium`, then this again.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _walk(browser: Browser, place: Place, name: str, folder: Path) -> None:
    began = time.monotonic()
    walk = Walk(browser, place, folder)
    try:
        import_module(f"tests.pictures.{name}").TUTORIAL.go(walk)
    except Exception as problem:
        if walk.people:
            stopped = Path(tempfile.gettempdir(), "cosa_pictures_stopped.png")
            walk.page.screenshot(path=stopped)
            problem.add_note(f"what the page showed: {stopped}")
        raise
    finally:
        walk.end()
    weight = sum((folder / f"{one}.png").stat().st_size for one in walk.taken)
    sys.stdout.write(
        f"{name:10} {len(walk.taken):2} pictures, {len(walk.written)} new, {weight / 1000:4.0f} kB, "
        f"{time.monotonic() - began:.0f} s\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Walk, and say how long each took and what its pictures weigh."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("tutorials", nargs="*", choices=(*TUTORIALS, []))
    asked.add_argument("--at")
    asked.add_argument("--gateway", default="")
    asked.add_argument("--port", type=int, default=PORT)
    asked.add_argument("--to", type=Path, default=PICTURES)
    said = asked.parse_args()
    said.to.mkdir(parents=True, exist_ok=True)
    place = nullcontext(Place(said.at, said.gateway, said.to)) if said.at else demo(said.port)
    with place as there, _browser() as browser:
        for name in said.tutorials or TUTORIALS:
            _walk(browser, there, name, said.to)


if __name__ == "__main__":
    main()
