"""Where the model lies that training starts from: always a folder, because DPO reads its reference from it again."""

from pathlib import Path
from typing import Any

from training.recipes import _arguments, _lines, _tokens, checkpoints, run_dir
from training.recipes._run import Run
from training.recipes.settings import TrainingSettings

BASE = "base"
_FILES = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model"]
_NO_TEMPLATE = (
    "{name} has no chat template, so nobody knows how a config and a question are put to it. Choose a model that was "
    "made to chat, or put the template of its family into the folder as chat_template.jinja."
)
_REFUSED = (
    "The chat template of {name} does not take a config as system message ({why}). Choose another model, or put a "
    "template into the folder that does."
)
_NO_WEIGHTS = "{place} holds no model: config.json and weights in safetensors are needed."
_NOT_THERE = "There is no model at {place}. Choose another base, or put the model there."
_NOT_REACHED = (
    "{name} is neither a folder here nor a model in this machine's cache, and it could not be fetched ({why}). Put "
    "the model into a folder and name the folder, or fetch it once where the hub can be reached."
)


class NoModel(ValueError):
    """Why the base cannot be used, in words."""


def ready(run: Run) -> str:
    """The folder of the run's base: as it is, made of a GGUF file, or fetched from the hub. Raises NoModel."""
    named = run.config.base
    place = run.folder / named
    if place.is_file():
        return str(_converted(run, place))
    if place.is_dir():
        return str(_whole(place))
    if named.startswith((".", "/")) or named.endswith(".gguf") or named.count("/") > 1:
        raise NoModel(_NOT_THERE.format(place=named))
    return run.first_alone(lambda: _fetched(named))


def tokenizer(base: str, name: str) -> Any:
    """The base's tokenizer, with a chat template that takes a config. Raises NoModel."""
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as refused:
        raise NoModel(f"The tokenizer of {name} cannot be read: {_line(refused)}.") from refused
    if not found.chat_template:
        raise NoModel(_NO_TEMPLATE.format(name=name))
    asked = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    try:
        _tokens.ids(found, asked, answer_next=True)
    except Exception as refused:
        raise NoModel(_REFUSED.format(name=name, why=_line(refused))) from refused
    if found.pad_token is None:
        found.pad_token = found.eos_token
    return found


def lora(settings: TrainingSettings) -> Any:
    """peft's LoRA as the settings have it; None without."""
    wanted = _arguments.lora(settings)
    if wanted is None:
        return None
    from peft import LoraConfig

    return LoraConfig(**wanted)


def _converted(run: Run, gguf: Path) -> Path:
    """The folder made of a GGUF file, once for the run; the first process makes it."""
    out = run.folder / BASE
    run.phase(_lines.CONVERT)
    run.first_alone(lambda: _convert(gguf, out))
    run.phase(_lines.LOAD)
    return out


def _convert(gguf: Path, out: Path) -> None:
    from training.recipes import from_gguf

    if not checkpoints.wrong(out):
        return
    try:
        from_gguf.convert(gguf, out)
    except run_dir.BadRunDir as refused:
        raise NoModel(str(refused)) from refused
    checkpoints.mark(out, 0)


def _whole(place: Path) -> Path:
    if not (place / "config.json").is_file() or not any(place.glob("*.safetensors")):
        raise NoModel(_NO_WEIGHTS.format(place=place))
    if checkpoints.read(place) and (wrong := checkpoints.wrong(place, digests=False)):
        raise NoModel(f"The model in {place} is broken: {wrong}")
    return place


def _fetched(name: str) -> str:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        place = snapshot_download(name, allow_patterns=_FILES)
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as refused:
        raise NoModel(_NOT_REACHED.format(name=name, why=_line(refused))) from refused
    return str(_whole(Path(place)))


def _line(error: Exception) -> str:
    """The first sentence of what a library says."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return said.partition(". ")[0][:200].rstrip(". ")
