"""The forms of an import: what comes in, and how a file that is none of the known ones is read."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import hub
from annotations.core.taxonomy import KINDS
from annotations.forms.configs import ConfigChoice
from annotations.forms.uploads import Keeper, WithFiles
from annotations.imports import load, names
from annotations.models import PromptImport, SafetyConfig, User
from annotations.services import import_files
from annotations.services.config_content import LANGUAGE
from annotations.services.import_check import PLAIN
from annotations.services.import_rows import configs_for

FIND_OUT = ("", _("found out by the columns"))
FIELD_WORDS = {
    "text": _("Prompt"),
    "kind": _("Kind"),
    "why": _("Why"),
    "config": _("Config"),
    "risks": _("Risk categories"),
    "rule": _("Rule touched"),
    "language": _("Language"),
    "situation": _("Situation"),
    "source": _("Source"),
}


def formats() -> list[tuple[str, str]]:
    """Every format by its name and label, and the choice that leaves it open."""
    return [FIND_OUT, *((name, gettext(load(name).LABEL)) for name in names())]


def what_formats_are() -> list[tuple[str, str]]:
    """The label of each format, and what its files look like."""
    return [(gettext(load(name).LABEL), gettext(load(name).ABOUT)) for name in names()]


class ManyFiles(forms.ClearableFileInput):
    """A field for several files at once."""

    allow_multiple_selected = True


class UploadForm(WithFiles):
    """Files, a folder, or a data set of the Hub; the files themselves were taken in before."""

    tables = forms.FileField(
        required=False,
        label=_("Files"),
        widget=ManyFiles(attrs={"multiple": True}),
        help_text=_("CSV, JSON, JSON Lines, Parquet, packed or not, or a ZIP of them."),
    )
    folder = forms.FileField(
        required=False, label=_("Or a folder"), widget=ManyFiles(attrs={"multiple": True, "webkitdirectory": True})
    )
    hub_name = forms.CharField(
        required=False,
        max_length=250,
        label=_("Or a data set of the Hugging Face Hub"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": _("owner/name")}),
    )
    format = forms.ChoiceField(label=_("Format"), required=False)

    def __init__(self, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data, keeper=keeper)
        cast(forms.ChoiceField, self.fields["format"]).choices = formats()
        self.fields["tables"].help_text += " " + gettext("At most %(size)s MB together.") % {
            "size": f"{import_files.most_bytes() >> 20:,}"
        }
        self.fields["hub_name"].help_text = hub.unavailable() or _("Fetched from there, split by split.")

    def clean_hub_name(self) -> str:
        """The data set as owner/name, when this machine can ask for it."""
        text = str(self.cleaned_data["hub_name"])
        try:
            if text and (why := hub.unavailable()):
                raise forms.ValidationError(why)
            return hub.name_of(text) if text else ""
        except hub.HubProblem as problem:
            raise forms.ValidationError(str(problem)) from problem

    def take(self) -> None:
        """Nothing; the files are this form's, or a data set is named, and not both."""
        self.upload = self.keeper.upload() if self.keeper else None
        if self.upload and self.cleaned_data["hub_name"]:
            import_files.remove(self.upload.folder)
            self.add_error("hub_name", gettext("Files and a data set of the Hub are two imports. Choose one of them."))
        elif self.upload:
            self.share(self.upload)
        elif not self.cleaned_data["hub_name"]:
            self.add_error("tables", gettext("Choose files or a folder, or name a data set of the Hub."))


class MappingForm(forms.Form):
    """How the rows are read: the format, which column is what, and what holds for all rows."""

    format = forms.ChoiceField(label=_("Format"), required=False)
    config = ConfigChoice(
        SafetyConfig.objects.none(), required=False, label=_("Config of all rows"), empty_label=_("as the file says")
    )
    kind = forms.ChoiceField(
        required=False,
        label=_("Kind of all rows"),
        choices=[("", _("as the file says")), *((kind, _(kind)) for kind in KINDS)],
    )
    language = forms.CharField(
        required=False,
        max_length=35,
        label=_("Language of all rows"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("that of the config")}),
    )

    def __init__(self, row: PromptImport, person: User, data: Any = None):
        chosen = row.mapping.get("all", {}) | {"format": row.format}
        self.mapped = row.report.get("columns", {}) | row.mapping.get("columns", {})
        mapped = {f"column_{field}": column for field, column in self.mapped.items()}
        super().__init__(data, initial=chosen | mapped)
        self.row = row
        cast(forms.ChoiceField, self.fields["format"]).choices = formats()
        of = cast("forms.ModelChoiceField[Any]", self.fields["config"])
        # Whoever began it may read more, or less, than whoever looks at it now.
        both = configs_for(row.benchmark, row.created_by) & configs_for(row.benchmark, person)
        of.queryset = both.select_related("organisation").order_by("title", "pk")
        for field in load(PLAIN).FIELDS if PLAIN in names() else ():
            self.fields[f"column_{field}"] = self._column(field)

    def _column(self, field: str) -> forms.ChoiceField:
        tables = self.row.report.get("tables", [])
        there = list(dict.fromkeys(column for table in tables for column in table["columns"]))
        mapped = self.mapped.get(field)
        choices = [("", "–"), *((column, column) for column in there)]
        choices += [(mapped, mapped)] if mapped and mapped not in there else []
        return forms.ChoiceField(required=False, label=FIELD_WORDS.get(field, field.capitalize()), choices=choices)

    def clean_language(self) -> str:
        """A language tag, or nothing."""
        language = str(self.cleaned_data["language"]).strip()
        if language and not LANGUAGE.fullmatch(language):
            raise forms.ValidationError(gettext("Write the language as a tag: en, ar, pt-BR."))
        return language

    @property
    def columns(self) -> list[forms.BoundField]:
        """The fields that choose a column."""
        return [self[name] for name in self.fields if name.startswith("column_")]

    @property
    def for_all(self) -> list[forms.BoundField]:
        """The fields that hold for all rows."""
        return [self[name] for name in ("config", "kind", "language")]

    def mapping(self) -> dict[str, Any]:
        """What was chosen, as the import keeps it."""
        data = self.cleaned_data
        chosen = {"config": data["config"].pk if data["config"] else None}
        chosen |= {name: data[name] for name in ("kind", "language")}
        for_all = {"all": {name: value for name, value in chosen.items() if value}}
        if self.row.format != PLAIN:
            return for_all
        named = {field.name: data[field.name] for field in self.columns}
        return for_all | {"columns": {name.removeprefix("column_"): one for name, one in named.items() if one}}
