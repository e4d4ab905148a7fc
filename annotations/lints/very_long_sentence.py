"""A sentence too long to be kept as a whole."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._text import excerpt, sentences

LABEL = "Very long sentence"
WHY = """\
In a long sentence an exception drifts away from what it is an exception to, and readers and models attach it to the \
wrong thing. Before: one sentence of seventy words with three "unless". After: one sentence for the limit and one for \
each exception, or a numbered rule for each."""
LEVEL: Level = "note"

MOST_WORDS = 45
"""Words from which on a sentence is hard to take in at one reading."""


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each sentence of policy or rules with more than MOST_WORDS words."""
    for sentence in sentences(draft):
        count = len(sentence.text.split())
        if count > MOST_WORDS:
            message = f"This sentence has {count} words. Give each limit and each exception a sentence of its own."
            shown = excerpt(sentence.text)
            yield Finding("very_long_sentence", LEVEL, message, sentence.rule, sentence.line, shown)
