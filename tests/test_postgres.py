"""The PostgreSQL server of the tests: it is reached by its socket alone, and ends with them, however they end."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.stage import until

KILLED = """
import os
from tests.postgres import server
with server() as address:
    print(address, flush=True)
    os.kill(os.getpid(), 9)
"""


def answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def test_it_listens_on_no_network(postgres: str) -> None:
    with psycopg.connect(postgres) as database:
        listens = database.execute("SELECT current_setting('listen_addresses')").fetchone()
        assert (listens, database.info.host.startswith("/")) == (("",), True)


def test_it_does_not_outlive_tests_that_were_killed() -> None:
    root = Path(__file__).parent.parent
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=root, capture_output=True, text=True, timeout=60)
    address = killed.stdout.strip()
    try:
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        until(lambda: not answers(address))
    finally:
        shutil.rmtree(address.partition("host=")[2], ignore_errors=True)
