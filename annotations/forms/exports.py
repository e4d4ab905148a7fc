"""What of a benchmark's prompts is taken away, and how."""

from functools import partial
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import exports
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, Prompt, SafetyConfig
from annotations.queries.benchmarks import languages_of
from annotations.queries.prompt_shapes import SHAPES, usual
from annotations.queries.prompt_tables import Wanted

PLAIN = SHAPES["plain"]


def shapes() -> list[tuple[str, str]]:
    """The shapes there are, and what people call them."""
    return [(name, gettext(shape.label)) for name, shape in SHAPES.items()]


def formats() -> list[tuple[str, str]]:
    """The formats there are, and what people call them."""
    return [(name, gettext(label)) for name, label in exports.choices(dataset=True)]


class ExportForm(forms.Form):
    """Shape, format, columns and filters. Whatever is not said is the usual, so that a bare address shows something."""

    shape = forms.ChoiceField(
        label=_("Shape"),
        choices=shapes,
        required=False,
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=formats,
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("all")), *((kind, _(kind)) for kind in KINDS)], required=False
    )
    config = forms.ModelChoiceField(
        SafetyConfig.objects.none(), label=_("Config"), empty_label=_("all"), required=False
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    validated = forms.BooleanField(required=False, label=_("only validated ones"))
    columns = forms.MultipleChoiceField(
        choices=[(column.name, column.name) for column in PLAIN.columns], required=False
    )

    def __init__(self, benchmark: Benchmark, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        mine = Prompt.objects.current().filter(benchmark=benchmark, config=OuterRef("pk"))
        self.fields["config"].queryset = SafetyConfig.objects.filter(Exists(mine))  # type: ignore[attr-defined]
        # Only a page that offers the languages, or a wish for one, has to look for all of them.
        self.fields["language"].choices = partial(_languages, benchmark)  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        said = self.cleaned_data
        config = said["config"].pk if said["config"] else None
        columns = said["columns"] or usual(PLAIN)
        return Wanted(said["shape"] or "plain", columns, said["kind"], config, said["language"], said["validated"])

    @property
    def format_name(self) -> str:
        """The format that a valid form asks for."""
        return self.cleaned_data["format"] or "csv"


def _languages(benchmark: Benchmark) -> list[tuple[str, str]]:
    return [("", "all"), *((name, name) for name in languages_of(benchmark))]
