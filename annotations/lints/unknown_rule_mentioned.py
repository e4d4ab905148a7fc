"""The text points to a rule that is not there."""

import re
from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._text import excerpt, sentences

LABEL = "Unknown rule mentioned"
WHY = """\
A reference to a rule that does not exist tells the model that something holds which it cannot read, and it may make \
that something up. It mostly happens when a rule was removed. Before: "Plans may be shown within the limits of r9", \
in a config with eight rules. After: the limit itself, or the number of the rule that states it."""
LEVEL: Level = "warning"

_MENTION = re.compile(
    r"(?<![\w/.@#'-])"
    r"(?:rule (?P<counted>\d{1,4})(?! of\b)|(?:rule )?r(?P<named>\d{1,4}))"
    r"(?![\w(/@'-]|\.\d)"
)
_DIGIT = re.compile(r"\d")


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each mention such as r9 or rule 9, once a sentence, without a rule of that number."""
    there = {rule.id for rule in draft.rules}
    for sentence in filter(lambda one: _DIGIT.search(one.text), sentences(draft)):
        mentions = {f"r{int(found['named'] or found['counted'])}": found for found in _MENTION.finditer(sentence.text)}
        for name, found in mentions.items():
            if name not in there:
                message = f"There is no rule {name}. Name the rule that is meant, or say here what it was to say."
                shown = excerpt(sentence.text, *found.span())
                yield Finding("unknown_rule_mentioned", LEVEL, message, sentence.rule, sentence.line, shown)
