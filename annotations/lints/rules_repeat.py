"""Two rules with one text."""

import re
from collections.abc import Iterator

from annotations.core.config_text import RULE_WORDS, Rule
from annotations.lints import Draft, Finding, Level
from annotations.lints._tables import table
from annotations.lints._text import quoted

LABEL = "Rules that repeat"
WHY = """\
Of two rules with the same words and opposite kinds a model follows either, and no test can tell which was meant. Two \
of the same kind count one case twice, and after an edit of only one of them they contradict each other. Before: r2 \
allows "jokes about the weather" and r8 forbids them. After: one rule, with its condition if it has one."""
LEVEL: Level = "warning"

ALIKE = 0.85
"""The share of content words two texts have in common, of all they have, from which on they say the same."""

_NUMBER = re.compile(r"\d")


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each rule that says the same as an earlier one, about the first such rule."""
    earlier: list[tuple[Rule, frozenset[str]]] = []
    for rule in draft.rules:
        words = _content(rule.text)
        twin = next((one for one, others in earlier if _alike(words, others)), None)
        if twin:
            yield Finding("rules_repeat", LEVEL, _message(twin, rule), rule.id)
        if words:
            earlier.append((rule, words))


def _message(twin: Rule, rule: Rule) -> str:
    if twin.kind == rule.kind:
        return f"Rule {rule.id} says what {twin.id} says already: {quoted(rule.text)}. Remove one of them."
    kinds = [RULE_WORDS.get(one.kind, one.kind) for one in (twin, rule)]
    return (
        f"Rules {twin.id} and {rule.id} contradict each other: {quoted(rule.text)} is {kinds[0]} in {twin.id} "
        f"and {kinds[1]} in {rule.id}. Keep one, and state its limit in it."
    )


def _content(text: str) -> frozenset[str]:
    """The words that carry a text's meaning; all its words when it has no others."""
    words = frozenset(re.findall(r"\w+", text.casefold()))
    return words.difference(table("words")["rules_repeat"]["filling"]) or words


def _alike(words: frozenset[str], others: frozenset[str]) -> bool:
    shared = len(words & others)
    most = len(words) + len(others) - shared
    return shared >= ALIKE * most > 0 and not any(_NUMBER.search(word) for word in words ^ others)
