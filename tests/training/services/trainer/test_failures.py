"""Every way a run can fail is said in words: what happened, and what to change."""

import pytest

from training.recipes import run_dir
from training.recipes.run_dir import CAUSES, Result
from training.services.trainer import failures


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_comes_with_what_to_do(cause):
    said = failures.words(Result("failed", cause=cause, message="It broke", step=1200))
    assert said.startswith("It broke. It was at step 1,200. ") and said.endswith(".")
    assert len(said) > 60 and "None" not in said


def test_a_failure_without_a_word_is_still_a_sentence():
    assert failures.words(Result("failed")) == (
        "The trainer failed and did not say why. The log says more; resume when it is mended."
    )


@pytest.mark.parametrize(
    ("code", "log", "begins"),
    [
        (-9, "", "The machine's memory ran out, or somebody killed the trainer (signal 9)."),
        (137, "", "The machine's memory ran out"),
        (1, "  exitcode  : -9 (pid: 17)", "The machine's memory ran out"),
        (-15, "", "The trainer was ended by SIGTERM."),
        (-99, "", "The trainer was ended by signal 99."),
        (3, "", "The trainer ended with exit code 3 and no result."),
        (None, "", "The trainer ended without a word."),
        (1, "torch.OutOfMemoryError: CUDA out of memory. Tried", "The memory ran out. Take fewer pairs at once"),
        (1, "OSError: [Errno 28] No space left on device", "The disk is full. Make room"),
        (1, "ModuleNotFoundError: No module named 'trl'", "The training environment lacks trl. Run “make training”"),
    ],
)
def test_a_death_without_a_result_is_read_from_its_code_and_its_log(code, log, begins):
    assert failures.words_of_death(code, log, 1).startswith(begins)


def test_the_last_lines_of_the_log_are_told_and_not_the_whole_of_it():
    log = "".join(f"line {number}\n\n" for number in range(100))
    said = failures.words_of_death(1, log, 3)
    assert said.endswith(
        "3 times in a row without a new checkpoint. Its last lines: "
        + " / ".join(f"line {number}" for number in range(94, 100))
    )
    assert failures.words_of_death(1, " \n", 1).endswith("Its log is empty.")
    assert len(failures.last_lines("x" * 5_000)) == failures.LAST_SIGNS


def test_every_cause_of_the_recipes_but_the_unknown_one_has_its_advice():
    assert set(failures.ADVICE) == set(CAUSES) - {run_dir.OTHER}
