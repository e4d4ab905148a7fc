"""How many clicks a stranger needs in a fresh demo, from its log-in page to a call of the config that was approved.

    python -m bench.stranger [--most 25]

Starts what `make demo` starts, in a folder and on ports of its own, and walks through it in Chromium: Ada begins a
config from a template and submits it, Bob approves it, Grace deploys it and makes a key, and a program calls the
endpoint with that key. Every click counts one, also one into a field that has not got the focus already; typing
counts nothing. Prints each step with its seconds, and ends with 1 when it needs more
clicks than it may.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Locator, Page, sync_playwright

from tests.chromium import FLAGS, program

START_SECONDS, PATIENCE_MS, CALL_SECONDS = 90, 15_000, 120
TITLE = "Harbour stories"


class Stranger:
    """A person at the mouse: does one thing after the other, and counts the clicks of each."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.began = page, 0, time.perf_counter()

    def click(self, target: Locator) -> None:
        """One click."""
        target.click()
        self.clicks += 1

    def write(self, label: str, text: str) -> None:
        """Text into a field: a click, unless the field has the focus already."""
        field = self.page.get_by_label(re.compile(f"^{label}"))
        if not field.evaluate("node => node === document.activeElement"):
            self.click(field)
        field.fill(text)

    def press(self, name: str) -> None:
        """The button of that name, or the first link."""
        button = self.page.get_by_role("button", name=name, exact=True)
        self.click(button if button.count() else self.page.get_by_role("link", name=re.compile(name)).first)

    def tell(self, what: str) -> None:
        """A line: clicks up to now, seconds, what was done."""
        print(f"{self.clicks:3} clicks  {time.perf_counter() - self.began:6.1f} s  {what}", flush=True)


@contextmanager
def demo() -> Iterator[str]:
    """The address of the pages of a fresh demo; its end with all it started."""
    with tempfile.TemporaryDirectory(prefix="cosa-stranger-") as var, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = os.environ | {"COSA_VAR": var, "COSA_PORT": str(port), "COSA_DATABASE": ""}
        said = Path(var, "said")
        with said.open("w") as out:
            process = subprocess.Popen([sys.executable, "-m", "cosa_web.demo"], env=environment, stdout=out, stderr=out)
        try:
            end = time.monotonic() + START_SECONDS
            while "is up" not in said.read_text():
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"The demo did not start:\n{said.read_text()}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def log_in(me: Stranger, who: str) -> None:
    """As that person of the demo, by its name."""
    me.press(f"Log in as {who}")
    me.page.wait_for_url(re.compile(r"/$"))


def log_out(me: Stranger) -> None:
    """Back to the log-in page."""
    me.click(me.page.locator("summary[aria-label^=Person]"))
    me.press("Log out")
    me.page.get_by_label("User name").wait_for()


def submit(me: Stranger) -> None:
    """Ada begins a config from a template and hands it in."""
    log_in(me, "ada")
    me.tell("Ada is logged in")
    me.press("Configs")
    me.press("New config")
    me.write("Title", TITLE)
    me.click(me.page.get_by_role("radio", name=re.compile("^Film and series")))
    me.press("Write it")
    me.page.wait_for_url(re.compile("/edit/$"))
    me.tell("a config is begun from a template")
    me.press("Submit for review")
    me.press("Submit v1")
    me.page.wait_for_url(re.compile("/v1/$"))
    me.tell("v1 is submitted")
    log_out(me)


def approve(me: Stranger) -> None:
    """Bob reads it and approves."""
    log_in(me, "bob")
    me.press(f"^Review {TITLE}")
    me.write("Why without evidence", "A try of the demo.")
    me.press("Approve")
    me.page.locator("h1 + .badge", has_text="approved").wait_for()
    me.tell("Bob has approved it")
    log_out(me)


def serve(me: Stranger) -> tuple[str, str, str]:
    """Grace deploys it and makes a key; the gateway's address, the deployment's name and the secret."""
    log_in(me, "grace")
    me.press("Configs")
    me.press(TITLE)
    me.press("^Deploy$")
    me.page.wait_for_url(re.compile("/new/"))
    me.press("Deploy")
    me.page.wait_for_url(re.compile(r"/deployments/\d+/$"))
    name = me.page.locator("main h1").inner_text()
    me.tell("Grace has deployed it")
    me.press("New key")
    me.write("Name", "stranger")
    me.press("Make the key")
    secret = me.page.locator("#key-secret").inner_text()
    me.click(me.page.locator("[data-copy-from=key-secret]"))
    me.tell("a key is made and copied")
    return me.page.locator(".facts dd.mono", has_text="http").first.inner_text(), name, secret


def call(base_url: str, name: str, secret: str) -> str:
    """What the endpoint answers to a program."""
    said: dict[str, Any] = {"model": name, "messages": [{"role": "user", "content": "Who owns the pier?"}]}
    request = Request(  # noqa: S310  a gateway of this machine
        f"{base_url}/chat/completions",
        json.dumps(said | {"max_tokens": 32}).encode(),
        {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310  as above
        return str(json.load(answer)["choices"][0]["message"]["content"])


def walk(address: str) -> int:
    """The clicks it took."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/login/")
        me = Stranger(page)
        submit(me)
        approve(me)
        answer = call(*serve(me))
        me.tell(f"a program called it: {answer[:60]!r}")
        browser.close()
    return me.clicks


def main() -> None:
    """Walk, and end with 1 when it took more clicks than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=25)
    options = parser.parse_args()
    with demo() as address:
        clicks = walk(address)
    sys.exit(clicks > options.most)


if __name__ == "__main__":
    main()
