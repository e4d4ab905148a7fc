"""The form of a set of training prompts: its files, which column holds the texts, and what is said of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.forms.belonging import OfOrganisation
from annotations.forms.imports import ManyFiles
from annotations.forms.uploads import Keeper, WithFiles
from annotations.models import PromptImport, User
from annotations.services import benchmarks, config_content, import_files, training_prompts

TYPED = {"dir": "auto", "autocomplete": "off"}


class TrainingPromptsForm(OfOrganisation, WithFiles):
    """Tables of texts; the files themselves were taken in before."""

    title = forms.CharField(label=_("Title"), max_length=benchmarks.LONGEST_TITLE, widget=forms.TextInput(attrs=TYPED))
    tables = forms.FileField(
        required=False,
        label=_("Files"),
        widget=ManyFiles(attrs={"multiple": True}),
        help_text=_("CSV, JSON, JSON Lines, Parquet, packed or not, or a ZIP of them."),
    )
    folder = forms.FileField(
        required=False, label=_("Or a folder"), widget=ManyFiles(attrs={"multiple": True, "webkitdirectory": True})
    )
    column = forms.CharField(
        required=False,
        max_length=1_000,
        label=_("Column of the prompts"),
        widget=forms.TextInput(attrs=TYPED | {"spellcheck": "false"}),
        help_text=_("Found out when it is called text, prompt, question, instruction or the like."),
    )
    language = forms.CharField(
        label=_("Language"),
        max_length=35,
        initial="en",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Of rows that name none, as a tag: en, ar, pt-BR."),
    )
    source = forms.CharField(
        required=False,
        max_length=300,
        label=_("Where they come from"),
        widget=forms.TextInput(attrs=TYPED),
        help_text=_("Kept with every prompt whose row does not say it."),
    )
    licence = forms.CharField(
        label=_("Licence"),
        required=False,
        max_length=benchmarks.LONGEST_LICENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Under what others may use them, as a short name: CC-BY-4.0, ODC-By."),
    )
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=benchmarks.LONGEST_ABOUT,
        widget=forms.Textarea(attrs=TYPED | {"rows": 3, "class": "low grows"}),
    )

    def __init__(self, user: User, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data, keeper=keeper)
        self.offer(access.organisations_for_benchmarks(user), user)
        self.fields["tables"].help_text += " " + gettext("At most %(size)s MB together.") % {
            "size": f"{import_files.most_bytes() >> 20:,}"
        }

    def clean_language(self) -> str:
        """The language as a tag."""
        text = str(self.cleaned_data["language"]).strip()
        if not config_content.LANGUAGE.fullmatch(text):
            raise forms.ValidationError(gettext("Give the language as a tag, such as en, ar or pt-BR."))
        return text

    def save(self, actor: User) -> PromptImport | None:
        """The import that reads the files; None, with the reason beside its field, when there can be none."""
        if self.upload is None:
            return None
        names = ("organisation", "title", "about", "licence", "source", "column", "language")
        said = {name: self.cleaned_data[name] for name in names}
        try:
            return training_prompts.start(upload=self.upload, actor=actor, **said)
        except benchmarks.BenchmarkProblem as problem:
            import_files.remove(self.upload.folder)
            self.add_error(problem.field or None, str(problem))
            return None
