"""What a training run takes, worked out and not measured: steps, memory of a card, disk, seconds. No row is read."""

from math import ceil
from typing import NamedTuple

from training.recipes.model_facts import Facts, bits
from training.recipes.run_dir import DPO
from training.recipes.settings import AUTO, BF16, BF16_WEIGHTS, LINEAR, NO, TARGETS, TrainingSettings, accumulation

GB = 1 << 30
"""As pages write it."""
STATES = {"rmsprop": 1, "adamw_torch": 2, "sgd": 0}
"""Numbers an optimiser keeps for each parameter."""
TERAFLOPS = {
    "B200": 2250.0,
    "H200": 989.0,
    "H100": 989.0,
    "A100": 312.0,
    "MI300X": 1307.0,
    "L40S": 362.0,
    "A40": 150.0,
    "A10": 125.0,
    "L4": 121.0,
    "4090": 165.0,
    "3090": 71.0,
}
"""What makers say a card does at most, in 10^12 operations in bf16 a second; looked for in a card's name in order."""
REACHED = 0.35
"""The share of it that training reaches, a rule of thumb."""
CORE_TERAFLOPS = 0.05
"""One core of a CPU in 32 bits, as measured with a model of 135 M parameters on two cores."""
RUNTIME = GB
"""What the libraries hold on a card, or in memory, before there is a model."""
TILE_TOKENS, TILE_WORDS = 4096, 16384
NEAR = 0.8
"""From this share of what there is an amount is near to it; from 1 / NEAR it is clearly more."""
FITS, TIGHT, TOO_MUCH = "fits", "tight", "too_much"


class Part(NamedTuple):
    """One thing that takes memory or disk, in bytes."""

    what: str
    bytes: int


class Ground(NamedTuple):
    """What an estimate stands on: `rows` to train on, `tokens` of a row (of a pair: prompt twice and both answers).

    `cards` is 0 on a CPU.
    """

    kind: str
    rows: int
    tokens: float
    settings: TrainingSettings
    facts: Facts
    cards: int

    @property
    def width(self) -> int:
        """Bytes of a weight while it is trained."""
        return 2 if self.settings.precision == BF16_WEIGHTS else 4

    @property
    def processes(self) -> int:
        """Trainers that work together."""
        return max(1, self.cards)


def steps(rows: int, settings: TrainingSettings, processes: int) -> int:
    """How many steps so many rows take; 0 where they do not fill one batch. A last batch that is not full is left out.

    Raises BadSettings when the pairs of a step cannot be shared evenly.
    """
    summed = accumulation(settings, processes)
    batches = rows // (settings.per_device_train_batch_size * max(1, processes))
    wanted = ceil(settings.num_train_epochs * ceil(batches / summed))
    return min(wanted, settings.max_steps) if settings.max_steps else wanted


def adapters(facts: Facts, settings: TrainingSettings) -> int:
    """Parameters of the LoRA matrices: rank times both sides of each layer they stand beside; 0 without LoRA."""
    if not settings.lora:
        return 0
    hidden, inner, keys = facts.hidden, facts.inner, facts.keys
    sides = dict.fromkeys(("q_proj", "o_proj"), 2 * hidden)
    sides |= dict.fromkeys(("k_proj", "v_proj"), hidden + keys)
    sides |= dict.fromkeys(("gate_proj", "up_proj", "down_proj"), hidden + inner)
    targets = TARGETS if settings.lora_targets == LINEAR else settings.lora_targets
    named = {name.strip() for name in targets.split(",")}
    return facts.layers * settings.lora_r * sum(side for name, side in sides.items() if name in named)


def second_model(kind: str, settings: TrainingSettings) -> bool:
    """True when the base lies in memory a second time, for its log-probabilities; LoRA takes its matrices off."""
    return kind == DPO and settings.precompute_ref_log_probs == NO and not settings.lora


def looks_first(kind: str, settings: TrainingSettings) -> bool:
    """True when the base's log-probabilities are worked out before training."""
    wanted = settings.precompute_ref_log_probs
    return kind == DPO and wanted != NO and not (wanted == AUTO and settings.lora)


