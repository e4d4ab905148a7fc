"""Workers, a broker and a database as they run in earnest: killed, emptied, doubled, ended politely."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines import ROOT, Machine, end, machine
from tests.stage import Stage, until

pytestmark = pytest.mark.slow
ITEMS, PLACES = 120, 8 + 8


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with every table, made as a person makes it."""
    folder = tmp_path_factory.mktemp("real")
    fresh = Machine(folder, folder)
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=fresh.environment, check=True)
    return folder / "cosa.sqlite3"


@pytest.fixture
def here(database: Path) -> Iterator[Machine]:
    """A machine of its own for each test."""
    with machine(database) as made:
        yield made


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A model that takes 50 ms to answer."""
    with Stage(latency=0.05) as server:
        yield server


def finished(here: Machine, run: int) -> None:
    """Waits for the end of the run and looks that every item has one response and one verdict."""
    until(lambda: here.state(run) == "finished", seconds=30)
    assert here.done(run) == ITEMS
    for table in ("annotations_response", "training_judgement"):
        assert here.ask(f"SELECT count(*) FROM {table}") == ITEMS  # noqa: S608


def repeated(stage: Stage) -> int:
    """Calls that were made again; none more than once again."""
    counts = Counter((seen.model, str(seen.messages)) for seen in stage.seen)
    assert (len(counts), max(counts.values()) <= 2) == (2 * ITEMS, True)
    return len(stage.seen) - 2 * ITEMS


def test_a_killed_workers_run_is_finished_by_the_next_and_every_item_answered_once(here: Machine, stage: Stage) -> None:
    run = here.make_run(stage.base_url, ITEMS)
    worker = here.start_worker()
    until(lambda: here.done(run) >= 30, seconds=30)
    end(worker, signal.SIGKILL)
    assert 30 <= here.done(run) < ITEMS
    here.start_worker()
    finished(here, run)
    assert 0 < repeated(stage) <= 2 * PLACES  # a call in the air for each place, and answers of the last group


def test_a_worker_ended_politely_repeats_nothing(here: Machine, stage: Stage) -> None:
    run = here.make_run(stage.base_url, ITEMS)
    worker = here.start_worker()
    until(lambda: here.done(run) >= 30, seconds=30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert 30 <= here.done(run) < ITEMS
    here.start_worker()
    finished(here, run)
    assert repeated(stage) == 0


def test_workers_replaced_one_after_another_lose_nothing_and_ask_nothing_twice(here: Machine, stage: Stage) -> None:
    run = here.make_run(stage.base_url, ITEMS)
    old = here.start_worker("first", queues="short,llm")
    there = "SELECT count(*) FROM training_worker WHERE ended_at IS NULL"
    for name, done in (("second", 20), ("third", 60)):
        until(lambda done=done: here.done(run) >= done, seconds=30)
        new = here.start_worker(name, queues="short,llm")
        until(lambda: here.ask(there) == 2, seconds=30)
        old.send_signal(signal.SIGTERM)
        assert old.wait(10) == 0
        old = new
    finished(here, run)
    losses = "SELECT max(losses) FROM training_runitem"
    assert (repeated(stage), here.ask(losses), here.ask(there)) == (0, 0, 1)


def test_two_workers_share_one_run(here: Machine, stage: Stage) -> None:
    stage.hold("ok")
    run = here.make_run(stage.base_url, ITEMS)
    here.start_worker("one")
    here.start_worker("two")
    seats = "SELECT count(DISTINCT lease_id) FROM training_runitem WHERE run_id = ?"
    until(lambda: here.ask(seats, run) == 2, seconds=30)
    stage.release()
    finished(here, run)
    assert (repeated(stage), here.ask(seats, run)) == (0, 2)


def test_a_broker_emptied_in_the_middle_heals_by_sweeping(here: Machine, stage: Stage) -> None:
    stage.hold("ok")
    run = here.make_run(stage.base_url, ITEMS)
    worker = here.start_worker()
    until(lambda: stage.seen, seconds=30)
    here.empty_broker()
    end(worker, signal.SIGKILL)
    stage.release()
    here.start_worker()
    finished(here, run)


def test_a_run_nobody_was_told_of_is_found_after_the_broker_was_emptied(here: Machine, stage: Stage) -> None:
    here.start_worker()
    first = here.make_run(stage.base_url, 1)
    until(lambda: here.state(first) == "finished", seconds=30)
    here.empty_broker()
    second = here.make_run(stage.base_url, 1)
    until(lambda: here.state(second) == "finished", seconds=15)
    assert (here.done(first), here.done(second)) == (1, 1)
