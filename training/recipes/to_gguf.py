"""A GGUF file out of a folder of safetensors, so that llama.cpp can serve the model on a machine without a GPU.

    python -m training.recipes.to_gguf FOLDER OUT [q8_0|f16]

It needs gguf and numpy, no torch. Tensor by tensor: it takes the memory of the largest one in 32 bits, three times.
"""

import json
import math
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.recipes import _gguf_tokenizer, _tensors
from training.recipes.run_dir import BadRunDir

Q8_0, F16 = KINDS = ("q8_0", "f16")
_FILE_TYPES = {Q8_0: 7, F16: 1}
_BLOCK = 32
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_LAYER = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
Numbers = NDArray[np.float32]


class Shape(NamedTuple):
    """How llama.cpp has an architecture: its name there, and whether the halves of q and k lie between each other."""

    name: str
    twisted: bool


ARCHITECTURES = {
    "LlamaForCausalLM": Shape("llama", True),
    "MistralForCausalLM": Shape("llama", True),
    "Qwen2ForCausalLM": Shape("qwen2", False),
}


def convert(folder: Path, out: Path, kind: str = Q8_0, like: Path | None = None) -> None:
    """Nothing; `out` is the model of the folder, its embedding never below q8_0. Raises BadRunDir.

    `like` is a GGUF file to copy the tokenizer from; without it the tokenizer is written from the folder's own.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shape = _shape(config)
    tensors = _named(_tensors.index(folder), tied=bool(config.get("tie_word_embeddings")))
    # Not at the top: the application reads this folder's modules, and has no gguf.
    from gguf import GGUFWriter

    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    writer = GGUFWriter(part, shape.name)
    try:
        _add_facts(writer, config, kind)
        if like:
            _gguf_tokenizer.copy(writer, like)
        else:
            _gguf_tokenizer.add(writer, folder, config["vocab_size"])
        _write(writer, tensors, config, kind, twisted=shape.twisted)
        writer.close()
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _shape(config: dict[str, Any]) -> Shape:
    name = (config.get("architectures") or ["none"])[0]
    if name not in ARCHITECTURES:
        raise BadRunDir(f"{name} cannot be written as GGUF here; what can: {', '.join(ARCHITECTURES)}.")
    if config.get("attention_bias") or config.get("mlp_bias") or config.get("hidden_act", "silu") != "silu":
        raise BadRunDir(f"This {name} has biases or an activation that cannot be written as GGUF here.")
    if config.get("sliding_window") and config.get("use_sliding_window", True):
        raise BadRunDir("This model looks back over a window only, which cannot be written as GGUF here.")
    if _rope(config).get("rope_type", "default") not in ("default", "llama3"):
        raise BadRunDir(f"Positions of the kind {_rope(config)['rope_type']} cannot be written as GGUF here.")
    return ARCHITECTURES[name]


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    return config.get("rope_parameters") or config.get("rope_scaling") or {}


def _head(config: dict[str, Any]) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def _theta(config: dict[str, Any]) -> float:
    return float(_rope(config).get("rope_theta") or config.get("rope_theta") or 10_000.0)


def _named(tensors: dict[str, _tensors.Tensor], *, tied: bool) -> dict[str, _tensors.Tensor]:
    """The tensors by llama.cpp's names, in the order of layers; of tied ones only the embedding."""
    found = {_name(name): one for name, one in tensors.items() if not (tied and name == "lm_head.weight")}
    return dict(
        sorted(found.items(), key=lambda one: [int(part) if part.isdecimal() else -1 for part in one[0].split(".")])
    )


def _name(name: str) -> str:
    stem, _, end = name.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.{end}"
    parts = stem.split(".", 3)
    if len(parts) < 4 or parts[:2] != ["model", "layers"] or parts[3] not in _LAYER:
        raise BadRunDir(f"The tensor {name} has no place in a GGUF file.")
    return f"blk.{parts[2]}.{_LAYER[parts[3]]}.{end}"


def _add_facts(writer: Any, config: dict[str, Any], kind: str) -> None:
    heads = config["num_attention_heads"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(_head(config))
    writer.add_value_length(_head(config))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(_theta(config))
    writer.add_rope_dimension_count(_head(config))
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(_FILE_TYPES[kind])
    writer.add_quantization_version(2)


def _write(
    writer: Any, tensors: dict[str, _tensors.Tensor], config: dict[str, Any], kind: str, *, twisted: bool
) -> None:
    from gguf import GGMLQuantizationType as Kind
    from gguf import quants

    kinds = {name: Kind[_kind(one.shape, kind).upper()] for name, one in tensors.items()}
    factors = _rope_factors(config)
    if factors is not None:
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    for name, one in tensors.items():
        bytes_shape = quants.quant_shape_to_byte_shape(one.shape, kinds[name])
        size = math.prod(bytes_shape)
        writer.add_tensor_info(name, one.shape, np.dtype(np.float32), size, raw_dtype=kinds[name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if factors is not None:
        writer.write_tensor_data(factors)
    for name, one in tensors.items():
        writer.write_tensor_data(quants.quantize(_numbers(name, one, config, twisted), kinds[name]))


def _kind(shape: tuple[int, ...], kind: str) -> str:
    if len(shape) == 1:
        return "f32"
    return F16 if shape[-1] % _BLOCK else kind


def _numbers(name: str, tensor: _tensors.Tensor, config: dict[str, Any], twisted: bool) -> Numbers:
    found = _tensors.numbers(tensor)
    heads = config["num_attention_heads"]
    if twisted and ".attn_q." in name:
        return _twist(found, heads)
    if twisted and ".attn_k." in name:
        return _twist(found, config.get("num_key_value_heads") or heads)
    return found


def _twist(rows: Numbers, heads: int) -> Numbers:
    """The rows of each head with those of its two halves in turn, as llama.cpp turns positions; HF turns the halves."""
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows.shape))


def _rope_factors(config: dict[str, Any]) -> Numbers | None:
    """By how much each pair of a head turns slower in models stretched as Llama 3.1 is; None where nothing is."""
    rope = _rope(config)
    if rope.get("rope_type", "default") != "llama3":
        return None
    size, factor, context = _head(config), rope["factor"], rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    waves = 2 * math.pi * _theta(config) ** (np.arange(0, size, 2) / size)
    between = np.clip((context / waves - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - between) / factor + between), np.float32)


def main(arguments: list[str]) -> int:
    """0 when the file is written, 1 and a sentence on the standard error when not, 2 for wrong arguments."""
    if len(arguments) not in (2, 3) or arguments[2:] not in ([], [Q8_0], [F16]):
        sys.stderr.write("python -m training.recipes.to_gguf FOLDER OUT [q8_0|f16]\n")
        return 2
    os.environ.setdefault("TQDM_DISABLE", "1")
    try:
        convert(Path(arguments[0]), Path(arguments[1]), "".join(arguments[2:]) or Q8_0)
    except (BadRunDir, OSError) as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
