"""What every form of a run asks: who judges, how often, whether the cache is used, and what it may cost."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.forms.rows import ManyRows
from annotations.models import LanguageModel
from training import access, judges
from training.judges import RESPONSE, CodeJudge
from training.models import EvaluationRun, Judge
from training.services import judging, run_terms
from training.services.run_terms import ELSEWHERE, MOST_BUDGET, MOST_SAMPLES


class BudgetForm(forms.Form):
    """What a run may spend in all."""

    budget_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_BUDGET,
        label=_("At most tokens"),
        help_text=_("The run pauses before it would use more. Empty: no limit."),
    )
    budget_dollars = forms.DecimalField(
        required=False,
        min_value=Decimal("0.0001"),
        max_digits=12,
        decimal_places=4,
        label=_("At most US dollars"),
        help_text=_("Needs the prices of every model that is called."),
    )

    def budget(self) -> dict[str, int | None]:
        """The limits of a valid form, `tokens` and `micros`; None is no limit."""
        data = self.cleaned_data
        return {"tokens": data["budget_tokens"], "micros": run_terms.micros(data["budget_dollars"])}


class JudgesForm(BudgetForm):
    """The judges of a run and its terms."""

    judges = forms.MultipleChoiceField(
        label=_("Judges"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Each one reads every response; a score needs to hear how helpful it is and whether it follows the config."
        ),
    )
    judge_model = ManyRows(
        LanguageModel.objects.none(),
        required=False,
        label=_("Judge models"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Asked by the judges that are prompts; with several, each judge is asked of each."),
    )
    samples = forms.IntegerField(
        initial=1,
        required=False,
        min_value=1,
        max_value=MOST_SAMPLES,
        label=_("Times each judge model is asked"),
        help_text=_(
            "Asked several times, the verdict is what the samples come to, and the page shows where they differ."
        ),
    )
    anew = forms.BooleanField(
        required=False,
        label=_("Ask everything anew"),
        help_text=_(
            "Otherwise a call that was made before, with the same texts and settings, is taken from there: "
            "it costs nothing, and the run says how many were."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["judges"].choices = [(one.name, gettext(one.label)) for one in judges.reading(RESPONSE)]  # type: ignore[attr-defined]
        self.fields["judge_model"].queryset = callable_models()  # type: ignore[attr-defined]

    def clean_samples(self) -> int:
        """How often; once when nothing was said."""
        return self.cleaned_data["samples"] or 1

    def judged_by(self) -> list[tuple[str, LanguageModel | None]]:
        """The judges of a valid form by name and model, each prompt with each model; None for a program."""
        asked = list(self.cleaned_data["judge_model"])
        found: list[tuple[str, LanguageModel | None]] = []
        for name in self.cleaned_data["judges"]:
            program = isinstance(judges.load(name), CodeJudge)
            found += [(name, None)] if program or not asked else [(name, model) for model in asked]
        return found

    def chosen_judges(self) -> list[Judge]:
        """The judges of a valid form as rows. Raises JudgeProblem."""
        return [judging.choose(name=name, model=model) for name, model in self.judged_by()]

    def terms(self) -> dict[str, Any]:
        """The terms of a valid form, as the services take them."""
        data = self.cleaned_data
        return {
            "samples": data["samples"],
            "use_cache": not data["anew"],
            "budget_tokens": data["budget_tokens"],
            "budget_micros": run_terms.micros(data["budget_dollars"]),
        }


def callable_models() -> QuerySet[LanguageModel]:
    """The models that answer here."""
    return access.models().exclude(engine=ELSEWHERE)


def judged_as(run: EvaluationRun) -> dict[str, Any]:
    """The first choices of a form that judges as this run did."""
    used = list(run.judges.all())
    return budget_of(run) | {
        "judges": list(dict.fromkeys(judge.name for judge in used)),
        "judge_model": list(dict.fromkeys(judge.model_id for judge in used if judge.model_id)),
        "samples": run.samples,
        "anew": not run.use_cache,
    }


def budget_of(run: EvaluationRun) -> dict[str, Any]:
    """The first choices of a form that asks for this run's budget."""
    micros = run.budget_micros
    dollars = None if micros is None else Decimal(micros) / run_terms.MICROS
    return {"budget_tokens": run.budget_tokens, "budget_dollars": dollars}
