"""The forms of what a rater chooses for themselves, and of a lead's answer to a flag."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomy import categories
from annotations.services.wellbeing import LONGEST_ANSWER


class ChoicesForm(forms.Form):
    """Which categories a rater does not want, and whether texts of the others begin folded."""

    declined = forms.MultipleChoiceField(
        choices=lambda: [(one.slug, one.name) for one in categories()],
        required=False,
        error_messages={"invalid_choice": _("Choose from the categories of the list.")},
    )
    folds = forms.BooleanField(required=False)

    def as_chosen(self) -> dict[str, Any]:
        """The choices as the service takes them."""
        return {"declined": self.cleaned_data["declined"], "folds": self.cleaned_data["folds"]}


class FlagAnswerForm(forms.Form):
    """What a lead answers to a flag."""

    answer = forms.CharField(
        label=_("Answer"),
        max_length=LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"class": "low", "dir": "auto", "rows": 3}),
        error_messages={"required": _("Write what the rater should know.")},
    )
