"""A gap of a template that nobody has filled."""

import re
from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._text import excerpt, listed, sentences

LABEL = "Unfilled placeholder"
WHY = """\
Templates mark what only you know with square brackets, and the model is given the text as it stands: it may repeat \
the brackets to a reader or fill the gap with an invention. Before: "Refer the reader to [help line]." After: the name \
and number of the help line. Brackets in quotation marks, which the model is to write, are let through."""
LEVEL: Level = "warning"

_GAP = re.compile(r"(?<![\w\]\"“«'‘`!\\])\[[^\W\d_][^\[\]\n`]{2,80}\](?![\w(\[])")


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for the fields beside the text, and one for each sentence of policy or rules, with such gaps."""
    fields = {"title": draft.title, "use case": draft.use_case, "audience": draft.audience}
    for field, text in fields.items():
        if gaps := _GAP.findall(text):
            message = f"{_fill(gaps)} It stands in the {field}."
            yield Finding("unfilled_placeholder", LEVEL, message, excerpt=excerpt(gaps[0]))
    for sentence in sentences(draft):
        if gaps := _GAP.findall(sentence.text):
            shown = excerpt(gaps[0])
            yield Finding("unfilled_placeholder", LEVEL, _fill(gaps), sentence.rule, sentence.line, shown)


def _fill(gaps: list[str]) -> str:
    names = [excerpt(gap) for gap in dict.fromkeys(gaps)][:3]
    return f"Nobody has filled {listed(names)} yet. Write what holds for you in its place, or take it out."
