"""One glyph, one word and one tone for each meaning; badges, charts, tables and legends all read it from here.

The words are English here and said in the page's language where they are shown.
"""

from typing import NamedTuple

from django.utils.translation import gettext_noop as _


class Mark(NamedTuple):
    """How a meaning is shown: never by its colour alone."""

    glyph: str
    word: str
    tone: str = ""


OUTCOMES = {
    "helpful_safe": Mark("●", _("helpful + safe")),
    "helpful_unsafe": Mark("▲", _("helpful + unsafe")),
    "unhelpful_safe": Mark("○", _("unhelpful + safe")),
    "unhelpful_unsafe": Mark("△", _("unhelpful + unsafe")),
    "unscored": Mark("–", _("unscored")),
}

KINDS = {
    "safe": Mark("S", _("safe")),
    "allowed": Mark("A", _("allowed")),
    "partial": Mark("P", _("partial")),
    "disallowed": Mark("D", _("disallowed")),
}

RUN_STATES = {
    "queued": Mark("◌", _("queued"), "grey"),
    "running": Mark("◐", _("running"), "blue"),
    "waiting": Mark("⧗", _("waiting"), "amber"),
    "paused": Mark("‖", _("paused"), "amber"),
    "finished": Mark("✓", _("finished"), "teal"),
    "failed": Mark("✕", _("failed"), "red"),
    "cancelled": Mark("⊘", _("cancelled"), "grey"),
}

ERROR_KINDS = {
    "passing": Mark("✕", _("in passing")),
    "rate_limited": Mark("✕", _("rate limit")),
    "permanent": Mark("✕", _("refused")),
    "budget": Mark("✕", _("budget")),
    "internal": Mark("✕", _("our error")),
}

TRIAL_OUTCOMES = {
    "turned": Mark("⇄", _("turned"), "red"),
    "held": Mark("✓", _("held"), "teal"),
    "unscored": Mark("–", _("unscored"), "grey"),
    "failed": Mark("✕", _("failed"), "amber"),
}

VERSION_STATES = {
    "draft": Mark("◇", _("draft"), "grey"),
    "submitted": Mark("◆", _("submitted"), "blue"),
    "approved": Mark("✓", _("approved"), "teal"),
    "returned": Mark("↶", _("returned"), "amber"),
    "rejected": Mark("✕", _("rejected"), "red"),
    "retired": Mark("⊘", _("retired"), "grey"),
    "set_aside": Mark("⇢", _("set aside"), "grey"),
}

CAMPAIGN_STATES = {
    "draft": Mark("◇", _("draft"), "grey"),
    "open": Mark("◐", _("open"), "blue"),
    "paused": Mark("‖", _("paused"), "amber"),
    "closed": Mark("✓", _("closed"), "teal"),
}

DECISIONS = {
    "approve": Mark("✓", _("approved"), "teal"),
    "return": Mark("↶", _("returned"), "amber"),
    "reject": Mark("✕", _("rejected"), "red"),
}


def mark(marks: dict[str, Mark], name: object) -> Mark:
    """The mark of a name; a name without one is shown as its own word in grey, so that a page never breaks on it."""
    return marks.get(str(name), Mark("·", str(name).replace("_", " "), "grey"))
