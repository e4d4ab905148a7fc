"""`python -m bench.plain_trl RUN_DIR`: the recipe's DPO as a user of TRL would write it, in the trainer's Python.

It reads the run's own config, so that model, pairs and arguments are the same, and prints the seconds between the logs
of its steps as one list of JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from training.recipes import run_dir
from training.recipes._arguments import arguments
from training.recipes.run_dir import DPO
from training.recipes.settings import read


def rows(pairs: str) -> list[dict[str, Any]]:
    """The pairs to train on in TRL's conversational form."""
    import pyarrow.parquet as pq

    found = [row for row in pq.read_table(pairs).to_pylist() if row["split"] == "train"]
    return [
        {
            "prompt": [
                {"role": "system", "content": row["system_prompt"]},
                {"role": "user", "content": row["prompt"]},
            ],
            "chosen": [{"role": "assistant", "content": row["chosen_response"]}],
            "rejected": [{"role": "assistant", "content": row["rejected_response"]}],
        }
        for row in found
    ]


def main(folder: Path) -> None:
    """Train as the folder's config says, without anything of the recipe's own."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import DPOConfig, DPOTrainer

    at: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        """Notes when a step was logged."""

        def on_log(self, *_: Any, logs: dict[str, Any] | None = None, **__: Any) -> None:
            """Nothing; the time is kept."""
            if logs and "loss" in logs:
                at.append(time.time())

    config = run_dir.read_config(folder)
    told = arguments(read(config.settings), DPO, 1, folder, dev=False) | {"use_cpu": True}
    DPOTrainer(
        model=config.base,
        args=DPOConfig(**told),
        train_dataset=Dataset.from_list(rows(config.pairs)),
        callbacks=[Clock()],
    ).train()
    print(json.dumps([later - sooner for sooner, later in zip(at, at[1:], strict=False)]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
