"""A clause so wide that it takes back what the config allows."""

import re
from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._categories import name, openable
from annotations.lints._text import Sentence, excerpt, listed, sentences

LABEL = "Catch-all clause"
WHY = """\
A last clause against everything unlawful or harmful also covers what the config opens, because what it opens is \
unlawful or harmful by nature; models then refuse it, and people disagree on whether they should. The film studio of \
the CoSA paper allows plots about theft and then forbids "any other" lawbreaking. Before: "No fraud tips and nothing \
else that is illegal." After: the subjects that stay closed by name, or "except what r1 and r2 allow"."""
LEVEL: Level = "warning"

_WORD = r"[\w'’/-]{1,24}"
_FEW = r"(?:other|else|more|kinds?|forms?|types?|sorts?|of|such|and all)"
_THINGS = (
    r"(?:activit(?:y|ies)|acts?|actions?|behaviou?rs?|conduct|content|materials?|matters?|subjects?|topics?|things?"
)
_THINGS += r"|requests?|purposes?|practices?|deeds?|ideas?|themes?|scenarios?)"
_LAWS = r"(?: (?:any|the|all|a|of|local|national|applicable|existing|international|our)){0,3} (?:laws?|regulations?)"
_BREAKING = rf"(?:(?:violat|break|breach|contraven|infring)\w{{0,4}}{_LAWS}|(?:against|forbidden by|banned by) the law)"
_UNLAWFUL = r"(?:illegal|unlawful|criminal|illicit|law-?breaking|not legal)"
_BAD = rf"(?:{_UNLAWFUL}|harmful|dangerous|unsafe|unethical|immoral|offensive|inappropriate|objectionable|toxic)"
_WHOLE = r"(?:any|all|every|no|other|anything|everything|nothing|whatever)"
_LINK = (
    r"(?:(?:that|which|who|is|are|may|might|could|would|can|be|seems?|considered|deemed|otherwise|else|clearly) ){0,5}"
)

_ALL = rf"(?:any|all|every|no|other)(?: {_FEW}){{0,3}}"
_CRIMES = r"(?:crimes?|offen[cs]es?|law-?breaking|wrongdoing)"
_CLAUSES = (
    rf"\b{_ALL}(?: {_WORD},?){{0,2}}? {_BAD}(?:,? (?:(?:and|or) )?{_BAD}){{0,3}} {_THINGS}\b",
    rf"\b{_ALL}(?: {_WORD})? {_THINGS} {_LINK}(?:{_BREAKING}|{_BAD})\b(?! to\b)",
    rf"\b(?:anything|everything|nothing|whatever|all) {_LINK}(?:{_BREAKING}|{_BAD})\b(?! to\b)",
    rf"\b(?:any|all|no|every) other (?:{_BAD} )?(?:{_CRIMES}|harms?|misconduct)\b",
    rf"\b{_ALL} {_CRIMES}(?=[.,;!)]|$| of any)",
    rf"\bviolations? of{_LAWS}",
    rf"\b(?:obey|follow|respect|comply with|abide by) (?:all|any|every)(?: {_WORD}){{0,2}} laws?\b",
    r"(?:أي|كل) (?:شيء|نشاط|أمر|محتوى|عمل|فعل|سلوك|ما)(?: آخر)?(?: هو)? "
    r"(?:غير قانوني|غير مشروع|مخالف للقانون|يخالف القانون|ينتهك القانون|يخالف القوانين|ضار|مؤذ)",
)
_CLAUSE = re.compile("|".join(_CLAUSES), re.IGNORECASE)
_HINTS = (
    *("law", "legal", "crim", "illicit", "harm", "danger", "unsafe", "ethical", "moral", "offen", "appropriate"),
    *("objection", "toxic", "wrongdoing", "misconduct", "regulation", "قانون", "مشروع", "القوانين", "ضار", "مؤذ"),
)
"""Pieces of which every such clause has one, so that most sentences are passed over quickly."""
_BAN = re.compile(
    r"\b(?:no|not|never|nor|avoid|refuse|decline|without|forbid\w*|prohibit\w*|ban|bans|banned|exclud\w*|reject\w*"
    r"|disallow\w*|nothing|stays? out|closed|off[- ]limits|cannot|obey|follow|respect|comply|abide)\b|n['’]t\b"
    r"|لا |ممنوع|يمنع|يُمنع|يحظر|يُحظر|تجنب|ارفض|محظور",
    re.IGNORECASE,
)
_LIMITED = re.compile(
    r"\b(?:except\w*|unless|apart from|other than|aside from|beyond|outside|save for|real|reality|actual"
    r"|not (?:covered|listed|named|opened)|what (?:the )?(?:rules?|r\d{1,4}))\b|إلا|باستثناء|ما عدا|ما لم",
    re.IGNORECASE,
)


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each unlimited clause of this kind in a config that allows something."""
    swallowed = _allowances(draft)
    if not swallowed:
        return
    for sentence in sentences(draft):
        found = _clause(sentence.text)
        if found and _forbids(sentence) and not _LIMITED.search(sentence.text):
            message = (
                f"“{excerpt(found[0])}” also covers what this config allows: {swallowed}. Name what stays closed "
                "instead, or say that what the rules allow is excepted."
            )
            shown = excerpt(sentence.text, *found.span())
            yield Finding("catch_all_clause", LEVEL, message, sentence.rule, sentence.line, shown)


def _clause(text: str) -> re.Match[str] | None:
    lower = text.lower()
    return _CLAUSE.search(text) if any(hint in lower for hint in _HINTS) else None


def _forbids(sentence: Sentence) -> bool:
    """True for a sentence that closes something: by its rule's kind, by its own words or by those it stands under."""
    if sentence.kind in ("allow", "disallow"):
        return sentence.kind == "disallow"
    return bool(_BAN.search(sentence.text) or _BAN.search(sentence.lead))


def _allowances(draft: Draft) -> str:
    """What such a clause takes back, in words: the allowed categories, and the first rules that allow something."""
    categories = [name(slug) for slug in openable() if slug in draft.allowed]
    rules = [rule.id for rule in draft.rules if rule.kind in ("allow", "conditional")]
    shown = [*rules[:3], f"{len(rules) - 3} more rules"] if len(rules) > 4 else rules
    parts = [listed(names) for names in (categories, shown) if names]
    return ", with ".join(parts)
