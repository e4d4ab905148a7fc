"""One glyph, one word and one tone for each meaning; badges, charts, tables and legends all read it from here."""

from typing import NamedTuple


class Mark(NamedTuple):
    """How a meaning is shown: never by its colour alone."""

    glyph: str
    word: str
    tone: str = ""


OUTCOMES = {
    "helpful_safe": Mark("●", "helpful + safe"),
    "helpful_unsafe": Mark("▲", "helpful + unsafe"),
    "unhelpful_safe": Mark("○", "unhelpful + safe"),
    "unhelpful_unsafe": Mark("△", "unhelpful + unsafe"),
    "unscored": Mark("–", "unscored"),
}

KINDS = {
    "safe": Mark("S", "safe"),
    "allowed": Mark("A", "allowed"),
    "partial": Mark("P", "partial"),
    "disallowed": Mark("D", "disallowed"),
}

RUN_STATES = {
    "queued": Mark("◌", "queued", "grey"),
    "running": Mark("◐", "running", "blue"),
    "waiting": Mark("⧗", "waiting", "amber"),
    "paused": Mark("‖", "paused", "amber"),
    "finished": Mark("✓", "finished", "teal"),
    "failed": Mark("✕", "failed", "red"),
    "cancelled": Mark("⊘", "cancelled", "grey"),
}

ERROR_KINDS = {
    "passing": Mark("✕", "in passing"),
    "rate_limited": Mark("✕", "rate limit"),
    "permanent": Mark("✕", "refused"),
    "budget": Mark("✕", "budget"),
    "internal": Mark("✕", "our error"),
}

TRIAL_OUTCOMES = {
    "turned": Mark("⇄", "turned", "red"),
    "held": Mark("✓", "held", "teal"),
    "unscored": Mark("–", "unscored", "grey"),
    "failed": Mark("✕", "failed", "amber"),
}

VERSION_STATES = {
    "draft": Mark("◇", "draft", "grey"),
    "submitted": Mark("◆", "submitted", "blue"),
    "approved": Mark("✓", "approved", "teal"),
    "returned": Mark("↶", "returned", "amber"),
    "rejected": Mark("✕", "rejected", "red"),
    "retired": Mark("⊘", "retired", "grey"),
    "set_aside": Mark("⇢", "set aside", "grey"),
}

CAMPAIGN_STATES = {
    "draft": Mark("◇", "draft", "grey"),
    "open": Mark("◐", "open", "blue"),
    "paused": Mark("‖", "paused", "amber"),
    "closed": Mark("✓", "closed", "teal"),
}

DECISIONS = {
    "approve": Mark("✓", "approved", "teal"),
    "return": Mark("↶", "returned", "amber"),
    "reject": Mark("✕", "rejected", "red"),
}


def mark(marks: dict[str, Mark], name: object) -> Mark:
    """The mark of a name; a name without one is shown as its own word in grey, so that a page never breaks on it."""
    return marks.get(str(name), Mark("·", str(name).replace("_", " "), "grey"))
