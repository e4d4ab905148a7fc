"""A real Chromium against the real pages. Nothing may be written to its console, and no dialog may open."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from annotations.models import User
from tests.chromium import FLAGS, program
from tests.factories import make_person
from training.services.work import work

REFUSED_FORM = re.compile(r"the server responded with a status of 422")
PATIENCE_MS = 8000
BROKEN_POLICY = "content policy broken: "
TELL_BROKEN_POLICY = (
    "addEventListener('securitypolicyviolation', event => console.error("
    f"'{BROKEN_POLICY}' + event.effectiveDirective + ' ' + event.blockedURI))"
)


# Playwright keeps an event loop open in this thread. Django would refuse every query because of it, and asyncio.run()
# would not work in another test: hence the variable, and a browser that ends with this folder.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not (found := program()):
        pytest.fail("Chromium is not installed. Run `make chromium`, then the tests again.", pytrace=False)
    expect.set_options(timeout=PATIENCE_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


class Window:
    """Opens pages of the site, logged in or not, and keeps what the browser complained about."""

    def __init__(self, browser: Browser, address: str):
        self.browser, self.address = browser, address
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(
        self,
        path: str,
        user: User | None = None,
        *,
        width: int = 1280,
        height: int = 900,
        scripts: bool = True,
        **options: Any,
    ) -> Page:
        """A new page at the path, as that person; the options are those of Playwright's contexts."""
        size = {"width": width, "height": height}
        context = self.browser.new_context(base_url=self.address, viewport=size, java_script_enabled=scripts, **options)
        self.contexts.append(context)
        context.add_init_script(TELL_BROKEN_POLICY)
        if user:
            context.add_cookies([self._session(user)])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self._heard("error", str(error)))
        page.on("dialog", lambda dialog: (self._heard("error", f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path)
        return page

    def _session(self, user: User) -> dict[str, str]:
        client = Client()
        client.force_login(user)
        return {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.address}

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not REFUSED_FORM.search(text):
            self.complaints.append(text)


@pytest.fixture
def window(chromium: Browser, live_server) -> Iterator[Window]:
    """The browser; at the end of the test nothing may be wrong on its console, and no content policy broken."""
    window = Window(chromium, live_server.url)
    yield window
    for context in window.contexts:
        context.close()
    assert window.complaints == []


@pytest.fixture
def ada(transactional_db) -> User:
    return make_person("ada")


class Worker:
    """A worker in this process, one run after the other, told of work by the same hints that the broker would carry."""

    def __init__(self) -> None:
        self.stop = Event()
        self.thread = ThreadPoolExecutor(max_workers=1)

    def hint(self, run_id: int) -> None:
        """Look at the run once its transaction is committed."""
        transaction.on_commit(partial(self.thread.submit, work, run_id, "tester", self.stop))

    def finish(self, run_id: int) -> None:
        """Work on the run; it is over when this returns."""
        self.thread.submit(work, run_id, "tester", self.stop).result(timeout=10)

    def rest(self) -> None:
        """Wait until everything hinted at is over."""
        self.thread.submit(int).result(timeout=10)


@pytest.fixture
def worker(transactional_db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker that listens to the pages instead of the broker."""
    worker = Worker()
    monkeypatch.setattr("training.views.runs.hint", worker.hint)
    yield worker
    worker.stop.set()
    worker.thread.shutdown()


@pytest.fixture
def stays(window: Window) -> Callable[[Page], Callable[[], bool]]:
    """Marks a page; the answer says later whether it is still the same one, never loaded again."""

    def mark(page: Page) -> Callable[[], bool]:
        page.evaluate("window.marked = true")
        return lambda: bool(page.evaluate("window.marked === true"))

    return mark
