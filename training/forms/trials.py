"""The form that takes a judge file and a model into use."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import LanguageModel
from training import access, judges
from training.models import Judge
from training.services import judging


class ChooseForm(forms.Form):
    """Which judge, and which model it asks."""

    judge = forms.ChoiceField(label=_("Judge"), help_text=_("A prompt for a language model, in its wording of now."))
    model = forms.ModelChoiceField(
        LanguageModel.objects.none(), label=_("Judge model"), help_text=_("It is asked for every verdict.")
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        prompts = [judge for judge in map(judges.load, judges.names()) if isinstance(judge, judges.LlmJudge)]
        self.fields["judge"].choices = [(judge.name, gettext(judge.label)) for judge in prompts]
        self.fields["model"].queryset = access.models()

    def choose(self) -> Judge | None:
        """The judge of a valid form; None when it cannot be, the reason then stands on the form."""
        try:
            return judging.choose(name=self.cleaned_data["judge"], model=self.cleaned_data["model"])
        except judging.JudgeProblem as problem:
            self.add_error(None, str(problem))
            return None
