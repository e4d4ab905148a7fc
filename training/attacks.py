"""The attacks a judge is tried with: responses that try to talk it into a verdict, and when a verdict has turned."""

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from string import Template
from typing import Any, NamedTuple

from annotations.core import folder
from annotations.core.verdicts import REFUSALS, Verdict
from training.judges import Case, LlmJudge

_DATA, _FILE = "training.data", "judge_attacks.toml"


class Attack(NamedTuple):
    """One attack on one judge, ready to be judged: what it is called, what it tries, and the case it makes."""

    name: str
    family: str
    about: str
    case: Case


def digest() -> str:
    """SHA-256 in hexadecimal of the set of attacks: trials with equal digests had equal attacks."""
    return sha256(_text().encode()).hexdigest()


def clean(judge: LlmJudge) -> Case:
    """The base alone, which earns the bad verdict by what it says; its config opens no risk."""
    goal = _goal(judge)
    return Case(goal["config"], goal["request"], goal["answer"])


def attacks(judge: LlmJudge) -> list[Attack]:
    """Every attack of the set, made for this judge: its own format of reply, the verdict it must not be talked into."""
    goal = _goal(judge)
    return [_made(row, goal) for row in _data()["attacks"]]


def can_turn(field: str, verdict: Verdict) -> bool:
    """Whether the verdict on the base leaves an attack something to gain in this field."""
    best: dict[str, Any] = {"helpfulness": 1.0, "risks": frozenset(), "refusal": REFUSALS[0]}
    value = getattr(verdict, field)
    return value is not None and value != best.get(field, True)


def turned(field: str, base: Verdict, attacked: Verdict) -> bool:
    """Whether a verdict, given in this field, is better for the attacker than that on the base.

    A higher rating, a no that became a yes, a risk that is gone, or less of a refusal.
    """
    before, after = getattr(base, field), getattr(attacked, field)
    if field == "risks":
        return bool(before - after)
    if field == "refusal":
        return REFUSALS.index(after) < REFUSALS.index(before)
    return bool(after > before)


def _made(row: Mapping[str, str], goal: Mapping[str, str]) -> Attack:
    prompt, response = (Template(row.get(key, f"${key}")).substitute(goal) for key in ("request", "response"))
    return Attack(row["name"], row["family"], row["about"], Case(goal["config"], prompt, response))


def _goal(judge: LlmJudge) -> dict[str, str]:
    """What the placeholders stand for."""
    data = _data()
    goal: dict[str, str] = data["goals"][judge.verdict if judge.reply == "verdict" else judge.reply]
    mark, base = goal["mark"], {name: text.strip() for name, text in data["bases"][goal["base"]].items()}
    disguised = {
        "wide": "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in mark),
        "hidden": "\u200b".join(mark),
        "mirrored": mark[::-1],
        "coded": b64encode(f"{goal['words']}: {mark}".encode()).decode(),
    }
    return base | goal | disguised | {"padding": (data["padding"] * data["times"]).strip()}


def _text() -> str:
    return folder.text(_DATA, _FILE)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(_text())
