"""What a ruler finds on a page: too wide, too small to touch, too small to read, under something that stays."""

from typing import Any

from playwright.sync_api import Page

PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
RULER = """({ touch, text }) => {
  const found = [], shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const words = (node) => {
    const name = node.getAttribute("aria-label") ?? node.innerText ?? node.name ?? "";
    return `${node.tagName.toLowerCase()} ${name.trim().slice(0, 30)}`;
  };
  if (document.documentElement.scrollWidth > innerWidth) found.push("scrolls sideways");
  const aside = ".skip, dialog:not([open]) *, [popover]:not(:popover-open) *";
  for (const node of document.querySelectorAll("a[href], button, summary, input, select, textarea")) {
    if (node.type === "hidden" || !shown(node) || node.matches(aside)) continue;
    const inText = node.matches("a:not(.button, .chip)") && getComputedStyle(node).display.startsWith("inline");
    const target = node.matches("[type=radio], [type=checkbox]") ? node.labels[0] ?? node : node;
    const { width, height } = target.getBoundingClientRect();
    if (Math.min(width, height) < touch && !inText && !node.matches(".link-button")) {
      found.push(`${Math.round(width)} × ${Math.round(height)}: ${words(node)}`);
    }
    target.scrollIntoView({ block: "center", inline: "center" });
    const at = target.getClientRects()[0];
    const top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
    if (!top || !(target.contains(top) || top.contains(target))) found.push(`covered: ${words(node)}`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement, size = parseFloat(getComputedStyle(node).fontSize);
    if (!texts.currentNode.data.trim() || !shown(node) || node.matches("svg *, option, .skip")) continue;
    if (size > 0 && size < text) found.push(`${size} px: ${words(node)}`);
  }
  scrollTo(0, 0);
  return [...new Set(found)];
}"""


def wrong(page: Page, *, touch: int = 24, text: int = 13) -> list[str]:
    """What is wrong on the page as it is now: targets or texts below so many pixels, 0 for any size."""
    found: list[str] = page.evaluate(RULER, {"touch": touch, "text": text})
    return found
