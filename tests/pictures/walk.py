"""Somebody who follows a tutorial: clicks what it says, and looks whether the page has what it names."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from tests.pictures import camera, document, steady

PASSWORD = "northlight-demo"
PATIENCE_MS = 20_000
READ = """() => {
  const named = [...document.querySelectorAll("[aria-label], [placeholder]")];
  const words = named.map((one) => one.getAttribute("aria-label") ?? one.getAttribute("placeholder"));
  const hidden = [...document.querySelectorAll("main .hidden-text, option")].map((one) => one.textContent);
  return [document.body.innerText, ...words, ...hidden].join("\\n");
}"""


class Place(NamedTuple):
    """Where the demo answers: the site, its gateway, and where its files lie."""

    site: str
    gateway: str
    var: Path


class Walk:
    """One reader of one tutorial. `page` is what the person sees; `seen` all the words that were on it in this step."""

    def __init__(self, browser: Browser, place: Place, folder: Path):
        self.browser, self.place, self.folder = browser, place, folder
        self.people: dict[str, BrowserContext] = {}
        self.seen: list[str] = []
        self.kept: dict[str, str] = {}
        self.taken: list[str] = []
        self.written: list[str] = []
        self.page: Page

    def is_(self, person: str) -> None:
        """Log in as that person in a window of their own, or turn to the window that is open."""
        if person in self.people:
            self.page = self.people[person].pages[-1]
            return
        window = self.browser.new_context(
            base_url=self.place.site,
            viewport={"width": camera.WIDTH, "height": camera.HEIGHT},
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        window.set_default_timeout(PATIENCE_MS)
        self.people[person], self.page = window, window.new_page()
        self.page.goto("/")
        self.fill("User name", person)
        self.fill("Password", PASSWORD)
        self.look()

    def home(self) -> None:
        """The person's home page."""
        self.page.goto("/")
        self.look()

    def look(self) -> None:
        """Remember what stands on the page now; where it makes room for the next page, what stands on that one."""
        for last in (False, False, False, True):
            try:
                self.seen.append(self.page.evaluate(READ))
                return
            except Error as problem:
                if last or "context was destroyed" not in str(problem):
                    raise
                self.page.wait_for_load_state()

    def button(self, name: str | re.Pattern[str], inside: Locator | None = None, nth: int = 0) -> None:
        """Press the button with that name."""
        self._press("button", name, inside, nth)

    def link(self, name: str | re.Pattern[str], inside: Locator | None = None, nth: int = 0) -> None:
        """Follow the link with that name."""
        self._press("link", name, inside, nth)

    def rail(self, name: str) -> None:
        """Choose a place in the column on the left."""
        self.link(re.compile(rf"^{re.escape(name)}\b"), self.page.get_by_role("navigation", name="Main"))

    def unfold(self, words: str, inside: Locator | None = None) -> None:
        """Open what is folded away under these words."""
        self.look()
        (inside or self.page.locator("main")).locator("summary", has_text=words).first.click()
        self.look()

    def fill(self, label: str | re.Pattern[str], words: str) -> None:
        """Write words into the field with that label."""
        self.look()
        self.field(label).fill(words)

    def choose(self, label: str | re.Pattern[str], option: str | re.Pattern[str]) -> None:
        """Choose an option of a list by the words it begins with or matches."""
        self.look()
        field = self.field(label)
        wanted = option if isinstance(option, re.Pattern) else re.compile(r"^\s*" + re.escape(option))
        offered = field.locator("option").filter(has_text=wanted)
        expect(offered.first).to_be_attached()
        field.select_option(value=offered.first.get_attribute("value"))

    def tick(self, label: str | re.Pattern[str], inside: Locator | None = None) -> None:
        """Tick a box or choose one of several."""
        self.look()
        (inside or self.page).get_by_label(label).first.check(force=True)

    def reads(self, words: str | re.Pattern[str], inside: Locator | None = None, patience: float | None = None) -> None:
        """Wait until the page shows these words, at most so many seconds."""
        wanted = inside or self.page.locator("body")
        expect(wanted.first).to_contain_text(words, timeout=(patience * 1000) if patience else PATIENCE_MS)
        self.look()

    def picture(
        self,
        name: str,
        top: Locator | None = None,
        bottom: Locator | None = None,
        ring: Locator | None = None,
        framed: bool = False,
    ) -> None:
        """Keep a picture under that name.

        It shows the content of the page down to `bottom`, or nothing but `top` (with `bottom`: both and what lies
        between); `framed` adds the bar and the column on the left, `ring` a red line round one thing.
        """
        self.page.wait_for_load_state("networkidle")
        self.look()
        steady.address(self.page, ((self.place.site, document.SITE), (self.place.gateway or "-", document.GATEWAY)))
        shot, corner = camera.take(self.page, top, bottom, ring, framed)
        if steady.keep(self.folder / f"{name}.png", shot, steady.moving(self.page, corner)):
            self.written.append(name)
        self.taken.append(name)

    def shorten(self, place: Locator, letters: int) -> None:
        """Leave only the beginning of a secret on the page, so that no picture holds one."""
        place.first.evaluate(
            "(element, n) => { element.textContent = element.textContent.trim().slice(0, n) + '…'; }", letters
        )

    def field(self, label: str | re.Pattern[str]) -> Locator:
        """The first field whose label has these words."""
        return self.page.get_by_label(label).and_(self.page.locator("input, select, textarea")).first

    def section(self, title: str) -> Locator:
        """A part of the page by its title."""
        return self.page.get_by_role("region", name=title)

    def end(self) -> None:
        """Close every window."""
        for window in self.people.values():
            window.close()

    def _press(self, role: str, name: str | re.Pattern[str], inside: Locator | None, nth: int) -> None:
        self.look()
        place = inside or self.page.locator("body")
        place.get_by_role(role, name=name, exact=isinstance(name, str)).nth(nth).click()  # type: ignore[arg-type]
        self.page.wait_for_load_state("domcontentloaded")
        self.look()


Do = Callable[[Walk], None]


class Tutorial:
    """The steps of one tutorial, in the order in which they are written down."""

    def __init__(self, name: str):
        self.name = name
        self.steps: list[tuple[str, Do]] = []

    def step(self, title: str) -> Callable[[Do], Do]:
        """Marks the function as the next numbered step, under that title."""

        def mark(do: Do) -> Do:
            self.steps.append((title, do))
            return do

        return mark

    def go(self, walk: Walk) -> None:
        """Do every step. Raises AssertionError with all names of the document that the pages of their step lacked."""
        lacking: list[str] = []
        for (title, do), written in zip(self.steps, document.steps(self.name), strict=True):
            walk.seen.clear()
            try:
                do(walk)
            except Exception as problem:
                problem.add_note(f"in step {written.number} of the tutorial {self.name}: {title} ({walk.page.url})")
                raise
            walk.look()
            words = " ".join("\n".join(walk.seen).split()).lower()
            lacking += [f"{written.number}. {name}" for name in written.names if name.lower() not in words]
        if lacking:
            raise AssertionError(f"The tutorial {self.name} names what no page of these steps shows: {lacking}")
