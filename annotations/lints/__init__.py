"""Lints: one file looks for one weakness of a config and says what to do about it. A lint helps and never decides.

A file has `LABEL`, `WHY`, `LEVEL` and `check(draft)`; a file whose name starts with an underscore is something lints
use. Only the standard library and `annotations.core` are imported here.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, Protocol, cast

from annotations.core import folder
from annotations.core.config_text import Rule

Level = Literal["warning", "note"]

MOST = 5
"""Findings of one lint that a person is shown; more of the same kind are only counted."""


class Draft(NamedTuple):
    """What a lint reads: a config as its author has it before them, saved or not.

    `prompts_by_rule` counts the benchmark prompts of the config by the rule they are linked to; empty when there are
    none. `floor` is the provider's global policy, empty when there is none.
    """

    title: str
    use_case: str
    audience: str
    language: str
    policy: str
    rules: tuple[Rule, ...]
    allowed: frozenset[str]
    prompts_by_rule: Mapping[str, int]
    floor: str = ""


class Finding(NamedTuple):
    """What a lint found: what is wrong here and what to do.

    `rule` is the rule's id, `line` the policy's line counted from 1; both are missing for what concerns the whole.
    `excerpt` is at most a short piece of the author's text.
    """

    lint: str
    level: Level
    message: str
    rule: str = ""
    line: int | None = None
    excerpt: str = ""


class About(NamedTuple):
    """A lint in words: its name for people, and why what it finds matters, with an example."""

    label: str
    why: str


class Lint(Protocol):
    """A file of this folder. `check` yields every finding in one draft and needs time linear in its length."""

    LABEL: str
    WHY: str
    LEVEL: Level

    def check(self, draft: Draft) -> Iterator[Finding]:
        """The findings in the draft, in the order of its text."""


def names() -> list[str]:
    """The lints there are, in alphabetical order."""
    return folder.names(__name__)


def about(name: str) -> About:
    """What people are told about the lint of that name. Raises NoSuchEntry."""
    lint = _load(name)
    return About(lint.LABEL, lint.WHY)


def check(draft: Draft) -> list[Finding]:
    """What all lints find in a draft: warnings first, then by place.

    Places are in the order of a page: the whole config, the policy line by line, the rules in their order. Of one
    lint there are at most MOST findings; the last of them says how many more there are.
    """
    found = [finding for name in names() for finding in _bounded(_load(name).check(draft))]
    order = {rule.id: place for place, rule in reversed(list(enumerate(draft.rules, 1)))}
    return sorted(found, key=lambda one: (one.level != "warning", order.get(one.rule, 0), one.line or 0))


def _load(name: str) -> Lint:
    return cast(Lint, folder.module(__name__, name))


def _bounded(findings: Iterator[Finding]) -> list[Finding]:
    shown = list(findings)
    more = len(shown) - MOST
    if more <= 0:
        return shown
    last = shown[MOST - 1]
    return [*shown[: MOST - 1], last._replace(message=f"{last.message} And {more} more of this kind.")]
