"""The form of one model of the registry."""

from typing import Any

from django import forms

from annotations.core import folder
from annotations.models import LanguageModel
from training import engines

FIXED_BY_USE = ("engine", "model")


class ModelForm(forms.ModelForm):
    """Which engine, where, under which name, and how hard it may be asked."""

    engine = forms.ChoiceField()

    class Meta:
        model = LanguageModel
        fields = [
            "name", "slug", "engine", "base_url", "model", "key_variable",
            "max_concurrency", "timeout", "patience", "max_tokens", "plumbing", "note",
        ]  # fmt: skip
        help_texts = {
            "slug": "Its name on the command line and in links.",
            "base_url": "Up to and with /v1, e.g. http://127.0.0.1:8000/v1 of a vLLM server.",
            "model": "The name the server knows it by.",
            "key_variable": "The environment variable that holds the key, COSA_KEY_…; the key itself is never stored.",
            "max_concurrency": "Calls at once, shared by all workers.",
            "timeout": "Seconds for one try of a call.",
            "patience": "Seconds for one call with all its tries and waits.",
            "max_tokens": "Of an answer, unless a run says otherwise.",
            "plumbing": "Too small to mean anything: it proves the path. Its figures are marked as no evidence.",
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        names = folder.names(engines.__name__)
        if self.instance.pk and self.instance.candidates.filter(runs__isnull=False).exists():
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
