"""The form of a preference set: its files, and what is said of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.forms.belonging import OfOrganisation
from annotations.forms.imports import ManyFiles
from annotations.forms.uploads import Keeper, WithFiles
from annotations.models import TaxonomyVersion, User
from annotations.models.taxonomies import PUBLISHED
from annotations.services import import_files

TYPED = {"dir": "auto", "autocomplete": "off"}


class PreferenceForm(OfOrganisation, WithFiles):
    """Files of pairs, a title and where they come from; the files themselves were taken in before."""

    title = forms.CharField(label=_("Title"), max_length=300, widget=forms.TextInput(attrs=TYPED))
    tables = forms.FileField(
        required=False,
        label=_("Files"),
        widget=ManyFiles(attrs={"multiple": True}),
        help_text=_("CSV, JSON, JSON Lines, Parquet, packed or not, or a ZIP of them; each file is a split."),
    )
    folder = forms.FileField(
        required=False, label=_("Or a folder"), widget=ManyFiles(attrs={"multiple": True, "webkitdirectory": True})
    )
    taxonomy = forms.ModelChoiceField(
        TaxonomyVersion.objects.none(),
        required=False,
        empty_label=_("the built-in categories"),
        label=_("Categories"),
        help_text=_("Those that the files name in spec_i, spec_j and the two columns of risks."),
    )
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs=TYPED | {"rows": 3, "class": "low grows"}),
        help_text=_("How the pairs were made, and for what."),
    )
    source = forms.CharField(label=_("Source"), required=False, max_length=300, widget=forms.TextInput(attrs=TYPED))
    licence = forms.CharField(
        label=_("Licence"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Under what others may use them, as a short name: CC-BY-NC-4.0, ODC-By."),
    )

    def __init__(self, user: User, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data, keeper=keeper)
        self.offer(access.organisations_for_benchmarks(user), user)
        versions = TaxonomyVersion.objects.filter(taxonomy__in=access.taxonomies(user), state=PUBLISHED)
        self.fields["taxonomy"].queryset = versions.select_related("taxonomy")  # type: ignore[attr-defined]
        self.fields["tables"].help_text += " " + gettext("At most %(size)s MB together.") % {
            "size": f"{import_files.most_bytes() >> 20:,}"
        }
