"""Supervised fine-tuning (SFT) of a model on the chosen responses of pairs, with TRL.

    python -m training.recipes.sft RUN_DIR
    accelerate launch --config_file FILE -m training.recipes.sft RUN_DIR

One row for each config and prompt, its target the last chosen response; the loss is the mean of -log p over the tokens
of the response. Source: the first stage of Zhang et al. 2025.
"""

import sys

from training.recipes import _base, _data, _ending, _start, _trainer
from training.recipes._run import Run
from training.recipes.run_dir import SFT, Result


def train(run: Run) -> Result:
    """How the run ended. What can go wrong is in `_failures`."""
    base = _base.ready(run)
    tokenizer = _base.tokenizer(base, run.name)
    data = _data.loaded(run, tokenizer, base)

    from trl import SFTConfig, SFTTrainer

    _trainer.made(
        SFTTrainer,
        run,
        model=base,
        args=SFTConfig(**run.arguments(dev=data.dev is not None)),
        train_dataset=data.train,
        eval_dataset=data.dev,
        processing_class=tokenizer,
        peft_config=_base.lora(run.settings),
    )
    _trainer.go(run)
    return _ending.of(run, base)


if __name__ == "__main__":
    sys.exit(_start.main(SFT, train, sys.argv[1:]))
