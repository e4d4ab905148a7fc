"""The form of one model of the registry."""

from typing import Any

from django import forms
from django.db.models import Q

from annotations.core import folder
from annotations.models import LanguageModel
from annotations.models.responses import KEY_PREFIX, KEY_RULE
from training import engines
from training.models import EvaluationRun

FIXED_BY_USE = ("engine", "model")


class ModelForm(forms.ModelForm):
    """Which engine, where, under which name, and how hard it may be asked."""

    engine = forms.ChoiceField()

    class Meta:
        model = LanguageModel
        fields = [
            "name", "slug", "engine", "base_url", "model", "key_variable",
            "max_concurrency", "timeout", "patience", "max_tokens", "context_tokens",
            "price_in", "price_out", "plumbing", "note",
        ]  # fmt: skip
        labels = {
            "slug": "Short name",
            "base_url": "Address",
            "model": "Name at the server",
            "key_variable": "Variable of the key",
            "max_concurrency": "Calls at once",
            "timeout": "Time for one try",
            "patience": "Time for one call",
            "max_tokens": "Longest answer",
            "context_tokens": "Context",
            "price_in": "Price of reading",
            "price_out": "Price of writing",
            "plumbing": "Plumbing, not evidence",
        }
        help_texts = {
            "slug": "Its name on the command line.",
            "base_url": "Of the server, up to and with /v1, such as http://127.0.0.1:8000/v1.",
            "model": "The name the server knows it by.",
            "key_variable": "The environment variable that holds the key, COSA_KEY_…; the key itself is never stored.",
            "max_concurrency": "Calls at once, shared by all workers.",
            "timeout": "Seconds for one try of a call.",
            "patience": "Seconds for one call with all its tries and waits.",
            "max_tokens": "In tokens, unless a run says otherwise.",
            "context_tokens": "The most tokens it reads and writes in one call; empty when you do not know.",
            "price_in": "US dollars for a million tokens read; 0 is free, empty is not known.",
            "price_out": "US dollars for a million tokens written. Runs add up what they cost from both.",
            "plumbing": "Too small to mean anything: it proves the path. Its figures are marked as no evidence.",
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        names, used = folder.names(engines.__name__), self.instance
        if self.instance.pk and EvaluationRun.every.filter(Q(candidate__model=used) | Q(judges__model=used)).exists():
            for name in FIXED_BY_USE:
                self.fields[name].disabled = True
                self.fields[name].help_text = "Fixed, because runs were made with it. Register another model instead."
        self.fields["engine"].choices = [(name, engines.label(name)) for name in names]

    def clean_base_url(self) -> str:
        """The address without a trailing slash; http and https only."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        if self.cleaned_data.get("engine") == "openai_http" and not url.startswith(("http://", "https://")):
            raise forms.ValidationError("Give the address of the server, starting with http:// or https://.")
        return url

    def clean_key_variable(self) -> str:
        """The variable's name, so that a wrong one is told beside its field and not above the form."""
        name: str = self.cleaned_data["key_variable"]
        if name and not name.startswith(KEY_PREFIX):
            raise forms.ValidationError(KEY_RULE)
        return name
