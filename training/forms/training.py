"""The form of a training run: what is trained on what, where, and every setting with its name in TRL."""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from annotations import access as people_access
from annotations.models import LanguageModel, PreferenceSet, User
from annotations.models.work import FINISHED
from training import access
from training.models import Node, TrainingRun
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import PRESETS, About, BadSettings, TrainingSettings, about, plain, read
from training.services.trainer import bases, ground, launch
from training.services.trainer.estimate import GB
from training.services.trainer.launch import TrainingProblem, Wanted

KINDS = {SFT: "SFT", DPO: "DPO"}
OPEN_GROUPS = ("Length", "Batch", "Texts", "Optimiser", "DPO")
"""The groups of settings that stand open; the others are folded."""
MOST_CARDS = 64
TYPED = {"dir": "auto", "autocomplete": "off"}
_DEFAULTS = plain(TrainingSettings())


class Setting(NamedTuple):
    """A bound field of a setting, and whose name it has in TRL."""

    field: Any
    trl: str


class Group(NamedTuple):
    """Settings that belong together; folded ones are open when something in them is wrong."""

    title: str
    settings: list[Setting]
    folded: bool
    open: bool


def _field(name: str, told: About) -> forms.Field:
    """The field of a setting, by the kind of its default."""
    default = _DEFAULTS[name]
    common: dict[str, Any] = {"label": gettext(told.label), "help_text": gettext(told.help)}
    if isinstance(default, bool):
        return forms.BooleanField(required=False, **common)
    if told.choices:
        return forms.ChoiceField(choices=[(one, one) for one in told.choices], **common)
    limits: dict[str, Any] = {"min_value": told.low, "max_value": told.high}
    if isinstance(default, int):
        return forms.IntegerField(**limits, **common)
    if isinstance(default, float):
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **limits, **common)
    return forms.CharField(max_length=2_000, required=False, widget=forms.TextInput(attrs=TYPED), **common)


class Nodes(forms.ModelChoiceField):
    """Machines by name, with what they have and why they cannot train."""

    def label_from_instance(self, obj: Node) -> str:
        """The name, its cards or cores, and its trouble."""
        cards = [f"{card.name}, {card.memory_bytes / GB:.0f} GB" for card in obj.gpus.all()]
        cores = ngettext("no cards, %(cores)s core, %(size)s GB", "no cards, %(cores)s cores, %(size)s GB", obj.cores)
        none = cores % {"cores": obj.cores, "size": f"{obj.memory_bytes / GB:.0f}"}
        has = f"{len(cards)} × {cards[0]}" if cards else none
        return f"{obj.name} ({has})" + (f" – {gettext('cannot train at the moment')}" if obj.problem else "")


class Sets(forms.ModelChoiceField):
    """Preference sets by title, with the pairs of their splits."""

    def label_from_instance(self, obj: PreferenceSet) -> str:
        """The title, and how many pairs there are."""
        train, dev = (int(obj.splits.get(name, 0)) for name in ("train", "dev"))
        pairs = ngettext(
            "%(train)s pair to train on, %(dev)s to look at", "%(train)s pairs to train on, %(dev)s to look at", train
        )
        return f"{obj.title} ({pairs % {'train': f'{train:,}', 'dev': f'{dev:,}'}})"


