"""The form that starts a run of general capability."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import LanguageModel, User
from training import capability
from training.models import CapabilityRun
from training.services.capability import CapabilityProblem, start


class CapabilityForm(forms.Form):
    """Which tasks, ours or the harness's own, and how many items of each."""

    tasks = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label=_("Our own tasks"))
    others = forms.CharField(
        required=False,
        max_length=500,
        label=_("Tasks of the harness"),
        help_text=_(
            "By name, with commas, such as ifeval, gsm8k. Most need data of the Hugging Face hub, and only those "
            "in which the model writes its answer can be asked."
        ),
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("Items of each task"),
        help_text=_("For a quick look; empty asks them all."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offered = capability.offered()
        choices = [(one.name, f"{one.label}: {one.about} {one.items} items.") for one in offered]
        self.fields["tasks"].choices = choices
        self.fields["tasks"].initial = [one.name for one in offered]

    def clean(self) -> dict[str, Any]:
        """What was chosen, `wanted` its tasks in order."""
        data = self.cleaned_data
        named = [name.strip() for name in data.get("others", "").split(",") if name.strip()]
        data["wanted"] = [*data.get("tasks", []), *named]
        if not data["wanted"] and not self.errors:
            self.add_error("tasks", gettext("Choose at least one task."))
        return data

    def start(self, model: LanguageModel, actor: User) -> CapabilityRun | None:
        """The queued run of a valid form; None when it cannot be made, the reason then stands on the form."""
        data = self.cleaned_data
        try:
            return start(model=model, tasks=data["wanted"], limit=data["limit"], actor=actor)
        except CapabilityProblem as problem:
            self.add_error(None, str(problem))
            return None
