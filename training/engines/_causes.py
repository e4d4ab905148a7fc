"""Why a model server ended, made of its log: the cause in words with what to do, or else its last lines."""

import re
from pathlib import Path

from annotations.core.storable import storable

_LOOKED_AT = 400_000
_LINES, _LETTERS = 3, 400
_NOISE = re.compile(r"^(File \"|raise |\{\"address\"|- |[\W_]*$)|nanobind|resource_tracker|warnings\.warn|/refleaks")
_BEFORE = re.compile(
    r"^(?:\(\w+ pid=\d+\) )?(?:(?:ERROR|WARNING|INFO|CRITICAL|DEBUG)\b:?\s*(?:[\d:., -]{5,})?(?:\[[^\]]+\] ?)?)?\s*"
)
"""What vLLM and uvicorn write before each line: the process, the level, the time, the place."""
_RAISED = re.compile(r"^(?:[\w.]+\.)?(?P<kind>[A-Z]\w*(?:Error|Exception)): (?P<said>.+)")
_FOLLOWS = re.compile(
    r"root cause|EngineDead|EngineGenerate|engine core .*fail|EngineCore encountered|WorkerProc.*fail", re.I
)
"""What is said when something else has failed before."""

_CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"No module named '?(?P<what>vllm|transformers|torch|fastapi|uvicorn|xllamacpp)\b",
        "{python} has no {what}. Install it there, or set COSA_VLLM_PYTHON or COSA_TRAINING_PYTHON to one that has.",
    ),
    (
        r"Missing dependencies for serving",
        "{python} has transformers without what serving needs. Install transformers[serving] there.",
    ),
    (
        r"Free memory on device[^(]*\((?P<free>[\d.]+)/(?P<whole>[\d.]+) GiB\).*?less than desired",
        "Of the card's {whole} GiB only {free} are free, less than the share of memory asks for. End the program that "
        "uses the card, or lower the share.",
    ),
    (
        r"No available memory for the cache blocks",
        "The weights leave no room for texts on the card. Raise the share of memory, or take more cards.",
    ),
    (
        r"max seq len\D{0,20}(?P<length>\d+)\D.{0,200}?KV cache is needed"
        r"(?:.{0,300}?estimated maximum model length is (?P<most>\d+))?",
        "The card has no room for a context of {length} tokens{fit}. Lower the context on the model's page, or raise "
        "the share of memory.",
    ),
    (
        r"max_model_len \(?(?P<length>\d+)\)? is greater than the derived max_model_len \(\w+=(?P<most>\d+)",
        "The context of {length} tokens is more than the model's own {most}. Lower it on the model's page.",
    ),
    (
        r"CUDA out of memory|OutOfMemoryError|CUDA error: out of memory",
        "The memory of the card ran out. Lower the share of memory or the context, or take more cards.",
    ),
    (
        r"architectures? (?P<what>\[[^\]]+\]|\S+) (?:are|is) not supported"
        r"|model type `?(?P<kind>\w+)`? but Transformers does not recognize",
        "It does not know the architecture {what}{kind} of these weights. Use another engine, or a newer version.",
    ),
    (
        r"unknown model architecture: '(?P<what>[^']+)'",
        "It does not know the architecture {what} of this file. Use another engine.",
    ),
    (
        r"number of attention heads.{0,40}divisible by tensor parallel size|divisible by tensor.parallel",
        "The model cannot be divided among so many cards. Take 1, 2, 4 or 8.",
    ),
    (
        r"World size \(?(?P<wanted>\d+)\)? is larger than the number of available GPUs",
        "It was to use {wanted} cards and sees fewer. Look at the node's cards, and at CUDA_VISIBLE_DEVICES.",
    ),
    (
        r"No CUDA GPUs are available|Failed to infer device type|no NVIDIA driver|CUDA driver version is insufficient"
        r"|libcuda\.so|not compiled with CUDA|CUDA error: no (?:CUDA-capable )?device",
        "It finds no graphics card it can use. Give the model a card, and look at the driver with nvidia-smi.",
    ),
    (
        r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank",
        "The adapter's rank is {rank}, more than was allowed. Look at its adapter_config.json.",
    ),
    (
        r"adapter_config\.json",
        "The adapter has no adapter_config.json that can be read. Name the folder of a whole PEFT adapter.",
    ),
    (
        r"(?:No such file or directory|failed to open|FileNotFoundError)[^'\n]*'(?P<what>[^'\n]+)'",
        "{what} is not there. Look at where the weights lie.",
    ),
    (
        r"(?:does not appear to have a|Error no) file named (?P<what>[\w.-]+)|Cannot find (?:any )?model weights",
        "The folder of the weights is not whole{lacks}.",
    ),
    (
        r"LocalEntryNotFoundError|OfflineModeIsEnabled|couldn't connect to '?https://huggingface|Repo id must"
        r"|is not a local folder and is not a valid model identifier|RepositoryNotFoundError",
        "The weights are neither a folder here nor in the hub's cache of this machine. Download them first.",
    ),
    (
        r"Error while deserializing header|SafetensorError|invalid magic|tensor '?\S+'? data is not within"
        r"|llama_model_loader: failed to load|failed to read key-value pairs",
        "The file of the weights is broken or not whole.",
    ),
    (r"[Aa]ddress already in use|couldn't bind|EADDRINUSE", "Another program took its port. Start it once more."),
    (
        r"unrecognized arguments: (?P<what>[^\n]+)|No such option: (?P<kind>\S+)",
        "This version does not know {what}{kind}. Install the version that docs/engines.md names.",
    ),
    (r"No space left on device", "The disk is full."),
    (
        r"failed to allocate|unable to allocate|bad_alloc|Cannot allocate memory",
        "The memory of the machine ran out. End other programs, or lower the context on the model's page.",
    ),
    (
        r"chat template is no longer allowed|tokenizer\.chat_template is not set",
        "The tokenizer has no chat template, so that it cannot be asked in turns. Give it one and train again.",
    ),
)
_KNOWN = tuple((re.compile(words, re.S), told) for words, told in _CAUSES)


