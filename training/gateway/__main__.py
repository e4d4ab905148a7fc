"""`python -m training.gateway --host 127.0.0.1 --port 8001 --workers 1`: the gateway on granian.

Each worker is a process of its own. This one only watches them, and loads nothing of the application.
"""

import argparse
import math
import os
import resource
import signal
from functools import partial
from typing import Any

ENDS = (signal.SIGTERM, signal.SIGINT)
GRACE_SECONDS = 20.0
LAST_SECONDS = 10
"""What is left, after the grace, to write down what was counted, before a worker is killed."""
OPEN, WAITING_TO_OPEN = 10_000, 2000
"""Connections that a worker has at most, calls or not, and those that wait for it to take them."""
FILES_FOR_EACH = 3
"""Descriptors that a connection may take: itself, its model's, and a share of everything else."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where it listens; 127.0.0.1 is this machine alone")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds that open calls have at the end")
    return parser.parse_args()


def _hold_news_back() -> None:
    """Nothing; a worker is told of its end only once it listens, however early that is asked of it.

    Until then it would take the news as its parent does, and do nothing: so it begins with the signals held back.
    """
    parent = os.getpid()

    def hold(how: int) -> None:
        if os.getpid() == parent:
            signal.pthread_sigmask(how, ENDS)

    os.register_at_fork(before=lambda: hold(signal.SIG_BLOCK), after_in_parent=lambda: hold(signal.SIG_UNBLOCK))


def _application(grace: float, _: str) -> Any:
    """The application, made in a worker."""
    # Until the server listens to signals itself it would be deaf to them: the handlers of its parent are no use here.
    for number in ENDS:
        signal.signal(number, lambda *_: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    import django

    django.setup()
    from training.gateway.app import Gateway

    return Gateway(grace=grace, hears=True)


def _connections() -> int:
    """How many connections a worker can have: as its limit of open files lets it, which is raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN * FILES_FOR_EACH
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed // FILES_FOR_EACH


def main() -> None:
    """Serve until SIGTERM or SIGINT; open calls then have some time to end."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.log import LogLevels

    options = _options()
    server = Granian(
        "training.gateway.asgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        loop=Loops.asyncio,
        # Asked to tell HTTP/2 apart, it waits without end for a first byte: silent connections would fill all places.
        http=HTTPModes.http1,
        websockets=False,
        backlog=WAITING_TO_OPEN,
        backpressure=_connections(),
        log_level=LogLevels.warning,
        # One worker that is killed, for its memory as a rule, must not take the others' calls with it.
        respawn_failed_workers=True,
        workers_kill_timeout=math.ceil(options.grace) + LAST_SECONDS,
    )
    _hold_news_back()
    server.serve(target_loader=partial(_application, options.grace))


if __name__ == "__main__":
    main()
