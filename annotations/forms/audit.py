"""The filters of the audit page."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import trail


class AuditFilter(forms.Form):
    """Which events to show; everything may be left open. `number` comes from links to the history of one object."""

    person = forms.ChoiceField(label=_("Person"), required=False)
    action = forms.ChoiceField(label=_("Action"), required=False)
    kind = forms.ChoiceField(required=False, label=_("Object"))
    since = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    words = forms.CharField(required=False, label=_("Contains"), max_length=200, widget=forms.TextInput)
    number = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        people = [(str(person.pk), str(person)) for person in trail.actors()]
        self._offer("person", [*people, (trail.SYSTEM, _("the system"))])
        self._offer("action", [(one, gettext(trail.action_words(one))) for one in trail.actions()])
        self._offer("kind", [(one, gettext(trail.kind_words(one))) for one in trail.kinds(self.data.get("kind", ""))])
        self.fields["words"].widget.attrs |= {"type": "search", "dir": "auto", "size": 12}

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", gettext("all")), *choices]
