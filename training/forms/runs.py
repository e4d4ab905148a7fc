"""The forms that start evaluation runs: one for each model and seed."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from annotations import access as people_access
from annotations.forms.rows import ManyRows
from annotations.models import Benchmark, BenchmarkRelease, ConfigVersion, LanguageModel, Prompt, SafetyConfig, User
from annotations.queries.releases import HEAVY
from training import judges
from training.forms.run_judges import JudgesForm, callable_models, judged_as
from training.forms.run_strategies import StrategyForm, settings_as
from training.models import EvaluationRun
from training.services import judging, runs
from training.services.estimate import Asked, Estimate, estimate
from training.services.runs import RunProblem

MOST_RUNS = 30
LARGEST_SEED = 2**31 - 1


class RunForm(JudgesForm, StrategyForm):
    """What to evaluate, how it answers, and who judges: a run for each model with each seed."""

    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(),
        label=_("Benchmark"),
        help_text=gettext_lazy("Its prompts are answered, each under its config."),
    )
    release = forms.ModelChoiceField(
        BenchmarkRelease.objects.none(),
        required=False,
        label=gettext_lazy("Which prompts"),
        help_text=gettext_lazy("Those of a release stay the same, so that figures can be compared later."),
    )
    configs = ManyRows(
        SafetyConfig.objects.none(),
        label=gettext_lazy("Configs"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "None ticked means all; each in its newest approved version, or in the one the release holds."
        ),
    )
    model = ManyRows(
        LanguageModel.objects.none(),
        label=gettext_lazy("Models"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Who answers. With several, each has a run of its own."),
    )
    per_kind = forms.IntegerField(
        required=False,
        min_value=1,
        label=gettext_lazy("Prompts of each kind"),
        help_text=gettext_lazy("For a quick look; empty runs them all."),
    )
    temperature = forms.FloatField(label=_("Temperature"), min_value=0, max_value=2, initial=0)
    max_tokens = forms.IntegerField(
        label=_("Max tokens"),
        required=False,
        min_value=1,
        max_value=32768,
        help_text=gettext_lazy("Empty: the model's own setting."),
    )
    seed = forms.CharField(
        initial="0",
        max_length=300,
        label=gettext_lazy("Seeds"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=gettext_lazy("One, or several such as 0, 1, 2: each has a run of its own."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.offer(people_access.benchmarks_to_write_in(user))
        self.fields["model"].queryset = callable_models()

    def offer(self, benchmarks: QuerySet[Benchmark]) -> None:
        """Nothing; the form offers these benchmarks, and the configs they have prompts for."""
        self.fields["benchmark"].queryset = benchmarks
        configs = SafetyConfig.objects.filter(prompts__benchmark__in=benchmarks, prompts__archived_at=None).distinct()
        self.fields["configs"].queryset = configs
        releases = BenchmarkRelease.objects.filter(benchmark__in=benchmarks).annotate(size=F("prompt_count"))
        now = Prompt.objects.current().filter(benchmark__in=benchmarks).order_by()
        self.offer_releases(releases, [size for _, size in now.values_list("benchmark").annotate(Count("pk"))[:2]])

    def offer_releases(self, releases: QuerySet[BenchmarkRelease], sizes: Sequence[int]) -> None:
        """Nothing; the form offers these releases, each with its `size`, below the title of its benchmark.

        `sizes` are how many prompts the benchmarks with any have at the moment, said where it is only one.
        """
        rows = releases.select_related("benchmark").defer(*HEAVY, "note")
        groups: dict[Benchmark, list[tuple[int, str]]] = {}
        for row in rows.order_by("benchmark__title", "benchmark", "-major", "-minor"):
            groups.setdefault(row.benchmark, []).append((row.pk, f"{row.name} ({row.size:,})"))
        count = f" ({sizes[0]:,})" if len(sizes) == 1 else ""
        self.fields["release"].queryset = releases
        below = [(benchmark.title, choices) for benchmark, choices in groups.items()]
        self.fields["release"].widget.choices = [("", gettext("as they are now") + count), *below]

    def clean_seed(self) -> list[int]:
        """The seeds in the order they were written, each once."""
        written = self.cleaned_data["seed"].replace(",", " ").split()
        known = [int(part) for part in written if part.isascii() and part.isdecimal() and len(part) < 11]
        if not written or len(known) < len(written) or max(known) > LARGEST_SEED:
            raise forms.ValidationError(
                gettext("Whole numbers from 0 to %(largest_seed)s, with commas between.")
                % {"largest_seed": LARGEST_SEED}
            )
        return list(dict.fromkeys(known))

    def clean(self) -> dict[str, Any]:
        """What was chosen; a release has to be one of the benchmark, and the runs have to be a bearable number."""
        data = super().clean()
        number = len(data.get("model", ())) * len(data.get("seed", ()))
        if number > MOST_RUNS:
            self.add_error(
                "seed",
                gettext("These are %(number)s runs; at most %(most_runs)s are started together.")
                % {"number": number, "most_runs": MOST_RUNS},
            )
        benchmark, release = data.get("benchmark"), data.get("release")
        if benchmark and release and release.benchmark_id != benchmark.pk:
            told = gettext("%(release)s is a release of “%(its)s”. Choose one of “%(benchmark)s”, or none.")
            names = {"release": release.name, "its": release.benchmark, "benchmark": benchmark}
            self.add_error("release", told % names)
        return data

    def what(self) -> dict[str, Any]:
        """Which versions a valid form evaluates, as `runs.start` takes it."""
        return {"configs": [config.pk for config in self.cleaned_data["configs"]] or None}

    def first_benchmark(self) -> Benchmark | None:
        """The first of those it offers; None without any."""
        found: Benchmark | None = self.fields["benchmark"].queryset.first()
        return found

    def first_choices(self, like: EvaluationRun | None = None) -> dict[str, Any]:
        """What stands in an untouched form: the only benchmark, the first model, the judges that need no model.

        With a run it is what that run was started with, its configs where it did not have all.
        """
        if like is not None:
            return _as(like) | {"configs": _some_configs(like)}
        fields = self.fields
        return {
            "benchmark": self.first_benchmark(),
            "model": fields["model"].queryset[:1],
            "strategy": "plain",
            "judges": [one.name for one in judges.reading(judges.RESPONSE) if isinstance(one, judges.CodeJudge)],
        }

    def asked(self) -> list[Asked]:
        """The candidates of a valid form: each model with each seed."""
        data, settings = self.cleaned_data, self.strategy_settings()
        return [
            Asked(model, data["strategy"], settings, data["temperature"], data["max_tokens"] or model.max_tokens, seed)
            for model in data["model"]
            for seed in data["seed"]
        ]

    def start(self) -> list[EvaluationRun]:
        """The new runs of a valid form; none when they cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        try:
            told = {name: data[name] for name in ("benchmark", "release", "per_kind")} | self.what() | self.terms()
            candidates = [runs.candidate(**one._asdict()) for one in self.asked()]
            judged = self.chosen_judges()
            return runs.start_each(candidates=candidates, judges=judged, actor=self.user, **told)
        except judging.JudgeProblem as problem:
            self.add_error("judge_model", str(problem))
        except RunProblem as problem:
            self.add_error(None, str(problem))
        return []

    def estimate(self) -> Estimate | None:
        """What the runs of a valid form would take; None when they cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        told = {name: data[name] for name in ("benchmark", "release", "per_kind", "samples")} | self.what()
        judged = self.judged_by()
        try:
            asked, cached = self.asked(), not data["anew"]
            return estimate(candidates=asked, judged_by=judged, use_cache=cached, actor=self.user, **told)
        except RunProblem as problem:
            self.add_error(None, str(problem))
            return None


class VersionRunForm(RunForm):
    """How one version alone is tested."""

    configs = None

    def __init__(self, user: User, version: ConfigVersion, *args: Any, **kwargs: Any):
        self.version = version
        super().__init__(user, *args, **kwargs)

    def offer(self, benchmarks: QuerySet[Benchmark]) -> None:
        """Nothing; the form offers those of the benchmarks that have prompts for the version's config."""
        there = Prompt.objects.current().filter(benchmark__in=benchmarks, config=self.version.config_id).order_by()
        sizes = dict(there.values_list("benchmark").annotate(Count("pk")))
        mine, self.has_prompts, field = benchmarks.filter(pk__in=sizes), bool(sizes), self.fields["benchmark"]
        field.queryset, self.with_prompts = mine, list(mine)
        field.choices = [
            ("", field.empty_label),
            *((one.pk, field.label_from_instance(one)) for one in self.with_prompts),
        ]
        size = Count("prompts", filter=Q(prompts__config=self.version.config_id))
        releases = BenchmarkRelease.objects.filter(benchmark__in=mine, versions__config=self.version.config_id)
        self.offer_releases(BenchmarkRelease.objects.filter(pk__in=releases).annotate(size=size), [*sizes.values()])

    def first_benchmark(self) -> Benchmark | None:
        """The first of those it offers, which are read already."""
        return self.with_prompts[0] if self.with_prompts else None

    def what(self) -> dict[str, Any]:
        """This version, as `runs.start` takes it."""
        return {"version": self.version}

    def first_choices(self, like: EvaluationRun | None = None) -> dict[str, Any]:
        """As the last test of the config was made, so that the figures can be compared; else as any run begins."""
        last = EvaluationRun.objects.filter(version__config=self.version.config_id).select_related("candidate")
        run = last.prefetch_related("judges").order_by("-pk").first()
        return _as(run) if run else super().first_choices()


def _some_configs(run: EvaluationRun) -> list[int]:
    """The configs of the run where its benchmark has prompts for others too; none stands for all."""
    used = set(run.items.order_by().values_list("version__config", flat=True).distinct())
    every = set(Prompt.objects.current().filter(benchmark=run.benchmark_id).order_by().values_list("config", flat=True))
    return sorted(used) if every - used else []


def _as(run: EvaluationRun) -> dict[str, Any]:
    candidate = run.candidate
    chosen = settings_as(candidate.strategy, candidate.settings) | judged_as(run)
    return chosen | {
        "benchmark": run.benchmark_id,
        "release": run.release_id,
        "model": [candidate.model_id],
        "strategy": candidate.strategy,
        "temperature": candidate.temperature,
        "max_tokens": candidate.max_tokens,
        "seed": str(candidate.seed),
    }
