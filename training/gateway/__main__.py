"""`python -m training.gateway --host 127.0.0.1 --port 8001 --workers 1`: the gateway on granian.

Each worker is a process of its own. This one only watches them, and loads nothing of the application.
"""

import argparse
import math
import os
import signal
from functools import partial
from typing import Any

GRACE_SECONDS = 20.0
LAST_SECONDS = 10
"""What is left, after the grace, to write down what was counted, before a worker is killed."""
OPEN_CALLS = 2000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where it listens; 127.0.0.1 is this machine alone")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, help="seconds that open calls have at the end")
    return parser.parse_args()


def _application(grace: float, _: str) -> Any:
    """The application, made in a worker."""
    # Until the server listens to signals itself it would be deaf to them: the handlers of its parent are no use here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    import django

    django.setup()
    from training.gateway.app import Gateway

    return Gateway(grace=grace, hears=True)


def main() -> None:
    """Serve until SIGTERM or SIGINT; open calls then have some time to end."""
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    options = _options()
    server = Granian(
        "training.gateway.asgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        loop=Loops.asyncio,
        websockets=False,
        backlog=OPEN_CALLS,
        backpressure=OPEN_CALLS,
        log_level=LogLevels.warning,
        workers_kill_timeout=math.ceil(options.grace) + LAST_SECONDS,
    )
    server.serve(target_loader=partial(_application, options.grace))


if __name__ == "__main__":
    main()
