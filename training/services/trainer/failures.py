"""Why a training run failed, in words for the person who launched it: what happened, and what to change."""

import errno
import re
import signal

from training.recipes import run_dir
from training.recipes.run_dir import Result

LAST_LINES, LAST_SIGNS = 6, 800
SAME_DEATHS = 3
SMALLER = (
    "Take fewer pairs at once, a shorter longest pair, recompute activations, use LoRA, or give it more cards; then "
    "start it anew."
)
ADVICE = {
    run_dir.OUT_OF_MEMORY: SMALLER,
    run_dir.NOT_FINITE: "Lower the learning rate, lengthen the warm-up or clip gradients sooner, and start it anew.",
    run_dir.NO_MODEL: "See on the page of the base model where its weights should lie, then resume.",
    run_dir.NO_DATA: "Choose a preference set with more pairs, or a longer longest pair, and start it anew.",
    run_dir.NO_DISK: "Make room where training runs lie, or keep fewer checkpoints, then resume.",
    run_dir.BUSY: "Another trainer is at work in the folder of this run. Wait a minute, then resume.",
    run_dir.BAD_CONFIG: "Start it anew with other settings.",
}
MEMORY = "The machine's memory ran out, or somebody killed the trainer (signal 9)."
SIGNAL = "The trainer was ended by {name}."
CODE = "The trainer ended with exit code {code} and no result."
NO_WORD = "The trainer ended without a word."
AGAIN = " That happened {times} times in a row without a new checkpoint."
SILENT = "The trainer wrote nothing for {minutes:.0f} minutes and was stopped. Its log says where it stood; resume."
NOT_STARTED = "The trainer could not be started: {why}."
BROKEN_RESULT = "The trainer ended, and what it wrote of its end cannot be read. {why} Resume."
FULL = "The disk of {node} is full where training runs lie. Make room, then resume."
FOLDER = "The folder of this run cannot be used on {node}: {why}. See to it, then resume."
SIGNS = (
    (re.compile(r"out of memory|cannot allocate memory|MemoryError|DefaultCPUAllocator", re.I), run_dir.OUT_OF_MEMORY),
    (re.compile(r"no space left on device|disk quota exceeded", re.I), run_dir.NO_DISK),
)
"""What stands in the log of a trainer that could not say itself why it ended."""
SAID = {
    run_dir.OUT_OF_MEMORY: "The memory ran out.",
    run_dir.NO_DISK: "The disk is full.",
}
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_RANK = re.compile(r"exitcode\s*:\s*(-?\d+)")


def words(result: Result) -> str:
    """Why the run failed, as its trainer said it, and what to do."""
    said = result.message.strip() or "The trainer failed and did not say why."
    at = f" It was at step {result.step:,}." if result.step else ""
    return f"{_sentence(said)}{at} {ADVICE.get(result.cause, 'The log says more; resume when it is mended.')}"


def words_of_death(code: int | None, log: str, times: int) -> str:
    """Why a trainer ended that left no result, from its exit code (None: nobody knows it) and the end of its log."""
    again = AGAIN.format(times=times) if times > 1 else ""
    last = last_lines(log)
    told = f" Its last lines: {last}" if last else " Its log is empty."
    return f"{_death(code, log)}{again}{told}"


def words_of_system(problem: OSError | run_dir.BadRunDir, node: str) -> str:
    """Why a run cannot go on whose folder the system of its node does not give."""
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL.format(node=node)
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return FOLDER.format(node=node, why=(why or type(problem).__name__).rstrip("."))


def last_lines(log: str) -> str:
    """The last few lines of a log that say something, as one text."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return " / ".join(lines[-LAST_LINES:])[-LAST_SIGNS:]


def _death(code: int | None, log: str) -> str:
    if missing := _MISSING.search(log):
        return f"The training environment lacks {missing[1]}. Run “make training” on the node, then resume."
    for sign, cause in SIGNS:
        if sign.search(log):
            return f"{SAID[cause]} {ADVICE[cause]}"
    ranks = [int(found) for found in _RANK.findall(log)]
    if code is not None and code >= 0 and -signal.SIGKILL in ranks:
        code = -signal.SIGKILL
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return f"{MEMORY} {SMALLER}"
    if code is not None and code < 0:
        return SIGNAL.format(name=_name(-code))
    return NO_WORD if code is None else CODE.format(code=code)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _sentence(text: str) -> str:
    return text if text[-1:] in ".!?”)" else f"{text}."
