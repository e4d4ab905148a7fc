"""The planner of a run's page of people, and the button that hands its sample to a campaign."""

from secrets import randbelow
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import User
from annotations.models.campaigns import SEEDS
from annotations.services.campaign_items import MOST_ITEMS
from training.models import EvaluationRun
from training.services import correction
from training.services.correction import Sampled, SampleProblem

FIRST_CORRELATION, SEEDS_OFFERED = 0.6, 1_000_000


class PlanForm(forms.Form):
    """How narrow the interval should be, and before it is `measured` how well the judge goes with people."""

    half_width = forms.FloatField(
        label=_("Interval of the score, ±"),
        min_value=0.005,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.005"}),
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid", "required"), _("A number from 0.005 to 1.")),
    )
    correlation = forms.FloatField(
        label=_("Correlation of judge and people"),
        min_value=0,
        max_value=0.99,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text=_("A guess, until ten responses are rated: 0 is a judge that is of no use, 0.6 a usual one."),
        error_messages=dict.fromkeys(("min_value", "max_value", "invalid", "required"), _("A number from 0 to 0.99.")),
    )

    def __init__(self, width: float, measured: bool, data: Any = None):
        first = {"half_width": width, "correlation": FIRST_CORRELATION}
        said = {name: data.get(name, value) for name, value in first.items()} if data else first
        super().__init__(said, auto_id="plan-%s")
        if measured:
            del self.fields["correlation"]


class SampleForm(forms.Form):
    """How many responses of each config people are to be asked about in all, and the seed that draws them."""

    per_config = forms.IntegerField(widget=forms.HiddenInput(), min_value=1, max_value=MOST_ITEMS)
    seed = forms.IntegerField(widget=forms.HiddenInput(), min_value=0, max_value=SEEDS - 1)

    def __init__(self, run: EvaluationRun, data: Any = None, per_config: int | None = None):
        super().__init__(data, initial={"per_config": per_config, "seed": randbelow(SEEDS_OFFERED)})
        self.run = run

    def sample(self, actor: User) -> Sampled | None:
        """What came of a valid form; None when there is no sample, the form then says why."""
        said = self.cleaned_data
        try:
            return correction.sample(run=self.run, per_config=said["per_config"], seed=said["seed"], actor=actor)
        except SampleProblem as problem:
            self.add_error(None, str(problem))
            return None
