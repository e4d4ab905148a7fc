"""Looks at the base and the pairs of a run before it trains: python -m training.recipes.check RUN_DIR

Reads config.json, writes check.json: what was found, `problems` that forbid a launch and `warnings`, each in a sentence
that says what to do. Needs the trainer's libraries and loads no weight.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, time
from typing import Any

from annotations.core.preference_pairs import DEV, TRAIN
from training.recipes import _check_base, _check_rows, run_dir, settings
from training.recipes._check_base import Base
from training.recipes._check_template import look
from training.recipes.model_facts import Unreadable
from training.recipes.rows import REASONS, BadRows
from training.recipes.run_dir import BadRunDir, Config
from training.recipes.settings import BadSettings, TrainingSettings

PHASE = "check"
MUCH_CUT, MUCH_LOST = 0.05, 0.01
_EVERY_SECONDS = 1.0
NO_END = "The tokenizer of the base has no token that ends an answer. Take another base, or mend its tokenizer."
TOO_SHORT = "Pairs may have {longest:,} tokens and the base takes {context:,}. Choose a shorter longest pair."
NOTHING = "No pair is left to train on: {why}. Choose another preference set, or a longer longest pair."
NO_DEV = "The set has no pair of a dev split, so that nothing is seen of the run but its own loss."
NO_STOP = "An early stop needs pairs of a dev split, and none is left. Choose another set, or no early stop."
CUT = "{cut:,} of {looked:,} pairs are longer than {longest:,} tokens and are cut ({share:.1%})."
LOST = "{lost:,} of {looked:,} pairs are left out ({share:.1%}): {why}."
UNLIKE = (
    "In {unlike:,} of {looked:,} pairs the end of the prompt reads otherwise once an answer follows; these tokens are "
    "trained as part of the answer."
)
Found = dict[str, Any]


def check(folder: Path) -> Found:
    """What was found; it lies in the folder's check.json too. Raises BadRunDir, BadSettings."""
    config, began = run_dir.read_config(folder), monotonic()
    wanted, told = settings.read(config.settings), _Progress(folder)
    found: Found = {"problems": [], "warnings": []}
    told(0, 0)
    try:
        base = _check_base.load(config.base, folder)
        found |= _of_base(found, base, wanted)
        if found["template"]["problem"] == "":
            found |= _check_rows.measure(folder / config.pairs, base.tokenizer, config.kind, wanted, told)
            _weigh(found, config, wanted)
    except (Unreadable, BadRows) as problem:
        found["problems"].append(str(problem))
    found["seconds"] = round(monotonic() - began, 1)
    run_dir.write(folder / run_dir.CHECK, found)
    return found


def _of_base(found: Found, base: Base, wanted: TrainingSettings) -> Found:
    """Model, tokens and template; what is wrong with them is added to what was found."""
    import transformers

    facts, tokenizer, template = base.facts, base.tokenizer, look(base.tokenizer)
    long = TOO_SHORT.format(longest=wanted.max_length, context=facts.context)
    problems = [
        _check_base.problem(facts),
        template.problem,
        "" if tokenizer.eos_token else NO_END,
        long if 0 < facts.context < wanted.max_length else "",
    ]
    found["problems"] += filter(None, problems)
    found["warnings"] += template.warnings
    return {
        "model": facts._asdict() | {"transformers": transformers.__version__},
        "tokens": {name: str(getattr(tokenizer, name) or "") for name in ("bos_token", "eos_token", "pad_token")},
        "template": template._asdict(),
    }


def _weigh(found: Found, config: Config, wanted: TrainingSettings) -> None:
    """Nothing; what the counts of pairs mean for the run stands among problems and warnings."""
    train, dev = found["rows"][TRAIN], found["rows"][DEV]
    if not train["out"]:
        found["problems"].append(NOTHING.format(why=_reasons(train) or "the set has none for training"))
    if not dev["out"] and wanted.early_stop:
        found["problems"].append(NO_STOP)
    elif not dev["out"] and wanted.eval_steps and wanted.eval_rows:
        found["warnings"].append(NO_DEV)
    found["warnings"] += _amounts(found, train, wanted)


def _amounts(found: Found, train: Found, wanted: TrainingSettings) -> Iterator[str]:
    looked, lost, unlike = train["looked"], train["looked"] - train["out"], found["lengths"]["unlike"]
    if looked and train["cut"] > MUCH_CUT * looked:
        share = train["cut"] / looked
        yield CUT.format(cut=train["cut"], looked=looked, longest=wanted.max_length, share=share)
    if looked and train["out"] and lost > MUCH_LOST * looked:
        yield LOST.format(lost=lost, looked=looked, share=lost / looked, why=_reasons(train))
    if unlike:
        yield UNLIKE.format(unlike=unlike, looked=found["lengths"]["looked"])


def _reasons(law: Found) -> str:
    return "; ".join(f"{many:,} × {REASONS[reason]}" for reason, many in {**law["left"], **law["dropped"]}.items())


class _Progress:
    """Tells how far the check is: a line of metrics.jsonl, and one of its own output, at most once a second."""

    def __init__(self, folder: Path):
        self._file, self._began, self._at = folder / run_dir.METRICS, monotonic(), float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if done != total and monotonic() - self._at < _EVERY_SECONDS:
            return
        self._at = monotonic()
        values = {"seconds": round(self._at - self._began, 1), "done": done, "total": total}
        line = {"t": time(), "kind": "phase", "name": PHASE, "step": 0, "steps": 0, "values": values}
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
        sys.stderr.write(f"{done} of {total}\n")


def main(arguments: list[str]) -> int:
    """0 when the check was made, whatever it found; 1 and a sentence when the folder cannot be used; 2 for misuse."""
    if len(arguments) != 1:
        sys.stderr.write("python -m training.recipes.check RUN_DIR\n")
        return 2
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        check(Path(arguments[0]))
    except (BadRunDir, BadSettings) as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
