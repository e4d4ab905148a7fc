"""The base of a run as a check needs it: where its files lie, what they say, its tokenizer; no weight is read."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from training.recipes import model_facts
from training.recipes._splits import SPLITS
from training.recipes.model_facts import Facts, Unreadable

_FILES = ("*.json", "*.jinja", "*.model", "*.txt")
AWAY = (
    "{base} cannot be had here: {why}. On a machine without network put it into the cache of the trainer's account "
    "first (`hf download {base}`), or name a folder of the node."
)
NO_TOKENIZER = "The tokenizer of the base cannot be read: {why}. Put the base's tokenizer files beside its weights."
UNKNOWN = (
    "The base is a “{kind}”, and the transformers of the trainer have no such language model. Take another base, or "
    "a newer trainer."
)
NO_WEIGHTS = "{base} has no weights in safetensors. Convert it first, or take another base."


class Base(NamedTuple):
    """A base that can be looked at: its place, what its files say, and its tokenizer."""

    place: Path
    facts: Facts
    tokenizer: Any


def load(base: str, folder: Path) -> Base:
    """The base of that name: a path, absolute or from the run's folder, or a hub id. Raises Unreadable."""
    place = _place(base, folder)
    facts = model_facts.of(place)
    if not facts.parameters:
        raise Unreadable(NO_WEIGHTS.format(base=place.name))
    return Base(place, facts, _tokenizer(place))


def problem(facts: Facts) -> str:
    """Why transformers cannot train such a model, in words; "" when it can."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return "" if facts.kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES else UNKNOWN.format(kind=facts.kind or "model")


def _place(base: str, folder: Path) -> Path:
    here = folder / base
    if here.exists() or here.is_absolute() or here.suffix == ".gguf":
        return here
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(base, allow_patterns=list(_FILES)))
    except Exception as away:  # the hub's client raises a dozen kinds, down to the network's own
        raise Unreadable(AWAY.format(base=base, why=_first_line(away))) from away


def _tokenizer(place: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        if not place.is_file():
            return AutoTokenizer.from_pretrained(place)
        found = AutoTokenizer.from_pretrained(place.parent, gguf_file=place.name)
    except Exception as broken:  # the readers of a dozen file formats, each with errors of its own
        raise Unreadable(NO_TOKENIZER.format(why=_first_line(broken))) from broken
    return _split_rightly(found, place)


def _split_rightly(tokenizer: Any, gguf: Path) -> Any:
    """The tokenizer of a GGUF file with the rule for splitting that the file names: transformers forgets it."""
    from tokenizers import Tokenizer

    told, _ = model_facts.gguf_header(gguf)
    if told.get("tokenizer.ggml.model") != "gpt2":
        return tokenizer
    name = str(told.get("tokenizer.ggml.pre", "default"))
    if name not in SPLITS:
        raise Unreadable(f"{gguf.name} splits texts as “{name}”; we know {', '.join(SPLITS)}. Take another base.")
    backend = tokenizer.backend_tokenizer
    right = Tokenizer.from_str(json.dumps(json.loads(backend.to_str()) | SPLITS[name]._asdict()))
    backend.pre_tokenizer, backend.normalizer = right.pre_tokenizer, right.normalizer
    return tokenizer


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    return lines[0][:200].rstrip(".")
