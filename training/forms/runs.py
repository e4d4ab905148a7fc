"""The form that starts an evaluation run."""

from typing import Any

from django import forms
from django.db.models import Count, F, Q, QuerySet

from annotations import access as people_access
from annotations.models import Benchmark, BenchmarkRelease, ConfigVersion, LanguageModel, Prompt, SafetyConfig, User
from annotations.queries.releases import HEAVY
from training import access, judges, strategies
from training.models import EvaluationRun
from training.services import judging, runs


class RunForm(forms.Form):
    """What to evaluate, how it answers, and who judges."""

    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(), help_text="Its prompts are answered, each under its config."
    )
    release = forms.ModelChoiceField(
        BenchmarkRelease.objects.none(),
        required=False,
        label="Which prompts",
        help_text="Those of a release stay the same, so that figures can be compared later.",
    )
    configs = forms.ModelMultipleChoiceField(
        SafetyConfig.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked means all; each in its newest approved version, or in the one the release holds.",
    )
    model = forms.ModelChoiceField(LanguageModel.objects.none(), help_text="The model that answers.")
    strategy = forms.ChoiceField(help_text="How it is asked.")
    judges = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, help_text="Each one reads every response; a score needs both values."
    )
    judge_model = forms.ModelChoiceField(
        LanguageModel.objects.none(), required=False, help_text="Asked by the judges that are prompts."
    )
    per_kind = forms.IntegerField(
        required=False, min_value=1, label="Prompts of each kind", help_text="For a quick look; empty runs them all."
    )
    temperature = forms.FloatField(min_value=0, max_value=2, initial=0)
    max_tokens = forms.IntegerField(
        required=False, min_value=1, max_value=32768, help_text="Empty: the model's own setting."
    )
    seed = forms.IntegerField(initial=0, min_value=0, max_value=2**31 - 1)

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        organisations = [o.pk for o in people_access.organisations(user) if people_access.may_run(user, o.pk)]
        benchmarks = people_access.benchmarks(user).filter(organisation__in=organisations)
        fields = self.fields
        self.offer(benchmarks)
        fields["model"].queryset = fields["judge_model"].queryset = access.models()
        fields["strategy"].choices = [(name, strategies.load(name).label) for name in strategies.names()]
        fields["judges"].choices = [(name, judges.load(name).label) for name in judges.names()]

    def offer(self, benchmarks: QuerySet[Benchmark]) -> None:
        """Nothing; the form offers these benchmarks, and the configs they have prompts for."""
        self.fields["benchmark"].queryset = benchmarks
        configs = SafetyConfig.objects.filter(prompts__benchmark__in=benchmarks, prompts__archived_at=None).distinct()
        self.fields["configs"].queryset = configs
        releases = BenchmarkRelease.objects.filter(benchmark__in=benchmarks).annotate(size=F("prompt_count"))
        self.offer_releases(releases, Prompt.objects.current().filter(benchmark__in=benchmarks))

    def offer_releases(self, releases: QuerySet[BenchmarkRelease], now: QuerySet[Prompt]) -> None:
        """Nothing; the form offers these releases, each with its `size`, below the title of its benchmark.

        `now` are the prompts that the benchmarks have at the moment, counted where only one has any.
        """
        rows = releases.select_related("benchmark").defer(*HEAVY, "note")
        groups: dict[Benchmark, list[tuple[int, str]]] = {}
        for row in rows.order_by("benchmark__title", "benchmark", "-major", "-minor"):
            groups.setdefault(row.benchmark, []).append((row.pk, f"{row.name} ({row.size:,})"))
        sizes = [count for _, count in now.order_by().values_list("benchmark").annotate(Count("pk"))[:2]]
        count = f" ({sizes[0]:,})" if len(sizes) == 1 else ""
        self.fields["release"].queryset = releases
        below = [(benchmark.title, choices) for benchmark, choices in groups.items()]
        self.fields["release"].widget.choices = [("", f"as they are now{count}"), *below]

    def clean(self) -> dict[str, Any]:
        """What was chosen; a release has to be one of the benchmark."""
        data = self.cleaned_data
        benchmark, release = data.get("benchmark"), data.get("release")
        if benchmark and release and release.benchmark_id != benchmark.pk:
            told = f"{release.name} is a release of “{release.benchmark}”. Choose one of “{benchmark}”, or none."
            self.add_error("release", told)
        return data

    def what(self) -> dict[str, Any]:
        """Which versions a valid form evaluates, as `runs.start` takes it."""
        return {"configs": [config.pk for config in self.cleaned_data["configs"]] or None}

    def first_choices(self) -> dict[str, Any]:
        """What stands in an untouched form: the only benchmark, the first model, the judges that need no model."""
        fields = self.fields
        return {
            "benchmark": fields["benchmark"].queryset.first(),
            "model": fields["model"].queryset.first(),
            "judges": [name for name in judges.names() if isinstance(judges.load(name), judges.CodeJudge)],
        }

    def start(self) -> EvaluationRun | None:
        """The new run of a valid form; None when it cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        try:
            chosen = [judging.choose(name=name, model=data["judge_model"]) for name in data["judges"]]
        except judging.JudgeProblem as problem:
            self.add_error("judge_model", str(problem))
            return None
        candidate = runs.candidate(
            model=data["model"],
            strategy=data["strategy"],
            temperature=data["temperature"],
            max_tokens=data["max_tokens"] or data["model"].max_tokens,
            seed=data["seed"],
        )
        try:
            return runs.start(
                benchmark=data["benchmark"],
                candidate=candidate,
                judges=chosen,
                actor=self.user,
                per_kind=data["per_kind"],
                release=data["release"],
                **self.what(),
            )
        except runs.RunProblem as problem:
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
        mine = benchmarks.filter(prompts__config=self.version.config_id, prompts__archived_at=None).distinct()
        self.fields["benchmark"].queryset = mine
        size = Count("prompts", filter=Q(prompts__config=self.version.config_id))
        releases = BenchmarkRelease.objects.filter(benchmark__in=mine, versions__config=self.version.config_id)
        now = Prompt.objects.current().filter(benchmark__in=mine, config=self.version.config_id)
        self.offer_releases(BenchmarkRelease.objects.filter(pk__in=releases).annotate(size=size), now)

    def what(self) -> dict[str, Any]:
        """This version, as `runs.start` takes it."""
        return {"version": self.version}

    def first_choices(self) -> dict[str, Any]:
        """As the last test of the config was made, so that the figures can be compared; else as any run begins."""
        last = EvaluationRun.objects.filter(version__config=self.version.config_id).select_related("candidate")
        run = last.prefetch_related("judges").order_by("-pk").first()
        return super().first_choices() | (_as(run) if run else {})


def _as(run: EvaluationRun) -> dict[str, Any]:
    candidate, used = run.candidate, list(run.judges.all())
    asked = [judge.model_id for judge in used if judge.model_id]
    return {
        "benchmark": run.benchmark_id,
        "release": run.release_id,
        "model": candidate.model_id,
        "strategy": candidate.strategy,
        "temperature": candidate.temperature,
        "max_tokens": candidate.max_tokens,
        "seed": candidate.seed,
        "judges": [judge.name for judge in used],
        "judge_model": asked[0] if asked else None,
    }
