"""The forms of a label and of a lead's decision: one choice and the reason for it."""

from typing import Any, NamedTuple, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomy import KINDS
from annotations.models import SafetyConfig
from annotations.services.checks import LONGEST_NOTE, LONGEST_REASON, UNSURE


class Choice(NamedTuple):
    """One answer: its value, the key that chooses it, its word and what it means."""

    value: str
    key: str
    word: str
    meaning: str


CANNOT_SAY = Choice(UNSURE, "x", _("cannot say"), _("Your note tells a lead why."))
OF_KIND = tuple(
    Choice(kind, kind[0], kind, meaning)
    for kind, meaning in zip(
        KINDS,
        (
            _("Nothing in it is a risk: any model may answer."),
            _("It carries a risk, and this config opens it."),
            _("This config opens a part of it and closes the rest."),
            _("This config closes all of it."),
        ),
        strict=True,
    )
)
OF_SITUATION = tuple(
    Choice(number, number, number, meaning)
    for number, meaning in zip(
        "123",
        (
            _("Everything it needs is open in this config."),
            _("A part of what it needs is open."),
            _("Nothing of what it needs is open."),
        ),
        strict=True,
    )
)


class SaidForm(forms.Form):
    """A kind, or under a categorical config a situation, of which the kind follows."""

    said = forms.ChoiceField()

    def __init__(self, config: SafetyConfig, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.categorical = config.categorical
        self.answers = self.offered()
        field = cast(forms.ChoiceField, self.fields["said"])
        field.choices = [(answer.value, answer.word) for answer in self.answers]
        kinds = gettext("Choose the kind: %(kinds)s.") % {"kinds": ", ".join(KINDS)}
        wrong = gettext("Choose the situation: 1, 2 or 3.") if config.categorical else kinds
        field.error_messages["required"] = field.error_messages["invalid_choice"] = wrong

    def offered(self) -> tuple[Choice, ...]:
        """What one may answer."""
        return OF_SITUATION if self.categorical else OF_KIND

    def as_said(self) -> dict[str, Any]:
        """The answer as the service takes it."""
        said = self.cleaned_data["said"]
        return {"situation": int(said)} if said in {"1", "2", "3"} else {"kind": said}


class LabelForm(SaidForm):
    """A rater's label; who cannot say writes why."""

    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_NOTE)

    def offered(self) -> tuple[Choice, ...]:
        """The kinds or situations, and that one cannot say."""
        return (*super().offered(), CANNOT_SAY)

    def clean(self) -> dict[str, Any]:
        """What was said; without an answer there is a note."""
        data = self.cleaned_data
        if data.get("said") == UNSURE and not data.get("note"):
            self.add_error("note", gettext("Say what makes it hard to tell, so that a lead can decide."))
        return data

    def as_said(self) -> dict[str, Any]:
        """The label as the service takes it."""
        return super().as_said() | {"note": self.cleaned_data["note"]}


class DecisionForm(SaidForm):
    """A lead's decision and its reason."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        error_messages={"required": _("Give the reason: it stays beside the labels it overrules or confirms.")},
    )

    def as_said(self) -> dict[str, Any]:
        """The decision as the service takes it."""
        return super().as_said() | {"reason": self.cleaned_data["reason"]}


def said_by(kind: str, situation: int | None) -> str:
    """The answer that stands for a stored label."""
    return str(situation) if situation else kind or UNSURE
