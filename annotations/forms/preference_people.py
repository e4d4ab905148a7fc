"""The forms of a set made of people's answers: which campaigns to count, and what is said of the set."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.campaign_access import closed_campaigns
from annotations.forms.rows import ManyRows
from annotations.models import Campaign, PreferenceSet, User
from annotations.services import human_pairs
from annotations.services.human_pairs import HumanPairsProblem

TYPED = {"dir": "auto", "autocomplete": "off"}


class CampaignsForm(forms.Form):
    """The campaigns whose answers are to be counted, out of the closed ones that the person reads."""

    campaigns = ManyRows(Campaign.objects.none(), widget=forms.CheckboxSelectMultiple)

    def __init__(self, user: User, data: Any = None):
        super().__init__(data)
        self.user = user
        self.fields["campaigns"].queryset = closed_campaigns(user)  # type: ignore[attr-defined]


class PeopleForm(CampaignsForm):
    """The same campaigns, and the set's title, what it is for and its licence."""

    title = forms.CharField(label=_("Title"), max_length=300, widget=forms.TextInput(attrs=TYPED))
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs=TYPED | {"rows": 3, "class": "low grows"}),
        help_text=_("What the set is for."),
    )
    licence = forms.CharField(
        label=_("Licence"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Under what others may use it, as a short name: CC-BY-4.0."),
    )

    def save(self) -> PreferenceSet | None:
        """The set of a valid form, whose pairs are still to be made; None when what is wrong stands on the form."""
        data = self.cleaned_data
        try:
            return human_pairs.start(
                campaigns=data["campaigns"],
                title=data["title"],
                about=data["about"],
                licence=data["licence"],
                actor=self.user,
            )
        except HumanPairsProblem as problem:
            self.add_error("campaigns", str(problem))
            return None
