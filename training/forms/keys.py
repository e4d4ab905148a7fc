"""The forms of keys: a new one, and other limits for one that is there."""

import secrets
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.forms.belonging import OfOrganisation
from annotations.models import User
from annotations.services import repeats
from training import access, key_queries
from training.models import ApiKey, Deployment
from training.services.deploy import keys
from training.services.deploy.keys import KeyProblem

LIMITS = ("requests_per_minute", "tokens_per_minute", "tokens_per_month")
MOST = 2**31 - 1
CREATED = 201
LAST_YEAR = 9000


class Issued(NamedTuple):
    """A key by its row id; the secret is None when an earlier request made it and showed its secret."""

    pk: int
    secret: str | None


class LimitsForm(forms.Form):
    """What a key is called, how much it may ask for, and how long it lives."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        help_text=_("Whose program holds it, so that you know what you revoke."),
    )
    requests_per_minute = forms.IntegerField(
        label=_("Requests per minute"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("In any 60 seconds. Empty: no limit."),
    )
    tokens_per_minute = forms.IntegerField(
        label=_("Tokens per minute"),
        required=False,
        min_value=1,
        max_value=MOST,
        help_text=_("Read and written, in any 60 seconds. Empty: no limit."),
    )
    tokens_per_month = forms.IntegerField(
        label=_("Tokens per month"),
        required=False,
        min_value=1,
        max_value=2**53,
        help_text=_("Read and written, in a month of UTC. Empty: no limit."),
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("It expires at the end of this day. Empty: never."),
    )

    def clean_last_day(self) -> date | None:
        """The last day; one that no calendar has a day after is refused."""
        day: date | None = self.cleaned_data["last_day"]
        if day and day.year > LAST_YEAR:
            raise forms.ValidationError(
                gettext("Choose a day up to the year %(last_year)s, or leave it empty: it never expires.")
                % {"last_year": LAST_YEAR}
            )
        return day

    def said(self) -> dict[str, Any]:
        """Name, limits and end of a valid form, as the service takes them."""
        return {name: self.cleaned_data[name] for name in ("name", *LIMITS)} | {"expires_at": self.expires_at()}

    def expires_at(self) -> datetime | None:
        """The end of the last day of a valid form; None for ever."""
        day = self.cleaned_data["last_day"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min)) if day else None

    def tell(self, problem: KeyProblem) -> None:
        """Nothing; the problem stands on the form, beside its field where it has one."""
        field = {"expires_at": "last_day", "deployment": "opens"}.get(problem.field, problem.field)
        self.add_error(field if field in self.fields else None, str(problem))


class EditForm(LimitsForm):
    """Another name, other limits or another end for a key; its secret stays."""

    def __init__(self, key: ApiKey, *args: Any, **kwargs: Any):
        now = {name: getattr(key, name) for name in ("name", *LIMITS)}
        # A key that ends at midnight lives until the end of the day before
        last = timezone.localtime(key.expires_at - timedelta(microseconds=1)).date() if key.expires_at else None
        kwargs["initial"] = now | {"last_day": last}
        super().__init__(*args, **kwargs)
        self.key = key

    def expires_at(self) -> datetime | None:
        """The end of the last day; while the day is not changed, the very moment the key has."""
        return super().expires_at() if "last_day" in self.changed_data else self.key.expires_at

    def change(self, actor: User) -> bool:
        """True when a valid form changed the key; else the reason stands on the form."""
        try:
            keys.change(key=self.key, actor=actor, **self.said())
        except KeyProblem as problem:
            self.tell(problem)
            return False
        return True


class Opened(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A deployment; names are taken once in an organisation only, so the organisation stands beside."""

    def label_from_instance(self, obj: Any) -> str:
        """Its name and whose it is."""
        return f"{obj.slug} ({obj.organisation})"


class KeyForm(LimitsForm, OfOrganisation):
    """A new key. `once` stands for the page it was asked for on: asked for twice, it is made once."""

    opens = Opened(
        Deployment.objects.none(),
        label=_("Opens"),
        required=False,
        empty_label=_("every deployment of the organisation, those to come too"),
    )
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        homes = key_queries.homes(user)
        self.offer(homes, user)
        if opens := self.initial.get("opens"):
            self.initial["organisation"] = opens.organisation_id
        self.fields["organisation"].required = False
        self.fields["organisation"].help_text = _(
            "Whose deployments it opens; a deployment chosen above says it already."
        )
        there = access.deployments(user).filter(organisation__in=homes, retired_at=None)
        self.fields["opens"].queryset = there.defer("shown").order_by("slug", "pk")  # type: ignore[attr-defined]
        self.fields["once"].initial = secrets.token_urlsafe(24)

    def clean(self) -> dict[str, Any]:
        """What was said; a key of a deployment belongs to the organisation of it."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        opens, home = data.get("opens"), data.get("organisation")
        data["organisation"] = opens.organisation if opens else home
        if not opens and not home and "organisation" not in self.errors:
            self.add_error("organisation", gettext("Choose the organisation whose deployments it opens."))
        return data

    def issue(self) -> Issued | None:
        """The key of a valid form, made once for each `once`; None when it cannot be, the reason stands on the form."""
        once = self.cleaned_data["once"]
        told = {"key": f"page:{once}", "fingerprint": repeats.fingerprint(once.encode())}
        try:
            answer = repeats.once(user=self.user, make=self._make, kept=_without_secret, **told)
        except KeyProblem as problem:
            self.tell(problem)
            return None
        except (repeats.StillRunning, repeats.OtherRequest):
            self.add_error(None, gettext("This key is being made already. Look at the list of keys in a moment."))
            return None
        return Issued(**answer.body)

    def _make(self) -> repeats.Answer:
        home, opens = self.cleaned_data["organisation"], self.cleaned_data["opens"]
        key, secret = keys.issue(organisation=home, deployment=opens, actor=self.user, **self.said())
        return repeats.Answer(CREATED, {"pk": key.pk, "secret": secret})


def _without_secret(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"secret": None}
