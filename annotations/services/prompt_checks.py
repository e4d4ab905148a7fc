"""What a prompt may be: its length, kind, risks, source, language and rule."""

from typing import NamedTuple

from django.utils.translation import gettext

from annotations.core.taxonomy import KINDS, SLUGS
from annotations.models import Prompt
from annotations.services import config_content

LONGEST = 20_000
LONGEST_SOURCE = 300
LANGUAGE, LONGEST_LANGUAGE = config_content.LANGUAGE, 35


class PromptProblem(ValueError):
    """Why a prompt was not added or changed, and what to do about it. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class Frame(NamedTuple):
    """What of a config decides about its prompts: the ids of its rules, and what its newest version allows."""

    rules: list[str]
    allowed: list[str]


def check(prompt: Prompt, within: Frame) -> None:
    """Nothing. Raises PromptProblem for a text, kind, risk, source, language or rule that a prompt cannot have."""
    _check_text(prompt)
    if prompt.kind not in KINDS:
        raise PromptProblem(gettext("Choose the kind of the prompt: %(kinds)s.") % {"kinds": ", ".join(KINDS)}, "kind")
    if unknown := set(prompt.risks) - set(SLUGS):
        named = min(unknown, key=str)
        raise PromptProblem(
            gettext("There is no risk category %(named)s; choose from: %(slugs)s.")
            % {"named": f"{named!r}", "slugs": ", ".join(SLUGS)},
            "risks",
        )
    if len(prompt.source) > LONGEST_SOURCE:
        length = len(prompt.source)
        raise PromptProblem(
            gettext("A source has at most %(longest_source)s characters; this one has %(length)s.")
            % {"longest_source": LONGEST_SOURCE, "length": length},
            "source",
        )
    if len(prompt.language) > LONGEST_LANGUAGE or not LANGUAGE.fullmatch(prompt.language):
        raise PromptProblem(gettext("Write the language as a tag: en, ar, pt-BR."), "language")
    if prompt.rule and prompt.rule not in within.rules:
        known = within.rules
        offer = f"Its rules are {', '.join(known)}." if known else "It has no rules; leave the rule empty."
        raise PromptProblem(
            gettext("“%(config)s” has no rule %(value)s. %(offer)s")
            % {"config": prompt.config, "value": prompt.rule[:20], "offer": offer},
            "rule",
        )


def _check_text(prompt: Prompt) -> None:
    if not prompt.text:
        raise PromptProblem(gettext("The prompt is empty. Write what a user would ask."), "text")
    if len(prompt.text) > LONGEST:
        raise PromptProblem(
            gettext("A prompt has at most %(longest)s characters; this one has %(text)s.")
            % {"longest": f"{LONGEST:,}", "text": f"{len(prompt.text):,}"},
            "text",
        )