def memory(ground: Ground) -> tuple[Part, ...]:
    """What lies in the memory of each card, or of the machine without one. Source: fact sheet (c.5), worked out."""
    settings, cards, n = ground.settings, ground.processes, ground.facts.parameters
    small = adapters(ground.facts, settings)
    trained, states = small or n, STATES[settings.optim]
    parts = [
        Part("weights", ground.width * n // cards),
        Part("LoRA matrices", 4 * small // cards),
        Part("gradients", (4 if small else ground.width) * trained // cards),
        Part("optimiser", (4 if small else ground.width) * states * trained // cards),
        Part("the base a second time", ground.width * n // cards if second_model(ground.kind, settings) else 0),
        Part("copies in bf16", _copies(ground)),
        Part("activations", _activations(ground)),
        Part("loss over the vocabulary", _loss(ground)),
        Part("libraries", RUNTIME),
    ]
    return tuple(part for part in parts if part.bytes)


def _copies(ground: Ground) -> int:
    """bf16 copies of the weights while a step runs: all of them on one card, two layers and both ends when shared."""
    facts = ground.facts
    if ground.settings.precision != BF16:
        return 0
    if ground.cards > 1:
        return 2 * (2 * facts.parameters // max(1, facts.layers) + 2 * facts.vocabulary * facts.hidden)
    return 0 if ground.settings.lora else 2 * facts.parameters


def _activations(ground: Ground) -> int:
    """Inputs of every layer and all of one layer where the rest is worked out again; else all of every layer."""
    facts, settings = ground.facts, ground.settings
    number = 2 if settings.precision in (BF16, BF16_WEIGHTS) else 4
    layer = 8 * facts.hidden + 2 * facts.keys + 4 * facts.inner
    kept = facts.layers * facts.hidden + layer if settings.activation_checkpointing else facts.layers * layer
    return number * _at_once(ground) * kept


def _loss(ground: Ground) -> int:
    """The gradient of the last layer in 32 bits and one tile of log-probabilities; all of them never lie there."""
    facts = ground.facts
    tile = min(_at_once(ground), TILE_TOKENS) * min(facts.vocabulary, TILE_WORDS)
    return 4 * (facts.vocabulary * facts.hidden + tile)


def _at_once(ground: Ground) -> int:
    """Tokens in memory at once on one card, every text as long as it may be."""
    texts = 2 if ground.kind == DPO else 1
    return texts * ground.settings.per_device_train_batch_size * ground.settings.max_length


def total(parts: tuple[Part, ...]) -> int:
    """Bytes of all parts."""
    return sum(part.bytes for part in parts)


def host(ground: Ground) -> int:
    """Bytes of memory beside the cards: one process reads the whole model before it is shared out, each has libraries.

    0 without cards: then everything lies in memory, see `memory`.
    """
    return 4 * ground.facts.parameters + 4 * GB * ground.cards if ground.cards else 0


def disk(ground: Ground) -> tuple[Part, ...]:
    """What a run writes at most: checkpoints that are kept and one while it is written, and the model that comes of it.

    A checkpoint holds what is trained and what the optimiser keeps of it.
    """
    settings, n = ground.settings, ground.facts.parameters
    small = adapters(ground.facts, settings)
    one = (4 if small else ground.width) * (small or n) * (1 + STATES[settings.optim])
    kept = settings.save_total_limit + 1 + bool(settings.early_stop)
    parts = [
        Part(f"{kept} checkpoints", kept * one),
        Part("the model", ground.width * n),
        Part("the model for llama.cpp", 2 * n),
        Part("the base, unpacked", 4 * n if ground.facts.dtype == "GGUF" else 0),
    ]
    return tuple(part for part in parts if part.bytes)


def operations(ground: Ground, count: int) -> float:
    """Sums and products of so many steps: 6 for each parameter and token, 2 more where activations are worked out
    again, 2 fewer where LoRA leaves the weights alone; 2 for the base's log-probabilities and for the dev set.
    """
    settings = ground.settings
    each = 6 + 2 * settings.activation_checkpointing - 2 * settings.lora
    rows = count * settings.global_batch * (each + 2 * second_model(ground.kind, settings))
    rows += 2 * ground.rows * looks_first(ground.kind, settings)
    looks = count // settings.eval_steps if settings.eval_steps else 0
    return ground.facts.parameters * ground.tokens * (rows + 2 * looks * settings.eval_rows)


def speed(names: list[str], cores: int) -> float | None:
    """Operations a second that training is thought to reach on these cards, or on a CPU; None for a card unknown."""
    if not names:
        return max(1, cores) * CORE_TERAFLOPS * 1e12
    peaks = [next((peak for word, peak in TERAFLOPS.items() if word in name), None) for name in names]
    return None if None in peaks else sum(peak for peak in peaks if peak) * REACHED * 1e12


def verdict(need: int, there: int) -> str:
    """Whether an amount fits into what is there: one of FITS, TIGHT (from 80 % on), TOO_MUCH (above 125 %)."""
    if not there or need < NEAR * there:
        return FITS
    return TIGHT if need * NEAR <= there else TOO_MUCH


def guessed(parameters: int) -> Facts:
    """A model of so many parameters in the proportions of the Llama family, where its files are not at hand."""
    layers = max(2, round(32 * (parameters / 8.03e9) ** (1 / 3)))
    hidden = max(64, round((parameters / layers / 13) ** 0.5))
    return Facts(parameters, "", layers=layers, hidden=hidden, inner=round(3.5 * hidden), keys=hidden // 4)


def stored(facts: Facts) -> int:
    """Bytes of the base's files as they are kept now; 0 for a GGUF file, whose size the disk says."""
    return 0 if facts.dtype == "GGUF" else facts.parameters * bits(facts.dtype) // 8
