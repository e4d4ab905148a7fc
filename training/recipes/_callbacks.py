"""What happens between the steps: figures are written, the dev set and samples looked at, wishes to end obeyed."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.recipes import _lines, _samples, _saves
from training.recipes._asked import GO_ON
from training.recipes._run import Run

_LOSS = "eval_loss"


class Enough(Exception):
    """A resumed trainer has all its steps behind it already."""


class Record:
    """Writes the figures of each step, and a checkpoint's line once it is whole."""

    run: Run
    _began = _spent = 0.0
    _steps = _tokens = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; the lines know the steps from here on."""
        self.run.lines.step, self.run.lines.steps = state.global_step, state.max_steps
        self._tokens = self.run.trainer._total_train_tokens = self.run.tokens

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing. Raises Enough when no step is left to do."""
        if state.global_step >= state.max_steps:
            raise Enough
        self._began = time.monotonic()

    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; whoever watches sees that a long step goes on."""
        self.run.lines.progress(state.global_step, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; the step is counted."""
        self._spent, self._steps = self._spent + time.monotonic() - self._began, self._steps + 1
        self.run.lines.step = state.global_step
        self.run.lines.progress(state.global_step, state.max_steps)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
        """Nothing; the figures are written, with tokens a second over the steps alone."""
        if "loss" not in logs:
            return
        self.run.tokens = int(logs.get("num_tokens", 0))
        said: dict[str, Any] = {**logs, "memory_bytes": memory()}
        if self._steps and self._spent:
            said["step_seconds"] = round(self._spent / self._steps, 4)
            said["tokens_per_second"] = round((self.run.tokens - self._tokens) / self._spent, 1)
        self._tokens, self._spent, self._steps = self.run.tokens, 0.0, 0
        self.run.lines.write(_lines.LOG, said)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; what was saved is whole, and only now older checkpoints go."""
        _saves.finished(self.run, state)


class Look:
    """Writes what the dev set says, and answers fixed prompts every so many steps."""

    run: Run
    _seen = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; what the base says stands before the first step."""
        if self.run.settings.sample_steps and state.global_step == 0:
            _samples.write(self.run)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; samples are written where it is time for them."""
        every = self.run.settings.sample_steps
        if every and (state.global_step % every == 0 or state.global_step >= state.max_steps):
            _samples.write(self.run)

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; a batch of the dev set is done, and whoever watches sees that it goes on."""
        self._seen += 1
        self.run.lines.progress(state.global_step, state.max_steps)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **_: Any) -> None:
        """Nothing; the figures of the dev set are written."""
        values = {"seconds": metrics.get("eval_runtime"), "done": self._seen, "total": self._seen}
        self._seen, self.run.looked_at = 0, state.global_step
        self.run.lines.write(_lines.EVAL, metrics)
        self.run.lines.write(_lines.PHASE, values, _lines.LOOK)


class Wishes:
    """Ends the training after a step, with a checkpoint, where somebody asked for it."""

    run: Run

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing; all processes save and end at the same step."""
        asked = self.run.wishes.together()
        if asked != GO_ON and state.global_step < state.max_steps:
            self.run.asked = asked
            control.should_save = control.should_log = control.should_training_stop = True


class EarlyStop:
    """Ends the training when the dev set no longer gets better; it remembers over a resume, and keeps every look."""

    run: Run
    early_stopping_patience: int
    early_stopping_patience_counter: int

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Nothing; the looks since the best one are counted again."""
        super().on_train_begin(args, state, control, **more)  # type: ignore[misc]
        losses = [one[_LOSS] for one in state.log_history if _LOSS in one]
        self.early_stopping_patience_counter = len(losses) - 1 - losses.index(min(losses)) if losses else 0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Nothing. Raises Enough when the dev set had said so before the resume."""
        if self.early_stopping_patience_counter >= self.early_stopping_patience:
            raise Enough

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any, **more: Any) -> None:
        """Nothing; the look is kept, because it may be the best one."""
        super().on_evaluate(args, state, control, metrics, **more)  # type: ignore[misc]
        control.should_save = True


def memory() -> int:
    """The most bytes that the card's tensors took; without a card, those that this process has now."""
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
