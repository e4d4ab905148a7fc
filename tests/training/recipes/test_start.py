"""One trainer in a folder, and an end in words: what is wrong is said before torch is even read."""

import errno
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import trainer
from tests.training.recipes.words import Words
from training.recipes import _data, _failures, _saves, _start, checkpoints, dpo, run_dir, sft
from training.recipes._run import Run
from training.recipes._saves import NoWeights
from training.recipes._trainer import NotFinite
from training.recipes.run_dir import Result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that may begin, but for its base, which is nowhere."""
    pairs = trainer.write_pairs(tmp_path / "pairs.parquet")
    return trainer.make_folder(tmp_path / "run", "dpo", tmp_path / "nowhere", pairs)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    import signal

    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def change(folder: Path, **fields: Any) -> None:
    said = json.loads((folder / run_dir.CONFIG).read_text(encoding="utf-8"))
    (folder / run_dir.CONFIG).write_text(json.dumps(said | fields), encoding="utf-8")


def start(folder: Path, recipe: Any = dpo) -> tuple[int, Result]:
    code = _start.main(recipe.__name__.rpartition(".")[2], recipe.train, [str(folder)])
    found = run_dir.read_result(folder)
    assert found is not None
    return code, found


def said(error: Exception, folder: Path, phase: str = "train", **settings: Any) -> str:
    change(folder, settings=trainer.TINY | settings)
    run = Run(folder, "dpo", run_dir.read_config(folder))
    run.phase(phase)
    return _failures.of(error, run).message


def test_a_folder_that_is_not_there_is_a_wrong_call(tmp_path: Path, capsys: Any) -> None:
    assert _start.main("dpo", dpo.train, [str(tmp_path / "gone")]) == _start.main("dpo", dpo.train, []) == 2
    assert "RUN_DIR" in capsys.readouterr().err


def test_a_second_trainer_changes_nothing(folder: Path, capsys: Any) -> None:
    (folder / run_dir.RESULT).write_text("{}", encoding="utf-8")
    with (folder / run_dir.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = {one.name: one.stat().st_mtime_ns for one in folder.iterdir()}
        assert _start.main("dpo", dpo.train, [str(folder)]) == 75
    assert {one.name: one.stat().st_mtime_ns for one in folder.iterdir()} == before
    assert "Another trainer" in capsys.readouterr().err


def test_the_folder_is_free_again_after_a_trainer(folder: Path) -> None:
    assert start(folder)[0] == start(folder)[0] == 1


def test_a_base_that_is_nowhere_is_said(folder: Path) -> None:
    code, result = start(folder)
    assert (code, result.state, result.cause) == (1, "failed", "no_model")
    assert "There is no model at" in result.message and "Choose another base" in result.message
    assert trainer.lines(folder, "end")[0]["name"] == "failed"


def test_a_folder_without_weights_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    assert "config.json and weights in safetensors are needed" in start(folder)[1].message


def test_a_base_that_broke_after_it_was_written_is_said(folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "nowhere"
    base.mkdir()
    for name in ("config.json", "model.safetensors"):
        (base / name).write_text("{}", encoding="utf-8")
    checkpoints.mark(base, 1)
    (base / "model.safetensors").write_text("{", encoding="utf-8")
    assert "is broken: model.safetensors" in start(folder)[1].message


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "sft"}, "this is the recipe dpo"),
        ({"settings": {"learning_rate": -1}}, "learning_rate: From 0 to 1"),
        ({"settings": {"colour": 1}}, "no such setting"),
        ({"colour": 1}, "fields that nothing reads: colour"),
    ],
)
def test_a_config_nobody_can_follow_is_said(folder: Path, fields: dict[str, Any], words: str) -> None:
    change(folder, **fields)
    code, result = start(folder)
    assert (code, result.cause) == (1, "bad_config") and words in result.message


def test_the_sft_recipe_speaks_for_itself(folder: Path) -> None:
    assert "this is the recipe sft" in start(folder, sft)[1].message


def test_a_set_with_nothing_to_learn_is_said(folder: Path) -> None:
    trainer.write_pairs(folder.parent / "pairs.parquet", [trainer.pair(1, prompt=" "), trainer.pair(2, "dev")])
    run = Run(folder, "dpo", run_dir.read_config(folder))
    with pytest.raises(
        _data.BadRows, match=r"Of 1 pairs 0 can be trained on, and 2 are needed at once \(1: the prompt"
    ):
        _data.loaded(run, Words(), "base")
    trainer.write_pairs(folder.parent / "pairs.parquet", [trainer.pair(1)])
    with pytest.raises(_data.BadRows, match="Of 1 pairs 1 can be trained on, and 2 are needed"):
        _data.loaded(run, Words(), "base")
    trainer.write_pairs(folder.parent / "pairs.parquet", [trainer.pair(2, "dev")])
    with pytest.raises(_data.BadRows, match="nothing to learn from"):
        _data.loaded(run, Words(), "base")
    assert _failures.of(_data.BadRows("None."), run).cause == "no_data"


def test_an_old_result_goes_when_a_trainer_starts(folder: Path) -> None:
    run_dir.write(folder / run_dir.RESULT, Result("stopped", step=7))
    assert start(folder)[1].step == 0


def test_memory_that_ran_out_names_what_to_lower(folder: Path) -> None:
    class OutOfMemoryError(RuntimeError):
        pass

    words = said(OutOfMemoryError("CUDA out of memory"), folder)
    assert "Memory ran out while it trained. Lower “Pairs at once” (now 2" in words
    assert "switch on “Recompute activations”" in words and "use LoRA" in words
    assert "“Pairs at once, dev set” (now 2" in said(MemoryError(), folder, "ref_logps")
    assert "Pairs at once" not in said(MemoryError(), folder, per_device_train_batch_size=1)
    assert "work the reference out first" in said(MemoryError(), folder, precompute_ref_log_probs="no")


def test_a_full_disk_says_how_much_is_kept(folder: Path) -> None:
    for error in (OSError(errno.ENOSPC, "No space"), RuntimeError("I/O error: No space left on device (os error 28)")):
        assert "The disk is full (while the model was saved)." in said(error, folder, "save")
        assert "for 3 checkpoints and the model" in said(error, folder, "save")


def test_a_step_without_a_number_names_what_to_change(folder: Path) -> None:
    words = said(NotFinite(), folder, max_grad_norm=10.0, precision="bf16")
    assert "no number at step 1" in words and "lower the gradient clip to 1, or use fp32" in words
    assert "clip" not in said(NotFinite(), folder, max_grad_norm=1.0)


def test_anything_else_is_said_with_where_it_happened(folder: Path) -> None:
    words = said(KeyError("lost"), folder, "load")
    assert words == "The trainer ended while the model was loaded: KeyError: 'lost'. Its log has the rest."
    assert "saves once more" in said(NoWeights(), folder)


def test_checkpoints_that_are_not_whole_make_room_and_broken_ones_are_kept_aside(folder: Path) -> None:
    for step in (2, 4, 6, 8):
        place = checkpoints.at(folder, step)
        place.mkdir(parents=True)
        (place / "weights").write_text(f"{step}", encoding="utf-8")
        if step != 8:
            checkpoints.mark(place, step)
    (checkpoints.at(folder, 6) / "weights").write_text("7", encoding="utf-8")
    run = Run(folder, "dpo", run_dir.read_config(folder))
    assert _saves.last(run) == checkpoints.at(folder, 4)
    assert sorted(one.name for one in (folder / "checkpoints").iterdir()) == [
        "broken-6",
        "checkpoint-2",
        "checkpoint-4",
    ]


def test_older_checkpoints_go_but_never_the_best_one(folder: Path) -> None:
    for step in (1, 2, 3, 4, 5):
        place = checkpoints.at(folder, step)
        place.mkdir(parents=True)
        if step != 5:
            checkpoints.mark(place, step)
    run = Run(folder, "dpo", run_dir.read_config(folder))
    _saves._rotate(run, str(checkpoints.at(folder, 1)))
    # 5 is not whole and does not count; two whole ones are kept, and the best
    assert checkpoints.steps(folder) == [5, 4, 3, 1]
