"""The form by which a lead chooses responses of runs for a campaign."""

from collections.abc import Mapping
from secrets import randbelow
from typing import Any, cast

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomy import KINDS
from annotations.forms.rows import ManyRows
from annotations.models import Campaign, Candidate, SafetyConfig, User
from annotations.models.campaigns import SEEDS
from annotations.services.campaign_items import MOST_ITEMS, Added, ItemProblem
from training import access
from training.candidate_words import candidate_words
from training.models import EvaluationRun, RunItem
from training.models.runs import ITEM_DONE
from training.services import campaign_pick
from training.services.campaign_pick import Choice, Look

MOST_RUNS = 100
ALL, SAMPLE = "all", "sample"
FIRST_NUMBER, SEEDS_OFFERED = 100, 1_000_000


class RunChoice(ManyRows):
    """Runs, each with what it ran and how much of it is answered."""

    widget = forms.CheckboxSelectMultiple
    answered: Mapping[int, int] = {}

    def label_from_instance(self, run: Any) -> str:
        """What is said of a run beside its box."""
        answered = self.answered.get(run.pk, 0)
        benchmark = Truncator(run.benchmark).chars(60)
        told = {"run": run.pk, "candidate": candidate_words(run.candidate), "benchmark": benchmark}
        ended = gettext("Run %(run)s: %(candidate)s on %(benchmark)s (%(answered)s answered)")
        runs = gettext("Run %(run)s: %(candidate)s on %(benchmark)s (%(answered)s answered, running)")
        return (ended if run.finished_at else runs) % (told | {"answered": f"{answered:,}"})


class PickForm(forms.Form):
    """Which runs, which of their responses, and how many."""

    runs = RunChoice(EvaluationRun.objects.none(), error_messages={"required": _("Choose at least one run.")})
    config = forms.ModelChoiceField(
        SafetyConfig.objects.none(), label=_("Config"), required=False, empty_label=_("all")
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("all")), *((kind, _(kind)) for kind in KINDS)]
    )
    candidate = forms.ModelChoiceField(
        Candidate.objects.none(), label=_("Candidate"), required=False, empty_label=_("all")
    )
    take = forms.ChoiceField(
        label=_("Of these"),
        choices=((ALL, _("all that match")), (SAMPLE, _("a random sample"))),
        widget=forms.RadioSelect,
    )
    number = forms.IntegerField(label=_("Responses in the sample"), required=False, min_value=1, max_value=MOST_ITEMS)
    seed = forms.IntegerField(
        label=_("Seed"),
        required=False,
        min_value=0,
        max_value=SEEDS - 1,
        help_text=_("Draws the sample: the same seed draws the same one again."),
    )

    def __init__(self, campaign: Campaign, user: User, data: Any = None):
        first = {"take": ALL, "number": FIRST_NUMBER, "seed": randbelow(SEEDS_OFFERED)}
        super().__init__(_with(data, first) if data is not None else None, initial=first)
        self.campaign = campaign
        mine = campaign_pick.offered(campaign, access.runs(user))
        asked = [value for value in data.getlist("runs") if value.isdecimal() and len(value) < 19] if data else []
        newest = list(mine.values_list("pk", flat=True)[:MOST_RUNS])
        shown = mine.filter(Q(pk__in=newest) | Q(pk__in=asked))
        self.more = mine.count() - shown.count()
        self._offer("runs", shown)
        done = RunItem.objects.filter(run__in=[*newest, *asked], state=ITEM_DONE).order_by()
        cast(RunChoice, self.fields["runs"]).answered = dict(done.values_list("run").annotate(Count("pk")))
        configs = SafetyConfig.objects.filter(prompts__benchmark__runs__in=shown.order_by().values("pk"))
        self._offer("config", configs.distinct().order_by("title"))
        candidates = Candidate.objects.filter(runs__in=shown.order_by().values("pk")).select_related("model")
        self._offer("candidate", candidates.distinct().order_by("model__name", "pk"))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows

    def clean(self) -> dict[str, Any]:
        """What was chosen; a sample has a number and a seed."""
        data = self.cleaned_data
        if data.get("take") == SAMPLE:
            for name in ("number", "seed"):
                if data.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("A sample needs a whole number here."))
        return data

    def choice(self) -> Choice:
        """What a valid form asks for."""
        data = self.cleaned_data
        sampled = data["take"] == SAMPLE
        return Choice(
            config=data["config"].pk if data["config"] else None,
            candidate=data["candidate"].pk if data["candidate"] else None,
            kind=data["kind"],
            number=data["number"] if sampled else None,
            seed=data["seed"] if sampled else 0,
        )

    def _runs(self) -> QuerySet[EvaluationRun]:
        return EvaluationRun.objects.filter(pk__in=[run.pk for run in self.cleaned_data["runs"]])

    def look(self) -> Look:
        """What a valid form comes to now."""
        return campaign_pick.look(campaign=self.campaign, runs=self._runs(), choice=self.choice())

    def add(self, actor: User) -> Added | None:
        """What came of adding the responses of a valid form; None when they cannot be, the form then says why."""
        try:
            return campaign_pick.add(campaign=self.campaign, runs=self._runs(), choice=self.choice(), actor=actor)
        except ItemProblem as problem:
            self.add_error(None, str(problem))
            return None


def _with(data: Any, first: dict[str, Any]) -> Any:
    """What was sent; a link that names only runs leaves the rest as it stands in an untouched form."""
    said = data.copy()
    for name, value in first.items():
        said.setdefault(name, str(value))
    return said
