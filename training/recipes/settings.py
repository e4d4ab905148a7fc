"""The settings of a training run, each with its name in TRL; read by the forms, the docs and the recipes alike."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from dataclasses import replace as changed
from typing import Any, NamedTuple

from training.recipes.run_dir import DPO, SFT

BF16, BF16_WEIGHTS, FP32 = PRECISIONS = ("bf16", "bf16_weights", "fp32")
YES, NO, AUTO = WHEN = ("yes", "no", "auto")
OPTIMISERS = ("rmsprop", "adamw_torch", "sgd")
SCHEDULES = ("constant_with_warmup", "constant", "linear", "cosine")
TARGETS = "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
LINEAR = "all-linear"
_LAYERS = re.compile(rf"{LINEAR}|[\w.]+( *, *[\w.]+)*,?", re.ASCII)


class BadSettings(ValueError):
    """Settings no run can have: `problems` has a sentence for each wrong field, "" for what concerns several."""

    def __init__(self, problems: dict[str, str]):
        self.problems = problems
        super().__init__(" ".join(f"{name}: {said}" if name else said for name, said in problems.items()))


class About(NamedTuple):
    """What a field is to people: its name in TRL (or whose it is), its group, what it does, and its range."""

    label: str
    trl: str
    group: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    only: str = ""


def _said(default: Any, *about: Any, **more: Any) -> Any:
    return field(default=default, metadata={"about": About(*about, **more)})


@dataclass(frozen=True)
class TrainingSettings:
    """How an SFT or DPO run trains. The defaults are the DPO stage of the paper (fact sheet 6)."""

    num_train_epochs: float = _said(
        3.0, "Epochs", "num_train_epochs", "Length", "How often each pair is seen.", low=0.001, high=1000
    )
    max_steps: int = _said(
        0, "Most steps", "max_steps", "Length", "Ends after so many steps whatever the epochs say; 0: never.", low=0
    )
    global_batch: int = _said(
        32,
        "Pairs in a step",
        "per_device_train_batch_size × gradient_accumulation_steps × processes",
        "Batch",
        "All GPUs together. The steps of accumulation follow from it.",
        low=1,
        high=4096,
    )
    per_device_train_batch_size: int = _said(
        2,
        "Pairs at once",
        "per_device_train_batch_size",
        "Batch",
        "On each GPU; memory grows with it.",
        low=1,
        high=256,
    )
    per_device_eval_batch_size: int = _said(
        8, "Pairs at once, dev set", "per_device_eval_batch_size", "Batch", "On each GPU.", low=1, high=256
    )
    max_length: int = _said(
        640, "Longest pair", "max_length", "Texts", "In tokens, prompt and response together.", low=16, high=131072
    )
    max_prompt_length: int = _said(
        512,
        "Longest prompt",
        "none; texts are cut before TRL sees them",
        "Texts",
        "Where a pair is too long the response keeps what is left of the whole, at least the longest pair less this; "
        "then the config is cut from its end, and the person's question stays.",
        low=8,
        high=131072,
    )
    optim: str = _said("rmsprop", "Optimiser", "optim", "Optimiser", "The paper used RMSprop.", choices=OPTIMISERS)
    learning_rate: float = _said(5e-7, "Learning rate", "learning_rate", "Optimiser", "Its highest.", low=0, high=1)
    lr_scheduler_type: str = _said(
        "constant_with_warmup",
        "Schedule",
        "lr_scheduler_type",
        "Optimiser",
        "How the rate changes after the warm-up.",
        choices=SCHEDULES,
    )
    warmup_steps: int = _said(
        150, "Warm-up", "warmup_steps", "Optimiser", "Steps in which the rate rises from 0, evenly.", low=0
    )
    weight_decay: float = _said(0.0, "Weight decay", "weight_decay", "Optimiser", "0: none.", low=0, high=1)
    max_grad_norm: float = _said(
        10.0, "Gradient clip", "max_grad_norm", "Optimiser", "Longer gradients are shortened to it.", low=0, high=1e6
    )
    beta: float = _said(
        0.1, "β", "beta", "DPO", "How far the model may go from its base.", low=1e-6, high=100, only=DPO
    )
    precompute_ref_log_probs: str = _said(
        AUTO,
        "Reference first",
        "precompute_ref_log_probs",
        "DPO",
        "Works out the base's log-probabilities before training, so that one model lies in memory and not two. "
        "auto: yes, unless LoRA needs no second model.",
        choices=WHEN,
        only=DPO,
    )
    precision: str = _said(
        BF16,
        "Precision",
        "bf16, model_init_kwargs.dtype",
        "Memory",
        "bf16: weights in 32 bits, sums in bf16. bf16_weights: weights in bf16 too, as the release trained; at a rate "
        "of 5e-7 most of them cannot move. fp32: no bf16 at all, for a CPU.",
        choices=PRECISIONS,
    )
    activation_checkpointing: bool = _said(
        True, "Recompute activations", "gradient_checkpointing", "Memory", "Slower, and much less memory."
    )
    lora: bool = _said(
        False, "LoRA", "use_peft", "LoRA", "Trains small matrices beside the weights and leaves the weights alone."
    )
    lora_r: int = _said(32, "Rank", "lora_r", "LoRA", "", low=1, high=1024)
    lora_alpha: int = _said(16, "Alpha", "lora_alpha", "LoRA", "", low=1, high=4096)
    lora_dropout: float = _said(0.05, "Dropout", "lora_dropout", "LoRA", "", low=0, high=0.9)
    lora_targets: str = _said(
        TARGETS, "Layers", "lora_target_modules", "LoRA", "Names with commas between them, or all-linear."
    )
    seed: int = _said(0, "Seed", "seed", "Seeds", "Of everything drawn but the order.", low=0, high=2**31 - 1)
    data_seed: int = _said(
        0, "Seed of the order", "data_seed", "Seeds", "Of the order of pairs.", low=0, high=2**31 - 1
    )
    save_steps: int = _said(100, "Checkpoint every", "save_steps", "Saves", "Steps.", low=1)
    save_total_limit: int = _said(
        2, "Checkpoints kept", "save_total_limit", "Saves", "Older ones are removed.", low=2, high=100
    )
    logging_steps: int = _said(1, "Figures every", "logging_steps", "Saves", "Steps.", low=1)
    eval_steps: int = _said(
        159, "Dev set every", "eval_steps", "Dev set", "Steps; 0: never. The paper: 5,088 pairs.", low=0
    )
    eval_rows: int = _said(256, "Pairs of the dev set", "none; ours", "Dev set", "The first so many.", low=0)
    early_stop: int = _said(
        0,
        "Early stop",
        "EarlyStoppingCallback.early_stopping_patience",
        "Dev set",
        "Ends after so many looks at the dev set without a lower loss, and keeps the best; 0: never.",
        low=0,
        high=1000,
    )
    sample_steps: int = _said(
        0, "Samples every", "none; ours", "Samples", "Steps after which fixed prompts are answered; 0: never.", low=0
    )
    sample_tokens: int = _said(64, "Longest sample", "none; ours", "Samples", "In tokens.", low=1, high=2048)


Values = Mapping[str, Any]


class Preset(NamedTuple):
    """A named set of settings: what people call it, what it is for, and its settings for SFT and for DPO."""

    label: str
    about: str
    sft: TrainingSettings
    dpo: TrainingSettings
    gpus: int

    def of(self, kind: str) -> TrainingSettings:
        """Its settings for the kind of run."""
        return self.sft if kind == SFT else self.dpo


_PAPER = TrainingSettings()
_TINY = changed(
    _PAPER,
    num_train_epochs=1.0,
    global_batch=4,
    per_device_train_batch_size=1,
    per_device_eval_batch_size=1,
    learning_rate=1e-6,
    warmup_steps=5,
    precision=FP32,
    activation_checkpointing=False,
    save_steps=10,
    eval_steps=10,
    eval_rows=16,
    sample_steps=10,
    sample_tokens=32,
)
PRESETS: dict[str, Preset] = {
    "paper": Preset(
        "CoSAlign paper",
        "RMSprop at 5e-7 after 150 steps of warm-up, 32 pairs a step on 4 GPUs, β 0.1, at most 640 tokens.",
        changed(_PAPER, max_grad_norm=1.0),
        _PAPER,
        4,
    ),
    "lora": Preset(
        "LoRA",
        "Small matrices beside the weights, rank 32 as in the release: one GPU is enough for 8 B.",
        changed(_PAPER, lora=True, learning_rate=1e-5, max_grad_norm=1.0),
        changed(_PAPER, lora=True, learning_rate=1e-5),
        1,
    ),
    "tiny_cpu": Preset(
        "Tiny, on a CPU",
        "For a small model without a GPU: one pair at once, 4 in a step, 32-bit numbers.",
        changed(_TINY, learning_rate=2e-6, max_grad_norm=1.0),
        _TINY,
        0,
    ),
}


def about() -> dict[str, About]:
    """Every setting with what it is to people, in the order of the form."""
    return {one.name: one.metadata["about"] for one in fields(TrainingSettings)}


def plain(settings: TrainingSettings) -> dict[str, Any]:
    """The settings as JSON holds them."""
    return asdict(settings)


def read(values: Values) -> TrainingSettings:
    """The settings in these values; what they do not name is the default. Raises BadSettings."""
    known = about()
    problems = {name: "There is no such setting." for name in values if name not in known}
    found = {}
    for one in fields(TrainingSettings):
        if one.name in values:
            found[one.name], problem = _value(values[one.name], one.default, known[one.name])
            problems |= {one.name: problem} if problem else {}
    if problems:
        raise BadSettings(problems)
    settings = TrainingSettings(**found)
    if problems := _together(settings):
        raise BadSettings(problems)
    return settings


def _value(value: Any, default: Any, told: About) -> tuple[Any, str]:
    if isinstance(default, bool):
        return value, "" if isinstance(value, bool) else "Say yes or no."
    if isinstance(default, str):
        value = str(value).strip()
        return value, "" if not told.choices or value in told.choices else f"One of {', '.join(told.choices)}."
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(default, int) and value != int(value))
    ):
        return value, "Give a whole number." if isinstance(default, int) else "Give a number."
    low, high = told.low, told.high
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        return value, f"At least {low:g}." if high is None else f"From {low:g} to {high:g}."
    return type(default)(value), ""


def _together(settings: TrainingSettings) -> dict[str, str]:
    problems = {}
    if settings.max_prompt_length >= settings.max_length:
        problems["max_prompt_length"] = "Shorter than the longest pair, or nothing of a response is left."
    if settings.early_stop and not (settings.eval_steps and settings.eval_rows):
        problems["early_stop"] = "An early stop needs looks at the dev set."
    elif settings.early_stop and settings.save_steps % settings.eval_steps:
        problems["save_steps"] = "With an early stop, a multiple of the steps between looks at the dev set."
    if settings.lora and not settings.lora_targets:
        problems["lora_targets"] = f"Name at least one layer, or {LINEAR}."
    elif settings.lora and not _LAYERS.fullmatch(settings.lora_targets):
        problems["lora_targets"] = "Names of layers such as q_proj, with commas between them."
    return problems


def accumulation(settings: TrainingSettings, processes: int) -> int:
    """The batches summed up for one step. Raises BadSettings when the pairs of a step cannot be shared evenly."""
    at_once = settings.per_device_train_batch_size * max(1, processes)
    if settings.global_batch % at_once:
        each = f"{settings.per_device_train_batch_size} at once"
        shared = f", on each of {processes} cards" if processes > 1 else ""
        raise BadSettings({"global_batch": f"A multiple of {at_once}: {each}{shared}."})
    return settings.global_batch // at_once
