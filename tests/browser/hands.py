"""A person without a mouse: presses keys, and looks where the focus is after each."""

import re
from typing import Any

from playwright.sync_api import Page, expect

AT_MOST = 150
NAMED = """const named = (node) => (node.getAttribute("aria-label") ?? (node.labels?.[0] ?? node).innerText ?? "")
  .trim().replace(/\\s+/g, " ");"""
FOCUS = """() => { NAMED
  const node = document.activeElement, label = node.labels?.[0] ?? node, before = window.stop;
  const ring = (one) => {
    const look = one && getComputedStyle(one);
    return look && look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
  };
  const shown = node.matches(".choices input") ? node.nextElementSibling : node, spot = shown.getBoundingClientRect();
  const left = Math.min(spot.left + 6, spot.right - 2, innerWidth - 2);
  const middle = (Math.max(spot.top, 0) + Math.min(spot.bottom, innerHeight)) / 2;
  const at = document.elementFromPoint(left, middle);
  window.stop = node;
  return {
    name: named(node),
    tag: node.tagName.toLowerCase(),
    lost: node === document.body,
    ring: node.tabIndex < 0 || ring(shown) || ring(label),
    covered: !at || !(shown.contains(at) || at.contains(shown) || label.contains(at)),
    onward: !before?.isConnected || Boolean(before.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING),
  };
}""".replace("NAMED", NAMED)
HELD = """(name) => { NAMED
  const node = document.activeElement;
  return node !== document.body && RegExp(`^(${name})`).test(named(node));
}""".replace("NAMED", NAMED)


class Hands:
    """Keys on one page; `wrong` says where the focus could not be seen, or went against the order of reading."""

    def __init__(self, page: Page) -> None:
        self.page, self.wrong = page, list[str]()
        page.emulate_media(reduced_motion="reduce")

    def focus(self) -> dict[str, Any]:
        """What has the focus; what is wrong with it is remembered."""
        seen: dict[str, Any] = self.page.evaluate(FOCUS)
        faults = [] if seen["lost"] else [word for word in ("covered",) if seen[word]]
        faults += ["no ring"] if not seen["ring"] and not seen["lost"] else []
        self.wrong += [f"{fault}: {seen['tag']} {seen['name'][:40]!r} on {self.page.url}" for fault in faults]
        return seen

    def go(self, name: str, *, tag: str = "", back: bool = False) -> "Hands":
        """Tab from stop to stop until one has a name that begins so, a regular expression."""
        self.page.evaluate("window.stop = null")
        passed = []
        for _ in range(AT_MOST):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            seen = self.focus()
            if re.match(name, seen["name"]) and tag in ("", seen["tag"]):
                return self
            if passed and not back and not seen["onward"] and not seen["lost"]:
                self.wrong.append(f"against the order: {seen['name'][:40]!r} after {passed[-1]!r} on {self.page.url}")
            passed.append(seen["name"][:40])
        raise AssertionError(f"{name} has no stop on {self.page.url}; {passed}")

    def press(self, *keys: str) -> "Hands":
        """These keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def write(self, text: str) -> "Hands":
        """A text into what has the focus, or the first letters of an option of a list."""
        self.page.keyboard.type(text)
        return self

    def held(self, name: str = "") -> "Hands":
        """The focus comes to something whose name begins so, or to anything at all, and is not lost."""
        self.page.wait_for_function(HELD, arg=name)
        self.focus()
        return self

    def opened(self, menu: str) -> "Hands":
        """A menu that Enter opens and Escape closes, the focus where it was before."""
        self.go(menu).press("Enter")
        expect(self.page.locator("details.menu[open]")).to_have_count(1)
        self.press("Tab").focus()
        self.press("Escape")
        expect(self.page.locator("details.menu[open]")).to_have_count(0)
        return self.held(menu)
