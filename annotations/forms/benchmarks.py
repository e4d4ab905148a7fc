"""The form of a benchmark: what it is, how many prompts it should have, how many people check them."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core.taxonomy import KINDS
from annotations.forms.belonging import OfOrganisation
from annotations.models import Benchmark, User
from annotations.models.benchmarks import MOST_CHECKS, ten_of_each
from annotations.services import benchmarks
from annotations.services.benchmarks import LONGEST_ABOUT, LONGEST_LICENCE, LONGEST_TITLE, MOST_TARGET

TYPED = {"dir": "auto", "autocomplete": "off"}
CHECKS_HELP = _("Besides the author. A prompt is validated once so many labels agree with it; a change counts at once.")


class BenchmarkForm(OfOrganisation):
    """A new benchmark, or another description and other targets for one that is there."""

    title = forms.CharField(label=_("Title"), max_length=LONGEST_TITLE, widget=forms.TextInput(attrs=TYPED))
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=LONGEST_ABOUT,
        widget=forms.Textarea(attrs=TYPED | {"rows": 3, "class": "low grows"}),
        help_text=_("What it tests and how its prompts were made. The dataset card of a release begins with it."),
    )
    licence = forms.CharField(
        label=_("Licence"),
        required=False,
        max_length=LONGEST_LICENCE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "licences"}),
        help_text=_("Under what others may use the prompts, as a short name: CC-BY-4.0, CC0-1.0."),
    )
    checks_needed = forms.IntegerField(
        min_value=1, max_value=MOST_CHECKS, initial=2, label=_("People who check a prompt"), help_text=CHECKS_HELP
    )

    def __init__(self, user: User, data: Any = None, *, benchmark: Benchmark | None = None):
        super().__init__(data, initial=_first(benchmark))
        self.benchmark = benchmark
        for kind in KINDS:
            self.fields[f"target_{kind}"] = forms.IntegerField(min_value=0, max_value=MOST_TARGET, label=kind)
        if benchmark:
            del self.fields["organisation"]
        else:
            self.offer(access.organisations_for_benchmarks(user), user)

    @property
    def targets(self) -> list[tuple[str, BoundField]]:
        """The field of each kind's target."""
        return [(kind, self[f"target_{kind}"]) for kind in KINDS]

    def save(self, actor: User) -> Benchmark | None:
        """The benchmark with what a valid form says; None when it cannot be, the reason then stands on the form."""
        said = {name: self.cleaned_data[name] for name in ("title", "about", "licence", "checks_needed")}
        said |= {"targets": {kind: self.cleaned_data[f"target_{kind}"] for kind in KINDS}, "actor": actor}
        try:
            if self.benchmark:
                return benchmarks.edit(benchmark=self.benchmark, **said)
            return benchmarks.create(organisation=self.cleaned_data["organisation"], **said)
        except benchmarks.BenchmarkProblem as problem:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))
            return None


def _first(benchmark: Benchmark | None) -> dict[str, Any]:
    if benchmark is None:
        return {f"target_{kind}": number for kind, number in ten_of_each().items()}
    words = {name: getattr(benchmark, name) for name in (*benchmarks.WORDS, "checks_needed")}
    return words | {f"target_{kind}": benchmark.targets.get(kind, 0) for kind in KINDS}
