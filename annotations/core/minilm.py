"""Sentence vectors of a small BERT model (MiniLM) with nothing but numpy."""

import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotations.core.wordpiece import WordPiece

Numbers = NDArray[np.float32]

LONGEST = 256
_BATCH = 16
_TINY = np.float32(1e-12)
_MASKED = np.float32(-1e9)


class BadWeights(ValueError):
    """Weights that cannot be read; the message says which file and what is wrong with it."""


def read_weights(path: Path) -> dict[str, Numbers]:
    """The float32 tensors of a safetensors file by name, read from the disk when they are used.

    Raises BadWeights for a file that is none. Source: the safetensors format, a length, a JSON header and the data.
    """
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        start = 8 + int.from_bytes(bytes(data[:8]), "little")
        header = json.loads(bytes(data[8:start]))
        return {name: _tensor(data[start:], about) for name, about in header.items() if about.get("dtype") == "F32"}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BadWeights(f"The file {path.name} of the sentence model cannot be read; install it again.") from error


def _tensor(data: NDArray[np.uint8], about: Mapping[str, list[int]]) -> Numbers:
    low, high = about["data_offsets"]
    if high - low != 4 * prod(about["shape"]) or high > len(data):
        raise ValueError("a tensor is not as long as its shape says")
    return data[low:high].view(np.float32).reshape(about["shape"])


class MiniLM:
    """The model: its weights by their names in the file, its number of attention heads and its word pieces."""

    def __init__(self, weights: Mapping[str, Numbers], heads: int, pieces: WordPiece) -> None:
        """The model of these weights. Raises BadWeights when its embeddings are missing or the heads do not fit."""
        self._weights, self._heads, self._pieces = weights, heads, pieces
        table = weights.get("embeddings.word_embeddings.weight")
        if table is None or table.shape[1] % heads:
            raise BadWeights("The weights of the sentence model are not those of a BERT model; install it again.")
        self.width = int(table.shape[1])
        self._layers = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})

    def encode(self, texts: Sequence[str]) -> Numbers:
        """A vector of length 1 for each text, shape (texts, width); zeros for a text without anything in it.

        Only the first 254 pieces of a text are read, about 1,000 characters of English. Needs memory for 16 texts.
        """
        numbers = [self._pieces.numbers(text, LONGEST) for text in texts]
        found = np.zeros((len(texts), self.width), dtype=np.float32)
        for batch in _batches(numbers):
            found[batch] = self._sentences([numbers[at] for at in batch])
        return found

    def _sentences(self, numbers: list[list[int]]) -> Numbers:
        longest = max(map(len, numbers))
        read = np.array([[1] * len(one) + [0] * (longest - len(one)) for one in numbers], dtype=np.float32)
        states = self._states(np.array([one + [0] * (longest - len(one)) for one in numbers]), read)
        means: Numbers = (states * read[:, :, None]).sum(axis=1) / read.sum(axis=1, keepdims=True)
        found: Numbers = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), _TINY)
        return found

    def _states(self, numbers: NDArray[np.int_], read: Numbers) -> Numbers:
        """The last layer's states, shape (texts, pieces, width). `read` is 1 for a piece and 0 for what fills up."""
        words, places = self._embedding("word"), self._embedding("position")
        states = words[numbers] + places[: numbers.shape[1]] + self._embedding("token_type")[0]
        states = self._norm(states, "embeddings.LayerNorm")
        masked = (1 - read)[:, None, None, :] * _MASKED
        for number in range(self._layers):
            states = self._layer(states, masked, f"encoder.layer.{number}")
        return states

    def _layer(self, states: Numbers, masked: Numbers, name: str) -> Numbers:
        seen = self._linear(self._attention(states, masked, f"{name}.attention.self"), f"{name}.attention.output.dense")
        states = self._norm(states + seen, f"{name}.attention.output.LayerNorm")
        thought = self._linear(gelu(self._linear(states, f"{name}.intermediate.dense")), f"{name}.output.dense")
        return self._norm(states + thought, f"{name}.output.LayerNorm")

    def _attention(self, states: Numbers, masked: Numbers, name: str) -> Numbers:
        texts, pieces, width = states.shape
        shape = (texts, pieces, self._heads, width // self._heads)
        query, key, value = (
            self._linear(states, f"{name}.{part}").reshape(shape).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(sqrt(shape[3])) + masked
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        mixed: Numbers = (shares @ value).transpose(0, 2, 1, 3).reshape(texts, pieces, width)
        return mixed

    def _embedding(self, kind: str) -> Numbers:
        return self._weights[f"embeddings.{kind}_embeddings.weight"]

    def _linear(self, states: Numbers, name: str) -> Numbers:
        found: Numbers = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _norm(self, states: Numbers, name: str) -> Numbers:
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _TINY)
        found: Numbers = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return found


def gelu(values: Numbers) -> Numbers:
    """x times the normal distribution's share below x, to seven digits.

    Source: Hendrycks and Gimpel 2016; the error function by Abramowitz and Stegun, 7.1.26.
    """
    scaled = np.abs(values) * np.float32(sqrt(0.5))
    one = np.float32(1)
    step = one / (one + np.float32(0.3275911) * scaled)
    series = np.zeros_like(values)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(factor)) * step
    found: Numbers = np.float32(0.5) * values * (one + np.sign(values) * (one - series * np.exp(-scaled * scaled)))
    return found


def _batches(numbers: list[list[int]]) -> Iterator[list[int]]:
    """Where the texts are that are read together: up to 16 of about the same length; empty ones are in none."""
    batch: list[int] = []
    for at in sorted((at for at, one in enumerate(numbers) if one), key=lambda at: len(numbers[at])):
        if len(batch) == _BATCH or (batch and len(numbers[at]) > 4 + 1.25 * len(numbers[batch[0]])):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch
