"""`python -m tests.gguf_beside TOKENIZER OUT` makes models, their GGUF files, and what transformers says of both.

It runs in the trainer's Python. For each model OUT has NAME.gguf (f16), and figures.json the ids of a text, the five
likeliest next tokens with their log-probabilities, and by how much its weights differ after GGUF and back.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

TEXT = "In 2024 the keepers of the lantern wrote 12 rules, and they don't know: " * 8 + "— Привет! <|im_end|>\n"
WORDS = 2_000
HIGH = 0.3
"""Weights that large make answers far from even, so that a row in the wrong place shows."""


def configs(words: int) -> dict[str, Any]:
    """A Llama, one with stretched positions, and a Qwen2 with biases and a head of its own."""
    from transformers import LlamaConfig, Qwen2Config

    common: dict[str, Any] = {
        "vocab_size": words,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "initializer_range": HIGH,
    }
    stretched = {
        "rope_type": "llama3",
        "rope_theta": 10_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return {
        "llama": LlamaConfig(**common, tie_word_embeddings=True),
        "stretched": LlamaConfig(**common, tie_word_embeddings=True, rope_parameters=stretched),
        "qwen2": Qwen2Config(**common, tie_word_embeddings=False),
    }


def made(name: str, config: Any, tokenizer: Any, out: Path) -> dict[str, Any]:
    """What transformers says of the model that was made in `out`."""
    import torch
    from transformers import AutoModelForCausalLM

    from training.recipes import to_gguf

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    for kept in (one for one in model.parameters() if one.ndim == 1):
        torch.nn.init.normal_(kept, 1, HIGH)
    folder = out / name
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    to_gguf.convert(folder, out / f"{name}.gguf", "f16")
    ids = tokenizer(TEXT)["input_ids"]
    with torch.no_grad():
        found = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1).topk(5)
    likely = [(int(at), float(value)) for value, at in zip(*found, strict=True)]
    return {"ids": ids, "likely": likely, "there_and_back": there_and_back(name, model, out) if name == "llama" else 0}


def there_and_back(name: str, model: Any, out: Path) -> float:
    """The largest difference of a weight after the GGUF file was read again; `back` has the tokenizer too."""
    from transformers import AutoModelForCausalLM

    from training.recipes import from_gguf

    from_gguf.convert(out / f"{name}.gguf", out / "back")
    again = AutoModelForCausalLM.from_pretrained(out / "back").state_dict()
    return max(float((one - again[name]).abs().max()) for name, one in model.state_dict().items())


def shortened(tokens: Path, out: Path) -> Path:
    """A folder with the first WORDS tokens of the tokenizer: reading tens of thousands takes a minute."""
    shutil.copytree(tokens, out, ignore=shutil.ignore_patterns("*.safetensors"))
    said = json.loads((out / "tokenizer.json").read_text(encoding="utf-8"))
    model = said["model"]
    model["vocab"] = {token: at for token, at in model["vocab"].items() if at < WORDS}
    model["merges"] = [one for one in model["merges"] if {*one, "".join(one)} <= model["vocab"].keys()]
    (out / "tokenizer.json").write_text(json.dumps(said), encoding="utf-8")
    return out


def main(tokens: str, place: str) -> None:
    """Writes everything."""
    from transformers import AutoTokenizer

    out = Path(place)
    tokenizer = AutoTokenizer.from_pretrained(shortened(Path(tokens), out / "tokens"))
    found = {name: made(name, one, tokenizer, out) for name, one in configs(len(tokenizer) + 64).items()}
    (out / "figures.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
