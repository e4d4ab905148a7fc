"""How a campaign's answers are taken away."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.forms.exports import formats
from annotations.queries.rating_shapes import SHAPES


def shapes() -> list[tuple[str, str]]:
    """The shapes there are, and what people call them."""
    return [(name, gettext(shape.label)) for name, shape in SHAPES.items()]


class RatingExportForm(forms.Form):
    """Shape, format and names. Whatever is not said is the usual, so that a bare address shows something."""

    shape = forms.ChoiceField(
        choices=shapes,
        required=False,
        label=_("Rows"),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        choices=formats,
        required=False,
    )
    names = forms.BooleanField(required=False, label=_("with user names"))

    @property
    def shape_name(self) -> str:
        """The shape that a valid form asks for."""
        return self.cleaned_data.get("shape") or "answers"

    @property
    def format_name(self) -> str:
        """The format that a valid form asks for."""
        return self.cleaned_data.get("format") or "csv"

    @property
    def user_names(self) -> bool:
        """Whether a valid form asks for the names by which raters log in; only rows that are answers have raters."""
        return bool(self.cleaned_data.get("names")) and not SHAPES[self.shape_name].whole
