"""Nobody is named for whom the model answers."""

from collections.abc import Iterator

from annotations.lints import Draft, Finding, Level
from annotations.lints._tables import table
from annotations.lints._text import bare, quoted

LABEL = "Missing audience"
WHY = """\
The same sentence can be right for one reader and wrong for another, so reviewers and raters can only judge an answer \
when they know who reads it. Before: an empty field, or "users". After: "Screenwriters and editors of the company, all \
adults." Name the audience in the policy too, because the policy is what the model is given."""
LEVEL: Level = "warning"


def check(draft: Draft) -> Iterator[Finding]:
    """One finding when the audience is empty or says only something like "all users"."""
    words = bare(draft.audience).replace("/", "").split()
    if not words:
        message = "The audience is empty. Say who reads the answers, with age and training where they matter."
        yield Finding("missing_audience", LEVEL, message)
    elif all(word.strip(",.;") in table("words")["missing_audience"]["nobody"] for word in words):
        message = f"The audience {quoted(draft.audience)} fits any config. Say what these readers have in common."
        yield Finding("missing_audience", LEVEL, message)
