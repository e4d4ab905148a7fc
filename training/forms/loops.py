"""The form of a loop: what is trained on what, with which few settings, and how both models are evaluated."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Count, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access as people_access
from annotations.models import Benchmark, BenchmarkRelease, LanguageModel, PreferenceSet, User
from annotations.models.work import FINISHED
from annotations.queries.releases import HEAVY
from training import access, judges
from training.forms.run_judges import JudgesForm
from training.judges import RESPONSE, CodeJudge
from training.models import Judge, Node, TrainingLoop
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import PRESETS, BadSettings, TrainingSettings, about, accumulation, plain, read
from training.services import judging
from training.services.trainer import bases, loop_estimate, loops
from training.services.trainer.loop_estimate import LoopEstimate
from training.services.trainer.loops import Evaluated, LoopProblem, Trained

STAGES = (SFT, DPO)
BOTH = ("num_train_epochs", "max_steps", "global_batch", "per_device_train_batch_size", "max_length", "seed")
"""Settings that hold for both stages, each with a field of its name."""
ONE = {
    "sft_learning_rate": (SFT, "learning_rate"),
    "dpo_learning_rate": (DPO, "learning_rate"),
    "beta": (DPO, "beta"),
}
"""Settings of one stage, by the name of their field."""
ROWS = (
    ("num_train_epochs", "max_steps"),
    ("sft_learning_rate", "dpo_learning_rate"),
    ("global_batch", "per_device_train_batch_size"),
    ("max_length", "beta"),
    ("seed",),
)
BROKEN = ("num_train_epochs", *ONE)
"""Settings that need not be whole numbers."""


def _number(name: str, label: str = "", like: str = "") -> forms.Field:
    told = about()[like or name]
    field = forms.FloatField if name in BROKEN else forms.IntegerField
    limits: dict[str, Any] = {"min_value": told.low, "max_value": told.high}
    return field(required=False, label=label or gettext(told.label), help_text=gettext(told.help), **limits)


class LoopForm(JudgesForm):
    """One launch: the training in few settings, and the evaluation that both models get alike.

    There is no budget in money: nobody knows a price of the model that is still to be trained.
    """

    budget_dollars = None  # type: ignore[assignment]
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    base = forms.ModelChoiceField(
        LanguageModel.objects.none(),
        help_text=_("A model whose weights are known: a folder, a GGUF file, or a hub id."),
    )
    preference_set = forms.ModelChoiceField(PreferenceSet.objects.none(), label=_("Pairs"))
    preset = forms.ChoiceField(
        label=_("Preset"),
        widget=forms.RadioSelect,
        choices=lambda: [(name, f"{gettext(one.label)}: {gettext(one.about)}") for name, one in PRESETS.items()],
    )
    sft = forms.BooleanField(required=False, label=_("SFT first"))
    dpo = forms.BooleanField(required=False, label=_("DPO"))
    node = forms.ModelChoiceField(Node.objects.none(), label=_("Node"), help_text=_("The machine that trains."))
    gpus = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=64,
        label=_("Cards"),
        help_text=_("Empty: as in the preset, if it has so many."),
    )
    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(), label=_("Benchmark"), help_text=_("Both models answer its prompts.")
    )
    release = forms.ModelChoiceField(
        BenchmarkRelease.objects.none(),
        required=False,
        label=_("Which prompts"),
        help_text=_("Those of a release stay the same, so that figures can be compared later."),
    )
    per_kind = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("Prompts of each kind"),
        help_text=_("For a quick look; empty runs them all."),
    )
    max_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=32768,
        label=_("Longest answer"),
        help_text=_("In tokens. Empty: the base's own setting."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields |= {name: _number(name) for name in BOTH}
        for name, (kind, like) in ONE.items():
            label = gettext(about()[like].label)
            self.fields[name] = _number(name, label if like == "beta" else f"{label}, {kind.upper()}", like)
        for name, rows in self._rows().items():
            self.fields[name].queryset = rows
        self.fields["release"].widget.choices = [
            ("", gettext("as they are when the training is over")),
            *self._releases(),
        ]

    def _rows(self) -> dict[str, QuerySet[Any]]:
        benchmarks = people_access.benchmarks_to_write_in(self.user)
        releases = BenchmarkRelease.objects.filter(benchmark__in=benchmarks).select_related("benchmark")
        return {
            "base": bases.offered(),
            "preference_set": people_access.preference_sets(self.user).filter(state=FINISHED).order_by("-pk"),
            "node": access.nodes().annotate(cards=Count("gpus")),
            "benchmark": benchmarks,
            "release": releases.defer(*HEAVY, "note").order_by("benchmark__title", "benchmark", "-major", "-minor"),
        }

    def _releases(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """The releases below the title of their benchmark."""
        groups: dict[Benchmark, list[tuple[int, str]]] = {}
        for row in self.fields["release"].queryset:
            groups.setdefault(row.benchmark, []).append((row.pk, f"{row.name} ({row.prompt_count:,})"))
        yield from ((benchmark.title, choices) for benchmark, choices in groups.items())

    def clean(self) -> dict[str, Any]:
        """What was chosen; cards and settings of both stages fit together."""
        data = super().clean() or {}
        node, preset = data.get("node"), PRESETS.get(data.get("preset", ""))
        benchmark, release = data.get("benchmark"), data.get("release")
        if release and benchmark and release.benchmark_id != benchmark.pk:
            self.add_error(
                "release",
                gettext("%(name)s is a release of “%(benchmark)s”. Choose one of its own.")
                % {"name": release.name, "benchmark": release.benchmark},
            )
        if not (data.get("sft") or data.get("dpo")):
            self.add_error("dpo", gettext("Choose SFT, DPO or both."))
        if node and node.problem:
            self.add_error("node", node.problem)
        if node and preset:
            self._see_to_cards(node, preset.gpus)
        self.stages = {kind: self._settings(kind) for kind in STAGES} if preset else {}
        return data

    def _see_to_cards(self, node: Any, wanted: int) -> None:
        """Empty is what the preset wants and the node has."""
        asked = self.cleaned_data.get("gpus")
        if asked is not None and asked > node.cards:
            self.add_error("gpus", f"{node} has {node.cards or 'no'} card{'' if node.cards == 1 else 's'}.")
        elif asked is None:
            self.cleaned_data["gpus"] = min(wanted, node.cards)

    def _settings(self, kind: str) -> TrainingSettings | None:
        """The preset of that stage with what was changed; what is wrong stands on the form, and it is None then."""
        data = self.cleaned_data
        if not data.get(kind):
            return None
        names = {name: name for name in BOTH} | {like: name for name, (of, like) in ONE.items() if of == kind}
        changed = {like: data[name] for like, name in names.items() if data.get(name) is not None}
        changed |= {"data_seed": changed["seed"]} if "seed" in changed else {}
        try:
            told = read(plain(PRESETS[data["preset"]].of(kind)) | changed)
            if data.get("gpus") is not None:
                accumulation(told, data["gpus"])
        except BadSettings as wrong:
            for name, said in wrong.problems.items():
                self._refuse(names.get(name), said if name in names else f"{name}: {said}")
            return None
        return told

    def _refuse(self, field: str | None, said: str) -> None:
        """Nothing; what is wrong in both stages is said once."""
        if said not in self.errors.get(field or NON_FIELD_ERRORS, []):
            self.add_error(field, said)

    def told(self, judges: Sequence[Judge]) -> dict[str, Any]:
        """A valid form as `loops.start` takes it."""
        data = self.cleaned_data
        where = {name: data[name] for name in ("benchmark", "release", "per_kind", "samples", "budget_tokens")}
        return {
            **{name: data[name] for name in ("base", "preference_set", "title")},
            "trained": Trained(self.stages[SFT], self.stages[DPO], data["preset"], data["node"], data["gpus"]),
            "evaluated": Evaluated(
                **where,
                use_cache=not data["anew"],
                judges=judges,
                max_tokens=data["max_tokens"] or data["base"].max_tokens,
            ),
        }

    def start(self) -> TrainingLoop | None:
        """The new loop of a valid form; None when it cannot be, the reason then stands on the form."""
        try:
            return loops.start(actor=self.user, **self.told(self.chosen_judges()))
        except judging.JudgeProblem as problem:
            self.add_error("judge_model", str(problem))
        except LoopProblem as problem:
            self.add_error(None, str(problem))
        return None

    def estimate(self) -> LoopEstimate | None:
        """What the loop of a valid form would take; None when it cannot be, the reason then stands on the form."""
        told = self.told(judges=[])
        try:
            same = {name: told[name] for name in ("base", "preference_set", "trained", "evaluated")}
            return loop_estimate.estimated(**same, judged_by=self.judged_by(), actor=self.user)
        except LoopProblem as problem:
            self.add_error(None, str(problem))
            return None

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """The settings one may change, as the page shows them."""
        return [[self[name] for name in row] for row in ROWS]

    @property
    def opened(self) -> bool:
        """True when one of them says something, or is wrong."""
        return any(field.value() not in (None, "") or field.errors for row in self.rows for field in row)


def first_choices(form: LoopForm, like: TrainingLoop | None) -> dict[str, Any]:
    """What stands in an untouched form: programs that judge, this machine; with a loop what that was started with."""
    fields = form.fields
    node = fields["node"].queryset.filter(name=settings.NODE).first() or fields["node"].queryset.first()
    first: dict[str, Any] = {name: fields[name].queryset.first() for name in ("base", "preference_set", "benchmark")}
    first |= {"node": node, "preset": "paper" if node and node.cards else "tiny_cpu", "sft": True, "dpo": True}
    first["judges"] = [one.name for one in judges.reading(RESPONSE) if isinstance(one, CodeJudge)]
    return first | (_as(like) if like else {})


def _as(loop: TrainingLoop) -> dict[str, Any]:
    told, terms = loop.settings, loop.settings["evaluation"]
    used: list[Judge] = list(loop.judges.all())
    same = {name: getattr(loop, f"{name}_id") for name in ("base", "preference_set", "node", "benchmark", "release")}
    preset = told.get("preset") if told.get("preset") in PRESETS else "tiny_cpu"
    return same | {
        "preset": preset,
        "gpus": loop.gpus,
        **{kind: bool(told.get(kind)) for kind in STAGES},
        **{name: terms.get(name) for name in ("per_kind", "max_tokens", "samples", "budget_tokens")},
        "judges": list(dict.fromkeys(judge.name for judge in used)),
        "judge_model": list(dict.fromkeys(judge.model_id for judge in used if judge.model_id)),
        "anew": not terms.get("use_cache", True),
        **_changed(told, preset),
    }


def _changed(told: dict[str, Any], preset: str) -> dict[str, Any]:
    """The settings of a loop that are not those of its preset, by the name of their field."""
    found = {}
    for kind in STAGES:
        as_preset = plain(PRESETS[preset].of(kind))
        names = {name: name for name in BOTH} | {like: name for name, (of, like) in ONE.items() if of == kind}
        values = told.get(kind) or {}
        found |= {
            field: values[name] for name, field in names.items() if values.get(name, as_preset[name]) != as_preset[name]
        }
    return found
