"""What a trainer tells: whole lines, phases with their time, and nothing from the processes that do not write."""

import json
import math
from pathlib import Path

import pytest

from tests import trainer
from training.recipes import _lines, run_dir
from training.recipes._lines import Lines


def test_a_line_says_what_when_and_at_which_step(tmp_path: Path) -> None:
    lines = Lines(tmp_path)
    lines.step, lines.steps = 3, 10
    lines.write(_lines.LOG, {"loss": 0.5, "text": "ü"})
    (line,) = trainer.lines(tmp_path)
    assert line.pop("t") > 1.7e9
    assert line == {"kind": "log", "name": "", "step": 3, "steps": 10, "values": {"loss": 0.5, "text": "ü"}}


def test_a_figure_that_is_no_number_is_null(tmp_path: Path) -> None:
    Lines(tmp_path).write(_lines.LOG, {"loss": math.nan, "rows": [{"a": math.inf}]})
    assert trainer.lines(tmp_path)[0]["values"] == {"loss": None, "rows": [{"a": None}]}


def test_a_line_that_a_killed_trainer_began_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / run_dir.METRICS).write_bytes(b'{"t": 1}\n{"t": 2, "ki')
    Lines(tmp_path).write(_lines.END, {})
    first, broken, last = (tmp_path / run_dir.METRICS).read_text(encoding="utf-8").splitlines()
    assert (json.loads(first), broken, json.loads(last)["kind"]) == ({"t": 1}, '{"t": 2, "ki', "end")


def test_a_phase_is_told_when_it_begins_and_when_the_next_one_does(tmp_path: Path) -> None:
    lines = Lines(tmp_path)
    lines.phase(_lines.TOKENIZE, 5)
    lines.progress(5, 5)
    lines.phase(_lines.LOAD)
    told = [(one["name"], one["values"]["done"], one["values"]["total"]) for one in trainer.lines(tmp_path)]
    assert told == [("tokenize", 0, 5), ("tokenize", 5, 5), ("load", 0, 0)]


def test_a_phase_that_comes_twice_counts_both_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(_lines.time, "monotonic", lambda: float(next(clock)))
    lines = Lines(tmp_path)
    for name in (_lines.LOAD, _lines.TOKENIZE, _lines.LOAD):
        lines.phase(name)
    lines.over()
    first, second = trainer.lines(tmp_path, "phase", "load")[1::2]
    assert second["values"]["seconds"] > first["values"]["seconds"] > 0


def test_progress_is_told_every_two_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(_lines.time, "monotonic", lambda: now[0])
    lines = Lines(tmp_path)
    lines.phase(_lines.TRAIN)
    for step in range(10):
        now[0] = float(step)
        lines.progress(step, 10)
    assert [one["values"]["done"] for one in trainer.lines(tmp_path)] == [0, 3, 6, 9]


def test_a_process_that_is_not_the_first_writes_nothing(tmp_path: Path) -> None:
    lines = Lines(tmp_path, writes=False)
    lines.phase(_lines.TRAIN)
    lines.write(_lines.LOG, {"loss": 1.0})
    assert not (tmp_path / run_dir.METRICS).exists()
