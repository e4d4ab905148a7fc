"""Words that leave the decision to the model, and lists without an end."""

import re
from collections.abc import Iterator
from functools import cache

from annotations.lints import Draft, Finding, Level
from annotations.lints._tables import table
from annotations.lints._text import CLITICS, alternatives, excerpt, listed, sentences

LABEL = "Vague words"
WHY = """\
A config exists because people disagree on what is appropriate, so the word hands the decision back to the model, and \
two raters will read it in two ways. Before: "No inappropriate jokes." After: "No jokes about accents, faith or \
disability." A word that is explained in the same sentence, with "such as" or after a colon, is let through."""
LEVEL: Level = "note"

ALWAYS = ("en", "ar")
"""Languages whose words are looked for in every config; the others only in configs of their language."""

_EXPLAINED = re.compile(r"(?:[:：]|\b(?:such as|namely|that is|meaning|i\.e|e\.g|for example|for instance)\b|مثل |أي )")


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each sentence of policy or rules with such words in it, naming them."""
    language = draft.language.casefold().replace("_", "-").partition("-")[0]
    vague, endings = _patterns(language if language in table("vague_words") else "")
    for sentence in sentences(draft):
        text = sentence.text
        explained = max((found.start() for found in _EXPLAINED.finditer(text)), default=-1)
        words = [word for word in vague.finditer(text) if word.end() > explained]
        open_ends = list(endings.finditer(text))
        if found := [*words, *open_ends]:
            message = " ".join(filter(None, [_vague(words), _open(open_ends)]))
            shown = excerpt(text, *found[0].span())
            yield Finding("vague_words", LEVEL, message, sentence.rule, sentence.line, shown)


def _vague(found: list[re.Match[str]]) -> str:
    if not found:
        return ""
    names = _names(found)
    verb = "leaves" if len(names) == 1 else "leave"
    return f"{listed(names)} {verb} the decision to the model. Name what is in and what is out."


def _open(found: list[re.Match[str]]) -> str:
    if not found:
        return ""
    return f"{listed(_names(found))}: the list has no end. Finish it, or say what its members have in common."


def _names(found: list[re.Match[str]]) -> list[str]:
    """At most three of the words, in quotation marks, each once."""
    return [f"“{word}”" for word in dict.fromkeys(one[0].lower() for one in found)][:3]


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The vague words, and the open ends of lists, of the languages always looked for and of one more."""
    known = [name for name in dict.fromkeys((*ALWAYS, language)) if name in table("vague_words")]
    return _pattern(known, "words"), _pattern(known, "endings")


def _pattern(languages: list[str], part: str) -> re.Pattern[str]:
    parts = []
    for language in languages:
        entries = alternatives(table("vague_words")[language][part])
        parts.append(f"{CLITICS}(?:{entries})" if language == "ar" else f"(?:{entries})")
    return re.compile(rf"(?<![\w-])(?=\w)(?:{'|'.join(parts)})(?![\w-])", re.IGNORECASE)
