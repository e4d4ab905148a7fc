"""`python -m tests.tiny_base GGUF OUT` makes a model of two layers with the tokenizer and template of a GGUF file.

It runs in the trainer's Python, not in the application's.
"""

import sys
from pathlib import Path
from typing import Any

WORDS = 4096
"""Tokens of the vocabulary, its first and shortest: all of them would be most of the work of so small a model."""


def make(gguf: Path, out: Path) -> None:
    """A Llama of two layers, few words and 64 numbers for each token, its weights drawn under seed 0."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from training.recipes import from_gguf
    from training.recipes._splits import SPLITS

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    tokenizer.save_pretrained(out)
    LlamaForCausalLM(config).save_pretrained(out)
    from_gguf._edit(out / "tokenizer.json", lambda said: said.update(SPLITS[from_gguf._split(gguf)]._asdict()))
    from_gguf._edit(out / "tokenizer.json", _shorten)


def _shorten(said: dict[str, Any]) -> None:
    """Merges stand in the order of their tokens, so that the first words need no others."""
    said["model"]["vocab"] = words = {word: place for word, place in said["model"]["vocab"].items() if place < WORDS}
    said["model"]["merges"] = [[one, two] for one, two in said["model"]["merges"] if one + two in words]


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
