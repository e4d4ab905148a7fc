"""What a rater may say of a response, checked before it is stored; and names by which a response gives itself away."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from annotations.core.storable import storable
from annotations.core.taxonomy import SLUGS

MOST_POINTS, LONGEST_COMMENT = 5, 5_000
MASK = "[model]"


class AnswerProblem(ValueError):
    """Why an answer is not stored; `field` says which part of it is wrong."""

    def __init__(self, field: str, words: str):
        super().__init__(words)
        self.field = field


class Answer(NamedTuple):
    """An answer as it is stored. `risks` is None where the campaign does not ask for them."""

    points: int
    follows_config: bool
    broken_rules: tuple[str, ...] = ()
    risks: tuple[str, ...] | None = None
    comment: str = ""


def read(said: Mapping[str, Any], rules: Collection[str], *, ask_risks: bool = False) -> Answer:
    """The answer in what was sent: `points` 0..5, `follows_config` yes or no, `broken_rules`, `risks`, `comment`.

    Values may be as a form or as JSON sends them; lists in the order of the config's rules and of the categories.
    Raises AnswerProblem for a value that is missing or unknown.
    """
    follows = _yes_or_no(said.get("follows_config"))
    broken = _chosen("broken_rules", said.get("broken_rules"), rules, "rule of this config")
    if follows and broken:
        raise AnswerProblem("broken_rules", "A response that follows the config breaks no rule: choose no, or no rule.")
    risks = _chosen("risks", said.get("risks"), SLUGS, "risk category")
    if risks and not ask_risks:
        raise AnswerProblem("risks", "This campaign does not ask for risk categories.")
    return Answer(_points(said.get("points")), follows, broken, risks if ask_risks else None, _comment(said))


def _points(value: Any) -> int:
    known = {str(points): points for points in range(MOST_POINTS + 1)}
    if isinstance(value, bool) or str(value) not in known:
        raise AnswerProblem("points", f"Say how helpful the response is, from 0 to {MOST_POINTS}.")
    return known[str(value)]


def _yes_or_no(value: Any) -> bool:
    known = {"yes": True, "no": False, True: True, False: False}
    if not isinstance(value, str | bool) or value not in known:
        raise AnswerProblem("follows_config", "Say whether the response follows the config: yes or no.")
    return known[value]


def _chosen(field: str, value: Any, known: Collection[str], what: str) -> tuple[str, ...]:
    given = value or []
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise AnswerProblem(field, f"Give a list of names, each a {what}.")
    if unknown := sorted(set(given) - set(known)):
        raise AnswerProblem(field, f"There is no {what} called {unknown[0][:50]!r}.")
    return tuple(one for one in known if one in given)


def _comment(said: Mapping[str, Any]) -> str:
    value = said.get("comment") or ""
    if not isinstance(value, str):
        raise AnswerProblem("comment", "A comment is text.")
    text = storable(value).strip()
    if len(text) > LONGEST_COMMENT:
        raise AnswerProblem("comment", f"A comment has at most {LONGEST_COMMENT:,} characters; this has {len(text):,}.")
    return text


FAMILIES = (
    *(
        "ChatGPT",
        "GPT-4",
        "GPT-3.5",
        "GPT-5",
        "OpenAI",
        "Claude",
        "Anthropic",
        "Gemini",
        "Gemma",
        "Bard",
        "Llama",
        "LLaMA",
    ),
    *("Mistral", "Mixtral", "Qwen", "DeepSeek", "Phi-3", "Phi-4", "SmolLM", "SmolLM2", "Command R", "Cohere", "Grok"),
    *("Falcon", "Vicuna", "Alpaca", "Zephyr", "OLMo", "Hugging Face", "Kimi", "Moonshot AI", "Nemotron", "Yi-34B"),
)
"""Names of model families and their makers, as a response would say them of itself."""
SELF = (
    r"\b(?:I am|I'm|I’m|as|my name is|called|I was (?:made|trained|created|developed) by|model (?:made|trained) by)\s+"
)


def name_given_away(text: str, names: Collection[str] = ()) -> str:
    """The first name by which the text seems to say which model wrote it; "" when there is none.

    One of `names` (the model's own) counts wherever it stands, a family's name only where the text speaks of itself.
    """
    lower = text.lower()
    for known, before in ((names, ""), (FAMILIES, SELF + r"(?:an? |the )?(?:\w+ ){0,3}?")):
        there = tuple(name for name in known if len(name) > 2 and name.lower() in lower)
        if there and (found := _any_of(there, before).search(text)):
            return found.group("name")
    return ""


def mask(text: str, name: str) -> str:
    """The text with MASK wherever that name stands in it, in capitals or not."""
    return re.sub(re.escape(name), MASK, text, flags=re.IGNORECASE) if name else text


@lru_cache(maxsize=256)
def _any_of(names: tuple[str, ...], before: str) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"{before}(?P<name>(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w))", re.IGNORECASE)
