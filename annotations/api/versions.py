"""Versions of a config: read, drafted, saved, submitted, withdrawn, restored."""

from django.db.models import QuerySet
from rest_framework import serializers

from annotations import access
from annotations.access import AUTHORS, WORKERS
from annotations.api import texts
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.filters import choice
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.models import ConfigVersion
from annotations.models.configs import VERSION_STATES
from annotations.queries.configs import TEXT
from annotations.services import configs
from annotations.services.config_content import LONGEST_ABOUT

REVISION = "The revision you have read: another one is not changed, 409."
WORDS = {"pk": "Id of the config.", "number": "Number of the version within its config."}


class VersionLine(Shown):
    """A version in a list: everything but its text."""

    config = Id(source="config_id", help_text="Id of its config.")
    number = serializers.IntegerField(help_text="Number of the version within its config.")
    state = serializers.ChoiceField(VERSION_STATES, help_text="Where it stands.")
    revision = serializers.IntegerField(help_text="How often the draft was saved: sent back with each change.")
    digest = serializers.CharField(help_text="SHA-256 of everything it says, in hexadecimal.")
    based_on = serializers.IntegerField(
        source="base.number", default=None, allow_null=True, help_text="The version it goes on from, null for none."
    )
    created_at = serializers.DateTimeField(help_text="When it was begun.")
    created_by = Person(allow_null=True, help_text="Who began it, null for the application.")
    updated_at = serializers.DateTimeField(help_text="When it was saved last.")
    frozen_at = serializers.DateTimeField(allow_null=True, help_text="When a run first tested the draft.")
    submitted_at = serializers.DateTimeField(allow_null=True, help_text="When it was submitted, null if never.")
    submitted_by = Person(allow_null=True, help_text="Who submitted it.")
    decided_at = serializers.DateTimeField(allow_null=True, help_text="When it was decided about, null if not yet.")


class Version(VersionLine):
    """A version with its text. Once submitted or tested it never changes."""

    policy = serializers.CharField(help_text="The policy in Markdown.")
    rules = texts.WrittenRule(many=True, help_text="The numbered rules, in order.")
    allowed = serializers.ListField(child=serializers.CharField(), help_text="Slugs of the categories it opens.")
    note = serializers.CharField(help_text="What its author told the reviewers.")
    text = serializers.CharField(help_text="The whole as a model reads it, without the provider's floor.")


class Draft(texts.Content):
    """What is to change in a draft. What is not sent stays as it is."""

    needed = ("revision",)
    revision = serializers.IntegerField(min_value=0, max_value=2**31 - 1, help_text=REVISION)


class Submission(Said):
    """How a draft is handed in."""

    note = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=LONGEST_ABOUT,
        help_text="What the reviewers should know.",
    )
    revision = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1, help_text=REVISION)


class Versions(Endpoint):
    """The versions of a config."""

    resource, roles, words = "configs", WORKERS, WORDS
    refusals, conflicts = (configs.ConfigProblem,), (configs.Conflict,)

    @lists(
        VersionLine,
        choice("state", "Only those that stand there.", VERSION_STATES, lookup="state"),
        order=("-number",),
    )
    def get(self, pk: int) -> QuerySet[ConfigVersion]:
        """The versions of a config, newest first, without their texts."""
        versions = access.config_for_reader(self.user, pk).versions
        long = (*TEXT, *(f"base__{field}" for field in TEXT))
        return versions.select_related("created_by", "submitted_by", "base").defer(*long)

    @creates(texts.Content, Version, roles=AUTHORS)
    def post(self, pk: int) -> ConfigVersion:
        """The next draft of a config that has none: what its newest version says, with what is sent changed in it."""
        config = access.config_for_author(self.user, pk)
        newest = config.versions.order_by("-number").first()
        about, content = texts.about(config, self.said), texts.content(newest, self.said)
        made = configs.go_on(config=config, about=about, content=content, actor=self.user)
        return _version(self, pk, made.number)


class OneVersion(Endpoint):
    """One version."""

    resource, roles, words = "configs", WORKERS, WORDS
    refusals, conflicts = (configs.ConfigProblem,), (configs.Conflict,)

    @reads(Version)
    def get(self, pk: int, number: int) -> ConfigVersion:
        """One version with its text."""
        return _version(self, pk, number)

    @changes(Draft, Version, roles=AUTHORS)
    def patch(self, pk: int, number: int) -> ConfigVersion:
        """Saves a draft. One that a run has tested is set aside, and the answer is the next version, a draft."""
        draft = access.version_for_author(self.user, pk, number)
        about, content = texts.about(draft.config, self.said), texts.content(draft, self.said)
        said = {"revision": self.said["revision"], "about": about, "content": content}
        saved = configs.save(draft=draft, actor=self.user, **said)
        return _version(self, pk, saved.number)


class _Action(Endpoint):
    """What becomes of a version."""

    resource, roles, words = "configs", AUTHORS, WORDS
    refusals, conflicts = (configs.ConfigProblem,), (configs.Conflict,)


class Submit(_Action):
    """Handing in."""

    @changes(Submission, Version)
    def post(self, pk: int, number: int) -> ConfigVersion:
        """Submits a draft: it never changes again, and waits for a reviewer who did not write in it."""
        draft = access.version_for_author(self.user, pk, number)
        said = {"note": self.said.get("note", ""), "revision": self.said.get("revision")}
        configs.submit(draft=draft, actor=self.user, **said)
        return _version(self, pk, number)


class Withdraw(_Action):
    """Taking back."""

    @changes(None, Version)
    def post(self, pk: int, number: int) -> ConfigVersion:
        """Takes back a version that waits for its review."""
        configs.withdraw(version=access.version_for_author(self.user, pk, number), actor=self.user)
        return _version(self, pk, number)


class Restore(_Action):
    """Going back."""

    @creates(None, Version)
    def post(self, pk: int, number: int) -> ConfigVersion:
        """A new draft that says what this version says; a draft that was there is set aside."""
        made = configs.restore(version=access.version_for_author(self.user, pk, number), actor=self.user)
        return _version(self, pk, made.number)


def _version(endpoint: Endpoint, pk: int, number: int) -> ConfigVersion:
    return access.version_for_reader(endpoint.user, pk, number)


ROUTES = [
    route("configs/<int:pk>/versions/", Versions, "versions-list"),
    route("configs/<int:pk>/versions/<int:number>/", OneVersion, "versions-detail"),
    route("configs/<int:pk>/versions/<int:number>/submit/", Submit, "versions-submit"),
    route("configs/<int:pk>/versions/<int:number>/withdraw/", Withdraw, "versions-withdraw"),
    route("configs/<int:pk>/versions/<int:number>/restore/", Restore, "versions-restore"),
]
