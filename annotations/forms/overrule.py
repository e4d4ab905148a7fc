"""The form that lets a preference set be trained on although prompts of it stand in benchmarks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import PreferenceSet, User
from annotations.services import preferences
from annotations.services.preferences import PreferenceProblem


class OverruleForm(forms.Form):
    """Why the set may be used all the same, in words."""

    why = forms.CharField(
        error_messages={"required": _("Say in a whole sentence why it may be trained on all the same.")},
        label=_("Why it may be trained on all the same"),
        widget=forms.Textarea(attrs={"dir": "auto", "autocomplete": "off", "rows": 3, "class": "low grows"}),
        help_text=_("At least a sentence. It stays with the set, in its card, and in the record of decisions."),
    )

    def __init__(self, row: PreferenceSet, data: Any = None):
        super().__init__(data)
        self.row = row

    def overrule(self, actor: User) -> bool:
        """True when it is overruled; otherwise the form has the reason why not."""
        try:
            preferences.overrule(row=self.row, why=self.cleaned_data["why"], actor=actor)
        except PreferenceProblem as problem:
            self.add_error("why", str(problem))
            return False
        return True
