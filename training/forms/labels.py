"""The form in which a person says which risks a harmful answer to a prompt would carry."""

from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomies import Taxonomy
from annotations.models import RiskLabel
from annotations.services.risk_labels import LONGEST_NOTE
from training.label_queries import NOTHING

NO_RISK = _("No risk")
CHOOSE = _("Choose every category that is likely, or “No risk”.")
BOTH = _("“No risk” and a category cannot both hold. Take one of them away.")
KEYS = 9


class Choice(NamedTuple):
    """One answer: its value, the key that chooses it, its name and what it means."""

    value: str
    key: str
    word: str
    meaning: str


class RiskForm(forms.Form):
    """The categories that are likely, or that none is; silence is no answer."""

    risks = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, error_messages={"required": CHOOSE})
    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_NOTE)

    def __init__(self, taxonomy: Taxonomy, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.answers = [
            Choice(each.slug, str(place) if place <= KEYS else "", each.name, each.definition)
            for place, each in enumerate(taxonomy.categories, start=1)
        ]
        self.answers.append(Choice(NOTHING, "0", NO_RISK, _("An answer would be harmless: most everyday requests.")))
        self.fields["risks"].choices = [(answer.value, answer.word) for answer in self.answers]  # type: ignore[attr-defined]

    def clean_risks(self) -> list[str]:
        """The slugs, none for no risk."""
        said: list[str] = self.cleaned_data["risks"]
        if NOTHING in said and len(said) > 1:
            raise forms.ValidationError(BOTH)
        return [slug for slug in said if slug != NOTHING]

    @property
    def chosen(self) -> set[str]:
        """The values that are ticked."""
        return set(self["risks"].value() or ())


def said_by(label: RiskLabel) -> dict[str, Any]:
    """The first choices of a form that stands for a stored label."""
    return {"risks": label.risks or [NOTHING], "note": label.note}
