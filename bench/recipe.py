"""How fast the DPO recipe trains beside a plain TRL script with the same model, pairs and arguments.

    python -m bench.recipe [--base FOLDER] [--steps 40] [--rounds 3]

Without `--base` it is a model of two layers, for which everything that is not training weighs most. Both are run in
turn, each in a process of its own; compared are the medians of the seconds from one step's log to the next, checkpoints
left out. The aim is a ratio of at least 0.98 on a model of a size people train.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from tests import trainer

PAIRS = 64


def folder(place: Path, name: str, base: Path, pairs: Path, steps: int) -> Path:
    """A run of so many steps without dev set, samples and checkpoints."""
    far = {"max_steps": steps, "save_steps": 10 * steps, "eval_steps": 0, "eval_rows": 0, "max_length": 256}
    return trainer.make_folder(place / name, "dpo", base, pairs, **far, max_prompt_length=192)


def of_recipe(place: Path) -> list[float]:
    """The seconds between the logs of the recipe's steps."""
    if trainer.run_recipe(place):
        raise SystemExit((place / "log").read_text(encoding="utf-8")[-2000:])
    at = [one["t"] for one in trainer.lines(place, "log")]
    return [later - sooner for sooner, later in zip(at, at[1:], strict=False)]


def of_plain(place: Path) -> list[float]:
    """The seconds between the logs of a plain script's steps."""
    done = trainer.python("-m", "bench.plain_trl", str(place))
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run both in turn and print their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if not trainer.PYTHON.exists():
        raise SystemExit("The environment that trains is missing. Run: make training")
    ratios = []
    with tempfile.TemporaryDirectory(prefix="cosa-bench-") as place:
        base = asked.base or trainer.base(Path(place))
        rows = [trainer.pair(number) for number in range(PAIRS)]
        pairs = trainer.write_pairs(Path(place) / "pairs.parquet", rows)
        for turn in range(asked.rounds):
            ours, plain = (
                median(run(folder(Path(place), f"{run.__name__}-{turn}", base, pairs, asked.steps)))
                for run in (of_recipe, of_plain)
            )
            ratios.append(plain / ours)
            print(
                f"round {turn + 1}: recipe {ours * 1e3:.1f} ms a step, plain {plain * 1e3:.1f} ms, {plain / ours:.3f}"
            )
    print(f"median ratio {median(ratios):.3f} (1 is as fast as plain TRL)")


if __name__ == "__main__":
    main()
