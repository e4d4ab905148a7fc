"""The end of a run: the model is written, unless somebody only wanted the trainer to stop."""

from training.recipes import _result, _saves
from training.recipes._asked import STOP
from training.recipes._run import Run
from training.recipes.run_dir import Result


def of(run: Run, base: str) -> Result:
    """How the run ended, once its model lies in `model/`."""
    if run.asked == STOP:
        return _result.stopped(run)
    return _result.finished(run, _saves.model(run, base))
