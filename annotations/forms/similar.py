"""The forms about similar prompts: a report to make, and a text that is being typed."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core import meaning
from annotations.core.storable import storable, whole_number
from annotations.models import Benchmark, SafetyConfig, User
from annotations.models.similarity import LETTERS, MEANING
from annotations.queries.similar import AT_LEAST, readable
from annotations.services import similar_reports
from annotations.services.prompt_checks import LONGEST
from annotations.services.similar_reports import SimilarProblem, Started

WAYS = (
    (LETTERS, _("By letters: nearly the same words")),
    (MEANING, _("By meaning: the same question in other words; English only, and slower")),
)


class ReportForm(forms.Form):
    """What a report compares, and how."""

    way = forms.ChoiceField(choices=WAYS, initial=LETTERS, widget=forms.RadioSelect, label=_("How"))
    wide = forms.BooleanField(required=False, label=_("Also with the organisation's other benchmarks"))
    at_least = forms.FloatField(
        required=False,
        label=_("Similar from"),
        min_value=min(similar_reports.LOWEST.values()),
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
        help_text=format_lazy(
            _("1 is the same. Empty: {letters} by letters, {meaning} by meaning."),
            letters=f"{AT_LEAST[LETTERS]:g}",
            meaning=f"{AT_LEAST[MEANING]:g}",
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["way"].help_text = meaning.available()

    def start(self, benchmark: Benchmark, actor: User) -> Started | None:
        """The report of a valid form; None when it cannot be made, the reason then stands on the form."""
        data = self.cleaned_data
        at_least = AT_LEAST[data["way"]] if data["at_least"] is None else data["at_least"]
        asked = {"way": data["way"], "wide": data["wide"], "at_least": at_least}
        try:
            return similar_reports.start(benchmark=benchmark, actor=actor, **asked)
        except SimilarProblem as problem:
            self.add_error(None, str(problem))
            return None


class Typed:
    """A text that is being typed, and where it is meant to stand: what is missing is taken from the prompt of `uid`.

    Raises Http404 for a benchmark or a config the person may not read.
    """

    def __init__(self, user: User, said: Any):
        self.text = storable(said.get("text", ""))[:LONGEST]
        self.by_meaning = said.get("meaning") == "1"
        self.without = _uid(said.get("uid", ""))
        self.benchmark: Benchmark | None = None
        self.config: SafetyConfig | None = None
        if (number := whole_number(said.get("benchmark", ""))) is not None:
            self.benchmark = access.benchmark_for_reader(user, number)
        if (number := whole_number(said.get("config", ""))) is not None:
            self.config = access.config_for_reader(user, number)
        if self.without and not (self.benchmark and self.config):
            edited = readable(user).filter(uid=self.without).select_related("benchmark", "config").first()
            self.benchmark = self.benchmark or (edited.benchmark if edited else None)
            self.config = self.config or (edited.config if edited else None)


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
