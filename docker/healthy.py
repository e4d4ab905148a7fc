"""`python docker/healthy.py web|gateway|worker|beat`: ends with 0 when that part of this container works, else with 1.

The web server is asked as the proxy asks it, by the first name of COSA_HOSTS and as if by HTTPS. A worker is healthy
when it said so in the database within a minute; the clock when it wrote down within ten what it has sent.
"""

import os
import socket
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

SEEN_SECONDS, BEAT_SECONDS = 60, 600
ALIVE = (
    "SELECT 1 FROM training_worker WHERE name LIKE %s AND ended_at IS NULL AND seen_at > now() - %s * interval '1 s'"
)


def answers(port: int, path: str = "/healthz") -> bool:
    """True when the server on that port of this container answers 200."""
    host = os.environ.get("COSA_HOSTS", "localhost").split(",")[0].strip()
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    finally:
        connection.close()


def works(host: str) -> bool:
    """True when the worker of this container reported to the database not long ago."""
    import psycopg

    file = os.environ.get("COSA_DATABASE_FILE")
    address = Path(file).read_text(encoding="utf-8").strip() if file else os.environ["COSA_DATABASE"]
    with psycopg.connect(address, connect_timeout=4) as database:
        return database.execute(ALIVE, (f"{host}:%", SEEN_SECONDS)).fetchone() is not None


def ticks(folder: Path) -> bool:
    """True when the clock wrote its file not long ago."""
    return any(time.time() - file.stat().st_mtime < BEAT_SECONDS for file in folder.glob("beat*"))


CHECKS = {
    "web": lambda: answers(8000),
    "gateway": lambda: answers(8001),
    "worker": lambda: works(socket.gethostname()),
    "beat": lambda: ticks(Path("/tmp")),  # noqa: S108  a container has one of its own
}


if __name__ == "__main__":
    try:
        healthy = CHECKS[sys.argv[1]]()
    except Exception as why:
        # Its kind alone: the words of a database's error can hold its address.
        sys.exit(f"{sys.argv[1]}: {type(why).__name__}")
    sys.exit(0 if healthy else 1)
