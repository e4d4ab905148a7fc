"""The form that launches a recipe: from which step to which goal."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models.work import FINISHED
from training.models import Recipe, Stage
from training.models.recipes import FREEZE, LABEL, STAGES
from training.services.building.stages import WORDS


class LaunchForm(forms.Form):
    """Where the chain begins and where it ends; steps that nothing leads to yet are not offered."""

    step = forms.ChoiceField(label=_("From"), help_text=_("What the steps before it found is used as it is."))
    goal = forms.ChoiceField(
        label=_("To"), choices=[(kind, _(WORDS[kind])) for kind in STAGES], help_text=_("Each step follows by itself.")
    )
    after = forms.ModelChoiceField(Stage.objects.none(), required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, recipe: Recipe, data: Any = None, *, initial: Any = None):
        finished = list(recipe.stages.filter(state=FINISHED).order_by().values_list("kind", flat=True).distinct())
        ready = [kind for place, kind in enumerate(STAGES) if not place or STAGES[place - 1] in finished]
        newest = recipe.stages.filter(automatic=False).order_by("-pk").values_list("pk", flat=True).first()
        first = {"step": ready[-1] if len(ready) < len(STAGES) else LABEL, "goal": FREEZE, "seen": newest or 0}
        super().__init__(data, initial=first | (initial or {}))
        self.fields["step"].choices = [(kind, _(WORDS[kind])) for kind in ready]  # type: ignore[attr-defined]
        self.fields["after"].queryset = recipe.stages.filter(state=FINISHED)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Both steps; the goal does not come before the start, and what it comes after is the step before."""
        data = super().clean() or {}
        step, goal, after = data.get("step"), data.get("goal"), data.get("after")
        if step and goal and STAGES.index(goal) < STAGES.index(step):
            self.add_error("goal", gettext("The goal comes before the step to start from. Choose a later one."))
        if step and after and (step == LABEL or after.kind != STAGES[STAGES.index(step) - 1]):
            data["after"] = None  # the start was changed by hand: the newest step before it holds
        return data

    def chain(self) -> dict[str, Any]:
        """Step, goal and what it comes after, of a valid form."""
        return {name: self.cleaned_data[name] for name in ("step", "goal", "after")}
