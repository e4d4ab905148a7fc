"""The recipes really train: two layers, ten steps, on the processor; the runs that can share a process do."""

import math
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from annotations.core.preference_pairs import DEV, TRAIN
from tests import trainer
from training.recipes import checkpoints, run_dir
from training.recipes.run_dir import FINISHED, STOPPED, Result

pytestmark = pytest.mark.slow
BETA = 0.1
ASKED = {"system": "You may talk about plants of kind 1.", "user": "Which plants grow in garden 1?"}


class Ran:
    """Folders of runs in one place, and what the process that ran them said."""

    def __init__(self, place: Path, base: Path):
        self.place, self.base = place, base
        rows = [trainer.pair(number) for number in range(6)] + [trainer.pair(number, DEV) for number in range(3)]
        self.pairs = trainer.write_pairs(place / "pairs.parquet", rows)
        self.two = trainer.write_pairs(place / "two.parquet")
        self.exits: list[tuple[str, int]] = []
        self.equation: dict[str, float] = {}
        self.errors = ""

    def make(self, name: str, kind: str, model: Path | None = None, **more: Any) -> Path:
        return trainer.make_folder(self.place / name, kind, model or self.base, more.pop("pairs", self.pairs), **more)

    def result(self, name: str) -> Result:
        found = run_dir.read_result(self.place / name)
        assert found is not None
        return found

    def values(self, name: str, kind: str) -> dict[int, dict[str, Any]]:
        return {one["step"]: one["values"] for one in trainer.lines(self.place / name, kind)}


def weights(model: Path) -> bytes:
    """The tensors of a file of safetensors, without the header, which may be in any order."""
    held = (model / "model.safetensors").read_bytes()
    return held[8 + struct.unpack("<Q", held[:8])[0] :]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    runs = Ran(tmp_path_factory.mktemp("recipes"), trainer.base(tmp_path_factory.getbasetemp().parent))
    make_all(runs)
    place, tuned = runs.place, runs.place / "sft/model"
    names = ["sft", "dpo", "small", "waived", "stopped@4", "stopped", "finish", "lora", "early", "not-finite", "sft"]
    asked = {
        "first": (tuned, tuned, runs.two, TRAIN),
        "moved": (checkpoints.at(place / "small", 2), tuned, runs.two, TRAIN),
        "end": (place / "dpo/model", tuned, runs.pairs, DEV),
    }
    done = trainer.run_all([f"{place / name}" for name in names] + ["=".join(map(str, one)) for one in asked.values()])
    said = [line.split() for line in done.stdout.splitlines() if line.startswith(("exit ", "loss "))]
    assert len(said) == len(names) + len(asked), done.stderr[-3000:]
    runs.exits = [(name, int(code)) for name, (_, code) in zip(names, said, strict=False)]
    runs.equation = {name: float(loss) for name, (_, loss) in zip(asked, said[len(names) :], strict=True)}
    runs.errors = done.stderr
    return runs


def make_all(runs: Ran) -> None:
    """The folders of all runs of the one process."""
    tuned = runs.place / "sft" / run_dir.MODEL
    runs.make("sft", "sft", prompts=[ASKED], sample_steps=5, sample_tokens=4)
    runs.make("dpo", "dpo", tuned)
    runs.make("small", "dpo", tuned, pairs=runs.two, max_steps=3, save_steps=2, eval_steps=0, warmup_steps=1)
    (runs.make("waived", "dpo", tuned) / run_dir.STOP).touch()
    runs.make("stopped", "dpo", tuned)
    finish = runs.make("finish", "dpo", tuned)
    (finish / run_dir.STOP).write_text(run_dir.FINISH, encoding="utf-8")
    runs.make("lora", "dpo", tuned, max_steps=2, lora=True, lora_r=4, eval_steps=0)
    runs.make("early", "sft", early_stop=1, eval_steps=1, save_steps=4, learning_rate=0.5, warmup_steps=0)
    broken = shutil.copytree(runs.base, runs.place / "broken-base")
    _spoil(broken / "model.safetensors")
    runs.make("not-finite", "sft", broken)


def _spoil(weights: Path) -> None:
    held = bytearray(weights.read_bytes())
    held[-400_000:] = struct.pack("<f", math.nan) * 100_000
    weights.write_bytes(held)


def test_sft_writes_its_model_and_every_step(ran: Ran) -> None:
    result = ran.result("sft")
    assert (result.state, result.step, result.steps) == (FINISHED, 10, 10)
    assert checkpoints.wrong(ran.place / "sft/model") == ""
    assert checkpoints.read(ran.place / "sft/model").sha256 == result.sha256
    assert list(ran.values("sft", "log")) == list(range(1, 11))
    assert {"tokenizer.json", "chat_template.jinja"} <= {one.name for one in (ran.place / "sft/model").iterdir()}


