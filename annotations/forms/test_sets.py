"""The form that composes a categorical test set: what to draw from, a plan line by line, and a seed."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core import test_sets
from annotations.core.storable import storable
from annotations.core.taxonomy import OTHER, categories
from annotations.core.test_sets import BadPlan, Line
from annotations.forms.belonging import OfOrganisation
from annotations.forms.rows import ManyRows
from annotations.models import Benchmark, User
from annotations.services import benchmarks
from annotations.services import test_sets as service

LONGEST_TITLE = 300
LONGEST_GROUP = 40


class Row(NamedTuple):
    """A line of the plan as it stands in the form: slugs with blanks between them, and the number as it was typed."""

    group: str
    allowed: str
    risks: str
    number: str

    def line(self, at: int) -> Line:
        """The line it stands for. Raises BadPlan for a number that is none."""
        if not self.number.strip().isdecimal() or len(self.number.strip()) > 6:
            raise BadPlan(
                gettext("Line %(line)s: “%(number)s” is no whole number.") % {"line": at, "number": self.number[:20]}
            )
        return Line(self.group, frozenset(self.allowed.split()), frozenset(self.risks.split()), int(self.number))


def row_of(line: Line) -> Row:
    """The line as the form shows it."""
    return Row(line.group, " ".join(sorted(line.allowed)), " ".join(sorted(line.risks)), str(line.number))


def rows_of(data: QueryDict) -> list[Row]:
    """The lines that came with a form; those whose number was emptied are left out."""
    columns = [data.getlist(name)[: test_sets.MOST] for name in ("group", "allowed", "risks", "number")]
    found = (Row(*map(storable, values)) for values in zip(*columns, strict=False))
    return [row._replace(group=row.group[:LONGEST_GROUP]) for row in found if row.number.strip()]


class TestSetForm(OfOrganisation):
    """What to draw from and what to make."""

    __test__ = False

    title = forms.CharField(label=_("Title"), max_length=LONGEST_TITLE, widget=forms.TextInput(attrs={"dir": "auto"}))
    sources = ManyRows(
        Benchmark.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        label=_("Draw from"),
        help_text=_("Their prompts are copied; a prompt counts under the categories it is labelled with."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        initial=0,
        min_value=0,
        max_value=2**31 - 1,
        help_text=_("The same seed draws the same prompts again."),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.offer(access.organisations_to_write_in(user), user)
        self._of("sources").queryset = access.benchmarks(user)

    def _of(self, name: str) -> "forms.ModelChoiceField[Any]":
        return cast("forms.ModelChoiceField[Any]", self.fields[name])

    def build(self, lines: list[Line], origin: str) -> service.Built | None:
        """The test set of a valid form; None when it cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        made = {name: data[name] for name in ("title", "organisation", "seed")}
        try:
            pooled = service.pool(data["sources"])
            return service.build(lines=lines, pooled=pooled, actor=self.user, origin=origin, **made)
        except (BadPlan, service.TestSetProblem, benchmarks.BenchmarkProblem) as problem:
            self.add_error(None, str(problem))
            return None


class LineForm(forms.Form):
    """One more line of the plan."""

    new_allowed = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Config allows")
    )
    new_risks = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label=_("Prompts with"))
    new_number = forms.IntegerField(min_value=1, max_value=test_sets.MOST, label=_("How many"))
    new_group = forms.CharField(required=False, max_length=LONGEST_GROUP, label=_("Group"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        every = [(each.slug, each.name) for each in categories()]
        cast(forms.MultipleChoiceField, self.fields["new_risks"]).choices = every
        open_ones = [(slug, name) for slug, name in every if slug != OTHER]
        cast(forms.MultipleChoiceField, self.fields["new_allowed"]).choices = open_ones

    def row(self) -> Row:
        """The line of a valid form."""
        data = self.cleaned_data
        sets = (" ".join(sorted(data[name])) for name in ("new_allowed", "new_risks"))
        return Row(data["new_group"].strip() or "test", *sets, str(data["new_number"]))


def lines_of(rows: Iterable[Row]) -> list[Line]:
    """The plan of these rows. Raises BadPlan."""
    lines = [row.line(at) for at, row in enumerate(rows, start=1)]
    test_sets.check(lines)
    return lines