class TrainingForm(forms.Form):
    """What, where, and how. The kind and the preset are those of the page; a preset is where the settings begin."""

    kind = forms.ChoiceField(choices=list(KINDS.items()), widget=forms.HiddenInput)
    preset = forms.ChoiceField(choices=[(name, name) for name in PRESETS], widget=forms.HiddenInput)
    base = forms.ModelChoiceField(
        LanguageModel.objects.none(),
        required=False,
        empty_label=_("another one, named below"),
        help_text=_("A model whose weights are known here. DPO usually begins from the checkpoint of an SFT run."),
    )
    typed = forms.CharField(
        required=False,
        max_length=500,
        label=_("Another base"),
        widget=forms.TextInput(attrs=TYPED | {"placeholder": "owner/name, or /a/path/on/the/node"}),
        help_text=_(
            "A model of the Hugging Face Hub, or a folder or GGUF file on the node. A node without network needs "
            "a model of the hub in its cache. It joins the registry."
        ),
    )
    preference_set = Sets(PreferenceSet.objects.none(), label=_("Preference set"), empty_label=None)
    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=launch.LONGEST_TITLE,
        widget=forms.TextInput(attrs=TYPED),
        help_text=_("Empty: named after base and pairs."),
    )
    node = Nodes(Node.objects.none(), label=_("Node"), empty_label=None, help_text=_("The machine that trains."))
    gpus = forms.IntegerField(
        min_value=0,
        max_value=MOST_CARDS,
        label=_("Cards"),
        help_text=_("Graphics cards of the node; 0 trains on its CPU."),
    )

    def __init__(self, user: User, kind: str, data: Any = None, *, initial: Any = None):
        super().__init__(data, initial=initial)
        self.told = {name: one for name, one in about().items() if one.only in ("", kind)}
        self.fields |= {name: _field(name, one) for name, one in self.told.items()}
        sets = people_access.preference_sets(user).filter(state=FINISHED).order_by("-pk")
        self._offer("base", bases.offered())
        self._offer("preference_set", sets.defer("figures", "problems", "manifest", "about"))
        self._offer("node", access.nodes().prefetch_related("gpus"))

    def _offer(self, name: str, rows: Any) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows

    def groups(self) -> list[Group]:
        """The settings by group, in their order."""
        found: dict[str, list[Setting]] = {}
        for name, told in self.told.items():
            found.setdefault(told.group, []).append(Setting(self[name], told.trl))
        return [
            Group(
                gettext(title),
                rows,
                title not in OPEN_GROUPS,
                any(row.field.errors for row in rows) or self._is_on(title),
            )
            for title, rows in found.items()
        ]

    def _is_on(self, title: str) -> bool:
        return title == "LoRA" and bool(self["lora"].value())

    def problems_elsewhere(self) -> list[str]:
        """What is wrong with fields nobody sees."""
        return [f"{name}: {error}" for name in ("kind", "preset") for error in self[name].errors]

    def clean(self) -> dict[str, Any]:
        """All of it; the settings as a whole have to make a run, and there is one base."""
        data = super().clean() or {}
        if bool(data.get("base")) == bool(data.get("typed")) and not {"base", "typed"} & set(self.errors):
            both = bool(data.get("base"))
            self.add_error(
                "typed",
                gettext("Choose one of the two.") if both else gettext("Choose a base above, or name one here."),
            )
        if data.get("typed"):
            try:
                bases.read(data["typed"])
            except bases.BadBase as problem:
                self.add_error("typed", str(problem))
        self._read(data)
        return data

    def _read(self, data: dict[str, Any]) -> None:
        known = {name: data[name] for name in self.told if data.get(name) is not None}
        try:
            data["settings"] = read(known)
        except BadSettings as problem:
            for name, said in problem.problems.items():
                self.add_error(name if name in self.fields else None, said)

    def wanted(self) -> Wanted:
        """A valid form as the services take it."""
        return Wanted(**{name: self.cleaned_data[name] for name in Wanted._fields})

    def start(self, actor: User) -> TrainingRun | None:
        """The queued run of a valid form; None when it cannot be started, the reason then stands on the form."""
        wanted = self.wanted()
        try:
            return launch.start(organisation=wanted.preference_set.organisation, wanted=wanted, actor=actor)
        except TrainingProblem as problem:
            self.add_error(problem.field or None, str(problem))
            return None

    def estimate(self) -> dict[str, Any] | None:
        """What a valid form's run would take; None where the pairs of a step cannot be shared evenly."""
        wanted = self.wanted()
        base = wanted.base or LanguageModel(name=wanted.typed, weights=wanted.typed, node=wanted.node.name)
        where = (wanted.preference_set, wanted.node, wanted.gpus)
        try:
            return ground.estimated(ground.Asked(wanted.kind, wanted.settings, base, *where))
        except BadSettings as problem:
            for name, said in problem.problems.items():
                self.add_error(name or None, said)
            return None


def first_choices(kind: str, preset: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """What an untouched form begins with: the settings of the preset, and what a link has chosen already."""
    node = chosen.get("node")
    has = node.gpus.count() if node else 0
    return {
        **plain(PRESETS[preset].of(kind)),
        "kind": kind,
        "preset": preset,
        "gpus": min(has, PRESETS[preset].gpus),
    } | {name: value for name, value in chosen.items() if value is not None}


def fitting_preset(node: Node | None) -> str:
    """The preset that is offered first: the paper's on four cards, LoRA on fewer, the tiny one on none."""
    has = node.gpus.count() if node else 0
    return "paper" if has >= PRESETS["paper"].gpus else "lora" if has else "tiny_cpu"


def kinds_with_presets() -> Iterator[tuple[str, str, list[tuple[str, Any]]]]:
    """Every kind with its label and the presets it may begin with."""
    for kind, label in KINDS.items():
        yield kind, label, list(PRESETS.items())
