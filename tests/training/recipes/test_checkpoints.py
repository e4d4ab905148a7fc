"""Checkpoints that are whole, and those that are not."""

import json

import pytest

from training.recipes import checkpoints


@pytest.fixture
def run(tmp_path):
    """A run with two finished checkpoints, of steps 10 and 20."""
    for step in (10, 20):
        place = checkpoints.at(tmp_path, step)
        (place / "inner").mkdir(parents=True)
        (place / "model.safetensors").write_bytes(b"w" * step)
        (place / "inner/state.json").write_text("{}", encoding="utf-8")
        checkpoints.mark(place, step)
    return tmp_path


def test_the_latest_whole_checkpoint_is_taken(run):
    assert checkpoints.last_whole(run) == checkpoints.at(run, 20)


def test_a_run_without_checkpoints_has_none(tmp_path):
    assert checkpoints.last_whole(tmp_path) is None


def test_steps_count_as_numbers_and_other_folders_not_at_all(run):
    for name in ("checkpoint-100", "checkpoint-", "checkpoint-best", "other"):
        (run / "checkpoints" / name).mkdir()
    assert checkpoints.steps(run) == [100, 20, 10]


def broken_by_a_missing_file(place):
    (place / "model.safetensors").unlink()


def broken_by_a_short_file(place):
    (place / "model.safetensors").write_bytes(b"w")


def broken_by_one_other_byte(place):
    (place / "model.safetensors").write_bytes(b"w" * 19 + b"v")


def broken_by_no_marker(place):
    (place / checkpoints.MARKER).unlink()


def broken_by_half_a_marker(place):
    marker = place / checkpoints.MARKER
    marker.write_text(marker.read_text(encoding="utf-8")[:40], encoding="utf-8")


def broken_by_a_marker_that_was_changed(place):
    marker = place / checkpoints.MARKER
    said = json.loads(marker.read_text(encoding="utf-8"))
    said["files"].pop("inner/state.json")
    marker.write_text(json.dumps(said), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        broken_by_a_missing_file,
        broken_by_a_short_file,
        broken_by_one_other_byte,
        broken_by_no_marker,
        broken_by_half_a_marker,
        broken_by_a_marker_that_was_changed,
    ],
)
def test_a_broken_checkpoint_falls_back_one(run, damage):
    damage(checkpoints.at(run, 20))
    assert checkpoints.wrong(checkpoints.at(run, 20))
    assert checkpoints.last_whole(run) == checkpoints.at(run, 10)


def test_one_other_byte_is_not_seen_without_digests(run):
    broken_by_one_other_byte(checkpoints.at(run, 20))
    assert checkpoints.wrong(checkpoints.at(run, 20), digests=False) == ""


def test_a_marker_names_the_whole_folder(run):
    finished = checkpoints.read(checkpoints.at(run, 20))
    assert finished is not None
    assert (finished.step, finished.size) == (20, 20 + 2)
    assert list(finished.files) == ["inner/state.json", "model.safetensors"]
    again = checkpoints.mark(checkpoints.at(run, 20), 20)
    assert again == finished
    assert again.sha256 != checkpoints.read(checkpoints.at(run, 10)).sha256
