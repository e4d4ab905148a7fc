"""Pairs as rows of token ids: what fits, what is cut and what is dropped, so that nothing is left for TRL to cut."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from annotations.core.preference_pairs import SPLITS
from training.recipes import _tokens
from training.recipes._tokens import Tokenizer

READ = ("split", "system_prompt", "prompt", "chosen_response", "rejected_response")
REASONS = {
    "empty": "the prompt or a response is empty",
    "question_too_long": "the question leaves no room for anything of the config",
    "no_difference": "both responses are the same, as they are or after the cut",
    "same_prompt": "a later pair has the same config and prompt: SFT learns the last chosen response",
    "beyond_eval_rows": "more than the dev set looks at",
}
EMPTY, TOO_LONG, ALIKE, REPEATED, BEYOND = REASONS
_AT_ONCE = 512


class BadRows(ValueError):
    """Why a file of pairs cannot be trained on, in words."""


class Fitted(NamedTuple):
    """A prompt with its answers as token ids, none longer than asked; `dropped` is one of REASONS or empty.

    `system` is what is left of the config; `tokens` is the longest whole before any cut; `cut_system` and
    `cut_answers` are the tokens cut off. `unlike` is how many tokens at the end of the prompt the chat template writes
    in another way once an answer follows: above 0 the model is trained on another prompt than it is asked with.
    """

    prompt: list[int]
    answers: list[list[int]]
    system: str
    tokens: int = 0
    cut_system: int = 0
    cut_answers: int = 0
    unlike: int = 0
    dropped: str = ""

    @property
    def cut(self) -> bool:
        """Whether anything was cut off."""
        return bool(self.cut_system or self.cut_answers)


def fit(
    tokenizer: Tokenizer, system: str, user: str, answers: Sequence[str], *, max_length: int, max_prompt_length: int
) -> Fitted:
    """A prompt with one answer (SFT) or with chosen and rejected (DPO) as ids, at most `max_length` in all.

    The answers keep what the prompt leaves of `max_length`, at least `max_length - max_prompt_length`. A prompt that
    is longer then loses the end of its config; the question stays whole, or the row is dropped.
    """
    if not user.strip() or not all(one.strip() for one in answers):
        return Fitted([], [], system, dropped=EMPTY)
    if len(answers) > 1 and len(set(answers)) == 1:
        return Fitted([], [], system, dropped=ALIKE)
    whole = _split(tokenizer, system, user, answers)
    longest = max(map(len, whole.answers))
    if (tokens := len(whole.prompt) + longest) <= max_length:
        return whole._replace(tokens=tokens)
    kept = min(longest, max_length - max_prompt_length)
    left = _shortened(tokenizer, system, user, max_length - kept) if len(whole.prompt) + kept > max_length else system
    if left is None:
        return whole._replace(tokens=tokens, dropped=TOO_LONG)
    return _cut(whole, _split(tokenizer, left, user, answers), max_length)._replace(tokens=tokens)


def _split(tokenizer: Tokenizer, system: str, user: str, answers: Sequence[str]) -> Fitted:
    asked = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    prompt = _tokens.ids(tokenizer, asked, answer_next=True)
    wholes = [_tokens.ids(tokenizer, [*asked, {"role": "assistant", "content": one}]) for one in answers]
    same = min(_alike(prompt, whole) for whole in wholes)
    return Fitted(prompt[:same], [whole[same:] for whole in wholes], system, unlike=len(prompt) - same)


def _alike(one: list[int], other: list[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _shortened(tokenizer: Tokenizer, system: str, user: str, room: int) -> str | None:
    """The start of the config that fills the prompt up to `room` tokens; None where that is nothing of it.

    Its length is looked for between what fits and what does not, by turns where it should be and in the middle.
    """

    def tokens(length: int) -> int:
        asked = [{"role": "system", "content": system[:length]}, {"role": "user", "content": user}]
        return len(_tokens.ids(tokenizer, asked, answer_next=True))

    low, high, fewest, most = 0, len(system), tokens(0), tokens(len(system))
    straight = True
    while fewest < room and high - low > 1:
        share = (room - fewest) / (most - fewest) if straight else 0.5
        middle = min(max(low + 1, low + int((high - low) * share)), high - 1)
        found, straight = tokens(middle), not straight
        if found <= room:
            low, fewest = middle, found
        else:
            high, most = middle, found
    return system[:low] if system[:low].strip() else None


def _cut(whole: Fitted, left: Fitted, max_length: int) -> Fitted:
    room = max_length - len(left.prompt)
    answers = [one[:room] for one in left.answers]
    lost = sum(map(len, whole.answers)) - sum(map(len, answers))
    alike = len(answers) > 1 and answers[0] == answers[1]
    return left._replace(
        answers=answers,
        cut_system=len(whole.prompt) - len(left.prompt),
        cut_answers=lost,
        dropped=ALIKE if alike else "",
    )


def pairs(source: Path) -> Iterator[dict[str, str]]:
    """The pairs of a Parquet file, in its order, a few at a time. Raises BadRows."""
    from pyarrow import ArrowInvalid
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(source) as file:
            if missing := [name for name in READ if name not in file.schema_arrow.names]:
                raise BadRows(f"{source.name} has no column {', '.join(missing)}.")
            for batch in file.iter_batches(batch_size=_AT_ONCE, columns=list(READ)):
                for row in batch.to_pylist():
                    yield _pair(row, source)
    except FileNotFoundError as gone:
        raise BadRows(f"There is no file of pairs at {source}.") from gone
    except ArrowInvalid as broken:
        raise BadRows(f"{source.name} is no Parquet file that can be read: {broken}.") from broken


def _pair(row: dict[str, str | None], source: Path) -> dict[str, str]:
    if row["split"] not in SPLITS:
        raise BadRows(f"A pair of {source.name} belongs to “{row['split']}”; we know {' and '.join(SPLITS)}.")
    return {name: row[name] or "" for name in READ}
