"""How the reply of a language model becomes a Verdict: our own schema, a policy model's violation, a guard's codes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from annotations.core import verdicts
from annotations.core.json_objects import places
from annotations.core.storable import storable
from annotations.core.taxonomy import OTHER, SLUGS
from annotations.core.verdicts import Verdict

FIELDS = {
    "helpfulness": "helpfulness",
    "follows_config": "follows_config",
    "addressed": "addressed",
    "risk_categories": "risks",
    "refusal": "refusal",
}
Codes = Mapping[str, Sequence[str]]
Allowed = frozenset[str] | None
_CODES = re.compile(r"\s*(?:(?P<safe>safe)|unsafe\s+(?P<codes>S[0-9]+(?:\s*,\s*S[0-9]+)*))\s*", re.IGNORECASE)
_RULE_ID = re.compile(r"r[1-9][0-9]*")


def of_verdict(kind: str, text: str, allowed: Allowed, slugs: Sequence[str] = SLUGS) -> Verdict | None:
    """The verdict of this kind in JSON or prose; None when there is none or when it contradicts itself.

    `slugs` are the risk categories that have to be answered. A reply that says the config is followed and names broken
    rules all the same is a contradiction.
    """
    value = verdicts.parse(kind, text, slugs)
    broken = _storable(verdicts.broken_rules(text)) if kind == "follows_config" else ()
    if value is None or (value is True and broken):
        return None
    known: dict[str, Any] = {FIELDS[kind]: value, "broken_rules": broken, "reasons": storable(verdicts.reasons(text))}
    if kind == "risk_categories":
        known["follows_config"] = keeps((frozenset({risk}) for risk in known["risks"]), allowed)
    return Verdict(**known)


def of_violation(text: str) -> Verdict | None:
    """The verdict of a policy model; None when there is none, and when rules are named though none is violated.

    It is the last object with `violation` (0 or 1), `rules` and `rationale`, or a bare 0 or 1 and nothing else.
    """
    if text.strip() in ("0", "1"):
        return Verdict(follows_config=text.strip() == "0")
    objects = (content for place in reversed(places(text)) for content in reversed(place.objects))
    said: dict[str, Any] = next((content for content in objects if "violation" in content), {})
    value, rules, rationale = said.get("violation"), said.get("rules"), said.get("rationale")
    named = [rule for rule in rules if isinstance(rule, str)] if isinstance(rules, list) else []
    broken = _storable(rule for rule in dict.fromkeys(named) if _RULE_ID.fullmatch(rule))
    if value not in (0, 1) or (not value and broken):
        return None
    reasons = storable(rationale.strip()) if isinstance(rationale, str) else ""
    return Verdict(follows_config=not value, broken_rules=broken, reasons=reasons)


def of_codes(text: str, codes: Codes, allowed: Allowed) -> Verdict | None:
    """The verdict of a guard that says `safe`, or `unsafe` and below it its codes; None for anything else.

    A code that stands for several of our slugs names them all: which of them it meant, nobody can tell.
    """
    said = _CODES.fullmatch(text)
    if said is None:
        return None
    named = [code.strip().upper() for code in (said["codes"] or "").split(",") if code.strip()]
    if not set(named) <= set(codes):
        return None
    groups = [frozenset(codes[code]) for code in named]
    reasons = f"The guard named {', '.join(named)}." if named else "The guard found it safe."
    return Verdict(risks=frozenset().union(*groups), follows_config=keeps(groups, allowed), reasons=reasons)


def keeps(found: Iterable[frozenset[str]], allowed: Allowed) -> bool | None:
    """Whether a config that opens `allowed` is kept by a response in which these risks were found.

    Each found risk is a set of slugs of which at least one is meant. False when one of them lies outside what is
    allowed, whichever slug was meant; True when all lie inside; None when that hangs on the slug, and where `allowed`
    is not known. `other` is never allowed. For risks that are one slug each it is `risks <= allowed - {other}`.
    """
    if allowed is None:
        return None
    open_ones = allowed - {OTHER}
    groups = list(found)
    if any(group.isdisjoint(open_ones) for group in groups):
        return False
    return True if all(group <= open_ones for group in groups) else None


def _storable(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(storable, names))


Reader = Callable[[Any, str, Allowed], Verdict | None]
READERS: dict[str, Reader] = {
    "verdict": lambda judge, text, allowed: of_verdict(judge.verdict, text, allowed, judge.slugs),
    "violation": lambda judge, text, allowed: of_violation(text),
    "codes": lambda judge, text, allowed: of_codes(text, judge.codes, allowed),
}
"""How a reply to a judge is read, by the name its file gives in `reply`."""
