"""Files to take away: the very downloads of the pages, with their rights, their record and their bytes."""

from typing import Any

from django.http import HttpResponseBase

from annotations import access
from annotations.access import WATCHERS, WORKERS
from annotations.api import fields
from annotations.api.endpoint import Endpoint, reads, route
from annotations.api.filters import Filter, choice, flag, number, text
from annotations.api.handing import DATASET, PLAIN, Handing, hands_over, types_of
from annotations.api.problems import refused
from annotations.api.shapes import Shown
from annotations.core.taxonomy import KINDS
from annotations.exports import _training
from annotations.forms.exports import ExportForm
from annotations.forms.rating_exports import RatingExportForm
from annotations.models.people import LEAD
from annotations.queries import prompt_shapes, rating_shapes
from annotations.queries.validation import DOUBTED, STATES
from annotations.views import (
    campaign_agreement,
    coverage,
    preference_exports,
    preference_pairs,
    rating_exports,
    release_files,
    taxonomies,
    validation,
)
from annotations.views import exports as prompt_exports

READERS = WATCHERS | {LEAD}
OF_BENCHMARK, OF_CAMPAIGN, OF_SET = ({"pk": f"Id of the {what}."} for what in ("benchmark", "campaign", "set"))
IN_DATASET = choice("format", "The format; csv without it.", DATASET)
IN_LIST = choice("format", "The format; csv without it.", PLAIN)
JSON_AND_TEXT = ("application/json", "application/jsonl", "text/markdown")


def _shape(names: Any, usual: str) -> Filter:
    return choice("shape", f"The shape of the rows; {usual} without it.", tuple(names))


class ExportKind(Shown):
    """Something that can be taken away."""

    what = fields.text("What it is.")
    address = fields.text("Its address, with names in braces for what stands there.")
    formats = fields.texts("Its formats; the first is the usual one.")
    shapes = fields.texts("Its shapes; the first is the usual one. Empty where there is one alone.")


class ExportKinds(Shown):
    """Everything that can be taken away."""

    exports = ExportKind(many=True, help_text="Everything that can be taken away.")


KINDS_OF_FILES = (
    ("The prompts of a benchmark", "benchmarks/{id}/prompts/", DATASET, tuple(prompt_shapes.SHAPES)),
    ("The coverage of a benchmark", "benchmarks/{id}/coverage/", PLAIN, ()),
    ("The labels of a benchmark's prompts", "benchmarks/{id}/validation/", PLAIN, ()),
    ("A release", "benchmarks/{id}/releases/{major}.{minor}/table/", DATASET, tuple(prompt_shapes.SHAPES)),
    ("A file of a release", "benchmarks/{id}/releases/{major}.{minor}/{name}/", ("prompts.jsonl", "manifest.json"), ()),
    ("The ratings of a campaign", "campaigns/{id}/ratings/", DATASET, tuple(rating_shapes.SHAPES)),
    ("The agreement of a campaign's raters", "campaigns/{id}/agreement/", PLAIN, ()),
    ("A preference set", "preferences/{id}/pairs/", _training.TABULAR, tuple(_training.SHAPES)),
    ("Card or manifest of a preference set", "preferences/{id}/{name}/", ("README.md", "manifest.json"), ()),
    ("The categories of a taxonomy", "taxonomies/{id}/", (*PLAIN, "toml"), ()),
)


class Exports(Endpoint):
    """What can be taken away."""

    resource, roles = "exports", WORKERS

    @reads(ExportKinds)
    def get(self) -> dict[str, Any]:
        """What can be taken away, in which shapes and formats; addresses lie below this one."""
        names = ("what", "address", "formats", "shapes")
        return {"exports": [dict(zip(names, kind, strict=True)) for kind in KINDS_OF_FILES]}


class PromptsFile(Handing):
    """The prompts of a benchmark."""

    roles, words = WORKERS, OF_BENCHMARK

    @hands_over(
        IN_DATASET,
        _shape(prompt_shapes.SHAPES, "plain"),
        choice("kind", "Only prompts of this kind.", KINDS),
        number("config", "Only prompts for the config of this id."),
        text("language", "Only prompts in this language.", longest=35),
        flag("validated", "true: only validated ones."),
        text("columns", "Columns of the plain shape, parted by commas; the usual ones without it.", longest=1000),
    )
    def get(self, pk: int) -> HttpResponseBase:
        """The prompts that are in a benchmark now."""
        if columns := self.asked["columns"]:
            self.asked["columns"] = columns.split(",")
        benchmark = access.benchmark_for_reader(self.user, pk)
        nothing = prompt_exports.NOTHING
        return self.page(prompt_exports.prompt_export, form=lambda q: ExportForm(benchmark, q), nothing=nothing, pk=pk)


class CoverageFile(Handing):
    """The coverage of a benchmark."""

    roles, words, media_types = WORKERS, OF_BENCHMARK, types_of(PLAIN)

    @hands_over(IN_LIST)
    def get(self, pk: int) -> HttpResponseBase:
        """How many prompts of each kind there are, by config, rule, risk category, situation and language."""
        return self.page(coverage.coverage_export, pk=pk)


