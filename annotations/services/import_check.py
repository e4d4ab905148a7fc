"""Reading an import's files and saying what each row would become; nothing comes in yet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext

from annotations import hub
from annotations.core.storable import storable
from annotations.imports import (
    Format,
    ImportProblem,
    PromptRow,
    Table,
    Unreadable,
    _files,
    _preferences,
    load,
    names,
    plain,
)
from annotations.imports._files import PLAIN as PLAIN
from annotations.models import Benchmark, PromptImport
from annotations.models.work import FINISHED, WAITING
from annotations.services import import_files, similar, upload_store
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.import_rows import BAD, FILE, GOOD, KNOWN, TWICE, Choice, Outcome, Sorter, configs_for

SMALL, SMALL_BYTES = 5_000, 16 << 20
"""Up to so many rows and bytes a person waits for the check; more of them are for a worker."""
PREVIEW, MOST_PROBLEMS, LONGEST_PREVIEW, LONGEST_WHAT = 5, 1_000, 500, 500
MOST_COMPARED, MOST_LETTERS = 10_000, 20_000_000
SECONDS_SMALL, SECONDS_LARGE = 5.0, 25.0
PAIRS = (
    "These files hold pairs of responses, as CoSAlign-Train does, and no prompts of a benchmark."
    " Import them under “Preference sets”, or say which columns are the prompt and its kind."
)


class Reading(NamedTuple):
    """An import's tables, and the format that reads them."""

    name: str
    format: Format
    tables: Sequence[Table]
    columns: Mapping[str, str]

    def rows(self) -> Iterator[PromptRow | ImportProblem]:
        """Every row of every table. Raises Unreadable."""
        return self.format.read(self.tables, self.columns)


def tables(row: PromptImport) -> Sequence[Table]:
    """The tables of the import's files. Raises Unreadable, and ChoreProblem when there is no file any more."""
    found = import_files.paths(row.folder)
    if not found:
        raise ChoreProblem(gettext("The files of this import are gone. Upload them again."))
    return _files.tables([path for path, _ in found], [name for _, name in found])


def reading(row: PromptImport) -> Reading:
    """How the import is read: in the format the person chose, or the one its tables have. Raises Unreadable."""
    found = tables(row)
    name = row.format if row.format in names() else _files.detect(found)
    return Reading(name, load(name), found, _columns(row, found) if name == PLAIN else {})


def _columns(row: PromptImport, found: Sequence[Table]) -> dict[str, str]:
    """What the person chose; what they left to be found out is guessed from the columns that all tables have."""
    chosen = row.mapping.get("columns")
    shared = [column for column in found[0].columns if all(column in table.columns for table in found)]
    guessed = plain.guess(shared) if chosen is None or row.mapping.get("guess") else {}
    return guessed | (chosen or {})


def choice(row: PromptImport) -> Choice:
    """What the person chose for all rows that do not say it themselves."""
    chosen = row.mapping.get("all", {})
    there = configs_for(row.benchmark, row.created_by)
    config = there.filter(pk=chosen.get("config") or 0).first()
    return Choice(config, chosen.get("kind", ""), chosen.get("language", ""))


def is_small(row: PromptImport) -> bool:
    """True when the import is so small that a person can wait for its check. Files from the Hub are not."""
    if row.name.startswith(hub.PREFIX) or row.size > SMALL_BYTES:
        return False
    try:
        count = letters = 0
        for table in tables(row):
            for found in table.rows():
                count += 1
                letters += 0 if isinstance(found, ImportProblem) else _letters(found[1])
                if count > SMALL or letters > SMALL_BYTES:
                    return False
    except (Unreadable, ChoreProblem, OSError):
        pass  # why it cannot be read is said by the check, at once
    return True


class Compared(NamedTuple):
    """A new row whose text is looked at for what it is like: the text as it would be stored."""

    number: int
    table: str
    text: str


