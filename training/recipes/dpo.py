"""Direct preference optimisation (DPO) of a model on pairs of responses, with TRL.

    python -m training.recipes.dpo RUN_DIR
    accelerate launch --config_file FILE -m training.recipes.dpo RUN_DIR

The loss of a pair is -log sigmoid(β ((log p(chosen) - log p0(chosen)) - (log p(rejected) - log p0(rejected)))), with
p the model and p0 its base. Source: Rafailov et al. 2023, Eq. 7; settings of Zhang et al. 2025.
"""

import sys

from training.recipes import _base, _data, _ending, _start, _trainer
from training.recipes._run import Run
from training.recipes.run_dir import DPO, Result


def train(run: Run) -> Result:
    """How the run ended. What can go wrong is in `_failures`."""
    base = _base.ready(run)
    tokenizer = _base.tokenizer(base, run.name)
    data = _data.loaded(run, tokenizer, base)

    from trl import DPOConfig, DPOTrainer

    _trainer.made(
        DPOTrainer,
        run,
        # A path and never a model in memory: TRL reads the reference from this path again.
        model=base,
        args=DPOConfig(**run.arguments(dev=data.dev is not None)),
        train_dataset=data.train,
        eval_dataset=data.dev,
        processing_class=tokenizer,
        peft_config=_base.lora(run.settings),
    )
    _trainer.go(run)
    return _ending.of(run, base)


if __name__ == "__main__":
    sys.exit(_start.main(DPO, train, sys.argv[1:]))
