"""The form of a new access token."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import User
from annotations.services import tokens

DAYS = (
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    ("never", _("Never, until you revoke it")),
)


class Line(NamedTuple):
    """A resource in the form: its scopes that the person can use, each with whether it is ticked."""

    what: str
    boxes: list[tuple[str, str, bool]]


class TokenForm(forms.Form):
    """What a token is called, what it may, and how long."""

    name = forms.CharField(
        label=_("Name"),
        max_length=tokens.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
        help_text=_("What will use it, so that you know later which one to revoke."),
    )
    days = forms.ChoiceField(choices=DAYS, initial="90", label=_("Expires"))
    scopes = forms.MultipleChoiceField(error_messages={"required": _("Choose at least one.")})

    def __init__(self, person: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.offered = tokens.scopes_of(person)
        cast(forms.MultipleChoiceField, self.fields["scopes"]).choices = [(one, one) for one in self.offered]

    @property
    def lines(self) -> list[Line]:
        """The scopes to choose from, a line for each resource."""
        ticked = set(self["scopes"].value() or [])
        lines = []
        for resource in tokens.RESOURCES:
            mine = [one for one in self.offered if one.partition(":")[0] == resource.name]
            if mine:
                boxes = [(one, one.partition(":")[2], one in ticked) for one in mine]
                lines.append(Line(capfirst(gettext(resource.what)), boxes))
        return lines

    @property
    def expires_at(self) -> datetime | None:
        """When a valid form's token ends; None is never."""
        days = self.cleaned_data["days"]
        return None if days == "never" else timezone.now() + timedelta(days=int(days))
