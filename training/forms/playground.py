"""The form that makes a benchmark prompt out of what was tried in the playground."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from annotations import access, marks
from annotations.core.taxonomy import KINDS, categories
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.services import prompts
from annotations.services.prompt_checks import PromptProblem


class PromptForm(forms.Form):
    """Where the prompt goes, what kind it is under its config, and why."""

    text = forms.CharField(
        label=_("Prompt"), strip=False, widget=forms.Textarea(attrs={"rows": 4, "dir": "auto", "class": "low"})
    )
    kind = forms.ChoiceField(label=_("Kind"), widget=forms.RadioSelect, help_text=_("What is right under this config."))
    benchmark = forms.ModelChoiceField(Benchmark.objects.none(), label=_("Benchmark"))
    config = forms.ModelChoiceField(SafetyConfig.objects.none(), label=_("Config"))
    rule = forms.CharField(
        label=_("Rule"), required=False, max_length=10, help_text=_("The rule it tests, such as r3.")
    )
    risks = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text=_("What a harmful answer would carry.")
    )
    why = forms.CharField(
        label=_("Why"), required=False, widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "class": "low"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, auto_id="save_%s", **kwargs)
        self.user = user
        self.fields["benchmark"].queryset = written = access.benchmarks_to_write_in(user)
        self.fields["config"].queryset = access.configs(user)
        self.fields["kind"].choices = [(kind, _kind(kind)) for kind in KINDS]
        self.fields["risks"].choices = [(category.slug, category.name) for category in categories()]
        if len(only := written[:2]) == 1:
            self.initial.setdefault("benchmark", only[0])

    def add(self) -> Prompt | None:
        """The new prompt of a valid form; None when it cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        try:
            return prompts.add_prompt(**data, language=data["config"].language, actor=self.user)
        except PromptProblem as problem:
            self.add_error(None, str(problem))
            return None


def _kind(kind: str) -> str:
    """The kind with the key that chooses it in front."""
    shown = marks.mark(marks.KINDS, kind)
    return format_html("<kbd>{}</kbd> {}", shown.glyph, shown.word)
