"""The text forbids what the config opens as a whole, or allows what it keeps closed."""

import re
from collections.abc import Iterator
from functools import cache

from annotations.lints import Draft, Finding, Level
from annotations.lints._bans import whole_bans
from annotations.lints._categories import name, openable, opens
from annotations.lints._tables import table
from annotations.lints._text import Sentence, alternatives, excerpt, listed, sentences

LABEL = "Rule against the allowed set"
WHY = """\
Judges of risks go by the allowed categories, and the model reads only the text: when the two disagree, a model that \
obeys is marked wrong. Before: violence is allowed, and r5 says "No violence." After: r5 says "No torture shown act \
by act." A ban that is narrowed, such as one of violence against real people, only limits an allowance."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each unlimited ban of an allowed category, and for each allow rule that opens a closed one."""
    for sentence in sentences(draft):
        if sentence.kind != "allow":
            yield from _banned(draft, sentence)
        elif not _closing().search(sentence.text):
            yield from _opened(draft, sentence)


def _banned(draft: Draft, sentence: Sentence) -> Iterator[Finding]:
    slugs = [slug for slug in whole_bans(sentence) if slug in draft.allowed]
    if slugs:
        place = sentence.rule or "This sentence"
        message = (
            f"{place} forbids {listed(map(name, slugs))} as a whole, but the config allows it: a model that obeys "
            "refuses what you opened. Say which part stays closed, or take the category out of the allowed set."
        )
        shown = excerpt(sentence.text)
        yield Finding("rule_against_allowed", LEVEL, message, sentence.rule, sentence.line, shown)


def _opened(draft: Draft, sentence: Sentence) -> Iterator[Finding]:
    for slug in openable():
        found = None if slug in draft.allowed else opens(slug).search(sentence.text)
        if found:
            message = (
                f"{sentence.rule} allows “{found[0]}”, but {name(slug)} is not in the allowed set: judges of risks "
                "will count what the rule permits as a break. Allow the category, or say what the rule leaves out."
            )
            shown = excerpt(sentence.text, *found.span())
            yield Finding("rule_against_allowed", LEVEL, message, sentence.rule, excerpt=shown)


@cache
def _closing() -> re.Pattern[str]:
    words = alternatives(table("words")["rule_against_allowed"]["closing"])
    return re.compile(rf"(?<!\w)(?=\w)(?:{words})(?!\w)|n['’]t\b", re.IGNORECASE)
