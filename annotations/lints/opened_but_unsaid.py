"""An allowed category that the text never speaks of."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._categories import mentions, name, openable

LABEL = "Opened but unsaid"
WHY = """\
The model is given the policy and the rules, and not the list of allowed categories, so a category the text is silent \
about has no boundary and is, for most models, closed. Before: weapons are allowed, and no sentence speaks of them. \
After: "Describe weapons as evidence" as an allow rule, and "never explain how to make one" beside it."""
LEVEL: Level = "warning"

LANGUAGES = ("", "en", "ar")
"""Languages of configs whose words for the categories are known; configs in others are left alone."""


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each allowed category without any of its words in policy, rules or their examples."""
    if draft.language.casefold().replace("_", "-").partition("-")[0] not in LANGUAGES:
        return
    text = "\n".join([draft.policy, *(f"{rule.text}\n{rule.example}" for rule in draft.rules)])
    if not any(sign.isalnum() for sign in text):
        return
    for slug in openable():
        if slug in draft.allowed and not mentions(slug).search(text):
            message = (
                f"{name(slug)} is allowed, but neither the policy nor a rule speaks of it. Say what of it is welcome "
                "and where it ends, or take it out of the allowed set."
            )
            yield Finding("opened_but_unsaid", LEVEL, message)
