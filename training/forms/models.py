"""The form of one model of the registry."""

import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from annotations.core import folder
from annotations.models import LanguageModel, User
from annotations.models.responses import KEY_PREFIX, KEY_RULE
from annotations.services import audit
from training import engines
from training.forms import model_key
from training.models import EvaluationRun, Node
from training.services import places, reaching
from training.services.trainer import bases

FIXED_BY_USE = ("engine", "model")
FIXED_BY_SERVING = ("weights", "base")
"""What is fixed as well for a model whose server is started here: its answers come from these weights."""
WHERE = ("weights", "node")
HOW = ("gpus", "memory", "base")
MOST_CARDS = 64
NEVER = _("Fixed: a checkpoint never changes.")
FIXED = _("Fixed, because runs were made with it. Register another model instead.")
_NAME = re.compile(r"[A-Za-z0-9][\w.:/-]*")


class ModelForm(forms.ModelForm):
    """Which engine, where, under which name, and how hard it may be asked."""

    engine = forms.ChoiceField(label=_("Engine"))
    gpus = forms.IntegerField(
        label=gettext_lazy("Cards"),
        required=False,
        min_value=0,
        max_value=MOST_CARDS,
        help_text=gettext_lazy(
            "Graphics cards a server of it takes, its own until it ends; 0 for the processor alone. Empty: one "
            "for vLLM, none for the others."
        ),
    )
    memory = forms.FloatField(
        label=gettext_lazy("Share of memory"),
        required=False,
        min_value=0.05,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text=gettext_lazy(
            "Of each card, which vLLM takes for weights and texts, such as 0.9; empty: vLLM's own choice."
        ),
    )
    base = forms.CharField(
        label=gettext_lazy("Base of the adapter"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "When the weights are a LoRA adapter: the weights it was trained on. vLLM serves both together."
        ),
    )

    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy(
            "For this address alone. It is kept encrypted and never shown again. Empty: what is kept stays."
        ),
    )
    forget_key = forms.BooleanField(label=gettext_lazy("Forget the key that is kept"), required=False)

    class Meta:
        model = LanguageModel
        fields = [
            "name", "slug", "engine", "base_url", "model", "key", "forget_key", "key_variable",
            "max_concurrency", "timeout", "patience", "max_tokens", "context_tokens", "weights", "node",
            "price_in", "price_out", "plumbing", "note",
        ]  # fmt: skip
        labels = {
            "name": gettext_lazy("Name"),
            "slug": gettext_lazy("Short name"),
            "base_url": gettext_lazy("Address"),
            "model": gettext_lazy("Name at the server"),
            "key_variable": gettext_lazy("Variable of the key"),
            "max_concurrency": gettext_lazy("Calls at once"),
            "timeout": gettext_lazy("Time for one try"),
            "patience": gettext_lazy("Time for one call"),
            "max_tokens": gettext_lazy("Longest answer"),
            "context_tokens": gettext_lazy("Context"),
            "weights": gettext_lazy("Weights"),
            "node": gettext_lazy("Node"),
            "price_in": gettext_lazy("Price of reading"),
            "price_out": gettext_lazy("Price of writing"),
            "note": gettext_lazy("Note"),
            "plumbing": gettext_lazy("Plumbing, not evidence"),
        }
        help_texts = {
            "slug": gettext_lazy("Its name on the command line."),
            "base_url": gettext_lazy("Of the server, up to and with /v1, such as http://127.0.0.1:8000/v1."),
            "model": gettext_lazy("The name the server knows it by."),
            "key_variable": gettext_lazy("Instead of a key: the environment variable that holds it, COSA_KEY_…"),
            "max_concurrency": gettext_lazy("Calls at once, shared by all workers."),
            "timeout": gettext_lazy("Seconds for one try of a call."),
            "patience": gettext_lazy("Seconds for one call with all its tries and waits."),
            "max_tokens": gettext_lazy("In tokens, unless a run says otherwise."),
            "context_tokens": gettext_lazy(
                "The most tokens it reads and writes in one call; empty when you do not know. A server "
                "that is started here is started for so long a context."
            ),
            "weights": gettext_lazy(
                "A folder of safetensors or a .gguf file by its whole path, or a name on the hub such as "
                "HuggingFaceTB/SmolLM2-135M-Instruct: to train on it, or to start a server of it."
            ),
            "node": gettext_lazy(
                "The machine that has the weights: its workers alone start a server of them, but for a checkpoint "
                "that is in the store of artifacts. Empty: all have them."
            ),
            "price_in": gettext_lazy("US dollars for a million tokens read; 0 is free, empty is not known."),
            "price_out": gettext_lazy("US dollars for a million tokens written. Runs add up what they cost from both."),
            "plumbing": gettext_lazy(
                "Too small to mean anything: it proves the path. Its figures are marked as no evidence."
            ),
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        names, model = folder.names(engines.__name__), self.instance
        for name in HOW:
            self.initial.setdefault(name, model.serving.get(name))
        if not model.sealed_key:
            del self.fields["forget_key"]
        for name in _fixed(model):
            self.fields[name].disabled = True
            self.fields[name].help_text = NEVER if hasattr(model, "checkpoint") else FIXED
        self.fields["engine"].choices = [(name, gettext(engines.label(name))) for name in names]
        self.fields["node"] = self._nodes()

    def _nodes(self) -> forms.ChoiceField:
        """The nodes there are, and the one the model names; a node that is not there yet cannot be asked."""
        plain = self.fields["node"]
        there = {*Node.objects.filter(archived_at=None).values_list("name", flat=True), self.instance.node} - {""}
        choices = [("", _("every worker")), *((name, name) for name in sorted(there))]
        kept = {"label": plain.label, "help_text": plain.help_text, "disabled": plain.disabled}
        return forms.ChoiceField(choices=choices, required=False, **kept)

    @property
    def where(self) -> list[forms.BoundField]:
        """Where the weights lie."""
        return [self[name] for name in WHERE]

    @property
    def how(self) -> list[forms.BoundField]:
        """How a server of them is started."""
        return [self[name] for name in HOW]

    @property
    def starting(self) -> str:
        """The engines that start a server, by name, with blanks between."""
        return " ".join(name for name, _ in self.fields["engine"].choices if engines.starts(name))

    def keep(self, actor: User) -> LanguageModel:
        """The saved model of a valid form; what was changed stands in the record of decisions."""
        action = "edit" if self.instance.pk else "create"
        after = {name: str(self.cleaned_data[name]) for name in self.changed_data if name not in model_key.FIELDS}
        with transaction.atomic():
            if said := model_key.save(self.instance, self.cleaned_data):
                after["key"] = said
            audit.record(actor=actor, action=action, obj=self.instance, after=after)
        return self.instance

    def clean_base_url(self) -> str:
        """The address without a trailing slash; http and https only, and nowhere this server may not reach."""
        url: str = self.cleaned_data["base_url"].strip().rstrip("/")
        engine = self.cleaned_data.get("engine")
        if (url or engine == "openai_http") and engine != "echo" and not url.startswith(("http://", "https://")):
            raise forms.ValidationError(gettext("Give the address of the server, starting with http:// or https://."))
        if wrong := reaching.wrong(url):
            raise forms.ValidationError(wrong)
        return url

    def clean_weights(self) -> str:
        """A whole path or a hub id; empty for none."""
        return self._place("weights")

    def clean_base(self) -> str:
        """A whole path or a hub id; empty when the weights are no adapter."""
        return self._place("base")

    def _place(self, name: str) -> str:
        typed: str = self.cleaned_data[name]
        try:
            return bases.read(typed) if typed.strip() else ""
        except bases.BadBase as problem:
            raise forms.ValidationError(str(problem)) from problem

    def clean(self) -> dict[str, Any]:
        """What a server needs to be started, when this engine starts one; told beside the field that lacks."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        kept = {name: cleaned.get(name) for name in HOW}
        self.instance.serving = self.instance.serving | kept
        said = self.instance.serving.items()
        self.instance.serving = {name: value for name, value in said if value not in (None, "")}
        engine = cleaned.get("engine", "")
        if engine and engines.starts(engine) and not cleaned.get("base_url"):
            for name, problem in _lacks(engine, cleaned, self.instance):
                self.add_error(name, problem)
        for name, problem in model_key.problems(cleaned, self.instance):
            self.add_error(name, problem)
        return cleaned

    def clean_key_variable(self) -> str:
        """The variable's name, so that a wrong one is told beside its field and not above the form."""
        name: str = self.cleaned_data["key_variable"]
        if name and not name.startswith(KEY_PREFIX):
            raise forms.ValidationError(KEY_RULE)
        return name


def _fixed(model: LanguageModel) -> tuple[str, ...]:
    """The fields that cannot change any more: a checkpoint never does, nor does what runs were made with."""
    if not model.pk:
        return ()
    if hasattr(model, "checkpoint"):
        return (*FIXED_BY_USE, *FIXED_BY_SERVING)
    if not EvaluationRun.every.filter(Q(candidate__model=model) | Q(judges__model=model)).exists():
        return ()
    return (*FIXED_BY_USE, *FIXED_BY_SERVING) if places.started(model) else FIXED_BY_USE


def _lacks(engine: str, said: dict[str, Any], model: LanguageModel) -> Iterator[tuple[str, str]]:
    """What is missing or wrong for a server of the engine to be started, each with the field it is told beside."""
    weights, name = said.get("weights", ""), said.get("model", "")
    if engine == "embedded":
        if weights and not weights.endswith(".gguf"):
            yield "weights", gettext("llama.cpp serves a .gguf file. Name one, or choose another engine.")
    elif "weights" in said and not weights:
        yield "weights", gettext("Enter where the weights lie, or the address of a server that runs already.")
    if weights and not _NAME.fullmatch(name):
        yield "model", gettext("A server that is started here takes letters, digits and . : / _ - in its name.")
    same = LanguageModel.objects.filter(engine=engine, base_url="", model=name).exclude(pk=model.pk)
    if weights and same.exclude(weights=weights).exists():
        yield (
            "model",
            gettext("Another model here has this name, and answers of both would be taken for one's. Choose another."),
        )
    if said.get("base") and engine != "vllm":
        yield "base", gettext("Only vLLM serves an adapter by itself. Merge it into its base first, or choose vLLM.")
    cards = said.get("gpus")
    if (engines.cards(engine) if cards is None else cards) and weights and not said.get("node"):
        yield "node", gettext("Choose the node whose cards it takes.")
