"""Reads of preference sets: the pairs that a filter leaves, a page of them out of the file."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, overload

from annotations.core import pair_figures, preference_pairs
from annotations.core.preference_pairs import Pair as Values
from annotations.core.taxonomies import Taxonomy, built_in, of_rows
from annotations.core.taxonomy import OTHER
from annotations.models import PreferenceSet
from annotations.queries import pair_filter
from annotations.queries.pair_filter import EVERYTHING, Filter
from annotations.services import pair_files
from annotations.services.preferences import path


class Label(NamedTuple):
    """What was found in a response, in words: `risks` "" where nobody looked, `addressed` None where nobody said.

    `error` None is unscored.
    """

    risks: str
    addressed: bool | None
    error: float | None


class Pair(NamedTuple):
    """One pair as its page shows it: its number in the file, from 1, and its values."""

    number: int
    values: Values
    taxonomy: Taxonomy

    @property
    def allowed(self) -> str:
        """What the config allows, in words."""
        return pair_figures.config_title(self.values.spec_i, self.taxonomy)

    @property
    def prompt_risks(self) -> str:
        """The risks a harmful reply to the prompt would carry, in words."""
        return pair_figures.risk_names(self.values.spec_j, self.taxonomy)

    @property
    def chosen(self) -> Label:
        """What was found in the chosen response."""
        return self._label(self.values.chosen_cat, self.values.chosen_category_error_score)

    @property
    def rejected(self) -> Label:
        """What was found in the rejected response."""
        return self._label(self.values.rejected_cat, self.values.rejected_category_error_score)

    @property
    def gap(self) -> float | None:
        """How much more error the rejected response has; None where one is unscored."""
        return preference_pairs.gap(self.values)

    def _label(self, written: str, error: float | None) -> Label:
        spec, addressed = preference_pairs.category(written)
        return Label(pair_figures.risk_names(spec, self.taxonomy) if spec else "", addressed, error)


class Pairs:
    """The pairs of a file by their place; only the row groups that are asked for are read.

    `places` are those a filter leaves, rising; None is all of them.
    """

    def __init__(self, file: Path, rows: int, taxonomy: Taxonomy, places: Sequence[int] | None = None):
        self.file, self.rows, self.taxonomy = file, rows, taxonomy
        self.places: Sequence[int] = range(rows) if places is None else places

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> list[Pair]: ...
    def __getitem__(self, place: int | slice) -> Pair | list[Pair]:
        if isinstance(place, int):
            return self[place : place + 1][0]
        return list(self._read(self.places[place]))

    def _read(self, places: Sequence[int]) -> Iterator[Pair]:
        import pyarrow.parquet as pq

        if not len(places):
            return
        with pq.ParquetFile(self.file) as file:
            before = 0
            for group in range(file.num_row_groups):
                after = before + file.metadata.row_group(group).num_rows
                here = places[bisect_left(places, before) : bisect_left(places, after)]
                if len(here):
                    found = file.read_row_group(group).take([int(place) - before for place in here]).to_pylist()
                    for place, values in zip(here, found, strict=True):
                        yield Pair(int(place) + 1, preference_pairs.of(values), self.taxonomy)
                before = after


def pairs(row: PreferenceSet, wanted: Filter = EVERYTHING) -> Pairs:
    """The pairs of the set that the filter leaves, in the order of its file; none while its file is not there."""
    file, categories = path(row), taxonomy(row)
    if not row.sha256 or not file.is_file():
        return Pairs(file, 0, categories)
    places = pair_filter.places(file, wanted, categories)
    return Pairs(file, row.rows, categories, places)  # type: ignore[arg-type] # an array is cut as a sequence is


def taxonomy(row: PreferenceSet) -> Taxonomy:
    """The categories the set was made with; the built-in ones where it does not say."""
    told = row.manifest.get("taxonomy")
    if not told:
        return built_in()
    return of_rows(told["title"], [each for each in told["categories"] if each["slug"] != OTHER])


def prompts(row: PreferenceSet, numbers: Iterable[int]) -> dict[int, str]:
    """The prompts of the pairs of these numbers; {} without the file. No other column is read."""
    wanted = set(numbers)
    if not wanted or not path(row).is_file():
        return {}
    texts = enumerate(pair_files.column(path(row), "prompt"), start=1)
    return {number: text for number, text in islice(texts, max(wanted)) if number in wanted}
