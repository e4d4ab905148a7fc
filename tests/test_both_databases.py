"""What is marked `both_databases` runs with all other tests on SQLite, and from here once more on PostgreSQL.

Marked is what the two could answer differently: constraints and triggers, locks and whatever happens at one moment,
rows kept or passed over on a conflict, SQL of our own, texts and JSON that are searched, moments and days, the order of
NULL and of letters, values at the edge of a column. What filters, counts and saves by words that Django writes alike
for both is not: look at the queries that a test tries, and not at its subject.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent
MARK, DATABASE = "both_databases", "COSA_DATABASE"
FILES = sorted(path for path in ROOT.glob("tests/**/test_*.py") if MARK in path.read_text(encoding="utf-8"))
COMMAND = [sys.executable, "-m", "pytest", "-m", MARK, *map(str, FILES)]


def without_the_outer_run() -> dict[str, str]:
    """The environment, less what a parallel run tells its workers."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


@pytest.mark.slow
@pytest.mark.skipif(bool(os.environ.get(DATABASE)), reason="this whole run is on a database of your choice")
def test_what_is_marked_so_holds_on_postgresql_too(postgres: str) -> None:
    environment = without_the_outer_run() | {DATABASE: postgres}
    run = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_run_is_on_the_database_that_was_asked_for() -> None:
    assert connection.vendor == ("postgresql" if os.environ.get(DATABASE) else "sqlite")


@pytest.mark.both_databases
@pytest.mark.django_db
def test_a_network_that_was_dropped_is_noticed_in_seconds() -> None:
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        said = {
            name: int(value) for name, value in connection.connection.info.get_parameters().items() if value.isdigit()
        }
        # asked after 5 s of silence, twice, 2 s apart; what was sent is given up after 5 s
        assert said["keepalives_idle"] + said["keepalives_count"] * said["keepalives_interval"] < 10
        assert said["tcp_user_timeout"] == 5000
