"""What people read about deployments and the calls to them: states, ways to end, what to do; without a database."""

from typing import NamedTuple

from annotations.marks import Mark
from training import strategies

SERVED, STOPPED, RETIRED = STATES = ("served", "stopped", "retired")
MARKS = {
    SERVED: Mark("●", "served", "teal"),
    STOPPED: Mark("‖", "stopped", "amber"),
    RETIRED: Mark("⊘", "retired", "grey"),
}

DECLINED = ("refused", "withheld")
ENDED = ("answered", *DECLINED)
"""How a call ends that brought its client an answer."""


class Ending(NamedTuple):
    """A way in which a call fails: its name, what happened in words, and what to do about it."""

    outcome: str
    what: str
    todo: str


FAILURES = (
    Ending(
        "invalid",
        "The request was not one the gateway takes, or its key was revoked or its deployment retired meanwhile",
        "Its answer says which field, or what has ended; docs/gateway.md says what is taken.",
    ),
    Ending(
        "too_long",
        "The conversation does not fit into the model",
        "The client shortens its history, or an admin switches to a model with a longer context.",
    ),
    Ending(
        "rate_limited",
        "The key asked for more than its minute holds",
        "The client waits as Retry-After says, or a lead raises the key's limits.",
    ),
    Ending(
        "over_quota",
        "The key's tokens of the month are used up",
        "It is served again with the new month (UTC), or a lead raises the key's quota.",
    ),
    Ending(
        "upstream",
        "The model's server failed, was not there, or its provider's content filter withheld the answer",
        "Test the model on its page: is its server running, is its key set, does its provider filter?",
    ),
    Ending(
        "timed_out",
        "The model took too long",
        "Lower the longest answer, or raise the model's timeout on its page.",
    ),
    Ending(
        "broken",
        "An error of this application; or Redis or the database was away, or the gateway was started again",
        "The client asks again. The gateway's log says more under the request's id.",
    ),
)
FAILED = tuple(one.outcome for one in FAILURES)
CAUSES = {one.outcome: one for one in FAILURES}


class Group(NamedTuple):
    """Ways to end that are one part of a bar, with its word, glyph, fill and outline."""

    slug: str
    word: str
    glyph: str
    fill: str
    edge: str
    outcomes: tuple[str, ...]


GROUPS = (
    Group("answered", "answered", "●", "var(--teal)", "none", ("answered",)),
    Group("declined", "refused or withheld", "○", "url(#declined)", "var(--slate)", DECLINED),
    Group("left", "client left", "–", "var(--paper)", "var(--edge)", ("left",)),
    Group("failed", "failed", "✕", "var(--red)", "none", FAILED),
)
OUTCOME_WORDS = {
    "answered": "answered",
    "refused": "refused by the model",
    "withheld": "withheld by the check",
    "left": "client left",
    **{one.outcome: one.what for one in FAILURES},
}


def checks_first(strategy: str) -> bool:
    """True for a strategy whose answer is only sent once it was checked, so that a stream begins late."""
    return strategies.load(strategy).calls > 1
