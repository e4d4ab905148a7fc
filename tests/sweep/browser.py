"""Chromium as the sweep uses it: one window, in which one person after the other opens pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from tests.browser.conftest import FLAGS
from tests.sweep.pages import PEOPLE, Sight, client

LOADING = '.htmx-request, .htmx-settling, .loading-container, canvas[hidden], [hx-trigger="load"]'
SETTLED = f"() => !document.querySelector('{LOADING}')"
SETTLE_STEPS, STEP_MS, PATIENCE_MS = 40, 50, 60_000
WRONG = """() => {
  const root = document.documentElement, wide = root.scrollWidth - root.clientWidth;
  const broken = [...document.images].filter((one) => one.complete && !one.naturalWidth).map((one) => one.src);
  return [...(wide > 0 ? [`${wide} px too wide`] : []), ...broken.map((one) => `broken image ${one}`)];
}"""
"""What of a page looks wrong to a machine: it scrolls sideways, a picture is broken."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that ends with the block."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is not installed. Run `make chromium`, then this again.")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


class Window:
    """One page of a browser, its visitor changed by a cookie; keeps its complaints, counts what it asked for."""

    def __init__(self, browser: Browser, address: str, *, width: int, theme: str = "light", **options: bool):
        self.address = address
        self.context: BrowserContext = browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.heard: list[str] = []
        self.asked = 0
        self._sessions = {person: self._session(person) for person in PEOPLE}
        self._person = ""
        self.page: Page = self.context.new_page()
        self._listen(self.page)

    def open(self, sight: Sight) -> list[str]:
        """What was wrong with the page, which is open now and has loaded all it loads by itself."""
        self.heard.clear()
        self.become(sight.person)
        answer = self.page.goto(sight.url)
        self.settle()
        return [*self._refused(answer), *self.page.evaluate(WRONG), *self.heard]

    def picture(self, path: Path) -> None:
        """Nothing; the whole of the open page is in the file."""
        self.page.screenshot(path=path, full_page=True, animations="disabled", caret="hide")

    def become(self, person: str) -> None:
        """Nothing; whoever opens the next page is that person, or nobody for "anonymous"."""
        if person != self._person:
            self.context.clear_cookies()
            if person != "anonymous":
                self.context.add_cookies([{"name": "sessionid", "value": self._sessions[person], "url": self.address}])
            self._person = person

    def settle(self) -> None:
        """Nothing; the fragments that the page asks for are there, or two seconds are over."""
        for _ in range(SETTLE_STEPS):
            if self.page.evaluate(SETTLED):
                break
            self.page.wait_for_timeout(STEP_MS)

    def _refused(self, answer: Response | None) -> list[str]:
        status = answer.status if answer else 0
        return [] if status == 200 else [f"answered {status}"]

    def _session(self, person: str) -> str:
        return str(client(person).cookies["sessionid"].value)

    def _listen(self, page: Page) -> None:
        page.on(
            "console", lambda said: self._hear(f"console: {said.text}") if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self._hear(f"script: {error}"))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        self.asked += 1
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws") and f"{parts.scheme}://{parts.netloc}" != self.address:
            self._hear(f"asks {url}")

    def _hear(self, text: str) -> None:
        self.heard.append(text)
