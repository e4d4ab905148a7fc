"""Nothing says what the answers are for."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level

LABEL = "Missing use case"
WHY = """\
A reviewer approves a config for a use, and the same allowance can be needed for one use and reckless for another. \
Before: an empty field. After: "Writing scenes, dialogue and store texts for a war game", which can be weighed."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding when the use case is empty."""
    if not draft.use_case.strip():
        yield Finding("missing_use_case", LEVEL, "The use case is empty. Say in a sentence what the answers are for.")
