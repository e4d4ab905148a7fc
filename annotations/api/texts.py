"""What a config says, as it goes in and out: about, policy, rules, and the risk categories it opens."""

from functools import partial
from typing import Any

from rest_framework import serializers

from annotations.api.shapes import Said, Shown
from annotations.core import taxonomy
from annotations.core.config_text import RULE_WORDS
from annotations.models import ConfigVersion, SafetyConfig
from annotations.services import configs
from annotations.services.config_content import LONGEST_ABOUT, LONGEST_POLICY, LONGEST_RULE, LONGEST_TITLE, MOST_RULES

OPENABLE = tuple(row.slug for row in taxonomy.categories() if row.can_be_allowed)
_AS_SENT: dict[str, Any] = {"required": False, "allow_blank": True, "trim_whitespace": False}
_about = partial(serializers.CharField, max_length=LONGEST_ABOUT, **_AS_SENT)
_rule = partial(serializers.CharField, max_length=LONGEST_RULE, **_AS_SENT)
_kind = partial(serializers.ChoiceField, tuple(RULE_WORDS), help_text="What it does with what it is about.")


class Rule(Said):
    """A numbered rule of a version, as it is sent."""

    id = serializers.RegexField(r"^r[1-9][0-9]{0,3}\Z", help_text="Its number: r1, r2 and so on. It never changes.")
    kind = _kind()
    text = _rule(help_text="The rule.")
    example = _rule(help_text="An example of it.")


class WrittenRule(Shown):
    """A numbered rule of a version."""

    id = serializers.CharField(help_text="Its number: r1, r2 and so on.")
    kind = _kind()
    text = serializers.CharField(help_text="The rule.")
    example = serializers.CharField(help_text="An example of it, perhaps empty.")


class Content(Said):
    """What a config is for, and what its draft says. What is not sent stays as it is."""

    title = serializers.CharField(max_length=LONGEST_TITLE, required=False, help_text="What it is for, in a few words.")
    use_case = _about(help_text="What people use the model for here.")
    audience = _about(help_text="Who reads its answers.")
    language = _about(max_length=35, help_text="Language of the text, as a tag such as en or pt-BR.")
    policy = serializers.CharField(
        max_length=LONGEST_POLICY, help_text="The policy in Markdown: a model reads it as written.", **_AS_SENT
    )
    rules = serializers.ListField(
        child=Rule(), max_length=MOST_RULES, required=False, help_text="All of its rules, in order."
    )
    allowed = serializers.ListField(
        child=serializers.ChoiceField(OPENABLE),
        max_length=len(OPENABLE),
        required=False,
        help_text="The slugs of all risk categories it opens.",
    )


def about(config: SafetyConfig | None, said: dict[str, Any]) -> dict[str, str]:
    """What the config is for: what was said, and the rest as it is."""
    there = {name: getattr(config, name) for name in configs.ABOUT} if config else {}
    return there | {name: said[name] for name in configs.ABOUT if name in said}


def content(version: ConfigVersion | None, said: dict[str, Any]) -> configs.Content:
    """What the draft says: what was said, and the rest as the version has it. Raises ConfigProblem."""
    there = configs.content_of(version) if version else configs.Content("", [], [])
    return configs.content(*(said.get(name, getattr(there, name)) for name in configs.Content._fields))