def _letters(values: Mapping[str, Any]) -> int:
    """How long the texts of a row are: a small file may hold very long ones, packed."""
    return sum(len(value) for value in values.values() if isinstance(value, str))


class Tally:
    """What a check has counted so far, and what it keeps to show."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys((GOOD, KNOWN, TWICE, BAD, FILE), 0)
        self.preview: list[dict[str, Any]] = []
        self.problems: list[list[Any]] = []
        self.compared: list[Compared] = []
        self.letters = 0
        self.said: set[str] = set()

    @property
    def read(self) -> int:
        """How many rows there were: good, known, twice and bad ones."""
        return sum(self.counts.values()) - self.counts[FILE]

    def add(self, outcome: Outcome) -> None:
        """Nothing; the row is counted."""
        self.counts[outcome.fate] += 1
        if outcome.row and len(self.preview) < PREVIEW:
            self.preview.append(_preview(outcome))
        if outcome.problem:
            self._problem(outcome.problem)
        if outcome.fate == GOOD and outcome.row and outcome.prompt:
            self._compare(outcome.row, outcome.prompt.text)

    def _problem(self, problem: ImportProblem) -> None:
        if problem.row == 0:
            if problem.what in self.said:
                return
            self.said.add(problem.what)
        if len(self.problems) < MOST_PROBLEMS:
            cut = storable(problem.what)[:LONGEST_WHAT]
            self.problems.append([problem.row, storable(problem.column)[:100], cut, storable(problem.table)[:100]])

    def _compare(self, row: PromptRow, text: str) -> None:
        self.letters += len(text)
        if len(self.compared) < MOST_COMPARED and self.letters < MOST_LETTERS:
            self.compared.append(Compared(row.row, row.table, text))


def _preview(outcome: Outcome) -> dict[str, Any]:
    """The row as it would come in; a bad one as far as it could be read."""
    row, prompt = outcome.row, outcome.prompt
    if row is None:
        return {}
    shown: dict[str, Any] = {"row": row.row, "table": storable(row.table)[:100], "fate": outcome.fate}
    if prompt is None:
        return shown | {"text": _cut(row.text), "what": outcome.problem.what if outcome.problem else ""}
    names = ("kind", "situation", "risks", "rule", "language", "source")
    config = str(outcome.target.config) if outcome.target else ""
    labels = {name: getattr(prompt, name) for name in names}
    return shown | labels | {"text": _cut(prompt.text), "why": _cut(prompt.why), "config": config[:100]}


def _cut(text: str) -> str:
    text = storable(text)
    return text if len(text) <= LONGEST_PREVIEW else f"{text[:LONGEST_PREVIEW]}…"


def check(hold: Hold, note: str = "") -> str:
    """The state after the check: waiting for the person, or finished when there is nothing to bring in.

    `note` is something that the person should read first. Raises ChoreProblem for files that nobody can read.
    """
    row = hold.row
    if not isinstance(row, PromptImport):
        raise TypeError(f"{row._meta.model_name} is no import")
    if row.name.startswith(hub.PREFIX) and not row.sha256:
        _fetch(hold, row)
    try:
        return _checked(hold, row, reading(row), note)
    except Unreadable as why:
        raise ChoreProblem(storable(why.problem.what)) from why


def _checked(hold: Hold, row: PromptImport, read: Reading, note: str) -> str:
    tally, sorter = Tally(), Sorter(row.benchmark, row.created_by, choice(row), read.columns)
    for outcome in sorter.outcomes(_rows(read, chosen=row.mapping.get("columns") is not None)):
        tally.add(outcome)
        hold.beat(tally.read)
    if not tally.read and not tally.problems:
        raise ChoreProblem(gettext("There is no row in these files. Look whether they are the right ones."))
    hold.beat(tally.read, now=True)
    report = {
        "note": note,
        "configs": configs(sorter),
        "columns": read.columns,
        "tables": [{"name": table.name, "columns": list(table.columns)[:200]} for table in read.tables[:50]],
        **_near(hold, row.benchmark, tally),
    }
    counts = {fate: tally.counts[fate] for fate in (GOOD, KNOWN, TWICE, BAD)}
    kept = {"preview": tally.preview, "problems": tally.problems, "report": report, "format": read.name}
    hold.save(read=tally.read, done=tally.read, total=tally.read, **counts, **kept)
    return FINISHED if not tally.counts[GOOD] and not tally.problems else WAITING


def _rows(read: Reading, *, chosen: bool) -> Iterator[PromptRow | ImportProblem]:
    """Every row; when the files are not in this format, that one problem, for which a person can choose another."""
    if read.name == PLAIN and not chosen and _preferences.fits(read.tables):
        return iter([ImportProblem(0, "", PAIRS)])
    if read.name != PLAIN and not read.format.fits(read.tables):
        theirs = ", ".join(read.tables[0].columns)[:200]
        needs = f"“{read.format.LABEL}” needs the columns {', '.join(read.format.FIELDS)}"
        return iter([ImportProblem(0, "", f"{needs}; these files have {theirs}. Choose another format.")])
    try:
        return read.rows()
    except Unreadable as why:
        return iter([why.problem])


def configs(sorter: Sorter) -> list[dict[str, Any]]:
    """What the page says of each config that the rows are for, those that would be made first."""
    found = [
        {
            "slug": slug,
            "title": target.config.title,
            "pk": target.config.pk,
            "new": target.new,
            "rows": target.rows,
            "differs": target.differs,
            "allowed": sorted(target.key.allowed) if target.key and target.key.allowed is not None else None,
        }
        for slug, target in sorter.targets.items()
        if target.rows or not target.new
    ]
    return sorted(found, key=lambda config: (not config["new"], str(config["title"])))


def _pair(row: Compared, pair: similar.ImportPair[int], earlier: Compared) -> dict[str, Any]:
    """What the page says of a pair. The same text comes twice only where the configs differ: `same`, and no fault."""
    other = pair.prompt.text if pair.prompt else earlier.text
    return {
        "row": row.number,
        "table": storable(row.table)[:100],
        "text": _cut(row.text),
        "score": round(pair.score, 3),
        "same": row.text == other,
        "other_row": None if pair.prompt else earlier.number,
        "other_table": "" if pair.prompt else storable(earlier.table)[:100],
        "other_uid": str(pair.prompt.uid) if pair.prompt else None,
        "other": _cut(other),
    }


def _near(hold: Hold, benchmark: Benchmark, tally: Tally) -> dict[str, Any]:
    """Rows that have nearly the letters of a prompt that is there, or of an earlier row."""
    rows = tally.compared
    texts = ((number, text) for number, (*_, text) in enumerate(rows))
    seconds = SECONDS_SMALL if tally.read <= SMALL else SECONDS_LARGE
    found = similar.for_import(texts, benchmark, seconds=seconds, beat=lambda _: hold.beat(tally.read))
    near = [_pair(rows[pair.key], pair, rows[pair.earlier or 0]) for pair in found.pairs]
    near.sort(key=lambda pair: (pair["same"], -pair["score"]))
    left = found.compared == len(rows) < tally.counts[GOOD]
    note = f"Only the first {found.compared:,} rows were compared. {found.note}".strip() if left else found.note
    return {"near": near, "near_found": found.found, "near_compared": found.compared, "near_note": note}


def _fetch(hold: Hold, row: PromptImport) -> None:
    try:
        name, place = row.name.removeprefix(hub.PREFIX), settings.UPLOADS_DIR / row.folder
        hub.fetch(name, place, lambda: hold.beat(0), import_files.most_bytes())
    except hub.HubProblem as problem:
        raise ChoreProblem(str(problem)) from problem
    upload_store.share(row.folder, import_files.paths(row.folder))
    row.size, row.sha256 = import_files.size(row.folder), import_files.digest(row.folder)
    hold.save(size=row.size, sha256=row.sha256)
