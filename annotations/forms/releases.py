"""The forms of a release: its number and what goes in, and what people write for its card."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.core import dataset_card, manifest
from annotations.models import Benchmark, BenchmarkRelease, User
from annotations.queries.releases import Since, number_of
from annotations.services import releases

OTHER = "other"
TYPED = {"dir": "auto", "autocomplete": "off"}
A_NUMBER = _("Write a number such as v1.2.")


class FreezeForm(forms.Form):
    """Which number the release gets, whether everything goes in, and a note. `since` says how the last one differs."""

    number = forms.CharField(required=False)
    other = forms.CharField(required=False, max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    only_validated = forms.BooleanField(required=False, label=_("Freeze only validated prompts"))
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=releases.LONGEST_NOTE,
        widget=forms.Textarea(attrs=TYPED | {"rows": 3, "class": "low grows"}),
        help_text=_("What is new in it, and what it is for. It stands in the dataset card, in Markdown."),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, benchmark: Benchmark, since: Since | None, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.benchmark = benchmark
        minor, major = manifest.following(number_of(since.release) if since else None)
        steps = [
            (minor, _("minor: the prompts are the same, or more")),
            (major, _("major: prompts went or read otherwise")),
        ]
        firsts = [(major, _("the first release")), (minor, _("a first look, before it counts"))]
        self.numbers = [(str(number), words) for number, words in (steps if since else firsts)]
        self.first = str(minor if since and not since.breaks else major)

    @property
    def chosen(self) -> str:
        """The number that is ticked."""
        return str(self["number"].value() or self.first)

    def clean(self) -> dict[str, Any]:
        """The number that was chosen or written, as a number."""
        said = self.cleaned_data
        written = said.get("other") if said.get("number") == OTHER else said.get("number")
        said["as_number"] = manifest.number(written or "")
        if said["as_number"] is None:
            self.add_error("other" if said.get("number") == OTHER else "number", A_NUMBER)
        return said

    def freeze(self, actor: User) -> BenchmarkRelease | None:
        """The new release; None when it cannot be, the reason then stands on the form."""
        said = self.cleaned_data
        try:
            return releases.freeze(
                benchmark=self.benchmark,
                number=said["as_number"],
                actor=actor,
                note=said["note"],
                only_validated=said["only_validated"],
                seen=said["seen"] or None,
            )
        except releases.ReleaseProblem as problem:
            self.add_error(None, str(problem))
            return None


class CardForm(forms.Form):
    """The sections of the card that people write; `seen` is the word of what they began with."""

    seen = forms.CharField(label=_("Seen"), required=False)

    def __init__(self, benchmark: Benchmark, *args: Any, **kwargs: Any):
        super().__init__(*args, initial=benchmark.card, **kwargs)
        self.benchmark = benchmark
        for name, title, help_text in dataset_card.SECTIONS:
            area = forms.Textarea(attrs=TYPED | {"rows": 4, "class": "low grows"})
            longest = releases.LONGEST_SECTION
            self.fields[name] = forms.CharField(
                required=False, label=gettext(title), widget=area, help_text=gettext(help_text), max_length=longest
            )

    @property
    def areas(self) -> list[BoundField]:
        """The sections' fields."""
        return [self[section.name] for section in dataset_card.SECTIONS]

    @property
    def sections(self) -> dict[str, str]:
        """What was typed, cut where it is too long: good enough for a preview."""
        said = ((section.name, str(self[section.name].value() or "")) for section in dataset_card.SECTIONS)
        return {name: text[: releases.LONGEST_SECTION] for name, text in said}

    def save(self, actor: User) -> bool:
        """True when it is kept; False when it cannot be, the reason then stands on the form."""
        sections = {section.name: self.cleaned_data[section.name] for section in dataset_card.SECTIONS}
        try:
            releases.save_card(benchmark=self.benchmark, sections=sections, seen=self.cleaned_data["seen"], actor=actor)
        except releases.ReleaseProblem as problem:
            self.add_error(None, str(problem))
        return self.is_valid()
