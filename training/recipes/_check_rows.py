"""The pairs of a run as a check sees them: counted all of them, measured in tokens a sample of them."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from annotations.core.preference_pairs import DEV, SPLITS, TRAIN, prompt_digest
from training.recipes import rows
from training.recipes._check_lengths import UP_TO, summary
from training.recipes.rows import BEYOND, REPEATED, Fitted
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import TrainingSettings

LOOKED_AT, SEED = 10_000, 0
_UNCUT = 1 << 30
Told = Callable[[int, int], None]


class Survey(NamedTuple):
    """All pairs of a file by their place: which are candidates of each split, and how many are left out before."""

    places: dict[str, "array[int]"]
    pairs: Counter[str]
    left: dict[str, Counter[str]]


class Measured:
    """What came of looking at pairs: the law of each split, lengths in tokens, tokens that are trained on."""

    def __init__(self, kind: str):
        names = ("prompt", "chosen", "rejected", "whole") if kind == DPO else ("prompt", "chosen", "whole")
        self.lengths = {name: array("I") for name in names}
        self.out, self.cut = Counter[str](), Counter[str]()
        self.dropped = {split: Counter[str]() for split in SPLITS}
        self.tokens = self.unlike = 0

    def add(self, split: str, whole: Fitted, fitted: Fitted) -> None:
        """Nothing; one more pair, as it is and as it fits."""
        if whole.prompt:
            answers = [len(one) for one in whole.answers]
            found = [len(whole.prompt), *answers, len(whole.prompt) + max(answers)]
            for lengths, length in zip(self.lengths.values(), found, strict=True):
                lengths.append(length)
        if fitted.dropped:
            self.dropped[split][fitted.dropped] += 1
            return
        self.out[split] += 1
        self.cut[split] += fitted.cut
        self.unlike += bool(fitted.unlike)
        self.tokens += sum(len(fitted.prompt) + len(one) for one in fitted.answers)


def measure(source: Path, tokenizer: Any, kind: str, settings: TrainingSettings, told: Told) -> dict[str, Any]:
    """The law of each split and the lengths of its texts. Of more than LOOKED_AT pairs for training so many are drawn.

    `told` hears how many of how many were looked at. Raises BadRows.
    """
    survey = _survey(source, kind, settings.eval_rows)
    drawn = _drawn(survey.places[TRAIN])
    wanted = sorted([*drawn, *survey.places[DEV]])
    found = Measured(kind)
    for number, pair in enumerate(_at(source, wanted), start=1):
        found.add(pair["split"], *_fitted(tokenizer, pair, kind, settings))
        told(number, len(wanted))
    law = {split: _law(survey, found, split) for split in SPLITS}
    return {"rows": law, "lengths": _lengths(found, len(wanted), sum(map(len, survey.places.values())))}


def _survey(source: Path, kind: str, eval_rows: int) -> Survey:
    pairs, places = Counter[str](), {split: array("I") for split in SPLITS}
    last: dict[bytes, int] = {}
    for number, pair in enumerate(rows.pairs(source)):
        pairs[pair["split"]] += 1
        places[pair["split"]].append(number)
        if kind == SFT:
            last[_key(pair)] = number
    left = {split: Counter[str]() for split in SPLITS}
    if kind == SFT:
        kept = set(last.values())
        places = {split: array("I", (one for one in found if one in kept)) for split, found in places.items()}
        left = {split: Counter({REPEATED: pairs[split] - len(places[split])}) for split in SPLITS}
    left[DEV][BEYOND] = max(0, len(places[DEV]) - eval_rows)
    places[DEV] = places[DEV][:eval_rows]
    return Survey(places, pairs, left)


def _key(pair: dict[str, str]) -> bytes:
    asked = (pair[name] for name in ("split", "system_prompt", "prompt"))
    return prompt_digest("".join(f"{len(text)}:{text}" for text in asked))


def _drawn(places: "array[int]") -> "array[int]":
    if len(places) <= LOOKED_AT:
        return places
    return array("I", Random(SEED).sample(places, LOOKED_AT))  # noqa: S311  a sample of texts, no secret


def _at(source: Path, wanted: list[int]) -> Iterator[dict[str, str]]:
    """The pairs at these places, which rise."""
    left = iter(wanted)
    following = next(left, None)
    for number, pair in enumerate(rows.pairs(source)):
        if number == following:
            yield pair
            following = next(left, None)


def _fitted(tokenizer: Any, pair: dict[str, str], kind: str, settings: TrainingSettings) -> tuple[Fitted, Fitted]:
    """A pair as it is, and as it fits."""
    answers = [pair["chosen_response"], pair["rejected_response"]][: 2 if kind == DPO else 1]
    asked = (tokenizer, pair["system_prompt"], pair["prompt"], answers)
    whole = rows.fit(*asked, max_length=_UNCUT, max_prompt_length=_UNCUT - 1)
    if whole.dropped or whole.tokens <= settings.max_length:
        return whole, whole
    fitted = rows.fit(*asked, max_length=settings.max_length, max_prompt_length=settings.max_prompt_length)
    return whole, fitted


def _law(survey: Survey, found: Measured, split: str) -> dict[str, Any]:
    """In = left out before + there; of these some are looked at: out + dropped. Cut ones are among those out."""
    left, dropped, out = survey.left[split], found.dropped[split], found.out[split]
    return {
        "in": survey.pairs[split],
        "left": {reason: many for reason, many in left.items() if many},
        "there": len(survey.places[split]),
        "looked": out + dropped.total(),
        "out": out,
        "dropped": dict(dropped),
        "cut": found.cut[split],
    }


def _lengths(found: Measured, looked: int, there: int) -> dict[str, Any]:
    out = found.out.total()
    told = {"up_to": list(UP_TO), "looked": looked, "of": there, "seed": SEED, "unlike": found.unlike}
    texts = {name: summary(lengths) for name, lengths in found.lengths.items()}
    return told | {"tokens": found.tokens / out if out else None, "texts": texts}
