"""The config opens what the provider's floor keeps closed for everybody."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._bans import whole_bans
from annotations.lints._categories import name
from annotations.lints._text import in_policy, quoted

LABEL = "Closed by the floor"
WHY = """\
The provider's floor stands before every config, and no config overrides it, so an allowance it forbids never takes \
effect, however it is worded. Before: the floor says "No sexual content." and the config allows the category. After: \
the category is taken out of the allowed set, or the provider is asked to narrow the floor."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding for each allowed category that a sentence of the floor forbids as a whole."""
    found = {slug: sentence for sentence in in_policy(draft.floor) for slug in whole_bans(sentence)}
    for slug in sorted(found.keys() & draft.allowed):
        message = (
            f"The provider's floor forbids {name(slug)} as a whole: {quoted(found[slug].text)}. Take it out of the "
            "allowed set, or ask the provider for a narrower floor."
        )
        yield Finding("closed_by_floor", LEVEL, message)
