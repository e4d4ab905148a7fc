"""A demo of its own, as `make demo` starts it, in a folder that is gone afterwards."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from tests.pictures.document import ROOT
from tests.pictures.walk import Place

UP = re.compile(r"up after .*?(http://\S+)")
GATEWAY = re.compile(r"answers programs at\s+(http://\S+)/v1")
END_SECONDS = 30
SECRET = sha256(b"a demo of one walk, for which letters are dealt in the same way each time").hexdigest()


@contextmanager
def demo(port: int) -> Iterator[Place]:
    """A running demo that holds what it loads. Raises RuntimeError with its last words where none starts."""
    with tempfile.TemporaryDirectory(prefix="cosa-pictures-") as folder:
        environment = os.environ | {
            "COSA_VAR": folder,
            "COSA_PORT": str(port),
            "COSA_NODE": "forge",
            "COSA_SECRET_KEY": SECRET,
        }
        running = subprocess.Popen(
            [sys.executable, "-m", "cosa_web.demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            yield _addresses(running, Path(folder))
        finally:
            _end(running)


def _addresses(running: "subprocess.Popen[str]", var: Path) -> Place:
    said, site = [], ""
    for line in running.stdout or ():
        said.append(line)
        if up := UP.search(line):
            site = up[1]
        if gateway := GATEWAY.search(line):
            return Place(site, gateway[1], var)
    raise RuntimeError("The demo did not start:\n" + "".join(said[-15:]))


def _end(running: "subprocess.Popen[str]") -> None:
    running.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        running.communicate(timeout=END_SECONDS)
        return
    running.kill()
    running.wait()
