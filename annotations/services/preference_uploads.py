"""Uploaded files of preference pairs: read whole or not at all."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext

from annotations.core.preference_pairs import Pair
from annotations.core.storable import storable
from annotations.core.taxonomies import Taxonomy, built_in, of_rows
from annotations.imports import ImportProblem, Table, Unreadable, _files
from annotations.imports._preferences import COLUMNS, PairRow, read_pairs
from annotations.models import PreferenceSet, TaxonomyVersion
from annotations.services import import_files
from annotations.services.chores import ChoreProblem, Hold

MOST_PROBLEMS, LONGEST_WHAT = 200, 500
GONE = "The files of this preference set are gone. Upload them again."


class Problems:
    """What is wrong with the rows of the files; `pairs` are good."""

    def __init__(self) -> None:
        self.pairs = self.wrong = 0
        self.rows: list[list[Any]] = []

    def add(self, found: PairRow | ImportProblem) -> None:
        """Nothing; the row is counted, and one of the first problems is kept."""
        if isinstance(found, PairRow):
            self.pairs += 1
            return
        self.wrong += 1
        if len(self.rows) < MOST_PROBLEMS:
            what = storable(found.what)[:LONGEST_WHAT]
            self.rows.append([found.row, storable(found.column)[:100], what, storable(found.table)[:100]])


def taxonomy(row: PreferenceSet) -> Taxonomy:
    """The categories that the files are said to name; the built-in ones where nothing is said."""
    version = TaxonomyVersion.objects.select_related("taxonomy").filter(pk=row.settings.get("taxonomy")).first()
    return of_rows(str(version), version.categories) if version else built_in()


def pairs(hold: Hold, row: PreferenceSet, problems: Problems) -> Iterator[Pair]:
    """Every good pair of the files in order; the others are counted in `problems`. Raises ChoreProblem."""
    tables, known = _tables(row), taxonomy(row)
    try:
        for read, found in enumerate(read_pairs(tables, known)):
            hold.beat(read)
            problems.add(found)
            if isinstance(found, PairRow):
                yield _pair(found)
    except Unreadable as wrong:
        problems.add(wrong.problem)


def _pair(found: PairRow) -> Pair:
    """The texts as the file has them; one that is missing is empty."""
    values = zip(COLUMNS, found.values, strict=True)
    texts: dict[str, Any] = {name: value if isinstance(value, str) else "" for name, value in values}
    errors = {COLUMNS[-2]: found.chosen_error, COLUMNS[-1]: found.rejected_error}
    return Pair(split=found.table, **texts | errors)


def refuse(hold: Hold, row: PreferenceSet, problems: Problems) -> None:
    """Nothing, when every row was good. Raises ChoreProblem, and the files are gone."""
    if not problems.wrong and problems.pairs:
        return
    hold.save(problems=problems.rows, done=problems.pairs + problems.wrong)
    import_files.remove(row.folder)
    if not problems.wrong:
        raise ChoreProblem(gettext("The files hold no pair. Send files with a row for each pair."))
    said = "One row has a problem" if problems.wrong == 1 else f"{problems.wrong:,} rows have problems"
    raise ChoreProblem(
        gettext("%(said)s, so nothing was taken in. Put them right and upload the files again.") % {"said": said}
    )


def _tables(row: PreferenceSet) -> Sequence[Table]:
    found = import_files.paths(row.folder)
    if not found:
        raise ChoreProblem(GONE)
    try:
        return _files.tables([path for path, _ in found], [name for _, name in found])
    except Unreadable as wrong:
        import_files.remove(row.folder)
        raise ChoreProblem(wrong.problem.what) from wrong
