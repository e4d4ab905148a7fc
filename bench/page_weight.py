"""What every page weighs at its first look, and how soon it is there.

    python -m bench.page_weight [--times 5] [--only WORD ...] [--most-rows 12]

A world in which every page has content (tests/sweep/world.py) is written into a fresh SQLite file, assets are
collected, and granian serves the pages as `make demo` starts it. Each page is opened in Chromium as the person who
looks at it most, each time with an empty cache, until all that it loads by itself is there. Weight is what came over
the wire, headers and compressed bodies; paints are medians in milliseconds since the page was asked for. Prints the
heaviest and the slowest pages and medians of all, and ends with 1 when a page weighs 250 kB or more (600 kB with a
chart), needs a second for its first paint, or asks another machine for anything. The page of the API brings a viewer
of its own and is told apart.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.gateway_servers import answers, free_port, until

MOST_KB, MOST_KB_CHART, MOST_FIRST_MS = 250, 600, 1000
APART = "api-viewer"
PAINTS = """() => new Promise((resolve) => {
  let largest = 0;
  new PerformanceObserver((list) => { largest = list.getEntries().at(-1).startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const chart = document.querySelector(".chart, canvas") !== null;
  setTimeout(() => resolve([first, largest, chart]), 50);
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"


class Look(NamedTuple):
    """One first look at a page: bytes, bytes of the page itself, requests, paints in ms, what it asked elsewhere."""

    bytes: int
    html: int
    requests: int
    first: float
    largest: float
    chart: bool
    elsewhere: tuple[str, ...]


class Row(NamedTuple):
    """A page and its looks, as one line: medians, and what was worst of what must never be."""

    name: str
    person: str
    looks: list[Look]

    def median(self, field: str) -> float:
        """The median of that field of the looks."""
        return statistics.median(getattr(look, field) for look in self.looks)

    @property
    def chart(self) -> bool:
        """True when there is a chart on it."""
        return self.looks[0].chart

    @property
    def over(self) -> bool:
        """True when it is too heavy, too late, or asks somebody else."""
        most = MOST_KB_CHART if self.chart or self.name.endswith(APART) else MOST_KB
        heavy = self.median("bytes") >= most * 1000
        return heavy or self.median("first") >= MOST_FIRST_MS or any(look.elsewhere for look in self.looks)

    def line(self) -> str:
        """The page, its weight, requests and paints."""
        weight = f"{self.median('bytes') / 1000:6.0f} kB ({self.median('html') / 1000:4.0f} itself)"
        paints = f"{self.median('first'):5.0f} ms {self.median('largest'):5.0f} ms"
        mark = " chart" if self.chart else ""
        return f"{weight} {self.median('requests'):3.0f} {paints}  {self.person:9} {self.name}{mark}"


class Wire:
    """Counts what a page of Chromium gets, by its own count of bytes on the wire."""

    def __init__(self, page: Any, address: str) -> None:
        self.address, self.bytes, self.html, self.asked = address, 0, 0, set[str]()
        self.kinds: dict[str, str] = {}
        self.elsewhere: list[str] = []
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        url = str(event["request"]["url"])
        if not url.startswith(("data:", "blob:")):
            self.asked.add(event["requestId"])
            self.kinds[event["requestId"]] = event.get("type", "")
            if not url.startswith(self.address):
                self.elsewhere.append(url)

    def _finished(self, event: dict[str, Any]) -> None:
        size = int(event["encodedDataLength"])
        self.bytes += size
        if self.kinds.get(event["requestId"]) == "Document":
            self.html += size


@contextmanager
def site(var: str) -> Iterator[tuple[str, Any]]:
    """The address of the pages and the addresses of the world behind them; the server ends with the block."""
    from django.core.management import call_command

    from tests.sweep import world

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    place, port = world.build(), free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--blocking-threads", "16", "--log-level", "warning", "cosa_web.wsgi:application"]
    address = f"http://127.0.0.1:{port}"
    with Path(var, "web.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            until(lambda: answers(f"{address}/healthz"), server, 30)
            yield address, place
        finally:
            server.terminate()


def look(browser: Any, address: str, sight: Any, session: str) -> Look:
    """A first look at that page, everything fetched anew."""
    from tests.sweep.browser import SETTLE_STEPS, SETTLED, STEP_MS

    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    page = context.new_page()
    wire = Wire(page, address)
    page.goto(sight.url)
    for _ in range(SETTLE_STEPS):
        if page.evaluate(SETTLED):
            break
        page.wait_for_timeout(STEP_MS)
    page.wait_for_function(PAINTED)
    first, largest, chart = page.evaluate(PAINTS)
    context.close()
    return Look(wire.bytes, wire.html, len(wire.asked), first, largest, chart, tuple(wire.elsewhere))


def rows(address: str, place: Any, times: int, only: list[str]) -> list[Row]:
    """Every page with its looks."""
    from tests.sweep.browser import chromium
    from tests.sweep.pages import client, sights

    found, sessions = [], {"anonymous": ""}
    with chromium() as browser:
        for sight in sights(place, only):
            if sight.person not in sessions:
                sessions[sight.person] = client(sight.person).cookies["sessionid"].value
            looks = [look(browser, address, sight, sessions[sight.person]) for _ in range(times)]
            found.append(Row(sight.name, sight.person, looks))
    return found


def tell(found: list[Row], most_rows: int) -> bool:
    """True when every page keeps its limits; prints the tables."""
    apart = [row for row in found if row.name.endswith(APART)]
    for title, with_chart in (("without a chart", False), ("with a chart", True)):
        some = [row for row in found if row.chart == with_chart and row not in apart]
        if some:
            _tell_some(f"{len(some)} pages {title}", some, most_rows)
    for row in apart:
        print(f"apart: {row.line()}")
    for row in (row for row in found if row.over):
        print(f"OVER: {row.line()} {sorted({url for look in row.looks for url in look.elsewhere})}")
    return not any(row.over for row in found)


def _tell_some(title: str, some: list[Row], most_rows: int) -> None:
    middle = Row("median of them", "", [Look(*map(row.median, Look._fields[:5]), False, ()) for row in some])
    print(f"{title}: size, requests, first and largest paint\n  {middle.line()}")
    for what, field in (("heaviest", "bytes"), ("latest first paint", "first")):
        print(f" {what}")
        for row in sorted(some, key=lambda one: -one.median(field))[:most_rows]:
            print(f"  {row.line()}")


def main() -> None:
    """Make the world, look, and end with 1 when a page is over its limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--most-rows", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as var:
        os.environ |= {"COSA_VAR": var, "DJANGO_SETTINGS_MODULE": "cosa_web.settings", "COSA_DEMO": "1"}
        os.environ |= {"COSA_DATABASE": "", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        import django

        django.setup()
        with site(var) as (address, place):
            kept = tell(rows(address, place, options.times, options.only), options.most_rows)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
