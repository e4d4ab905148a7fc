"""What people read about deployments and the calls to them: states, ways to end, what to do; without a database."""

from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from annotations.marks import Mark
from training import strategies

SERVED, STOPPED, RETIRED = STATES = ("served", "stopped", "retired")
MARKS = {
    SERVED: Mark("●", _("served"), "teal"),
    STOPPED: Mark("‖", _("stopped"), "amber"),
    RETIRED: Mark("⊘", _("retired"), "grey"),
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
        _("The request was not one the gateway takes, or its key was revoked or its deployment retired meanwhile"),
        _("Its answer says which field, or what has ended; docs/gateway.md says what is taken."),
    ),
    Ending(
        "too_long",
        _("The conversation does not fit into the model"),
        _("The client shortens its history, or an admin switches to a model with a longer context."),
    ),
    Ending(
        "rate_limited",
        _("The key asked for more than its minute holds"),
        _("The client waits as Retry-After says, or a lead raises the key's limits."),
    ),
    Ending(
        "over_quota",
        _("The key's tokens of the month are used up"),
        _("It is served again with the new month (UTC), or a lead raises the key's quota."),
    ),
    Ending(
        "upstream",
        _("The model's server failed, was not there, or its provider's content filter withheld the answer"),
        _("Test the model on its page: is its server running, is its key set, does its provider filter?"),
    ),
    Ending(
        "timed_out",
        _("The model took too long"),
        _("Lower the longest answer, or raise the model's timeout on its page."),
    ),
    Ending(
        "broken",
        _("An error of this application; or Redis or the database was away, or the gateway was started again"),
        _("The client asks again. The gateway's log says more under the request's id."),
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
    Group("answered", _("answered"), "●", "var(--teal)", "none", ("answered",)),
    Group("declined", _("refused or withheld"), "○", "url(#declined)", "var(--slate)", DECLINED),
    Group("left", _("client left"), "–", "var(--paper)", "var(--edge)", ("left",)),
    Group("failed", _("failed"), "✕", "var(--red)", "none", FAILED),
)
OUTCOME_WORDS = {
    "answered": _("answered"),
    "refused": _("refused by the model"),
    "withheld": _("withheld by the check"),
    "left": _("client left"),
    **{one.outcome: one.what for one in FAILURES},
}


def checks_first(strategy: str) -> bool:
    """True for a strategy whose answer is only sent once it was checked, so that a stream begins late."""
    return strategies.load(strategy).calls > 1
