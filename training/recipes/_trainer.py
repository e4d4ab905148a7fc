"""TRL's trainers as the recipes use them: watched at every step, asked to end, resumed from a checkpoint that is whole.

Nothing of torch or TRL is imported up here, because the application reads this folder's modules and has neither.
"""

import math
from typing import Any

from training.recipes import _lines, _saves
from training.recipes._asked import GO_ON, STOP, Stopped
from training.recipes._callbacks import EarlyStop, Enough, Look, Record, Wishes
from training.recipes._run import Run


class NotFinite(ArithmeticError):
    """The gradient of a step is no number; the weights are those of the step before."""


class Watched:
    """What stands before a trainer of TRL: its rows are ids that fit, and the run hears of everything it does."""

    run: Run
    _done = _total = 0

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Nothing: the registry writes the card, from what it knows of the run."""

    def get_eval_dataloader(self, *given: Any) -> Any:
        """Every pair of the dev set; only the batches of training leave a rest out."""
        arguments = self.args  # type: ignore[attr-defined]
        dropped, arguments.dataloader_drop_last = arguments.dataloader_drop_last, False
        try:
            return super().get_eval_dataloader(*given)  # type: ignore[misc]
        finally:
            arguments.dataloader_drop_last = dropped

    def _get_grad_norm(self, *given: Any, **more: Any) -> Any:
        self.run.grad_norm = super()._get_grad_norm(*given, **more)  # type: ignore[misc]
        if not math.isfinite(float(self.run.grad_norm)):
            raise NotFinite
        return self.run.grad_norm

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        if self.run.lines.name != _lines.REF_LOGPS:
            self.run.phase(_lines.REF_LOGPS, len(dataset))
        self._done, self._total = 0, len(dataset)
        found = super()._precompute_ref_logps(dataset, name, batch_size)  # type: ignore[misc]
        self.run.lines.progress(self._done, self._total)
        return found

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        """The reference's log-probabilities; between two batches the trainer may be asked to end."""
        found = super().compute_ref_log_probs(model, inputs)  # type: ignore[misc]
        self._done = min(self._total, self._done + len(found[0]) * self.run.processes)
        self.run.lines.progress(self._done, self._total)
        if self.run.wishes.together() == STOP:
            raise Stopped
        return found


def made(kind: type, run: Run, **given: Any) -> Any:
    """A trainer of that kind of TRL, watched; its model is loaded, and the reference worked out where it is asked."""
    run.phase(_lines.LOAD)
    watched = type(kind.__name__, (Watched, kind), {"run": run})
    parts = [Record, Wishes, Look] + ([EarlyStop] if run.settings.early_stop and given["eval_dataset"] else [])
    run.trainer = watched(**given, callbacks=[_callback(part, run) for part in parts])
    return run.trainer


def go(run: Run) -> None:
    """Nothing; the model is trained, from the last whole checkpoint on. Raises NotFinite, and Stopped when asked to."""
    trainer = run.trainer
    checkpoint = run.first_alone(lambda: _saves.last(run))
    run.phase(_lines.TRAIN)
    _saves.remember(run, checkpoint)
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except Enough:
        if trainer.state.best_model_checkpoint:
            trainer._load_best_model()
    if run.asked == GO_ON and _looks(run) and run.looked_at != trainer.state.global_step:
        trainer.evaluate()


def _looks(run: Run) -> bool:
    """Whether the dev set is looked at once more at the end: not where the model is an earlier, better one."""
    return run.trainer.eval_dataset is not None and not run.trainer.args.load_best_model_at_end


def _callback(part: type, run: Run) -> Any:
    from transformers import EarlyStoppingCallback, TrainerCallback

    if part is EarlyStop:
        return type(part.__name__, (part, EarlyStoppingCallback), {"run": run})(run.settings.early_stop)
    return type(part.__name__, (part, TrainerCallback), {"run": run})()
