"""The forms of the editor: how a config begins, and everything it says."""

from typing import Any, NamedTuple, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core import config_templates, taxonomy
from annotations.core.config_text import RULE_WORDS, Rule
from annotations.forms.belonging import OfOrganisation
from annotations.models import ConfigVersion, SafetyConfig, User
from annotations.services import config_content, configs

EMPTY, FROM_CONFIG = "empty", "config"
TYPED = {"dir": "auto", "autocomplete": "off"}
ABOUT_HELP = {
    "use_case": _("What people use the model for here."),
    "audience": _("Who reads its answers: age, trade, country, whatever decides what is fitting."),
    "language": _("As a tag: en, ar, pt-BR. The pages show the text in this language."),
}


class ConfigChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A config by its title and organisation."""

    def label_from_instance(self, obj: SafetyConfig) -> str:
        """Its title, not endless, and whose it is."""
        return f"{obj.title[:80]} · {obj.organisation}"


class StartForm(OfOrganisation):
    """Where a new config belongs and what it begins with."""

    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=config_content.LONGEST_TITLE,
        widget=forms.TextInput(attrs=TYPED),
        help_text=gettext_lazy("What it is for, in a few words. Without one it has the title of what it begins with."),
    )
    start = forms.ChoiceField(initial=EMPTY)
    source = ConfigChoice(SafetyConfig.objects.none(), required=False, empty_label=gettext_lazy("choose …"))

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.templates = config_templates.all()
        names = [(name, name) for name in (EMPTY, FROM_CONFIG, *(template.name for template in self.templates))]
        cast(forms.ChoiceField, self.fields["start"]).choices = names
        self.offer(access.organisations_to_write_in(user), user)
        readable = access.configs(user).filter(versions__isnull=False).distinct()
        self._of("source").queryset = readable.select_related("organisation")
        self._of("source").widget.attrs["aria-label"] = _("The config to begin with")

    def _of(self, name: str) -> "forms.ModelChoiceField[Any]":
        return cast("forms.ModelChoiceField[Any]", self.fields[name])

    def clean(self) -> dict[str, Any]:
        """What was chosen; who names a config begins with it, and to begin with a config takes one."""
        data = self.cleaned_data
        if data.get("start") == EMPTY and data.get("source"):
            data["start"] = FROM_CONFIG
        if data.get("start") == FROM_CONFIG and not data.get("source"):
            self.add_error("source", gettext("Choose the config to begin with."))
        return data

    def create(self, actor: User) -> ConfigVersion | None:
        """The first draft of the new config; None when it cannot be, the reason then stands on the form."""
        about, content, source = self._beginning()
        about["title"] = self.cleaned_data["title"] or about.get("title", "")
        home = self.cleaned_data["organisation"]
        try:
            return configs.create(organisation=home, about=about, content=content, actor=actor, source=source)
        except configs.ConfigProblem as problem:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))
            return None

    def _beginning(self) -> tuple[dict[str, str], configs.Content, ConfigVersion | None]:
        start, source = self.cleaned_data["start"], self.cleaned_data["source"]
        if start == EMPTY:
            return {}, configs.Content("", [], []), None
        if start == FROM_CONFIG:
            about = about_of(source) | {"title": f"{source.title[:290]} (copy)"}
            newest = source.versions.order_by("-number").first()
            return about, configs.content_of(newest), newest
        template = config_templates.load(start)
        about = {field: getattr(template, field) for field in configs.ABOUT}
        rules = [rule._asdict() for rule in template.rules]
        return about, configs.content(template.policy, rules, template.allowed), None


class Choice(NamedTuple):
    """A risk category in the form."""

    category: taxonomy.Category
    chosen: bool


class ConfigForm(forms.Form):
    """Everything a draft says. What is wrong with it is decided by the service, and told beside the field."""

    title = forms.CharField(
        label=_("Title"), max_length=config_content.LONGEST_TITLE, widget=forms.TextInput(attrs=TYPED)
    )
    use_case = forms.CharField(
        label=_("Use case"), required=False, widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"})
    )
    audience = forms.CharField(
        label=_("Audience"), required=False, widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"})
    )
    language = forms.CharField(
        label=_("Language"),
        required=False,
        max_length=35,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "languages"}),
    )
    policy = forms.CharField(
        label=_("Policy"),
        required=False,
        widget=forms.Textarea(attrs=TYPED | {"class": "policy grows", "rows": 16}),
        help_text=gettext_lazy("In Markdown. A model reads it as written, and the rules after it."),
    )
    number = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, config: SafetyConfig, data: QueryDict | None = None, *, draft: ConfigVersion | None = None):
        first = about_of(config) | ({"policy": draft.policy} if draft else {})
        super().__init__(data, initial=first)
        self.config, self.draft = config, draft
        self.allowed: list[str] = data.getlist("allowed") if data else draft.allowed if draft else []
        self.rules: list[dict[str, str]] = _posted(data) if data else list(draft.rules) if draft else []
        self.content: configs.Content | None = None
        for name, help_text in ABOUT_HELP.items():
            self.fields[name].help_text = help_text

    @property
    def choices(self) -> list[Choice]:
        """Every risk category and whether it is open."""
        return [Choice(row, row.slug in self.allowed and row.can_be_allowed) for row in taxonomy.categories()]

    @property
    def kinds(self) -> list[str]:
        """The kinds a rule may have."""
        return list(RULE_WORDS)

    def clean(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        data = self.cleaned_data
        if len({len(cast(QueryDict, self.data).getlist(f"rule-{field}")) for field in Rule._fields}) > 1:
            self.add_error(None, gettext("The rules did not arrive whole. Send the form again."))
        try:
            self.about = config_content.about({field: data.get(field, "") for field in configs.ABOUT})
            self.content = configs.content(data.get("policy", ""), self.rules, self.allowed)
        except configs.ConfigProblem as problem:
            if not self.errors:
                self.add_error(problem.field if problem.field in self.fields else None, str(problem))
        return data

    def save(self, actor: User) -> ConfigVersion:
        """The draft with what a valid form says; without a number it is the next one. Raises ConfigProblem."""
        number, content = self.cleaned_data["number"], self.content
        if content is None:
            raise configs.ConfigProblem(gettext("What was typed is not complete."))
        said: dict[str, Any] = {"about": self.about, "content": content, "actor": actor}
        if number is None:
            return configs.go_on(config=self.config, **said)
        draft = self.config.versions.filter(number=number).first()
        if draft is None:
            raise configs.Conflict(
                gettext("There is no v%(number)s of this config. Go on from the newest version.") % {"number": number}
            )
        return configs.save(draft=draft, revision=self.cleaned_data["revision"] or 0, **said)

    def rearrange(self, action: str, spare: int) -> None:
        """Does to the rules what a button says that was pressed without JavaScript.

        `action` is `add`, `up r3`, `down r3` or `remove r3`; `spare` is the number of a new rule.
        """
        verb, _, id = action.partition(" ")
        place = next((place for place, rule in enumerate(self.rules) if rule["id"] == id), None)
        if verb == "add":
            self.rules.append(new_rule(spare))
        elif place is not None and verb == "remove":
            del self.rules[place]
        elif place is not None and verb in {"up", "down"}:
            other = min(max(place + (1 if verb == "down" else -1), 0), len(self.rules) - 1)
            self.rules.insert(other, self.rules.pop(place))


def new_rule(number: int) -> dict[str, str]:
    """An empty rule of that number."""
    return {"id": f"r{number}", "kind": "allow", "text": "", "example": ""}


def about_of(config: SafetyConfig) -> dict[str, str]:
    """What the config is for, by field."""
    return {field: getattr(config, field) for field in configs.ABOUT}


def _posted(data: QueryDict) -> list[dict[str, str]]:
    """The rules as they were typed, in the order of the page."""
    columns = [data.getlist(f"rule-{field}") for field in Rule._fields]
    return [dict(zip(Rule._fields, row, strict=False)) for row in zip(*columns, strict=False)]
