"""The forms that put an approved version in service, and that exchange what is served."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import ConfigVersion, LanguageModel, User
from annotations.models.configs import APPROVED
from training import access, deployment_queries, strategies
from training.forms.run_strategies import StrategyForm, settings_as
from training.models import Deployment
from training.models.serving import APPEND, REFUSE
from training.services.deploy import deployments
from training.services.deploy.deployments import NO_SERVER, DeploymentProblem, Wanted

CLIENT_SYSTEM = (
    (APPEND, _("Append: its text goes on in the conversation, after the config, marked as the client's")),
    (REFUSE, _("Refuse: the call is answered with an error that says so")),
)


class Versions(ModelChoiceIterator):  # type: ignore[type-arg]
    """The versions below the title of their config."""

    def __iter__(self) -> Any:
        groups: dict[str, list[Any]] = {}
        for version in cast("QuerySet[ConfigVersion]", self.queryset):
            title = f"{version.config.title} ({version.config.organisation})"
            groups.setdefault(title, []).append(self.choice(version))
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from groups.items()


class VersionField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An approved version, below its config."""

    iterator = Versions

    def label_from_instance(self, obj: Any) -> str:
        """Its number."""
        return gettext("v%(number)s of %(config)s") % {"number": obj.number, "config": obj.config.title[:60]}


class ServedForm(StrategyForm):
    """What is served and how it answers; everything a switch can change."""

    version = VersionField(
        ConfigVersion.objects.none(),
        label=_("Version"),
        help_text=_("Approved ones only. What clients' answers follow."),
    )
    model = forms.ModelChoiceField(
        LanguageModel.objects.none(),
        label=_("Model"),
        help_text=_("Models that answer over HTTP, at an address or from weights that a server is started for."),
    )
    temperature = forms.FloatField(
        label=_("Temperature"),
        min_value=0,
        max_value=2,
        initial=0,
        help_text=_("Holds where a client asks for no other one."),
    )
    top_p = forms.FloatField(
        min_value=0,
        max_value=1,
        initial=1,
        label=_("Top p"),
        help_text=_("Above 0. Holds where a client asks for no other."),
    )
    max_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("Longest answer"),
        help_text=_("In tokens: the most a client can ask for. Empty: the model's own setting."),
    )
    seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=0)
    client_system = forms.ChoiceField(
        choices=CLIENT_SYSTEM,
        initial=APPEND,
        label=_("A client's own system message"),
        widget=forms.RadioSelect,
        help_text=_("The config stands before it and above it in either case, and is never replaced."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=deployments.LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "class": "low"}),
        help_text=_("For colleagues: what it is for, and who uses it."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self._offer_strategies()
        self.fields["version"].queryset = self.versions()  # type: ignore[attr-defined]
        answering = [one.pk for one in access.models() if one.engine not in NO_SERVER]
        self.fields["model"].queryset = access.models().filter(pk__in=answering)  # type: ignore[attr-defined]

    def versions(self) -> QuerySet[ConfigVersion]:
        """The versions to choose from."""
        return deployment_queries.deployable(self.user)

    def _offer_strategies(self) -> None:
        hidden = set(strategies.controls())
        self.offered = [one for one in self.offered if one.name not in hidden]
        self.fields["strategy"].choices = [(one.name, one.label) for one in self.offered]  # type: ignore[attr-defined]
        for name in [name for name in self.fields if name.partition("-")[0] in hidden]:
            del self.fields[name]

    def wanted(self) -> Wanted:
        """The candidate of a valid form."""
        data = self.cleaned_data
        named = {name: data[name] for name in ("model", "strategy", "temperature", "top_p", "max_tokens", "seed")}
        return Wanted(**named, settings=self.strategy_settings())

    def tell(self, problem: DeploymentProblem) -> None:
        """Nothing; the problem stands on the form, beside its field where it has one."""
        self.add_error(problem.field if problem.field in self.fields else None, str(problem))


class DeploymentForm(ServedForm):
    """An approved version goes into service."""

    slug = forms.CharField(
        label=_("Name for clients"),
        max_length=63,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
        help_text=_("Clients give it as their model. Small letters, digits, hyphens, underscores; it stays for good."),
    )

    def first_choices(self, version: ConfigVersion | None) -> dict[str, Any]:
        """What stands in an untouched form, for that version."""
        chosen = {"version": version.pk, "slug": version.config.slug} if version else {}
        models = list(self.fields["model"].queryset[:2])  # type: ignore[attr-defined]
        only = {"model": models[0]} if len(models) == 1 else {}
        return chosen | only | {"strategy": "plain"}

    def create(self) -> Deployment | None:
        """The deployment of a valid form; None when it cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        said = {name: data[name] for name in ("slug", "version", "client_system", "note")}
        try:
            return deployments.create(candidate=self.wanted(), actor=self.user, **said)
        except DeploymentProblem as problem:
            self.tell(problem)
            return None


class SwitchForm(ServedForm):
    """Another version of the config, another candidate, or both, while the address stays."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, user: User, deployment: Deployment, *args: Any, **kwargs: Any):
        self.deployment = deployment
        super().__init__(user, *args, **kwargs)
        self.fields["version"].help_text = _("Approved ones of the same config. Another one gets its own deployment.")

    def versions(self) -> QuerySet[ConfigVersion]:
        """The approved versions of the same config."""
        return super().versions().filter(config=self.deployment.version.config_id)

    def first_choices(self, version: int | None = None) -> dict[str, Any]:
        """What is served now; `version` (a row id) is chosen in place of the one that is."""
        row, candidate = self.deployment, self.deployment.candidate
        now = row.version_id if row.version.state == APPROVED else None
        sampling = {name: getattr(candidate, name) for name in ("temperature", "top_p", "max_tokens", "seed")}
        chosen = {"version": version or now, "model": candidate.model_id, "strategy": candidate.strategy}
        facts = {"client_system": row.client_system, "note": row.note, "seen": deployments.stamp(row)}
        return settings_as(candidate.strategy, candidate.settings) | sampling | chosen | facts

    def switch(self) -> bool:
        """True when a valid form switched the deployment; else the reason stands on the form."""
        data = self.cleaned_data
        said = {name: data[name] for name in ("version", "seen", "client_system", "note")}
        try:
            deployments.switch(deployment=self.deployment, candidate=self.wanted(), actor=self.user, **said)
        except DeploymentProblem as problem:
            self.tell(problem)
            return False
        return True
