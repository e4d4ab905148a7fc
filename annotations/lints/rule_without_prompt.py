"""A rule that no benchmark prompt tries."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._text import listed

LABEL = "Rule without a prompt"
WHY = """\
Prompts linked to a rule are its tests: without one, nobody sees whether a model keeps the rule, and a later version \
can break it unnoticed. Before: r6 forbids romance, and no prompt asks for any. After: a disallowed prompt that asks \
for a love letter, a partial one that asks for it among other things, and a safe one that only sounds alike."""
LEVEL: Level = "note"

KINDS = {
    "allow": "an allowed prompt it opens",
    "disallow": "a disallowed prompt it closes",
    "conditional": "an allowed prompt that meets its condition and a disallowed one that fails it",
}
"""What tests a rule of each kind first."""


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each written rule without a linked prompt; a single one when no rule has any."""
    rules = [rule for rule in draft.rules if rule.text.strip()]
    untried = [rule for rule in rules if not draft.prompts_by_rule.get(rule.id)]
    if len(untried) == len(rules) > 1:
        ends = listed(dict.fromkeys((rules[0].id, rules[-1].id))).replace(" and ", " to ")
        message = f"No benchmark prompt is linked to any rule ({ends}). Write at least one prompt for each rule."
        yield Finding("rule_without_prompt", LEVEL, message)
        return
    for rule in untried:
        kind = KINDS.get(rule.kind, "a prompt it decides")
        message = f"No benchmark prompt is linked to {rule.id}. Write {kind}, and link it."
        yield Finding("rule_without_prompt", LEVEL, message, rule.id)
