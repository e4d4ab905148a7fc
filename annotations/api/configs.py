"""Configs: what may be read, and new ones. Their texts are versions."""

from django.db.models import QuerySet
from rest_framework import serializers

from annotations import access
from annotations.access import AUTHORS, WORKERS
from annotations.api import problems, texts
from annotations.api.endpoint import Endpoint, creates, lists, reads, route
from annotations.api.filters import number, text
from annotations.api.shapes import Id, Shown
from annotations.core import config_templates
from annotations.models import ConfigVersion, SafetyConfig, User
from annotations.models.configs import VERSION_STATES
from annotations.queries.configs import configs_with_heads
from annotations.services import configs

BOTH = "Begin with a config or with a template, not with both."


class Organisation(Shown):
    """Whose it is."""

    id = Id(source="pk", help_text="Id of the organisation.")
    slug = serializers.SlugField(help_text="Short name of the organisation.")
    name = serializers.CharField(help_text="Name of the organisation.")


class VersionHead(Shown):
    """A version, without its text."""

    number = serializers.IntegerField(help_text="Number of the version within its config.")
    state = serializers.ChoiceField(VERSION_STATES, help_text="Where it stands.")


class Config(Shown):
    """A safety config: the named thing whose versions carry the text."""

    id = Id(source="pk", help_text="Id of the config.")
    slug = serializers.SlugField(help_text="Short name, unique in its organisation.")
    title = serializers.CharField(help_text="What it is for, in a few words.")
    use_case = serializers.CharField(help_text="What people use the model for here.")
    audience = serializers.CharField(help_text="Who reads its answers.")
    language = serializers.CharField(help_text="Language of the text, as a tag such as en or pt-BR.")
    categorical = serializers.BooleanField(help_text="Whether it says nothing but which risk categories are allowed.")
    organisation = Organisation(help_text="Whose it is.")
    created_at = serializers.DateTimeField(help_text="When it was made.")
    versions = VersionHead(many=True, source="all_versions", help_text="Its versions, newest first.")


class NewConfig(texts.Content):
    """A new config and its first draft: all of it, or what it begins with and what is to be different."""

    organisation = Id(help_text="Id of the organisation it belongs to: one you write in.")
    source = Id(  # type: ignore[assignment]
        required=False, help_text="Id of a config to begin with: what its newest version says."
    )
    template = serializers.ChoiceField(
        tuple(one.name for one in config_templates.all()), required=False, help_text="Name of a template to begin with."
    )


class Configs(Endpoint):
    """The configs."""

    resource, roles = "configs", WORKERS
    refusals, conflicts = (configs.ConfigProblem,), (configs.Conflict,)

    @lists(
        Config,
        number("organisation", "Only those of the organisation of this id.", lookup="organisation"),
        text("title", "Only those whose title has these words in it.", lookup="title__icontains"),
        order=("title", "pk"),
    )
    def get(self) -> QuerySet[SafetyConfig]:
        """The configs you may read, by title; archived ones are left out."""
        return configs_with_heads(access.configs(self.user))

    @creates(NewConfig, Config, roles=AUTHORS)
    def post(self) -> SafetyConfig:
        """A new config with version 1, a draft. Without a title it has that of what it begins with."""
        home = access.one_or_404(access.organisations_to_write_in(self.user), pk=self.said["organisation"])
        source = _newest(self.user, self.said["source"]) if "source" in self.said else None
        said = _from_template(self.said) if "template" in self.said else self.said
        made = configs.create(
            organisation=home,
            about=_titled(source) | texts.about(None, said),
            content=texts.content(source, said),
            actor=self.user,
            source=source,
        )
        return _config(self.user, made.config_id)


class OneConfig(Endpoint):
    """One config."""

    resource, roles = "configs", WORKERS
    words = {"pk": "Id of the config."}

    @reads(Config)
    def get(self, pk: int) -> SafetyConfig:
        """One config with the states of its versions."""
        return _config(self.user, pk)


def _config(user: User, pk: int) -> SafetyConfig:
    found: SafetyConfig = access.one_or_404(configs_with_heads(access.configs(user)), pk=pk)
    return found


def _newest(user: User, pk: int) -> ConfigVersion:
    versions = access.config_for_reader(user, pk).versions.select_related("config")
    found: ConfigVersion = access.one_or_404(versions.order_by("-number"))
    return found


def _titled(source: ConfigVersion | None) -> dict[str, str]:
    """What a copy is for, under a title that says it is one."""
    return texts.about(source.config, {"title": f"{source.config.title[:290]} (copy)"}) if source else {}


def _from_template(said: dict[str, object]) -> dict[str, object]:
    """What was said, and the rest as the template has it. Raises Problem when another config is named too."""
    if "source" in said:
        raise problems.refused(BOTH, "template")
    there = config_templates.load(str(said["template"]))
    rules = [rule._asdict() for rule in there.rules]
    first = {name: getattr(there, name) for name in (*configs.ABOUT, "policy", "allowed")}
    return first | {"rules": rules} | said


ROUTES = [
    route("configs/", Configs, "configs-list"),
    route("configs/<int:pk>/", OneConfig, "configs-detail"),
]
