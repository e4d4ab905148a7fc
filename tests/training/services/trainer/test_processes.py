"""Processes as the system knows them: told apart by more than their number, and ended with all they made."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.stage import until
from training.services.trainer import processes
from training.services.trainer.processes import MARK, Process

PYTHON = [sys.executable, "-S", "-c"]
SLEEPS = "import time; time.sleep(60)"
DEAF = f"""
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(os.environ['{MARK}'] + '/deaf', 'w')
{SLEEPS}
"""
HAS_CHILD = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], start_new_session=True, env=ENV)
END
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a program as a trainer of the folder; nothing of it is left after the test."""
    for name in ("STOP_SECONDS", "TERM_SECONDS"):
        monkeypatch.setattr(processes, name, 0.1)
    started = []

    def begin(code, **more):
        environment = os.environ | {MARK: str(tmp_path)}
        child = subprocess.Popen([*PYTHON, code], env=environment, start_new_session=True, **more)
        started.append(child)
        return child

    yield begin
    for process in processes.members(tmp_path):
        os.kill(process.pid, signal.SIGKILL)
    for child in started:
        child.wait(10)


def test_a_living_process_is_known_and_a_dead_one_is_not(start):
    child = start(SLEEPS)
    known = processes.of(child.pid)
    assert processes.is_alive(known) and processes.read(known._asdict()) == known
    child.kill()
    until(lambda: not processes.is_alive(known))  # dead, though nobody has waited for it yet
    child.wait()
    assert processes.of(child.pid) is None


def test_another_process_with_the_same_number_is_another_one(start, tmp_path):
    known = processes.of(start(SLEEPS).pid)
    for other in (known._replace(started=known.started - 1), known._replace(boot="yesterday")):
        assert not processes.is_alive(other)
        assert processes.members(tmp_path / "else", other) == []


@pytest.mark.parametrize("kept", [{}, {"pid": 0}, {"pid": "x", "started": 1, "boot": ""}])
def test_a_row_that_names_no_process_names_none(kept):
    assert processes.read(kept) is None


def test_a_programs_name_may_hold_anything(start, tmp_path):
    named = tmp_path / "a ) R 1"
    named.symlink_to(sys.executable)
    child = start(SLEEPS, executable=str(named))
    assert processes.of(child.pid).started > 0


def test_the_oldest_process_of_a_folder_is_found_without_its_number(start, tmp_path):
    assert processes.found(tmp_path) is None
    first = start(SLEEPS)
    start(SLEEPS)
    until(lambda: len(processes.members(tmp_path)) == 2)
    assert processes.found(tmp_path).pid == first.pid
    assert processes.below(tmp_path.parent) == [tmp_path] and processes.below(tmp_path) == []


def test_a_process_that_does_not_listen_is_killed(start, tmp_path):
    child = start(DEAF)
    until((tmp_path / "deaf").exists)
    began = time.monotonic()
    assert processes.end(tmp_path) and (tmp_path / "STOP").exists()
    assert child.wait(1) == -signal.SIGKILL and time.monotonic() - began < 5


def test_children_in_sessions_of_their_own_end_although_their_parent_is_dead(start, tmp_path):
    code = HAS_CHILD.replace("ENV", "None").replace("END", "")
    first = start(code)
    known = processes.of(first.pid)
    first.wait()
    until(lambda: len(processes.members(tmp_path, known)) == 1)
    assert processes.end(tmp_path, known) and processes.members(tmp_path) == []


def test_children_who_wrote_over_their_environment_end_too(start, tmp_path):
    code = HAS_CHILD.replace("ENV", "{}").replace("END", "time.sleep(60)")
    first = start(code)
    until(lambda: len(processes.members(tmp_path)) == 2)
    assert processes.end(tmp_path) and processes.members(tmp_path) == []
    first.wait()


def test_nothing_to_end_is_ended_at_once_and_no_file_is_written(tmp_path):
    gone = Process(2**22 + 1, 1, "never")
    assert processes.end(tmp_path, gone) and not (tmp_path / "STOP").exists()


def test_it_is_known_which_signals_a_process_catches(start):
    handles = "import signal, time; signal.signal(signal.SIGUSR1, print); time.sleep(60)"
    listens, sleeps = start(handles), start(SLEEPS)
    until(lambda: processes.catches(processes.of(listens.pid), signal.SIGUSR1))
    assert not processes.catches(processes.of(sleeps.pid), signal.SIGUSR1)


def test_time_and_memory_of_all_of_them_are_summed_up(start, tmp_path):
    for _ in range(2):
        start("import time; held = bytearray(30_000_000); time.sleep(60)")
    until(lambda: processes.usage(tmp_path)[1] > 60_000_000)
    assert 0 <= processes.usage(tmp_path)[0] < 10


def test_when_a_process_was_started_is_known_in_wall_time(start):
    began = time.time()
    found = processes.started_at(processes.of(start(SLEEPS).pid))
    assert abs(found - began) < 5
