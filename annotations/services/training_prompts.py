"""Training prompts: tables of texts become a set of prompts without a kind, whole or not at all."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.config_text import digest
from annotations.core.storable import storable, tidy
from annotations.imports import ImportProblem, PromptRow, Unreadable, _training
from annotations.models import Benchmark, Organisation, Prompt, PromptImport, SafetyConfig, User
from annotations.models.benchmarks import TRAINING
from annotations.models.imports import LOAD
from annotations.models.work import CANCELLED, FAILED, FINISHED
from annotations.services import benchmarks, chores, config_content, import_check, import_files, import_load
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.import_check import Tally
from annotations.services.import_check import is_small as is_quick
from annotations.services.import_files import Upload
from annotations.services.import_rows import BAD, FILE, GOOD, TWICE, Outcome, Target, kept
from annotations.services.prompt_checks import LONGEST, LONGEST_LANGUAGE, LONGEST_SOURCE, PromptProblem

__all__ = ["PLACE", "archive", "give_up", "is_quick", "load", "place", "start", "withdraw"]
PLACE, PLACE_TITLE = "training-prompts", "Training prompts"


@transaction.atomic
def start(
    *,
    organisation: Organisation,
    upload: Upload,
    title: str,
    actor: User,
    about: str = "",
    licence: str = "",
    source: str = "",
    column: str = "",
    language: str = "en",
) -> PromptImport:
    """The import of a new set of training prompts, whose rows are still to be read. Raises BenchmarkProblem.

    `column` names the column of the texts, "" to find it out. `source` and `language` hold for rows that name none.
    """
    said: dict[str, Any] = {"title": title or upload.title, "about": about, "licence": licence}
    made = benchmarks.create(organisation=organisation, actor=actor, purpose=TRAINING, **said)
    place(organisation)
    return PromptImport.objects.create(
        organisation=organisation,
        benchmark=made,
        name=upload.title[:300],
        folder=upload.folder,
        size=upload.size,
        sha256=upload.sha256,
        phase=LOAD,
        mapping={"column": column, "source": tidy(source)[:LONGEST_SOURCE], "language": language},
        created_by=actor,
    )


def place(organisation: Organisation) -> SafetyConfig:
    """The archived config that the organisation's training prompts stand under; it says nothing, no page shows it."""
    fields = {"title": PLACE_TITLE, "categorical": True, "archived_at": timezone.now()}
    return SafetyConfig.objects.get_or_create(organisation=organisation, slug=PLACE, defaults=fields)[0]


@transaction.atomic
def archive(*, prompts: Benchmark, actor: User) -> None:
    """Nothing; the set leaves every list, and recipes keep what they have of it. Raises BenchmarkProblem."""
    benchmarks.archive(benchmark=prompts, actor=actor)


@transaction.atomic
def give_up(*, row: PromptImport, actor: User) -> None:
    """Nothing; nothing comes in, and the set leaves every list. Raises ChoreProblem when the work is over already."""
    chores.cancel(row=row, actor=actor)
    withdraw(row=row, actor=actor)
    import_load.forget(row)
    import_files.remove(row.folder)


def withdraw(*, row: PromptImport, actor: User) -> None:
    """Nothing; the set of an import that came to nothing leaves every list."""
    if PromptImport.objects.filter(pk=row.pk, state__in=(FAILED, CANCELLED)).exists():
        benchmarks.archive(benchmark=row.benchmark, actor=actor)


def load(hold: Hold) -> str:
    """The state after reading, finished; every good text is in the set once then, all of them or none.

    Rows with a problem stay out and are listed. Raises ChoreProblem when no row is good, or the files cannot be read.
    """
    row = hold.row
    if not isinstance(row, PromptImport):
        raise TypeError(f"{row._meta.model_name} is no import")
    import_load.forget(row)
    tally = Tally()
    try:
        tables = import_check.tables(row)
        found = _training.columns(tables, row.mapping.get("column", ""))
        outcomes = Reader(row).outcomes(_training.read(tables, found))
        import_load.Staging(hold, row).take(_good(hold, tally, outcomes))
    except Unreadable as why:
        raise ChoreProblem(storable(why.problem.what)) from why
    _told(hold, row, tally, found)
    import_load.publish(hold, row, [])
    return FINISHED


def _good(hold: Hold, tally: Tally, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """The texts that come in; everything is counted."""
    for outcome in outcomes:
        tally.add(outcome)
        hold.beat(tally.counts[GOOD])
        if outcome.fate == GOOD:
            yield outcome


def _told(hold: Hold, row: PromptImport, tally: Tally, found: dict[str, str]) -> None:
    """The counts and problems are kept. Raises ChoreProblem when there is nothing to bring in."""
    counts = {fate: tally.counts[fate] for fate in (GOOD, TWICE, BAD)} | {"read": tally.read}
    report = {"columns": found, "loaded_by": row.created_by_id}
    hold.save(**counts, total=tally.read, problems=tally.problems, report=report)
    for name, value in (counts | {"report": report}).items():
        setattr(row, name, value)
    if not tally.counts[GOOD]:
        first = tally.problems[0][2] if tally.problems else "The files hold no row."
        raise ChoreProblem(gettext("No prompt could be taken in. %(first)s") % {"first": first})


class Reader:
    """Says of each row what becomes of it: the first of a text comes in, one that stood there before is twice."""

    def __init__(self, row: PromptImport):
        self.target = Target(place(row.organisation), None, row.benchmark)
        self.source, self.language = row.mapping.get("source", ""), row.mapping.get("language", "") or "en"

    def outcomes(self, rows: Iterator[PromptRow | ImportProblem]) -> Iterator[Outcome]:
        """One outcome for each row, in order."""
        for row in rows:
            if isinstance(row, ImportProblem):
                yield Outcome(BAD if row.row else FILE, problem=row)
            else:
                yield self._outcome(row)

    def _outcome(self, row: PromptRow) -> Outcome:
        try:
            prompt = self._drafted(row)
        except PromptProblem as wrong:
            return Outcome(BAD, problem=ImportProblem(row.row, wrong.field, str(wrong), row.table))
        number = bytes.fromhex(prompt.digest)
        fate = TWICE if number in self.target.seen else GOOD
        self.target.seen.add(number)
        return Outcome(fate, prompt=prompt, target=self.target)

    def _drafted(self, row: PromptRow) -> Prompt:
        text, source, extra = tidy(row.text), tidy(row.source) or self.source, dict(row.extra)
        _bounded(text, source)
        language = row.language or self.language
        if len(language) > LONGEST_LANGUAGE or not config_content.LANGUAGE.fullmatch(language):
            language, extra["language"] = self.language, language
        values: dict[str, Any] = {"source": source, "language": language, "extra": kept(extra) if extra else {}}
        return Prompt(config=self.target.config, text=text, digest=digest(text), **values)


def _bounded(text: str, source: str) -> None:
    if not text:
        raise PromptProblem(gettext("The text is empty. Fill it in, or take the row out."), "text")
    if (long := len(text)) > LONGEST:
        raise PromptProblem(
            gettext("The text has %(long)s characters; a prompt has at most %(longest)s. Shorten it.")
            % {"long": f"{long:,}", "longest": f"{LONGEST:,}"},
            "text",
        )
    if (long := len(source)) > LONGEST_SOURCE:
        raise PromptProblem(
            gettext("The source has %(long)s characters; at most %(longest_source)s are kept.")
            % {"long": f"{long:,}", "longest_source": f"{LONGEST_SOURCE:,}"},
            "source",
        )
