"""The policy has no words."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level

LABEL = "Empty policy"
WHY = """\
Rules decide single cases; everything between them is decided by the policy, and without one the model falls back on \
its own habits. Before: ten rules and nothing else. After: a paragraph that says who asks, for what, which hard \
subjects are open and how far, and what to do with a request that is half in and half out."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding when the policy holds neither a letter nor a digit."""
    if not any(sign.isalnum() for sign in draft.policy):
        message = "The policy is empty. Say who asks and for what, which hard subjects are open and what stays closed."
        yield Finding("empty_policy", LEVEL, message)
