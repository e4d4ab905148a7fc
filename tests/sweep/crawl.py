"""`python -m tests.sweep.crawl` (`make crawl`): dead links and dead buttons, as everybody.

As each person of the demo, and as nobody, every link of the site is followed from `/`, of each kind a few. Told is a
link that answers 4xx or 5xx to the person who was shown it, a reference to a part that the page does not have, and a
button that cannot do anything. Then the buttons that send no form are pressed in Chromium: something has to come of
each. Ends with 1 when anything was told.
"""

import argparse
import sys
import time


def main(argv: list[str]) -> int:
    """The exit status: 0 when nothing was told."""
    parser = argparse.ArgumentParser(prog="tests.sweep.crawl", description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=3, help="addresses of one kind that are opened (3)")
    parser.add_argument("--people", nargs="+", default=[], metavar="PERSON", help="as these only; no buttons then")
    asked = parser.parse_args(argv)
    from tests.sweep.server import serve

    begun = time.monotonic()
    with serve() as site:
        told = _links(asked.people, asked.samples)
        told += [] if asked.people else _buttons(site)
    print(*told, sep="\n")
    print(f"{len(told)} dead links and buttons in {time.monotonic() - begun:.0f} s")
    return 1 if told else 0


def _links(people: list[str], samples: int) -> list[str]:
    from tests.sweep.links import Walk
    from tests.sweep.pages import PEOPLE, client

    told = []
    for person in people or ("anonymous", *PEOPLE):
        walk = Walk(client(person), samples).go()
        told += [f"{person}: {one}" for one in walk.told]
        print(f"{person}: {len(walk.pages)} pages, {len(walk.told)} problems", file=sys.stderr, flush=True)
    return told


def _buttons(site: "Site") -> list[str]:  # noqa: F821  Django has to be set up before its module is read
    from tests.sweep.browser import Window, chromium
    from tests.sweep.buttons import dead
    from tests.sweep.pages import sights

    told, known = [], set[str]()
    with chromium() as browser:
        window = Window(browser, site.address, width=1440)
        for sight in sights(site.place):
            window.open(sight)
            told += [
                f"{sight.person}: {sight.url} has a button that does nothing: {one}"
                for one in dead(window, sight, known)
            ]
    print(f"{len(known)} kinds of buttons pressed", file=sys.stderr, flush=True)
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
