"""Sentences that forbid a whole category, without any limit: "No violence.", "Drugs are forbidden."

A ban that is narrowed in any way, by a preposition, an adjective or a sentence beside it, is none of these.
"""

import re
from functools import lru_cache

from annotations.lints._categories import named_whole
from annotations.lints._tables import table
from annotations.lints._text import Sentence, bare

_LONGEST = 300
_CLOSED = r"(?:forbidden|not allowed|never allowed|disallowed|prohibited|banned|off[- ]limits|not permitted|excluded)"
_START = re.compile(
    r"(?:(?:absolutely|strictly|please|we|you|there|is|are|will|must|should|be|accept|allow|want) ){0,4}"
    r"(?:no|never|avoid|refuse|decline|exclude|forbid|ban|nothing about|nothing on|cannot"
    r"|(?:do|does|must|may|should|can|will|shall|could)(?: not|n't)|can't|won't"
    rf"|(?:{_CLOSED}|no-go)(?: (?:content|topics?|subjects?))?:|لا|ممنوع|يمنع|يُمنع|يحظر|يُحظر|تجنب|لا يسمح)"
    r" (?:(?:write|show|describe|depict|portray|produce|create|generate|discuss|mention|allow|include|accept|permit|use"
    r"|talk|speak|contain|about|on|with|of|any|all|every|kinds?|forms?|types?|sorts?|the) ){0,6}"
)
_END = re.compile(
    rf" (?:is|are|remains?|stays?) (?:(?:strictly|absolutely|always|completely|all) ){{0,2}}(?:{_CLOSED}|out|closed)$"
    r"| (?:ممنوع|ممنوعة|محظور|محظورة|غير مسموح به|غير مسموح بها)$"
)
_TAIL = re.compile(
    r",? (?:of any (?:kind|sort|type|form)|in any (?:form|way|context)|at all|whatsoever|ever|please|at any time"
    r"|without exception|(?:is|are) (?:ever )?(?:allowed|permitted|accepted|tolerated|shown|welcome))$"
)
_BANNING = re.compile(rf"\b(?:{_CLOSED}|forbid|no-go|stays? out|out of bounds|never|do not|don't|must not|avoid)\b")
_BETWEEN = re.compile(r", (?:or|and|nor) |, |، | (?:or|and|nor|أو|ولا) |/")
_ARTICLE = re.compile(r"(?:no|any|all|other|the) ")
_OPENING = re.compile(
    r"\b(?:except|unless|but|only|apart from|other than|may|can|fine|welcome|ok|okay|however|outside|as long as)\b"
    r"|(?<!not )(?<!never )\b(?:allowed|permitted)\b|إلا|باستثناء|ما عدا|يسمح|مسموح"
)


def whole_bans(sentence: Sentence) -> list[str]:
    """The slugs of the categories the sentence forbids as a whole; none when anything beside it opens a part."""
    words = _forbidden(sentence)
    if not words or len(words) > _LONGEST or _opened_beside(sentence):
        return []
    items = [_ARTICLE.sub("", item.strip(), count=1) for item in _BETWEEN.split(_TAIL.sub("", words))]
    return list(dict.fromkeys(filter(None, map(named_whole, items)))) if _plain(items) else []


def _forbidden(sentence: Sentence) -> str:
    """What the sentence forbids, in lower case; empty when it is no ban."""
    words = bare(sentence.text)
    if len(words) > _LONGEST:
        return ""
    if start := _START.match(words):
        return words[start.end() :]
    if end := _END.search(words):
        return words[: end.start()]
    return words if sentence.kind == "disallow" or _BANNING.search(sentence.lead.lower()) else ""


def _plain(items: list[str]) -> bool:
    """True when no item narrows what it, or the item beside it, names; a name of a whole category never does."""
    narrowing = frozenset(table("words")["bans"]["narrowing"])
    others = [item.split() for item in items if not named_whole(item)]
    return not any(len(words) > 3 or narrowing.intersection(words) for words in others)


def _opened_beside(sentence: Sentence) -> bool:
    """True when another sentence of the paragraph or rule opens something."""
    return _openings(sentence.block) > _openings(sentence.text)


@lru_cache(maxsize=64)
def _openings(text: str) -> int:
    """How many words a text has that open something."""
    return len(_OPENING.findall(text.lower()))
