"""Versions that wait for a review, what people say about them, and the addresses of both."""

from typing import Any

from django.urls import reverse

from annotations.models import Comment, ConfigVersion, Review, SafetyConfig
from annotations.services import reviews
from annotations.services.reviews import Decision
from tests.factories import make_organisation, make_person, make_version

POLICY = "We write games for adults.\n\nBattles are shown.\nTorture is not."
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" ' {response} {{ x }}"""
UPSIDE_DOWN = "\u202eأبجد‏ \u2067right to left\u202d 👩🏽‍🚀🇩🇪"
ENDLESS = "w" * 10_000


def waits(config: SafetyConfig | None = None, author: str = "ada", **fields: Any) -> ConfigVersion:
    """A version that somebody wrote and handed in."""
    person = make_person(author)
    version = make_version(config, **{"state": "submitted", "policy": POLICY, "submitted_by": person} | fields)
    version.authors.add(person)
    return version


def another_reviewer(username: str = "rita") -> Any:
    return make_person(username, "reviewer", make_organisation())


def decide(version: ConfigVersion, decision: str = "approve", reviewer: Any = None, **given: Any) -> Review:
    """The decision of Bob, or of somebody else, through the service."""
    said = {"reasons": "Read it.", "without_evidence": "A typing error only."} | given
    return reviews.decide(version=version, reviewer=reviewer or make_person("bob"), said=Decision(decision, **said))


def say(version: ConfigVersion, text: str = "Which weapons?", author: str = "bob", **fields: Any) -> Comment:
    return reviews.comment(version=version, author=make_person(author), text=text, **fields)


def address(name: str, version: ConfigVersion, *more: Any) -> str:
    """The address of that name about the version."""
    return reverse(name, args=[version.config_id, version.number, *more])
