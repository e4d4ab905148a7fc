"""The form of a merge: which two, how much of the second, in every layer the same or along a line."""

from typing import Any, NamedTuple, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import LanguageModel, User
from training import access
from training.models import Node, TrainingRun
from training.recipes import merge_settings
from training.recipes.merge_settings import DTYPES, MergeSettings
from training.services.trainer import bases, merging
from training.services.trainer.merging import MergeProblem

SAME, LINE = SCHEDULES = ("same", "line")
NO_NUMBER = _("Give a number from 0 to 1.")
NOT_KNOWN = _("Nobody here knows how many layers these models have. Take the same weight in every layer.")
_KEPT_AS = {"same": _("as the base keeps them"), "float32": _("32 bits"), "bfloat16": _("16 bits (bfloat16)")}
_TYPED = forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"})


class Part(NamedTuple):
    """A line of the preview: a part of the model, and its shares of base and other, which make 1."""

    name: str
    base: float
    other: float


def _weight(label: str, help_text: str, initial: float, *, required: bool = False) -> forms.FloatField:
    ruler = forms.NumberInput(attrs={"step": "any"})
    told = {"label": label, "initial": initial, "help_text": help_text, "widget": ruler, "required": required}
    return forms.FloatField(min_value=0, max_value=1, error_messages={"required": NO_NUMBER}, **told)


class MergeForm(forms.Form):
    """Two models and how much of the second: 0 leaves the base as it is, 1 takes the other."""

    base = forms.ModelChoiceField(
        LanguageModel.objects.none(), help_text=_("Its tokenizer and chat template are kept.")
    )
    other = forms.ModelChoiceField(LanguageModel.objects.none(), help_text=_("Of the same architecture and tokenizer."))
    schedule = forms.ChoiceField(
        label=_("How much of the other"),
        choices=[(SAME, _("the same in every layer")), (LINE, _("along a line, from the first layer to the last"))],
        initial=SAME,
        widget=forms.RadioSelect,
    )
    weight = _weight(
        _("Weight"), _("Of the other; along a line, of embeddings, last norm and head."), 0.5, required=True
    )
    first = _weight(_("Weight of the first layer"), _("Along a line only."), 0.0)
    last = _weight(_("Weight of the last layer"), _("Along a line only."), 1.0)
    dtype = forms.ChoiceField(label=_("Numbers are kept"), choices=[(one, _KEPT_AS[one]) for one in DTYPES])
    node = forms.ModelChoiceField(
        Node.objects.none(), label=_("Node"), empty_label=None, help_text=_("Where the weights of both lie.")
    )
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=300,
        widget=_TYPED,
        help_text=_("Empty: named after the two models."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("base", "other"):
            self._choice(name).queryset = bases.offered().select_related("checkpoint")
        self._choice("node").queryset = access.nodes()
        base = bases.offered().filter(pk=self.initial.get("base")).first()
        self.initial.setdefault(
            "node", access.nodes().filter(name=base.node if base and base.node else settings.NODE).first()
        )

    def _choice(self, name: str) -> "forms.ModelChoiceField[Any]":
        return cast("forms.ModelChoiceField[Any]", self.fields[name])

    def clean(self) -> dict[str, Any]:
        """The answers with `settings`, and with the two checked as far as this machine can know."""
        data = super().clean() or {}
        for name in ("first", "last") if data.get("schedule") == LINE else ():
            if name not in self.errors and data.get(name) is None:
                self.add_error(name, NO_NUMBER)
        if not self.errors:
            self._check(data)
        return data

    def _check(self, data: dict[str, Any]) -> None:
        count = merging.layers(data["base"])
        if data["schedule"] == LINE and count is None:
            return self.add_error("schedule", NOT_KNOWN)
        data["settings"] = _settings(data, count or 0)
        try:
            merging.check(data["base"], data["other"], data["settings"], data["node"])
        except MergeProblem as problem:
            self.add_error(problem.field or None, str(problem))

    def preview(self) -> list[Part]:
        """How much of each every part gets; nothing as long as the form is not right."""
        wanted: MergeSettings | None = self.cleaned_data.get("settings") if self.is_valid() else None
        if wanted is None:
            return []
        layers = [
            (gettext("layer %(number)s") % {"number": number}, weight) for number, weight in enumerate(wanted.per_layer)
        ]
        every = [(gettext("embeddings, last norm and head"), wanted.weight), *layers] if layers else None
        return [Part(name, 1 - weight, weight) for name, weight in every or [(gettext("every layer"), wanted.weight)]]

    def start(self, actor: User) -> TrainingRun | None:
        """The queued run of a valid form; None when it cannot be made, the reason then stands on the form."""
        chosen = {name: self.cleaned_data[name] for name in ("base", "other", "settings", "node", "title")}
        try:
            return merging.start(**chosen, actor=actor)
        except MergeProblem as problem:
            self.add_error(problem.field or None, str(problem))
            return None


def _settings(data: dict[str, Any], layers: int) -> MergeSettings:
    line = merge_settings.between(data["first"], data["last"], layers) if data["schedule"] == LINE else ()
    return MergeSettings(weight=data["weight"], per_layer=line, dtype=data["dtype"])
