"""What an estimate of a training run stands on: rows, texts, base and node as far as they are known."""

import re
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from annotations.models import LanguageModel, PreferenceSet
from annotations.models.work import FINISHED
from training.models import Node, TrainingRun
from training.models.training import LOG
from training.recipes import model_facts
from training.recipes.model_facts import Facts, Unreadable
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import TrainingSettings
from training.services import weights
from training.services.trainer import estimate
from training.services.trainer.estimate import Ground, Part

COMPUTED, MEASURED, UNKNOWN = HOW = ("computed", "measured", "unknown")
POINTS = 500
ALIKE = ("precision", "lora", "activation_checkpointing", "per_device_train_batch_size")
"""Settings that steps must share for the seconds of one run to say something of another."""
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s?([bm])(?![a-z])", re.IGNORECASE)
Found = dict[str, Any]


class Asked(NamedTuple):
    """A run as far as it is chosen; `checked` is what its check found, empty before."""

    kind: str
    settings: TrainingSettings
    base: LanguageModel
    preference_set: PreferenceSet
    node: Node
    gpus: int
    checked: Found = {}


def estimated(asked: Asked) -> Found:
    """Steps, memory, disk and time of the run as JSON; `unknown` says in sentences what nobody knows yet.

    Raises BadSettings when the pairs of a step cannot be shared evenly.
    """
    facts, base_from = _facts(asked)
    rows, rows_from = _rows(asked)
    tokens, tokens_from = _tokens(asked)
    count = estimate.steps(rows, asked.settings, asked.gpus)
    found: Found = {"steps": count, "rows": rows, "tokens": round(tokens), "at_most": bool(rows_from or tokens_from)}
    found["unknown"] = [said for said in (base_from, rows_from, tokens_from) if said]
    if facts is None:
        return found | _time(None, UNKNOWN, "")
    ground = Ground(asked.kind, rows, tokens, asked.settings, facts, asked.gpus)
    return found | {"parameters": facts.parameters} | _room(asked, ground) | _seconds(asked, ground, count)


def _room(asked: Asked, ground: Ground) -> Found:
    """Memory and disk beside what there is; 0 where the node has not said it."""
    cards = list(asked.node.gpus.order_by("memory_bytes")[: max(1, asked.gpus)]) if asked.gpus else []
    has = min((card.memory_bytes for card in cards), default=0) if asked.gpus else asked.node.memory_bytes
    memory, disk = estimate.memory(ground), estimate.disk(ground)
    return {
        "memory": _plain(memory),
        "need": estimate.total(memory),
        "has": has,
        "where": (cards[0].name if cards else "a card") if asked.gpus else "the machine",
        "host": estimate.host(ground),
        "host_has": asked.node.memory_bytes,
        "disk": _plain(disk),
        "disk_need": estimate.total(disk),
        "disk_free": asked.node.free_bytes,
    }


def _plain(parts: tuple[Part, ...]) -> list[list[Any]]:
    return [[part.what, part.bytes] for part in parts]


def _seconds(asked: Asked, ground: Ground, count: int) -> Found:
    if before := _before(asked):
        run, step = before
        ours, theirs = _step_tokens(asked.settings, ground.tokens), _step_tokens_of(run)
        said = f"measured: {step:.1f} s a step of training run {run.pk} here, for as many tokens as a step of this one"
        return _time(count * step * ours / theirs, MEASURED, said)
    names = list(asked.node.gpus.values_list("name", flat=True)[: asked.gpus]) if asked.gpus else []
    speed = estimate.speed(names, asked.node.cores) if names or not asked.gpus else None
    if speed is None:
        return _time(
            None, UNKNOWN, "not known: nobody has measured such a card here, and its speed is not in our table"
        )
    reached = "35 % of what its maker says a card does" if asked.gpus else "a rule of thumb for the cores of a CPU"
    return _time(estimate.operations(ground, count) / speed, COMPUTED, f"computed, never measured: {reached}")


def _time(seconds: float | None, how: str, said: str) -> Found:
    return {"seconds": None if seconds is None else round(seconds, 1), "how": how, "source": said}


def _before(asked: Asked) -> tuple[TrainingRun, float] | None:
    """The last finished run whose steps were alike, with the median of their seconds."""
    alike = {f"settings__{name}": getattr(asked.settings, name) for name in ALIKE}
    if asked.base.pk is None:
        return None
    same = {"kind": asked.kind, "base": asked.base, "node": asked.node, "gpus": asked.gpus, "state": FINISHED}
    for run in TrainingRun.objects.filter(**same, **alike).defer("log", "record")[:5]:
        points = run.points.filter(kind=LOG).order_by("-step").values_list("values", flat=True)[:POINTS]
        seconds = [values["step_seconds"] for values in points if values.get("step_seconds")]
        if seconds and _step_tokens_of(run):
            return run, median(seconds)
    return None


def _step_tokens(settings: TrainingSettings, tokens: float) -> float:
    return settings.global_batch * tokens


def _step_tokens_of(run: TrainingRun) -> float:
    tokens = (run.checked.get("lengths") or {}).get("tokens") or 0
    return float(run.settings.get("global_batch", 0) * tokens)


def _rows(asked: Asked) -> tuple[int, str]:
    """Rows to train on, and why there may be fewer; "" when they were counted."""
    if law := asked.checked.get("rows", {}).get("train"):
        return round(law["there"] * law["out"] / law["looked"]) if law["looked"] else 0, ""
    there = int(asked.preference_set.splits.get("train", 0))
    once = ", and SFT takes one of each config and prompt" if asked.kind == SFT else ""
    return there, f"How many pairs fit is counted by the check{once}; steps are those of all of them."


def _tokens(asked: Asked) -> tuple[float, str]:
    """Tokens of a row, and why they may be fewer; "" when they were counted."""
    here = asked.checked or _checked_before(asked, preference_set=asked.preference_set, kind=asked.kind)
    if tokens := (here.get("lengths") or {}).get("tokens"):
        return float(tokens), ""
    longest = asked.settings.max_length * (2 if asked.kind == DPO else 1)
    return float(longest), "How long the texts are is counted by the check; time is that of texts as long as allowed."


def _facts(asked: Asked) -> tuple[Facts | None, str]:
    """What is known of the base, and where from if not from its files; None where nothing says how large it is."""
    known = asked.checked.get("model") or _checked_before(asked).get("model")
    if known and known.get("parameters"):
        return Facts(**{name: known[name] for name in Facts._fields}), ""
    if here := _of_files(asked.base):
        return here, ""
    for text in (asked.base.weights, asked.base.name, asked.base.model):
        if said := _SIZE.search(text.replace("-", " ").replace("_", " ").replace("/", " ")):
            size = round(float(said[1]) * (1e9 if said[2].lower() == "b" else 1e6))
            told = f"The base's files are not at hand here: {size:,} parameters by its name, laid out as in Llama."
            return estimate.guessed(size), told
    return None, "How large the base is says the check: its files are not at hand here."


def _of_files(base: LanguageModel) -> Facts | None:
    place = weights.of(base)
    try:
        found = model_facts.of(Path(place)) if place and Path(place).exists() else None
    except (Unreadable, OSError):
        return None
    return found if found and found.parameters else None


def _checked_before(asked: Asked, **alike: Any) -> Found:
    """What the last check of a run on the same base found; `alike` asks for more that is the same."""
    if asked.base.pk is None:
        return {}
    runs = TrainingRun.objects.filter(base=asked.base, checked__model__parameters__gt=0, **alike)
    found = runs.order_by("-pk").values_list("checked", flat=True).first()
    return found or {}
