"""What a config consists of, cleaned and checked before it is stored."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext

from annotations.core import config_text, taxonomy
from annotations.core.storable import storable

LONGEST_TITLE, LONGEST_ABOUT, LONGEST_POLICY, LONGEST_RULE, MOST_RULES = 300, 4_000, 100_000, 4_000, 200
RULE_ID = re.compile(r"r[1-9]\d{0,3}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
ABOUT = ("title", "use_case", "audience", "language")


class ConfigProblem(ValueError):
    """Why a config was not saved or submitted, and what to do about it. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class Content(NamedTuple):
    """What makes a version: the policy, the rules in order, the slugs of the categories it opens."""

    policy: str
    rules: list[dict[str, str]]
    allowed: list[str]

    @property
    def digest(self) -> str:
        """The version's digest."""
        return version_digest(*self)


def version_digest(policy: str, rules: Sequence[dict[str, str]], allowed: Iterable[str]) -> str:
    """SHA-256 in hexadecimal of everything that makes a version: policy, rules in order, the set of open categories."""
    whole = json.dumps([policy, list(rules), sorted(allowed)], ensure_ascii=False, sort_keys=True)
    return config_text.digest(whole)


def content(policy: str, rules: Iterable[dict[str, Any]], allowed: Iterable[str]) -> Content:
    """The content, cleaned: line ends as \\n, no NUL, rules without any text left out.

    Raises ConfigProblem for a text that is too long, a rule's id or kind that does not exist, an id used twice,
    and a category that is unknown or can never be opened.
    """
    policy = clean(policy)
    if len(policy) > LONGEST_POLICY:
        raise ConfigProblem(
            gettext("A policy has at most %(longest_policy)s characters; this one has %(policy)s.")
            % {"longest_policy": f"{LONGEST_POLICY:,}", "policy": f"{len(policy):,}"},
            "policy",
        )
    kept = [rule for rule in map(_rule, rules) if rule["text"] or rule["example"]]
    ids = [rule["id"] for rule in kept]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise ConfigProblem(
            gettext("Two rules are called %(value)s. Give one of them a number of its own.") % {"value": twice[0]},
            "rules",
        )
    if len(kept) > MOST_RULES:
        raise ConfigProblem(
            gettext("A version has at most %(most_rules)s rules; this one has %(kept)s.")
            % {"most_rules": MOST_RULES, "kept": len(kept)},
            "rules",
        )
    return Content(policy, kept, _open(allowed))


def _rule(rule: dict[str, Any]) -> dict[str, str]:
    cleaned = {field: clean(str(rule.get(field, ""))) for field in config_text.Rule._fields}
    if not RULE_ID.fullmatch(cleaned["id"]):
        who = cleaned["id"][:20] or "A rule without a number"
        raise ConfigProblem(gettext("%(who)s is no rule number; use r1, r2 and so on.") % {"who": who}, "rules")
    if cleaned["kind"] not in config_text.RULE_WORDS:
        raise ConfigProblem(
            gettext("Choose for %(value)s one of %(rule_words)s.")
            % {"value": cleaned["id"], "rule_words": ", ".join(config_text.RULE_WORDS)},
            "rules",
        )
    if max(len(cleaned["text"]), len(cleaned["example"])) > LONGEST_RULE:
        raise ConfigProblem(
            gettext("Rule %(value)s is too long: at most %(longest_rule)s characters.")
            % {"value": cleaned["id"], "longest_rule": f"{LONGEST_RULE:,}"},
            "rules",
        )
    return cleaned


def _open(allowed: Iterable[str]) -> list[str]:
    wanted, openable = set(allowed), [row.slug for row in taxonomy.categories() if row.can_be_allowed]
    if wrong := sorted(wanted - set(openable)):
        raise ConfigProblem(
            gettext("No config can open %(value)s.") % {"value": f"{clean(wrong[0])[:40]!r}"}, "allowed"
        )
    return [slug for slug in openable if slug in wanted]


def about(fields: dict[str, str]) -> dict[str, str]:
    """What the config is for, cleaned; without a language it is English.

    Raises ConfigProblem without a title, for a text that is too long, and for what is no language tag.
    """
    cleaned = {field: clean(fields.get(field, "")) for field in ABOUT}
    cleaned["language"] = cleaned["language"] or "en"
    if not cleaned["title"]:
        raise ConfigProblem(gettext("Give the config a title."), "title")
    for field in ("title", "use_case", "audience"):
        most, long = LONGEST_TITLE if field == "title" else LONGEST_ABOUT, len(cleaned[field])
        if long > most:
            word = field.replace("_", " ").capitalize()
            raise ConfigProblem(
                gettext("%(word)s: at most %(most)s characters; this has %(long)s.")
                % {"word": word, "most": f"{most:,}", "long": f"{long:,}"},
                field,
            )
    if len(cleaned["language"]) > 35 or not LANGUAGE.fullmatch(cleaned["language"]):
        raise ConfigProblem(gettext("Give the language as a tag, such as en, ar or pt-BR."), "language")
    return cleaned


def rule_ids(rules: Iterable[dict[str, str]]) -> list[str]:
    """The rules' ids in order."""
    return [rule["id"] for rule in rules]


def clean(text: str) -> str:
    """The text as any database takes it, line ends as \\n, no white space at its ends."""
    return storable(text).replace("\r\n", "\n").replace("\r", "\n").strip()
