"""A trainer hears who wants it to end: a file, a signal, or that nobody watches any more."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.recipes import run_dir
from training.recipes._asked import FINISH, GO_ON, STOP, Asked


def asked(folder: Path, alone: float = 0, first: bool = True) -> Asked:
    return Asked(folder, alone, first=first, processes=1)


@pytest.fixture
def handlers() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_without_a_wish_it_goes_on(tmp_path: Path) -> None:
    assert asked(tmp_path).together() == GO_ON


@pytest.mark.parametrize(("word", "wish"), [("", STOP), ("now\n", STOP), ("finish\n", FINISH), ("unfinished", STOP)])
def test_the_file_says_whether_the_model_is_wanted(tmp_path: Path, word: str, wish: int) -> None:
    (tmp_path / run_dir.STOP).write_text(word, encoding="utf-8")
    assert asked(tmp_path).together() == wish
    assert asked(tmp_path, first=False).here() == GO_ON


def test_a_wish_that_was_fulfilled_is_not_there_for_the_next_start(tmp_path: Path) -> None:
    (tmp_path / run_dir.STOP).touch()
    wishes = asked(tmp_path)
    wishes.obeyed()
    wishes.obeyed()
    assert wishes.here() == GO_ON


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_a_wish_to_stop_and_stronger_than_one_to_finish(tmp_path: Path, number: int) -> None:
    (tmp_path / run_dir.STOP).write_text(run_dir.FINISH, encoding="utf-8")
    wishes = asked(tmp_path)
    wishes.listen()
    os.kill(os.getpid(), number)
    assert wishes.here() == STOP


def test_a_trainer_that_nobody_watches_stops(tmp_path: Path) -> None:
    watched = tmp_path / run_dir.SUPERVISED
    watched.touch()
    wishes = asked(tmp_path, alone=60)
    assert wishes.here() == GO_ON
    # Nobody has looked for two minutes, and the trainer has been there for longer.
    wishes._started = time.time() - 300
    os.utime(watched, (time.time() - 120,) * 2)
    assert wishes.here() == STOP
    watched.touch()
    assert wishes.here() == GO_ON


def test_a_trainer_is_not_alone_before_its_watcher_had_time(tmp_path: Path) -> None:
    # somebody watched the start before this one, an hour ago
    (tmp_path / run_dir.SUPERVISED).touch()
    os.utime(tmp_path / run_dir.SUPERVISED, (time.time() - 3600,) * 2)
    wishes = asked(tmp_path, alone=60)
    assert wishes.here() == GO_ON
    wishes._started = time.time() - 61
    assert wishes.here() == STOP


def test_by_hand_nobody_needs_to_watch(tmp_path: Path) -> None:
    wishes = asked(tmp_path)
    wishes._started = 0.0
    assert wishes.here() == GO_ON
