"""The forms of taxonomies: what a new one begins with, everything its draft says, and publishing it."""

from typing import Any, NamedTuple, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core import taxonomy_rows
from annotations.core.taxonomies import built_in
from annotations.core.taxonomy_rows import MOST, Row
from annotations.forms.belonging import OfOrganisation
from annotations.models import Taxonomy, TaxonomyVersion, User
from annotations.services import taxonomies
from annotations.services.taxonomies import LONGEST, TaxonomyProblem

TYPED = {"dir": "auto", "autocomplete": "off"}
EMPTY, BUILT_IN, ANOTHER = STARTS = ("empty", "built_in", "another")
TEXTS = ("slug", "name", "full_name", "definition")
ABOUT_HELP = _("Which harms it sorts, for whom, and how the categories came about.")


class TaxonomyStartForm(OfOrganisation):
    """Where a new taxonomy belongs and what it begins with."""

    title = forms.CharField(label=_("Title"), max_length=LONGEST["title"], widget=forms.TextInput(attrs=TYPED))
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=LONGEST["about"],
        help_text=ABOUT_HELP,
        widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"}),
    )
    start = forms.ChoiceField(choices=[(name, name) for name in STARTS], initial=BUILT_IN)
    source = forms.ModelChoiceField(
        Taxonomy.objects.none(), label=_("Source"), required=False, empty_label=gettext_lazy("choose …")
    )

    def __init__(self, user: User, data: Any = None):
        super().__init__(data)
        self.offer(access.organisations_for_benchmarks(user), user)
        field = cast("forms.ModelChoiceField[Taxonomy]", self.fields["source"])
        field.queryset = access.taxonomies(user)
        field.widget.attrs["aria-label"] = _("The taxonomy to begin with")

    def clean(self) -> dict[str, Any]:
        """What was chosen; to begin with another taxonomy takes one."""
        data = self.cleaned_data
        if data.get("start") == ANOTHER and not data.get("source"):
            self.add_error("source", gettext("Choose the taxonomy to begin with."))
        return data

    def create(self, actor: User) -> TaxonomyVersion | None:
        """The first draft of the new taxonomy; None when it cannot be, the reason then stands on the form."""
        data = self.cleaned_data
        about = {"title": data["title"], "about": data["about"]}
        try:
            return taxonomies.create(
                organisation=data["organisation"], about=about, rows=self._beginning(), actor=actor
            )
        except TaxonomyProblem as problem:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))
            return None

    def _beginning(self) -> list[Row]:
        start, source = self.cleaned_data["start"], self.cleaned_data["source"]
        if start == BUILT_IN:
            return taxonomy_rows.of_taxonomy(built_in())
        if start == EMPTY:
            return []
        shown = taxonomies.newest(source) or taxonomies.draft_of(source)
        return list(shown.categories) if shown else []


class Line(NamedTuple):
    """A category as it stands in the form: its row, and what is wrong with it by field."""

    row: Row
    errors: dict[str, str]


class TaxonomyForm(forms.Form):
    """Everything a draft says. What is wrong with it is decided by the service, and told beside the field."""

    title = forms.CharField(label=_("Title"), max_length=LONGEST["title"], widget=forms.TextInput(attrs=TYPED))
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=LONGEST["about"],
        help_text=ABOUT_HELP,
        widget=forms.Textarea(attrs=TYPED | {"rows": 2, "class": "low grows"}),
    )
    number = forms.IntegerField(min_value=1, max_value=10**9, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, min_value=0, max_value=10**9, widget=forms.HiddenInput)

    def __init__(self, taxonomy: Taxonomy, version: TaxonomyVersion | None, data: QueryDict | None = None):
        super().__init__(data, initial={"title": taxonomy.title, "about": taxonomy.about})
        self.taxonomy = taxonomy
        self.rows: list[Row] = _posted(data) if data is not None else list(version.categories if version else ())
        self.problem: TaxonomyProblem | None = None

    def clean(self) -> dict[str, Any]:
        """What was typed; a form that lost a part of its categories on the way is refused."""
        data = cast(QueryDict, self.data)
        if len({len(data.getlist(f"row-{field}")) for field in TEXTS}) > 1 or {"number", "revision"} & set(self.errors):
            self.add_error(None, gettext("The form did not arrive whole. Send it again."))
        return self.cleaned_data

    @property
    def lines(self) -> list[Line]:
        """The categories in their order, each with what is wrong with it."""
        wrong = {self.problem.place: {self.problem.field: str(self.problem)}} if self.problem else {}
        return [Line(row, wrong.get(place, {})) for place, row in enumerate(self.rows)]

    @property
    def problem_at(self) -> int:
        """The number of the category that something is wrong with, counted from 1; 0 when there is none."""
        return 0 if self.problem is None or self.problem.place is None else self.problem.place + 1

    @property
    def full(self) -> bool:
        """Whether no category more can be added."""
        return len(self.rows) >= MOST

    def save(self, actor: User) -> TaxonomyVersion:
        """The draft with what a valid form says. Raises TaxonomyProblem."""
        data = self.cleaned_data
        self.rows = [row for row in self.rows if any(row[field].strip() for field in TEXTS[1:])]
        return taxonomies.save(
            taxonomy=self.taxonomy,
            number=data["number"],
            revision=data["revision"],
            about={"title": data["title"], "about": data["about"]},
            rows=self.rows,
            actor=actor,
        )

    def tell(self, problem: TaxonomyProblem) -> None:
        """Nothing; the reason stands beside its field, or above the form."""
        self.problem = problem
        if problem.place is None:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))

    def rearrange(self, action: str) -> None:
        """Does to the categories what a button says: `add`, `up 2`, `down 2` or `remove 2`, counted from 0."""
        verb, _, said = action.partition(" ")
        place = int(said) if said.isdecimal() and len(said) < 4 else len(self.rows)
        if verb == "add" and not self.full:
            self.rows.append(dict.fromkeys(TEXTS, "") | {"trained": True})
        elif place < len(self.rows) and verb == "remove":
            del self.rows[place]
        elif place < len(self.rows) and verb in {"up", "down"}:
            other = min(max(place + (1 if verb == "down" else -1), 0), len(self.rows) - 1)
            self.rows.insert(other, self.rows.pop(place))


def _posted(data: QueryDict) -> list[Row]:
    """The categories as they were typed, in the order of the page; one more than there may be, so that it is told."""
    columns = [data.getlist(f"row-{field}")[: MOST + 1] for field in TEXTS]
    trained = set(data.getlist("row-trained"))
    rows = zip(*columns, strict=False)
    return [dict(zip(TEXTS, row, strict=True)) | {"trained": str(at) in trained} for at, row in enumerate(rows)]
