"""`python -m tests.sweep.axe` (`make axe`): what axe finds on every page that is serious or critical.

Every page is looked at in light and in dark, and on a telephone. Prints page, rule and the elements for each finding;
ends with 1 when there is one. --only chooses pages by words of their URL names.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page

LIBRARY = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = ("1440-light", "1440-dark", "390-light")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
RUN = """async (tags) => {
  const asked = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, asked);
  return violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => [
    one.id, one.help, one.nodes.map((node) => `${node.target.join(" ")} ${node.html.slice(0, 160)}`),
  ]);
}"""


class Finding(NamedTuple):
    """A rule that elements break, each told by its selector and the beginning of its tag."""

    rule: str
    help: str
    elements: list[str]


def carry(context: BrowserContext) -> None:
    """Nothing; every page of the context has axe in it from now on."""
    context.add_init_script(path=LIBRARY)


def findings(page: Page) -> list[Finding]:
    """What axe finds on the open page that is serious or critical."""
    return [Finding(*one) for one in page.evaluate(RUN, TAGS)]


def main(argv: list[str]) -> int:
    """The exit status: 0 when axe found nothing."""
    parser = argparse.ArgumentParser(prog="tests.sweep.axe", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="pages whose URL name contains it")
    parser.add_argument("--looks", nargs="+", default=LOOKS, metavar="WIDTH-THEME")
    asked = parser.parse_args(argv)
    from tests.sweep.server import serve

    begun = time.monotonic()
    with serve() as site:
        from tests.sweep.browser import chromium
        from tests.sweep.pages import sights

        seen = sights(site.place, asked.only)
        with chromium() as browser:
            count = sum(_look(browser, site.address, seen, look) for look in asked.looks)
    print(f"{count} serious or critical findings on {len(seen)} pages in {time.monotonic() - begun:.0f} s")
    return 1 if count else 0


def _look(browser: Browser, address: str, seen: list[Any], look: str) -> int:
    """How much axe finds on the pages as they look at that width in that theme; each finding is printed."""
    from tests.sweep.browser import Window

    width, _, theme = look.partition("-")
    window, count = Window(browser, address, width=int(width), theme=theme), 0
    carry(window.context)
    for sight in seen:
        window.open(sight)
        for one in findings(window.page):
            count += 1
            print(f"{sight.name} as {sight.person}, {look}: {one.rule}: {one.help}")
            print(*(f"    {element}" for element in one.elements[:5]), sep="\n", flush=True)
    print(f"{look}: {len(seen)} pages", file=sys.stderr, flush=True)
    window.context.close()
    return count


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
