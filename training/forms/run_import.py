"""The form of a run whose responses were made elsewhere: the file, whose they are, who judges."""

from typing import Any, cast

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access as people_access
from annotations.forms.campaign_items import ALL, GOOD
from annotations.forms.imports import ManyFiles
from annotations.forms.uploads import Keeper, WithFiles
from annotations.models import Benchmark, BenchmarkRelease, LanguageModel, User
from annotations.queries.releases import HEAVY
from annotations.services import import_files
from training import access, strategies
from training.forms.run_judges import JudgesForm
from training.models import EvaluationRun
from training.services import judging, run_imports
from training.services.run_imports import LONGEST_LABEL, MOST_ROWS, Look
from training.services.run_items import RunProblem
from training.services.run_terms import ELSEWHERE


class ImportForm(JudgesForm, WithFiles):
    """Files of responses; the files themselves were taken in before."""

    nothing, outlives = _("Choose a file."), False
    tables = forms.FileField(
        label=_("File"),
        required=False,
        widget=ManyFiles(attrs={"multiple": True}),
        help_text=_("JSON Lines, CSV or Parquet."),
    )
    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(),
        label=_("Benchmark"),
        help_text=_("The prompts of the file are looked for in it."),
        empty_label=None,
    )
    release = forms.ModelChoiceField(
        BenchmarkRelease.objects.none(),
        required=False,
        label=_("Which prompts"),
        help_text=_("Those of a release stay the same, so that figures can be compared later."),
    )
    model = forms.ModelChoiceField(
        LanguageModel.objects.none(), required=False, label=_("Whose responses these are"), empty_label=_("choose")
    )
    new_model = forms.CharField(
        required=False,
        max_length=100,
        label=_("Or a model that is not here yet"),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        help_text=_("Its name. It is registered as a model that answers elsewhere."),
    )
    strategy = forms.ChoiceField(
        label=_("How it was asked"),
        initial="plain",
        help_text=_("In the words of the strategies here; nothing is checked."),
    )
    label = forms.CharField(
        required=False,
        max_length=LONGEST_LABEL,
        label=_("What else tells it apart"),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        help_text=_("Such as a checkpoint or its sampling. It stands on the run's page."),
    )
    wrong = forms.ChoiceField(
        label=_("When rows have a problem"),
        choices=((ALL, _("take nothing, and show them")), (GOOD, _("take the good ones, and show the others"))),
        initial=ALL,
        widget=forms.RadioSelect,
    )

    def __init__(self, user: User, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data, keeper=keeper)
        self.user, self.may_register = user, access.may_edit_models(user)
        if not self.may_register:
            del self.fields["new_model"]
        self._offer(people_access.benchmarks_to_write_in(user).order_by("title"))
        self.choice("model").queryset = access.models().filter(engine=ELSEWHERE)
        found = [strategies.load(name) for name in strategies.names()]
        answers = [(one.name, gettext(one.label)) for one in found if not one.filters]
        cast(forms.ChoiceField, self.fields["strategy"]).choices = answers
        self.fields["tables"].help_text += " " + gettext("At most %(rows)s rows, %(size)s MB.") % {
            "rows": f"{MOST_ROWS:,}",
            "size": f"{import_files.most_bytes() >> 20:,}",
        }

    def _offer(self, benchmarks: QuerySet[Benchmark]) -> None:
        self.choice("benchmark").queryset = benchmarks
        releases = BenchmarkRelease.objects.filter(benchmark__in=benchmarks).select_related("benchmark")
        rows = releases.defer(*HEAVY, "note").order_by("benchmark__title", "benchmark", "-major", "-minor")
        self.choice("release").queryset = releases
        groups: dict[str, list[tuple[int, str]]] = {}
        for row in rows:
            groups.setdefault(row.benchmark.title, []).append((row.pk, f"{row.name} ({row.prompt_count:,})"))
        self.choice("release").widget.choices = [("", gettext("as they are now")), *groups.items()]

    def choice(self, name: str) -> "forms.ModelChoiceField[Any]":
        """The field of that name that offers rows."""
        return cast("forms.ModelChoiceField[Any]", self.fields[name])

    @property
    def can_be(self) -> bool:
        """True when there is a benchmark, and a model whose responses could come in."""
        there = {name: bool(self.choice(name).queryset) for name in ("benchmark", "model")}
        return there["benchmark"] and (there["model"] or self.may_register)

    def clean(self) -> dict[str, Any]:
        """What was chosen; a model has to be there, and a release to be one of the benchmark."""
        data = self.cleaned_data
        if not data.get("model") and not data.get("new_model") and "model" not in self.errors:
            self.add_error("model", gettext("Choose the model whose responses these are."))
        if data.get("model") and data.get("new_model"):
            self.add_error("new_model", gettext("Choose a model above, or name a new one, not both."))
        benchmark, release = data.get("benchmark"), data.get("release")
        if benchmark and release and release.benchmark_id != benchmark.pk:
            told = gettext("%(release)s is a release of “%(its)s”. Choose one of “%(benchmark)s”, or none.")
            names = {"release": release.name, "its": release.benchmark, "benchmark": benchmark}
            self.add_error("release", told % names)
        return super().clean()

    def look(self) -> Look | None:
        """What the files of a valid form come to; None when they cannot be read, the reason then stands on the form."""
        data = self.cleaned_data
        try:
            if self.upload is not None:
                return run_imports.look(upload=self.upload, benchmark=data["benchmark"], release=data["release"])
        except RunProblem as problem:
            self.add_error("tables", str(problem))
        return None

    def start(self, found: Look) -> EvaluationRun | None:
        """The new run over what was found; None when it cannot be, the reason then stands on the form."""
        try:
            with transaction.atomic():
                return self._start(found)
        except judging.JudgeProblem as problem:
            self.add_error("judge_model", str(problem))
        except RunProblem as problem:
            self.add_error(None, str(problem))
        return None

    def _start(self, found: Look) -> EvaluationRun | None:
        data = self.cleaned_data
        if self.upload is None:
            return None
        judges = self.chosen_judges()
        model = data["model"] or run_imports.register(name=data.get("new_model", ""), actor=self.user)
        made = run_imports.candidate(model=model, strategy=data["strategy"], label=data["label"])
        told = {"benchmark": data["benchmark"], "release": data["release"], "actor": self.user} | self.terms()
        return run_imports.take(found=found, upload=self.upload, candidate=made, judges=judges, **told)
