"""A config without a weakness that lints know of, and the same with one thing changed."""

from annotations import lints
from annotations.core.config_text import Rule
from annotations.lints import Draft, Finding

POLICY = """\
You assist the writers of a war game for adults. Battles and their price are our subject.

Do the welcome part of a request fully and name the rest in one sentence."""
RULES = (
    Rule("r1", "allow", "Fights may be shown as harshly as the scene needs.", "The trench at dawn."),
    Rule("r2", "disallow", "No torture shown act by act, and no severed limbs."),
)
OPEN = frozenset({"violence"})
TRIED = {"r1": 2, "r2": 1}
GOOD = Draft("Cold river", "Scenes and dialogue.", "Writers, all adults.", "en", POLICY, RULES, OPEN, TRIED)


def with_policy(policy: str, **changes) -> Draft:
    """The good draft with this sentence as a paragraph of its own, which begins on line 5."""
    return GOOD._replace(policy=f"{POLICY}\n\n{policy}", **changes)


def with_rule(kind: str, text: str, **changes) -> Draft:
    """The good draft with a third rule, r3."""
    return GOOD._replace(rules=(*RULES, Rule("r3", kind, text)), prompts_by_rule={**TRIED, "r3": 1}, **changes)


def found(draft: Draft, lint: str) -> list[Finding]:
    """What one lint finds in the draft, among all."""
    return [finding for finding in lints.check(draft) if finding.lint == lint]
