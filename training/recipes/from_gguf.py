"""A model out of a GGUF file: safetensors with its tokenizer and chat template, which a recipe can start from.

    python -m training.recipes.from_gguf FILE OUT

Weights that were quantised come out as the numbers they stood for, in 32 bits; what was lost is lost.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from training.recipes import model_facts
from training.recipes._splits import SPLITS
from training.recipes.run_dir import BadRunDir


def convert(gguf: Path, out: Path) -> None:
    """Nothing; `out` holds the model's safetensors, its tokenizer and its chat template. Raises BadRunDir.

    It takes the memory of twice the whole model in 32 bits.
    """
    split = _split(gguf)
    # Not at the top: the application reads this folder's modules, and has neither of these.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not tokenizer.chat_template:
        raise BadRunDir(f"{gguf.name} carries no chat template, so nobody knows how to speak to it.")
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
    )
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(out)
    model.save_pretrained(out)
    _edit(out / "config.json", lambda said: said.pop("_model_name_or_path", None))
    if split:
        _edit(out / "tokenizer.json", lambda said: said.update(SPLITS[split]._asdict()))


def _split(gguf: Path) -> str:
    """How the file's tokenizer splits texts; "" where its tokens are pieces of sentences and nothing is split.

    transformers forgets it (5.23 splits as GPT-2 did), and numbers would be read otherwise than the model learned.
    """
    if not gguf.is_file():
        raise BadRunDir(f"There is no file {gguf}.")
    try:
        said, _ = model_facts.gguf_header(gguf)
    except model_facts.Unreadable as broken:
        raise BadRunDir(str(broken)) from broken
    if "tokenizer.ggml.model" not in said:
        raise BadRunDir(f"{gguf.name} carries no tokenizer.")
    if said["tokenizer.ggml.model"] != "gpt2":
        return ""
    name = str(said.get("tokenizer.ggml.pre", "default"))
    if name not in SPLITS:
        raise BadRunDir(f"{gguf.name} splits texts as “{name}”; we know {', '.join(SPLITS)}.")
    return name


def _edit(path: Path, change: Any) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    change(said)
    path.write_text(json.dumps(said, ensure_ascii=False, indent=2), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """0 when the model is written, 1 and a sentence on the standard error when not, 2 for wrong arguments."""
    if len(arguments) != 2:
        sys.stderr.write("python -m training.recipes.from_gguf FILE OUT\n")
        return 2
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        convert(Path(arguments[0]), Path(arguments[1]))
    except BadRunDir as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
