"""The form of a lead's decision on a response: whose answer holds, or an own one, why raters differed, and a note."""

from collections.abc import Collection
from typing import Any, NamedTuple

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.core import answers
from annotations.core.answers import Answer, AnswerProblem
from annotations.models.ratings import CAUSES
from annotations.services.adjudication import LONGEST_NOTE, Decision

OWN = "own"


class Cause(NamedTuple):
    """A cause as it is stored, its word and what it means."""

    value: str
    word: str
    meaning: str


CAUSE_WORDS = tuple(
    Cause(value, word, meaning)
    for value, word, meaning in zip(
        CAUSES,
        (
            _("guideline gap"),
            _("ambiguous prompt"),
            _("ambiguous config"),
            _("slip"),
            _("hard case"),
            _("other"),
        ),
        (
            _("The guideline does not say what to do here."),
            _("The prompt can be read in more than one way."),
            _("The config can be read in more than one way."),
            _("Somebody misread, or took the wrong key."),
            _("All is clear, and one can still see it both ways."),
            _("Something else: the note says what."),
        ),
        strict=True,
    )
)


class DecisionForm(forms.Form):
    """What a lead decides. An own answer is checked as a rater's is; it counts as chosen once a part of it is given."""

    take = forms.CharField(required=False)
    points = forms.CharField(required=False)
    follows_config = forms.CharField(required=False)
    cause = forms.ChoiceField(
        choices=[(value, value) for value in CAUSES],
        error_messages={"required": _("Say why they differ."), "invalid_choice": _("Say why they differ.")},
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_NOTE)
    seen = forms.CharField(label=_("Seen"), required=False)

    def __init__(self, rules: Collection[str], *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.own: Answer | None = None
        self.causes = CAUSE_WORDS

    @property
    def broken(self) -> list[str]:
        """The rules that are ticked."""
        return self.data.getlist("broken_rules") if isinstance(self.data, QueryDict) else []

    @property
    def taken(self) -> str:
        """The letter that is chosen, OWN for an own answer, "" for none."""
        given = self.data.get("take", "")
        return given or (OWN if self.data.get("points") or self.data.get("follows_config") else "")

    def clean(self) -> dict[str, Any]:
        """What was said, with the own answer read where one is given."""
        data = self.cleaned_data
        if not self.taken:
            self.add_error("take", gettext("Choose the answer that holds, or give your own."))
        if self.taken == OWN:
            try:
                self.own = answers.read(data | {"broken_rules": self.broken}, self.rules)
            except AnswerProblem as problem:
                self.add_error(problem.field if problem.field in self.fields else "take", str(problem))
        return data

    def decision(self) -> Decision:
        """The decision as the service takes it."""
        return Decision(self.taken, self.own, self.cleaned_data["cause"], self.cleaned_data["note"])
