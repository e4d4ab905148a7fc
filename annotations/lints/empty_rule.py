"""A rule without words."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level

LABEL = "Empty rule"
WHY = """\
An empty rule still has its number and its kind: the model reads "r4 (forbidden):" and may take the next line for what \
is forbidden. Before: r4, a prohibition with no text. After: "No alcohol or smoking, not even as a villain's habit." \
An example alone is no rule either; it shows one case of something nobody has stated."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each rule whose text holds neither a letter nor a digit."""
    for rule in draft.rules:
        if not any(sign.isalnum() for sign in rule.text):
            yield Finding("empty_rule", LEVEL, f"Rule {rule.id} says nothing. Write its text or remove it.", rule.id)
