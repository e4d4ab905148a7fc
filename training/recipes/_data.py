"""The rows of a run as TRL takes them, made by the first process and read by all."""

from typing import Any, NamedTuple

from training.recipes import _lines, _row_files
from training.recipes._row_files import Wanted
from training.recipes._run import Run
from training.recipes.rows import REASONS, BadRows

ROWS = "rows"


class Data(NamedTuple):
    """Data sets of token ids; `dev` is None where the run does not look at one."""

    train: Any
    dev: Any


def loaded(run: Run, tokenizer: Any, base: str) -> Data:
    """The run's rows; `run.rows` is their law. Raises BadRows when there are none to train on."""
    run.phase(_lines.TOKENIZE)
    folder, wanted = run.folder / ROWS, _wanted(run, base)
    run.rows = run.first_alone(lambda: _row_files.written(wanted, folder, tokenizer, run.unless_stopped))
    _enough(run)

    from datasets import Dataset

    dev = Dataset.from_file(str(folder / "dev.arrow")) if run.rows["dev"]["out"] else None
    return Data(Dataset.from_file(str(folder / "train.arrow")), dev)


def _wanted(run: Run, base: str) -> Wanted:
    settings = run.settings
    return Wanted(
        run.folder / run.config.pairs,
        run.kind,
        base,
        settings.max_length,
        settings.max_prompt_length,
        settings.eval_rows if settings.eval_steps else 0,
    )


def _enough(run: Run) -> None:
    law, settings = run.rows["train"], run.settings
    at_once = settings.per_device_train_batch_size * run.processes
    if law["out"] >= at_once:
        return
    if not law["in"]:
        raise BadRows("No pair of the set is of the split train, so there is nothing to learn from.")
    lost = "; ".join(f"{number}: {REASONS[reason]}" for reason, number in law["dropped"].items())
    raise BadRows(
        f"Of {law['in']} pairs {law['out']} can be trained on, and {at_once} are needed at once"
        f"{f' ({lost})' if lost else ''}. Build a larger set, raise the longest pair, or lower “Pairs at once”."
    )
