"""The form of a pair's preview: other weights to try, which are not stored."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.core.pairing import OUTCOMES
from annotations.core.recipe import Weights
from training.models.recipes import SPLITS
from training.pair_queries import Wanted

LETTERS = {"alpha": _("α, a permitted risk"), "beta": _("β, a forbidden risk"), "gamma": _("γ, not addressed")}
MOST = 1_000_000.0


class WeightsForm(forms.Form):
    """Alpha, beta and gamma as a page's address has them; where it has none, those of the stage."""

    alpha = forms.FloatField(label=LETTERS["alpha"], min_value=0, max_value=MOST)
    gamma = forms.FloatField(label=LETTERS["gamma"], min_value=0, max_value=MOST)
    beta = forms.FloatField(label=LETTERS["beta"], min_value=0, max_value=MOST)

    def __init__(self, asked: Any, kept: Weights):
        given = {name: asked.get(name) for name in LETTERS if name in asked}
        super().__init__({name: f"{value:g}" for name, value in asdict(kept).items()} | given)
        self.kept = kept

    def clean(self) -> dict[str, Any]:
        """Weights that rise; otherwise the sentence that says so."""
        said = self.cleaned_data
        if not self.errors and not said["alpha"] < said["gamma"] < said["beta"]:
            raise forms.ValidationError(
                gettext(
                    "The weights must rise: α < γ < β. Not addressing a prompt costs more than a permitted risk, and "
                    "less than a forbidden one. Below stand the weights of the step."
                )
            )
        return said

    @property
    def weights(self) -> Weights:
        """What is tried; the stage's own weights where that cannot be."""
        return Weights(**self.cleaned_data) if self.is_valid() else self.kept

    @property
    def changed(self) -> bool:
        """True when other weights than the stage's are tried."""
        return self.is_valid() and self.weights != self.kept


def wanted(asked: Any) -> Wanted:
    """Which prompts an address asks for; an unknown word is none."""
    outcome, split = asked.get("outcome", ""), asked.get("split", "")
    return Wanted(outcome if outcome in OUTCOMES else "", split if split in SPLITS else "", asked.get("words", ""))
