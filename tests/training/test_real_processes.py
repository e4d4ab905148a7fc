"""Workers, a broker and a database as they run in earnest: killed, emptied, doubled, ended politely."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines import Machine, end, machine
from tests.stage import Stage, until

pytestmark = pytest.mark.slow
RUN, ITEMS, PLACES = 1, 120, 8 + 8


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table, made as a person makes it, and a queued run on models that are nowhere yet."""
    folder = tmp_path_factory.mktemp("real")
    assert Machine(folder, folder).make_run("http://127.0.0.1:9/v1", ITEMS) == RUN
    return folder / "cosa.sqlite3"


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A model that takes 50 ms to answer."""
    with Stage(latency=0.05) as server:
        yield server


@pytest.fixture
def here(database: Path, stage: Stage) -> Iterator[Machine]:
    """A machine of its own for each test, whose run asks the stage."""
    with machine(database) as made:
        made.point(stage.base_url)
        yield made


def finished(here: Machine) -> None:
    """Waits for the end of the run and looks that every item has one response and one verdict."""
    until(lambda: here.state(RUN) == "finished", seconds=30)
    assert here.done(RUN) == ITEMS
    for table in ("annotations_response", "training_judgement"):
        assert here.ask(f"SELECT count(*) FROM {table}") == ITEMS  # noqa: S608


def repeated(stage: Stage) -> int:
    """Calls that were made again; none more than once again."""
    counts = Counter((seen.model, str(seen.messages)) for seen in stage.seen)
    assert (len(counts), max(counts.values()) <= 2) == (2 * ITEMS, True)
    return len(stage.seen) - 2 * ITEMS


def test_a_killed_workers_run_is_finished_by_the_next_and_every_item_answered_once(here: Machine, stage: Stage) -> None:
    worker = here.start_worker()
    until(lambda: here.done(RUN) >= 30, seconds=30)
    end(worker, signal.SIGKILL)
    assert 30 <= here.done(RUN) < ITEMS
    here.start_worker()
    finished(here)
    assert 0 < repeated(stage) <= 2 * PLACES  # a call in the air for each place, and answers of the last group


def test_a_worker_ended_politely_repeats_nothing(here: Machine, stage: Stage) -> None:
    worker = here.start_worker()
    until(lambda: here.done(RUN) >= 30, seconds=30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert 30 <= here.done(RUN) < ITEMS
    here.start_worker()
    finished(here)
    assert repeated(stage) == 0


def test_workers_replaced_one_after_another_lose_nothing_and_ask_nothing_twice(here: Machine, stage: Stage) -> None:
    old = here.start_worker("first", queues="short,llm")
    there = "SELECT count(*) FROM training_worker WHERE ended_at IS NULL"
    for name, done in (("second", 20), ("third", 60)):
        until(lambda done=done: here.done(RUN) >= done, seconds=30)
        new = here.start_worker(name, queues="short,llm")
        until(lambda: here.ask(there) == 2, seconds=30)
        old.send_signal(signal.SIGTERM)
        assert old.wait(10) == 0
        old = new
    finished(here)
    losses = "SELECT max(losses) FROM training_runitem"
    assert (repeated(stage), here.ask(losses), here.ask(there)) == (0, 0, 1)


def test_two_workers_share_one_run(here: Machine, stage: Stage) -> None:
    stage.hold("ok")
    here.start_worker("one")
    here.start_worker("two")
    seats = "SELECT count(DISTINCT lease_id) FROM training_runitem WHERE run_id = ?"
    until(lambda: here.ask(seats, RUN) == 2, seconds=30)
    stage.release()
    finished(here)
    assert (repeated(stage), here.ask(seats, RUN)) == (0, 2)


def test_a_broker_emptied_in_the_middle_heals_by_sweeping(here: Machine, stage: Stage) -> None:
    stage.hold("ok")
    worker = here.start_worker()
    until(lambda: stage.seen, seconds=30)
    here.empty_broker()
    end(worker, signal.SIGKILL)
    stage.release()
    here.start_worker()
    finished(here)


def test_a_run_nobody_was_told_of_is_found_after_the_broker_was_emptied(here: Machine, stage: Stage) -> None:
    here.start_worker()
    finished(here)
    here.empty_broker()
    second = here.make_run(stage.base_url, 1)
    until(lambda: here.state(second) == "finished", seconds=15)
    assert here.done(second) == 1
