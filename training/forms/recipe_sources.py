"""The candidates of a recipe as rows of a form: who answers, how it samples, and under how many configs of a mode."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from annotations.core.recipe import LARGEST, MOST_DRAWS, MOST_SOURCES, Source
from annotations.core.synthesis import EXACT_MATCH, MODES, NOT_SUPERSET, PLAIN, SAFE, SUPERSET
from training.forms.run_judges import callable_models

BLANK = 2
"""Rows that stand empty below the candidates there are."""
SOURCE = Source()
DRAWS = {
    PLAIN: (_("No config"), _("Answers to the words every assistant gets.")),
    EXACT_MATCH: (_("Exact match"), _("Configs that open just what the prompt needs.")),
    SAFE: (_("Safe"), _("Configs that open nothing.")),
    SUPERSET: (_("Superset"), _("Configs that open what the prompt needs, and more.")),
    NOT_SUPERSET: (_("Not superset"), _("Configs that leave out something the prompt needs.")),
}


class SourceForm(forms.Form):
    """One candidate; a row without a model is none."""

    model = forms.ChoiceField(
        label=_("Model"), required=False, help_text=gettext_lazy("Who answers. A row without a model is no candidate.")
    )
    temperature = forms.FloatField(
        label=_("Temperature"),
        min_value=0,
        max_value=2,
        initial=SOURCE.temperature,
        help_text=gettext_lazy("0 to 2; 0 says the likeliest."),
    )
    max_tokens = forms.IntegerField(
        min_value=1,
        max_value=32768,
        initial=SOURCE.max_tokens,
        label=gettext_lazy("Longest answer"),
        help_text=gettext_lazy("In tokens."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=LARGEST,
        initial=SOURCE.seed,
        help_text=gettext_lazy("For a temperature above 0."),
    )
    wide = forms.BooleanField(
        required=False,
        label=gettext_lazy("Draw from all categories"),
        help_text=gettext_lazy("Its configs open untrained categories too; otherwise the trained ones only."),
    )

    def __init__(self, *args: Any, models: Iterable[tuple[str, str]] = (), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["model"].choices = [("", gettext("none")), *models]
        for mode, (label, about) in DRAWS.items():
            self.fields[mode] = forms.IntegerField(
                min_value=0, max_value=MOST_DRAWS, initial=0, label=label, help_text=about
            )

    @property
    def draws(self) -> list[forms.BoundField]:
        """The fields of how many configs of each mode."""
        return [self[mode] for mode in DRAWS]

    def clean(self) -> dict[str, Any]:
        """The row; a candidate answers under something."""
        data = super().clean() or {}
        if data.get("model") and not self.errors and not any(data.get(mode) for mode in DRAWS):
            self.add_error(PLAIN, gettext("It answers under no config yet. Say how often, here or for a mode."))
        return data

    def source(self) -> Source | None:
        """The candidate of a valid row; None for an empty one."""
        data = self.cleaned_data
        if not data.get("model"):
            return None
        known = {name: data[name] for name in ("temperature", "max_tokens", "seed")}
        draws = {mode: data[mode] for mode in (PLAIN, *MODES) if data.get(mode)}
        return Source(model=data["model"], draws=draws, wide=data["wide"], **known)


SourceForms = forms.formset_factory(SourceForm, extra=BLANK, max_num=MOST_SOURCES, absolute_max=MOST_SOURCES)


def source_forms(sources: Iterable[Source] = (), data: Any = None) -> Any:
    """The rows of these candidates, or of what was sent, with empty ones below."""
    first = [_first(one) for one in sources]
    named = models([one["model"] for one in first])
    return SourceForms(data, initial=first, prefix="source", form_kwargs={"models": named})


def models(used: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The models that may answer, by short name; one that a recipe uses and that is gone says so."""
    found = [(model.slug, str(model)) for model in callable_models()]
    gone = sorted({slug for slug in used if slug} - {slug for slug, _ in found})
    return found + [(slug, gettext("%(model)s (archived or gone)") % {"model": slug}) for slug in gone]


def _first(source: Source) -> dict[str, Any]:
    told = {name: getattr(source, name) for name in ("model", "temperature", "max_tokens", "seed", "wide")}
    return told | {mode: source.draws.get(mode, 0) for mode in DRAWS}