def why(label: str, python: str, path: Path, code: int) -> str:
    """A sentence or two for a person: that the server ended, and the cause its log gives."""
    ended = f"{label} was killed (signal {-code})." if code < 0 else f"{label} ended (exit code {code})."
    memory = " Most often the machine's memory ran out." if code == -9 else ""
    return f"{ended}{memory}{cause(python, path)}"


def cause(python: str, path: Path) -> str:
    """What the log gives as the cause, ready to follow a sentence: a known one, the first error, or the last lines."""
    said = _read(path)
    for words, told in _KNOWN:
        if found := words.search(said):
            return f" {_filled(told, found, python)}"
    lines = _lines(said)
    raised = next((line for line in lines if _RAISED.match(line) and not _FOLLOWS.search(line)), "")
    if raised:
        return f" Its log says: {raised[:_LETTERS]}"
    return f" Its log ends: {' / '.join(lines[-_LINES:])[-_LETTERS:]}" if lines else " It wrote nothing."


def _lines(said: str) -> list[str]:
    """The lines that say something, without what stands before each."""
    plain = (_BEFORE.sub("", line).strip() for line in said.splitlines())
    return [line for line in plain if line and not _NOISE.search(line) and not _FOLLOWS.search(line)]


def _filled(told: str, found: re.Match[str], python: str) -> str:
    groups = {name: value or "" for name, value in found.groupdict().items()}
    lacks = f": it lacks {groups['what']}" if groups.get("what") else ""
    fit = f", only for {groups['most']}" if groups.get("most") else ""
    return told.format_map({"what": "", "kind": "", "lacks": lacks, "fit": fit} | groups | {"python": python})


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOOKED_AT))
            return storable(file.read().decode("utf-8", "replace"))
    except OSError:
        return ""