def test_every_step_has_the_figures_that_pages_show(ran: Ran) -> None:
    names = {"loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "tokens_per_second", "step_seconds"}
    rewards = {f"rewards/{name}" for name in ("chosen", "rejected", "margins", "accuracies")}
    assert names | {"memory_bytes"} <= ran.values("sft", "log")[1].keys()
    assert names | rewards <= ran.values("dpo", "log")[1].keys()
    assert ran.values("dpo", "eval").keys() == {5, 10} and "eval_rewards/margins" in ran.values("dpo", "eval")[10]


def test_sft_learns_what_it_sees(ran: Ran) -> None:
    losses = [one["loss"] for one in ran.values("sft", "log").values()]
    assert losses[-1] < losses[0] - 1


def test_dpo_starts_at_the_log_of_two_and_learns(ran: Ran) -> None:
    logged = ran.values("dpo", "log")
    assert logged[1]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert logged[10]["loss"] < 0.5 and logged[10]["rewards/margins"] > 0.5


def test_the_warm_up_begins_at_a_rate_of_nothing(ran: Ran) -> None:
    rates = [one["learning_rate"] for one in ran.values("dpo", "log").values()]
    assert rates[:3] == [0, 0.0005, 0.001] and set(rates[2:]) == {0.001}


def test_the_loss_of_a_step_is_the_equation_of_dpo(ran: Ran) -> None:
    logged, equation = ran.values("small", "log"), ran.equation
    assert equation["first"] == pytest.approx(math.log(2), abs=1e-6)
    assert logged[1]["loss"] == pytest.approx(equation["first"], abs=1e-5)
    # The step after checkpoint 2 takes the loss of its weights before it moves them, over both pairs there are.
    assert abs(equation["moved"] - math.log(2)) > 0.01
    assert logged[3]["loss"] == pytest.approx(equation["moved"], abs=1e-4)


def test_the_loss_of_the_dev_set_is_the_equation_of_dpo(ran: Ran) -> None:
    assert ran.equation["end"] < 0.6
    assert ran.values("dpo", "eval")[10]["eval_loss"] == pytest.approx(ran.equation["end"], abs=1e-4)


def test_the_law_of_the_rows_is_kept_for_each_split(ran: Ran) -> None:
    rows = ran.result("dpo").rows
    assert rows["train"] == {"in": 6, "out": 6, "dropped": {}, "cut": 0}
    assert rows["dev"] == {"in": 3, "out": 2, "dropped": {"beyond_eval_rows": 1}, "cut": 0}


def test_samples_are_answered_before_the_first_step_and_every_five(ran: Ran) -> None:
    found = ran.values("sft", "samples")
    assert list(found) == [0, 5, 10]
    assert all(one["rows"][0].keys() == {"system", "user", "text"} for one in found.values())


def test_the_phases_are_told_as_they_come(ran: Ran) -> None:
    names = [one["name"] for one in trainer.lines(ran.place / "dpo", "phase")]
    assert list(dict.fromkeys(names)) == ["load", "tokenize", "ref_logps", "train", "eval", "save"]
    assert trainer.lines(ran.place / "dpo", "phase", "ref_logps")[-1]["values"]["done"] == 2
    assert trainer.lines(ran.place / "dpo")[-1]["kind"] == "end"


def test_a_result_says_what_it_depends_on(ran: Ran) -> None:
    result = ran.result("dpo")
    assert {"torch", "transformers", "trl", "peft"} <= result.versions.keys()
    assert result.hardware["processes"] == 1 and result.tokens > 500 and result.seconds > 0
    assert result.metrics["eval_loss"] == ran.values("dpo", "eval")[10]["eval_loss"]


def test_only_so_many_checkpoints_are_kept_and_all_are_whole(ran: Ran) -> None:
    assert checkpoints.steps(ran.place / "dpo") == [10, 9]
    assert [checkpoints.wrong(checkpoints.at(ran.place / "dpo", step)) for step in (9, 10)] == ["", ""]


def test_a_stopped_run_saves_and_goes_on_to_the_very_same_weights(ran: Ran) -> None:
    stopped, finished = trainer.lines(ran.place / "stopped", "end")
    assert (stopped["name"], finished["name"]) == (STOPPED, FINISHED) and 4 <= stopped["step"] < 10
    assert not (ran.place / "stopped" / run_dir.STOP).exists()
    assert [one["step"] for one in trainer.lines(ran.place / "stopped", "log")] == list(range(1, 11))
    assert weights(ran.place / "stopped/model") == weights(ran.place / "dpo/model")
    assert ran.result("stopped").tokens == ran.result("dpo").tokens


def test_a_resumed_run_works_the_reference_out_no_second_time(ran: Ran) -> None:
    done = [one["values"]["done"] for one in trainer.lines(ran.place / "stopped", "phase", "ref_logps")]
    # begin and end of the phase in each start; the end speaks of the dev set's two pairs, which came last
    assert done == [0, 2, 0, 0]


def test_a_wish_to_stop_is_obeyed_before_anything_is_trained(ran: Ran) -> None:
    result = ran.result("waived")
    assert (result.state, result.step) == (STOPPED, 0)
    assert trainer.lines(ran.place / "waived", "phase", "train") == []


def test_a_run_that_is_to_finish_writes_the_model_it_has(ran: Ran) -> None:
    result = ran.result("finish")
    assert (result.state, result.step, result.steps) == (FINISHED, 1, 10)
    assert checkpoints.read(ran.place / "finish/model").step == 1


def test_a_finished_run_is_left_alone(ran: Ran) -> None:
    assert ran.exits[-1] == ("sft", 0) and "has finished" in ran.errors
    assert len(trainer.lines(ran.place / "sft", "end")) == 1


def test_lora_leaves_a_whole_model_and_its_adapter(ran: Ran) -> None:
    model, adapter = ran.place / "lora/model", ran.place / "lora/adapter"
    assert checkpoints.wrong(model) == "" and (adapter / "adapter_model.safetensors").is_file()
    assert not (model / "adapter_config.json").exists() and (model / "chat_template.jinja").is_file()
    assert len(weights(model)) == len(weights(ran.place / "sft/model"))
    assert weights(model) != weights(ran.place / "sft/model")


def test_an_early_stop_keeps_the_step_the_dev_set_liked_best(ran: Ran) -> None:
    losses = {step: one["eval_loss"] for step, one in ran.values("early", "eval").items()}
    best = min(losses, key=lambda step: losses[step])
    result = ran.result("early")
    assert result.step < 10 and result.best_step == best == checkpoints.read(ran.place / "early/model").step
    assert best == max(losses) - 1
    assert weights(ran.place / "early/model") == weights(checkpoints.at(ran.place / "early", best))


def test_a_loss_that_is_no_number_ends_the_run_at_once(ran: Ran) -> None:
    result = ran.result("not-finite")
    assert ("not-finite", 1) in ran.exits
    assert (result.cause, result.step) == ("not_finite", 0)
    assert "no number at step 1" in result.message and "Lower the learning rate" in result.message
    assert checkpoints.steps(ran.place / "not-finite") == []


def stopped_at(process: subprocess.Popen[bytes], folder: Path, step: int) -> None:
    """Nothing; the trainer has done that step, and stands still before it has done many more."""
    until = monotonic() + trainer.LONGEST_SECONDS
    while not any(one["step"] >= step for one in trainer.lines(folder, "log")):
        assert process.poll() is None and monotonic() < until
        os.killpg(process.pid, signal.SIGCONT)
        sleep(0.02)
        os.killpg(process.pid, signal.SIGSTOP)


@pytest.fixture(scope="module")
def killed(ran: Ran) -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """A run killed after its seventh step, while a second trainer wanted its folder; its newest checkpoint broken."""
    folder = ran.make("killed", "dpo", ran.place / "sft/model")
    (folder / run_dir.RESULT).write_text('{"state": "stopped"}', encoding="utf-8")
    process = trainer.start(folder)
    try:
        stopped_at(process, folder, 1)
        before = (folder / run_dir.CONFIG).stat().st_mtime_ns, (folder / run_dir.LOCK).stat().st_mtime_ns
        second = trainer.python("-m", "training.recipes.dpo", str(folder))
        assert before == ((folder / run_dir.CONFIG).stat().st_mtime_ns, (folder / run_dir.LOCK).stat().st_mtime_ns)
        stopped_at(process, folder, 7)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    shutil.rmtree(checkpoints.at(folder, 9), ignore_errors=True)  # where it came further than that
    newest = checkpoints.at(folder, 6) / "optimizer.pt"
    newest.write_bytes(newest.read_bytes()[:-1] + b"!")
    yield folder, second
    shutil.rmtree(folder)


def test_a_killed_run_goes_on_from_the_last_whole_checkpoint_as_if_nothing_had_been(
    ran: Ran, killed: tuple[Path, Any]
) -> None:
    folder, _ = killed
    before = len(trainer.lines(folder, "log"))
    assert trainer.run_recipe(folder) == 0
    steps = [one["step"] for one in trainer.lines(folder, "log")]
    assert steps[before:] == [4, 5, 6, 7, 8, 9, 10]
    assert weights(folder / "model") == weights(ran.place / "dpo/model")
    assert (folder / "checkpoints/broken-6/FINISHED.json").is_file()


def test_a_second_trainer_ends_at_once_and_touches_nothing(killed: tuple[Path, Any]) -> None:
    folder, second = killed
    assert second.returncode == 75 and "Another trainer is at work" in second.stderr
    assert len(trainer.lines(folder, "phase", "load")) < 10