class ValidationFile(Handing):
    """Labels of a benchmark's prompts."""

    roles, words, media_types = WORKERS, OF_BENCHMARK, types_of(PLAIN)

    @hands_over(
        IN_LIST,
        choice("state", "Only prompts in this state; disputed without it.", (*STATES, DOUBTED)),
        number("config", "Only prompts for the config of this id."),
    )
    def get(self, pk: int) -> HttpResponseBase:
        """Prompts with their labels; those that still wait for your own label are left out."""
        return self.page(validation.validation_download, pk=pk)


class ReleaseFile(Handing):
    """A file of a release."""

    roles, media_types = WORKERS, types_of(DATASET, *JSON_AND_TEXT)
    words = OF_BENCHMARK | {
        "major": "The number before the dot.",
        "minor": "The number after it.",
        "name": "prompts.jsonl, manifest.json or README.md, which never change; or table.",
    }

    @hands_over(IN_DATASET, _shape(prompt_shapes.SHAPES, "plain"))
    def get(self, pk: int, major: int, minor: int, name: str) -> HttpResponseBase:
        """A frozen file by its name; or `table`: the rows in the shape and the format that are asked for."""
        return self.page(release_files.release_download, pk=pk, major=major, minor=minor, name=name)


class RatingsFile(Handing):
    """The ratings of a campaign."""

    roles, words = READERS, OF_CAMPAIGN

    @hands_over(
        IN_DATASET,
        _shape(rating_shapes.SHAPES, "answers"),
        flag("names", "true: with the names by which raters log in; for leads, and recorded."),
    )
    def get(self, pk: int) -> HttpResponseBase:
        """The answers of a campaign, or its items with what they come to; raters have names of this campaign alone."""
        nothing = rating_exports.NOTHING[self.asked["shape"] or "answers"]
        return self.page(rating_exports.rating_export, form=RatingExportForm, nothing=nothing, pk=pk)


class AgreementFile(Handing):
    """The agreement of a campaign's raters."""

    roles, words, media_types = READERS, OF_CAMPAIGN, types_of(PLAIN)

    @hands_over(IN_LIST)
    def get(self, pk: int) -> HttpResponseBase:
        """Every figure of agreement, a row each."""
        return self.page(campaign_agreement.agreement_export, pk=pk)


class PairsFile(Handing):
    """A preference set."""

    roles, words = WORKERS, OF_SET

    @hands_over(
        choice("format", "The format; the shape's first one without it.", _training.TABULAR),
        _shape(_training.SHAPES, _training.PAIRS),
        choice("target", "Which response a supervised example takes.", tuple(_training.TARGETS)),
        text("split", "Only this split."),
    )
    def get(self, pk: int) -> HttpResponseBase:
        """A preference set in the shape that a training program reads."""
        formats = _training.SHAPES[self.asked["shape"] or _training.PAIRS].formats
        if (self.asked["format"] or formats[0]) not in formats:
            raise refused(f"This shape has these formats: {', '.join(formats)}.", "format")
        return self.page(preference_exports.preference_export, pk=pk)


class CardFile(Handing):
    """Card or manifest of a preference set."""

    roles, media_types = WORKERS, ("text/markdown", "application/json")
    words = OF_SET | {"name": "README.md or manifest.json."}

    @hands_over()
    def get(self, pk: int, name: str) -> HttpResponseBase:
        """The dataset card of a preference set, or its manifest."""
        self.asked = {"file": name}
        return self.page(preference_pairs.preference_card_page, pk=pk)


class TaxonomyFile(Handing):
    """A taxonomy."""

    roles, media_types = WORKERS, types_of(PLAIN, "application/toml")
    words = {"pk": "Id of the taxonomy."}

    @hands_over(
        choice("format", "The format; csv without it.", (*PLAIN, "toml")),
        number("version", "Number of the version; the newest without it.", high=2**31 - 1),
    )
    def get(self, pk: int) -> HttpResponseBase:
        """The categories of a version of a taxonomy."""
        return self.page(taxonomies.taxonomy_export, pk=pk)


OF_RELEASE = "exports/benchmarks/<int:pk>/releases/<int:major>.<int:minor>/<str:name>/"
ROUTES = [
    route("exports/", Exports, "exports-list"),
    route("exports/benchmarks/<int:pk>/prompts/", PromptsFile, "exports-prompts"),
    route("exports/benchmarks/<int:pk>/coverage/", CoverageFile, "exports-coverage"),
    route("exports/benchmarks/<int:pk>/validation/", ValidationFile, "exports-validation"),
    route(OF_RELEASE, ReleaseFile, "exports-release"),
    route("exports/campaigns/<int:pk>/ratings/", RatingsFile, "exports-ratings"),
    route("exports/campaigns/<int:pk>/agreement/", AgreementFile, "exports-agreement"),
    route("exports/preferences/<int:pk>/pairs/", PairsFile, "exports-pairs"),
    route("exports/preferences/<int:pk>/<str:name>/", CardFile, "exports-card"),
    route("exports/taxonomies/<int:pk>/", TaxonomyFile, "exports-taxonomy"),
]
