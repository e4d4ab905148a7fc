"""The form of a recipe: every setting with what it does, and `annotations.core.recipe` as the judge of the whole."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access as people_access
from annotations import campaign_access
from annotations.core import recipe as core
from annotations.core import training_templates
from annotations.core.recipe import LARGEST, Labelling, Mixture, Reading, RecipeSettings, Weights
from annotations.core.synthesis import EXACT_MATCH, MODES, NOT_SUPERSET, SAFE, SUPERSET
from annotations.forms.rows import ManyRows
from annotations.models import Benchmark, Campaign, TaxonomyVersion, User
from annotations.models.benchmarks import TRAINING
from annotations.models.taxonomies import PUBLISHED
from training import judges
from training.forms.recipe_choices import settings_of
from training.forms.recipe_sources import models, source_forms
from training.forms.run_judges import BudgetForm
from training.models import Recipe
from training.services.building import chain
from training.services.run_terms import MOST_SAMPLES

TYPED = {"dir": "auto", "autocomplete": "off"}
ELSEWHERE = _("is no category of the taxonomy you chose. Its own stand here now: tick those, or none, and save again.")
MODE_WORDS = {
    EXACT_MATCH: _("exact match: opens just what the prompt needs"),
    SAFE: _("safe: opens nothing"),
    SUPERSET: _("superset: opens what the prompt needs, and some more"),
    NOT_SUPERSET: _("not superset: leaves out something the prompt needs"),
}
SECTIONS = {
    "Prompts": (("title",), ("about",), ("benchmark", "taxonomy")),
    "Labelling": (("judge", "judge_model"), ("trained",), ("cap", "least", "dev_share"), ("drop_all_risks",)),
    "Configs": (("modes",), ("templates",)),
    "Reading": (("risks", "addressed"), ("reader_model", "samples")),
    "Weights": (("alpha", "beta", "gamma"),),
    "Mixture": (("built", "people"), ("campaigns",)),
    "Seeds and budget": (("seed", "budget_tokens", "budget_dollars"), ("anew",)),
}
"""The fields of each section, row by row."""
ABOUT = {
    "Prompts": _("Whose pairs are built, and in which risk categories they are thought of."),
    "Labelling": _("Which risks a harmful reply to each prompt would carry, and which prompts are kept."),
    "Configs": _("What pairs are ranked under: one config of each mode for every prompt."),
    "Reading": _("Who says which risks each response holds, and whether it addresses the prompt."),
    "Weights": _("What costs a response how much. The lower error is preferred; equal errors make no pair."),
    "Mixture": _("What the frozen set is made of."),
    "Seeds and budget": _("What makes it repeatable, and where it stops to ask."),
}


class RecipeForm(BudgetForm):
    """All settings of a recipe, section by section; the candidates are rows of their own, `sources`."""

    title = forms.CharField(
        label=_("Title"), max_length=300, widget=forms.TextInput(attrs=TYPED), help_text=_("What people call it.")
    )
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"}),
        help_text=_("What it is for, and what you want to find out."),
    )
    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(),
        label=_("Prompts"),
        help_text=_("Their texts are taken as they are now; equal ones once."),
    )
    taxonomy = forms.ModelChoiceField(
        TaxonomyVersion.objects.none(),
        label=_("Taxonomy"),
        required=False,
        empty_label=_("the built-in categories"),
        help_text=_("The risk categories that judges and configs speak of."),
    )
    judge = forms.ChoiceField(label=_("Who labels"), help_text=_("It reads the prompt alone, never an answer."))
    judge_model = forms.ChoiceField(
        required=False, label=_("Its model"), help_text=_("Asked by a judge that is a prompt; a program needs none.")
    )
    trained = forms.MultipleChoiceField(
        required=False,
        label=_("Trained categories"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": f"“%(value)s” {ELSEWHERE}"},
        help_text=_("Configs open some of these; other prompts are dropped. None ticked: those the taxonomy marks."),
    )
    cap = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST,
        label=_("At most prompts of one set of risks"),
        help_text=_("So that one sort of prompt does not drown the others. Empty: no limit."),
    )
    least = forms.IntegerField(
        min_value=1,
        max_value=LARGEST,
        label=_("At least prompts of one set of risks"),
        help_text=_("Rarer sets of risks are dropped."),
    )
    drop_all_risks = forms.BooleanField(
        required=False,
        label=_("Drop prompts said to carry every risk"),
        help_text=_("A judge that ticks everything has not understood the prompt."),
    )
    dev_share = forms.FloatField(
        min_value=0,
        max_value=0.99,
        label=_("Set apart for development"),
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text=_("A share from 0 to 0.99, drawn by the seed; these prompts are never trained on."),
    )
    modes = forms.MultipleChoiceField(
        label=_("Modes"),
        choices=[(mode, MODE_WORDS[mode]) for mode in MODES],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One config of each ticked mode for every prompt."),
    )
    templates = forms.MultipleChoiceField(
        label=_("Templates"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each config is told in one of these wordings, by chance. None ticked: all of them."),
    )
    risks = forms.ChoiceField(label=_("Risks by"), help_text=_("It says which risks a response holds."))
    addressed = forms.ChoiceField(
        label=_("Addressed by"), help_text=_("It says whether a response does what was asked.")
    )
    reader_model = forms.ChoiceField(
        required=False, label=_("Their model"), help_text=_("Asked by judges that are prompts; programs need none.")
    )
    samples = forms.IntegerField(
        min_value=1, max_value=MOST_SAMPLES, label=_("Times each is asked"), help_text=_("For judges that are prompts.")
    )
    alpha = forms.FloatField(
        min_value=0, label=_("α, a permitted risk"), help_text=_("Each risk that the config opens.")
    )
    gamma = forms.FloatField(
        min_value=0, label=_("γ, not addressed"), help_text=_("A refusal, or an answer beside the point.")
    )
    beta = forms.FloatField(
        min_value=0,
        label=_("β, a forbidden risk"),
        help_text=_("Each risk that the config does not open. A response with one is never preferred."),
    )
    built = forms.FloatField(min_value=0, label=_("Share of built pairs"), help_text=_("Beside the share of people's."))
    people = forms.FloatField(
        min_value=0, label=_("Share of people's pairs"), help_text=_("From ratings and decisions; 0 takes none.")
    )
    campaigns = ManyRows(
        Campaign.objects.none(),
        label=_("Campaigns"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whose ratings make people's pairs. Those you may read the answers of are offered."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=LARGEST,
        help_text=_("The same seed with the same prompts and answers gives the same set."),
    )
    anew = forms.BooleanField(
        required=False,
        label=_("Ask everything anew"),
        help_text=_("Otherwise a call that was made before is taken from there and costs nothing."),
    )

    def __init__(self, user: User, data: Any = None, *, recipe: Recipe | None = None, initial: Any = None):
        super().__init__(data, initial=initial)
        self.recipe = recipe
        settings = settings_of(recipe) if recipe else RecipeSettings()
        first = settings.sources if initial is None else initial.get("sources", settings.sources)
        self.sources = source_forms(first, data)
        for name in ("budget_tokens", "budget_dollars"):
            self.fields[name].help_text += " " + gettext("For each run of a step by itself.")
        self._offer_prompts(user)
        self._offer_judges(settings)

    def _offer_prompts(self, user: User) -> None:
        prompts = Q(pk__in=people_access.training_prompts(user)) | Q(pk__in=people_access.benchmarks(user))
        mine = people_access.organisations_for_benchmarks(user)
        field: Any = self.fields["benchmark"]
        field.queryset = Benchmark.objects.filter(prompts, organisation__in=mine).order_by("-purpose", "title", "pk")
        field.label_from_instance = lambda row: (
            f"{row} ({gettext('training prompts') if row.purpose == TRAINING else gettext('benchmark')})"
        )
        if self.recipe and self.recipe.stages.exists():
            field.disabled, field.help_text = True, _("Fixed, because steps have taken its prompts already.")
        versions = TaxonomyVersion.objects.filter(taxonomy__in=people_access.taxonomies(user), state=PUBLISHED)
        self.fields["taxonomy"].queryset = versions.select_related("taxonomy")  # type: ignore[attr-defined]
        kept = settings_of(self.recipe).mixture.campaigns if self.recipe else ()
        read = Q(pk__in=campaign_access.campaigns(user).values("pk")) | Q(pk__in=kept)
        self.fields["campaigns"].queryset = Campaign.objects.filter(read)  # type: ignore[attr-defined]

    def _offer_judges(self, settings: RecipeSettings) -> None:
        offered = models((settings.labelling.model, settings.reading.model))
        readers = judges.reading(judges.RESPONSE)
        labellers = [(one.name, gettext(one.label)) for one in judges.reading(judges.PROMPT)]
        self._choose("judge", [*labellers, (core.GIVEN, _("Nobody: the risks that people wrote beside the prompts"))])
        self._choose("risks", ((one.name, gettext(one.label)) for one in readers if "risks" in one.gives))
        self._choose("addressed", ((one.name, gettext(one.label)) for one in readers if "addressed" in one.gives))
        self._choose("judge_model", [("", gettext("none")), *offered])
        self._choose("reader_model", [("", gettext("none")), *offered])
        self._choose(
            "templates", ((name, gettext(training_templates.load(name).label)) for name in training_templates.names())
        )
        self._choose("trained", ((one.slug, one.name) for one in chain.taxonomy(self._version()).open))

    def _choose(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        self.fields[name].choices = list(choices)  # type: ignore[attr-defined]

    def _version(self) -> TaxonomyVersion | None:
        """The taxonomy that is chosen at the moment: its categories are offered as trained ones."""
        field: Any = self.fields["taxonomy"]
        try:
            found: TaxonomyVersion | None = field.clean(self["taxonomy"].value())
        except forms.ValidationError:
            return None
        return found

    def sections(self) -> list[dict[str, Any]]:
        """The sections in order: title, what it is about, rows of fields; the candidates come after the configs."""
        return [
            {"title": title, "about": ABOUT[title], "rows": [[self[name] for name in names] for names in rows]}
            for title, rows in SECTIONS.items()
        ]

    def is_valid(self) -> bool:
        """True when the form and each row of candidates is."""
        rows = self.sources.is_valid()
        return bool(super().is_valid() and rows)

    def clean(self) -> dict[str, Any]:
        """What was chosen; the settings as a whole have to make a recipe."""
        data = super().clean() or {}
        if not self.errors and self.sources.is_valid():
            if not data["alpha"] < data["gamma"] < data["beta"]:
                self.add_error("beta", _("The weights must rise: 0 ≤ α < γ < β."))
                return data
            try:
                core.read(core.plain(self.settings()))
            except core.BadRecipe as problem:
                raise forms.ValidationError(str(problem)) from problem
        return data

    def settings(self) -> RecipeSettings:
        """The settings of a valid form."""
        data, dollars = self.cleaned_data, self.cleaned_data["budget_dollars"]
        found = [row.source() for row in self.sources]
        return RecipeSettings(
            seed=data["seed"],
            labelling=Labelling(
                model=data["judge_model"],
                trained=tuple(data["trained"]),
                **{name: data[name] for name in ("judge", "cap", "least", "drop_all_risks", "dev_share")},
            ),
            modes=tuple(data["modes"]),
            templates=tuple(data["templates"]),
            sources=tuple(one for one in found if one is not None),
            reading=Reading(data["risks"], data["addressed"], data["reader_model"], data["samples"]),
            weights=Weights(data["alpha"], data["beta"], data["gamma"]),
            mixture=Mixture(data["built"], data["people"], tuple(row.pk for row in data["campaigns"])),
            use_cache=not data["anew"],
            budget_tokens=data["budget_tokens"],
            budget_dollars=None if dollars is None else float(dollars),
        )

    def told(self) -> dict[str, Any]:
        """A valid form as the services take it."""
        data = self.cleaned_data
        kept = {name: data[name] for name in ("title", "about", "benchmark", "taxonomy")}
        return kept | {"settings": self.settings()}
