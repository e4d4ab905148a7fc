"""Folders of models that are a few numbers, made without any library of training, and runs that ended with one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from tests.factories import make_model, make_node, make_preference_set, make_training
from training.models import Checkpoint, TrainingRun
from training.recipes import _tensors, checkpoints, run_dir
from training.recipes._tensors import Tensor
from training.recipes.run_dir import FINISHED, Result
from training.services.trainer import registry

WIDTH, TOKENS = 4, 6
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "num_hidden_layers": 2,
    "vocab_size": TOKENS,
    "tie_word_embeddings": True,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
}
SPLIT = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
LAW = {"train": {"in": 4, "out": 3, "dropped": {"too long": 1}, "cut": 1}, "dev": {"in": 1, "out": 1}}


def values(seed: float, layers: int = 2) -> dict[str, np.ndarray]:
    """Every tensor of the model: the same number in each place of a part, another one in each part."""
    shapes = {"model.embed_tokens.weight": (TOKENS, WIDTH), "model.norm.weight": (WIDTH,)}
    for layer in range(layers):
        shapes[f"model.layers.{layer}.self_attn.q_proj.weight"] = (WIDTH, WIDTH)
    return {name: np.full(shape, seed + at, np.float32) for at, (name, shape) in enumerate(sorted(shapes.items()))}


def write(folder: Path, seed: float = 0.0, kind: str = "F32", layers: int = 2, **config: Any) -> Path:
    """A folder with the model, its tokenizer and its chat template."""
    folder.mkdir(parents=True)
    found = values(seed, layers)
    plan = {name: Tensor(folder, kind, one.shape, 0) for name, one in found.items()}
    _tensors.write(folder, plan, ((name, [_tensors.stored(one.ravel(), kind)]) for name, one in found.items()))
    vocabulary = {sign: at for at, sign in enumerate("abcde")}
    added = [{"id": 5, "content": "<end>", "special": True}]
    model = {"type": "BPE", "vocab": vocabulary, "merges": [["a", "b"]]}
    tokenizer = {"model": model, "added_tokens": added, "pre_tokenizer": SPLIT}
    texts = {
        "config.json": CONFIG | {"num_hidden_layers": layers} | config,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": {"eos_token": "<end>"},
    }
    for name, said in texts.items():
        (folder / name).write_text(json.dumps(said), encoding="utf-8")
    (folder / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    return folder


def ended(kind: str = "dpo", seed: float = 1.0, **fields: Any) -> tuple[TrainingRun, Path, Result]:
    """A run that has ended with a model in its folder on this node, not registered yet."""
    fields.setdefault("node", make_node(settings.NODE))
    if kind != "merge":
        fields.setdefault("preference_set", make_preference_set(title="Pairs of the lantern"))
    run = make_training(
        kind, phase="train", state="finished", record={"code": "abc123", "command": ["python"]}, **fields
    )
    folder = Path(settings.TRAINING_DIR) / str(run.pk)
    marked = checkpoints.mark(write(folder / run_dir.MODEL, seed), 0 if kind == "merge" else 10)
    result = Result(
        FINISHED,
        step=10,
        steps=12,
        sha256=marked.sha256,
        rows={} if kind == "merge" else LAW,
        metrics={"eval_loss": 0.625},
        versions={"trl": "1.16.0"},
        hardware={"processors": 2},
        tokens=1234,
        seconds=61.0,
    )
    return run, folder, result


def registered(kind: str = "dpo", seed: float = 1.0, **fields: Any) -> Checkpoint:
    """The checkpoint of such a run; it was not made into a GGUF file."""
    if "base" not in fields:
        fields["base"] = make_model("base", weights="/models/base")
    kept, settings.TRAINING_PYTHON = settings.TRAINING_PYTHON, ""
    try:
        return registry.register(*ended(kind, seed, **fields))
    finally:
        settings.TRAINING_PYTHON = kept
