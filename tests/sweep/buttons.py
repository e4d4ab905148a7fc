"""Buttons that send no form: each is clicked in Chromium, and something must come of it."""

import re
from typing import NamedTuple

from playwright.sync_api import Error

from tests.sweep.browser import Window
from tests.sweep.pages import Sight

FOUND = """() => [...document.querySelectorAll("button")].map((one, at) => ({
  at, html: one.cloneNode(false).outerHTML + one.textContent.trim().slice(0, 40),
  sends: Boolean(one.form) && one.type !== "button", asks: [...one.attributes].some((a) => a.name.startsWith("hx-")),
  ready: !one.disabled && one.ariaDisabled !== "true" && one.checkVisibility({ visibilityProperty: true }),
}))"""
WATCH = """() => {
  const painted = () => [...document.querySelectorAll("canvas")].map((one) => one.toDataURL()).join();
  const before = painted();
  window.came = 0;
  window.something = () => window.came > 0 || painted() !== before;
  const count = () => { window.came += 1; };
  const all = { attributes: true, childList: true, characterData: true, subtree: true };
  new MutationObserver(count).observe(document, all);
  for (const name of ["input", "change", "toggle", "scroll", "focusin", "select", "fullscreenchange"]) {
    document.addEventListener(name, (event) => { if (!event.target.matches?.("button")) count(); }, true);
  }
}"""
CAME = "() => !window.something || window.something()"
CLICK_MS, AFTER_MS = 5000, 200
LIVING = ("living",)
"""Pages whose buttons are only to be looked at."""


class Button(NamedTuple):
    """A button of a page: its place among the buttons, and its tag with its words."""

    at: int
    html: str

    @property
    def kind(self) -> str:
        """What buttons of other rows and pages that do the same have in common."""
        return re.sub(r'\d+|(aria-label|data-copy)="[^"]*"', "", self.html)


def dead(window: Window, sight: Sight, known: set[str]) -> list[str]:
    """The buttons of the open page of which nothing comes; kinds in `known` are not tried again, and it grows.

    A press may change the page or leave it: then it is opened again before the next one.
    """
    if sight.name.endswith(LIVING):
        return []
    told = []
    window.page.wait_for_timeout(AFTER_MS)
    for button in _waiting(window, known):
        known.add(button.kind)
        if not _does_something(window, button):
            told.append(button.html)
        window.open(sight)
    return told


def _waiting(window: Window, known: set[str]) -> list[Button]:
    """One of each kind that can be pressed, sends no form and asks the server for nothing."""
    found: dict[str, Button] = {}
    for one in window.page.evaluate(FOUND):
        button = Button(one["at"], one["html"])
        if one["ready"] and not one["sends"] and not one["asks"] and button.kind not in known:
            found.setdefault(button.kind, button)
    return list(found.values())


def _does_something(window: Window, button: Button) -> bool:
    page, before = window.page, window.asked
    page.evaluate(WATCH)
    try:
        page.locator("button").nth(button.at).click(timeout=CLICK_MS)
        page.wait_for_timeout(AFTER_MS)
        return window.asked > before or bool(page.evaluate(CAME))
    except Error as problem:
        return "Execution context" in str(problem)
