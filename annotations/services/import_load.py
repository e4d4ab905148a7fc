"""Bringing an import's good rows in: staged where nobody sees them, then all of them at one moment."""

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext

from annotations.imports import ConfigKey, Unreadable
from annotations.models import ConfigVersion, Organisation, Prompt, PromptImport, SafetyConfig, User
from annotations.models.imports import CHECK
from annotations.models.work import CANCELLED, FAILED, FINISHED
from annotations.services import audit, import_check, import_files, prompts
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.import_rows import BAD, GOOD, Outcome, Sorter, Target, content_of, usable
from annotations.services.prompt_checks import PromptProblem

SLICE, FORGET_SLICE = 1_000, 5_000
CHANGED = "Something that this import depends on changed after the check. Nothing was imported; look at it once more."
OVER = (FINISHED, FAILED, CANCELLED)


def load(hold: Hold) -> str:
    """The state after loading, finished; the good rows are in the benchmark then, all of them or none."""
    row = hold.row
    if not isinstance(row, PromptImport):
        raise TypeError(f"{row._meta.model_name} is no import")
    forget(row)
    if not import_files.paths(row.folder) or import_files.digest(row.folder) != row.sha256:
        raise ChoreProblem(
            gettext("The files are not the ones that were checked. Nothing was imported; upload them again.")
        )
    try:
        read = import_check.reading(row)
        sorter = Sorter(row.benchmark, row.created_by, import_check.choice(row), read.columns)
        Staging(hold, row).take(_good(row, sorter.outcomes(read.rows())))
        publish(hold, row, [target for target in sorter.targets.values() if target.new and target.config.pk])
    except Unreadable as why:
        raise ChoreProblem(why.problem.what) from why
    except Changed:
        forget(row)
        hold.save(phase=CHECK)
        return import_check.check(hold, CHANGED)
    return FINISHED


class Changed(Exception):
    """The file would come in another way than the person was told."""


def _good(row: PromptImport, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """The good rows. Raises Changed when more or fewer of them have a problem than a person was told."""
    bad = 0
    for outcome in outcomes:
        bad += outcome.fate == BAD
        if outcome.fate == GOOD:
            yield outcome
    if bad != row.bad:
        raise Changed


class Staging:
    """Puts good rows into the database as pending ones, slice by slice, each only while the hold is alive."""

    def __init__(self, hold: Hold, row: PromptImport):
        self.hold, self.row, self.now, self.numbers = hold, row, timezone.now(), count(1)

    def take(self, outcomes: Iterator[Outcome]) -> None:
        """Nothing; all the rows are staged. Raises Stopped."""
        staged = 0
        while some := list(islice(outcomes, SLICE)):
            with transaction.atomic():
                staged += len(some)
                self.hold.beat(staged, now=True)
                Prompt.objects.bulk_create([self._pending(outcome) for outcome in some])

    def _pending(self, outcome: Outcome) -> Prompt:
        prompt, target = outcome.prompt, outcome.target
        if prompt is None or target is None:
            raise TypeError("only good rows are staged")
        if target.config.pk is None:
            self._stage(target)
        prompt.config, prompt.benchmark, prompt.origin = target.config, self.row.benchmark, self.row
        prompt.created_by_id, prompt.position = self.row.created_by_id, next(self.numbers)
        prompt.pending, prompt.archived_at = True, self.now
        return prompt

    def _stage(self, target: Target) -> None:
        """The config stands there archived, under a name that no person can give, until everything comes in."""
        target.config.slug = f"{_stem(self.row)}{next(self.numbers)}"
        target.config.archived_at = self.now
        target.config.save(force_insert=True)


def _stem(row: PromptImport) -> str:
    return f"-import-{row.pk}-"


def forget(row: PromptImport) -> None:
    """Nothing; whatever was staged for the import is gone, and what was left behind by imports that are over."""
    _delete(Prompt.objects.filter(pending=True, origin=row))
    _delete(Prompt.objects.filter(pending=True, origin__state__in=OVER))
    left = SafetyConfig.objects.filter(slug__startswith=_stem(row), archived_at__isnull=False, prompts=None)
    left.filter(organisation=row.benchmark.organisation_id).delete()


def _delete(staged: Any) -> None:
    while some := list(staged.order_by("pk").values_list("pk", flat=True)[:FORGET_SLICE]):
        _raw_delete(Prompt.objects.filter(pk__in=some, pending=True))


def _raw_delete(rows: Any) -> int:
    """Django would read every row and ask each table that may point at it; nothing can point at a pending one."""
    return int(rows._raw_delete(rows.db))


@transaction.atomic
def publish(hold: Hold, row: PromptImport, made: list[Target]) -> None:
    """Everything staged is in the benchmark, less what somebody else added meanwhile. One moment for everybody else."""
    prompts.hold(row.benchmark)
    for target in made:
        _settle(row, target)
    mine = Prompt.objects.filter(origin=row, pending=True)
    here = Prompt.objects.current().filter(benchmark=row.benchmark_id)
    same = here.filter(config=OuterRef("config"), digest=OuterRef("digest"))
    _raw_delete(mine.filter(Exists(same)))
    last = prompts.last_position(row.benchmark)
    added = mine.update(pending=False, archived_at=None, position=F("position") + last)
    known = row.known + row.good - added
    counts = {"read": row.read, "added": added, "known": known, "twice": row.twice, "bad": row.bad}
    after = {"benchmark": row.benchmark_id, "file": row.name, "sha256": row.sha256, **counts}
    audit.record(actor=_actor(row), action="import", obj=row, after=after)
    told = {"added": added, "good": added, "known": known, "done": row.good}
    hold.save(state=FINISHED, finished_at=timezone.now(), until=None, **told)


def _actor(row: PromptImport) -> User | None:
    """Who pressed the button, which may be another person than the one who uploaded the file."""
    return User.objects.filter(pk=row.report.get("loaded_by") or 0).first()


def _settle(row: PromptImport, target: Target) -> None:
    """The staged config becomes a real one, or, when somebody made one of that name meanwhile, that one is taken."""
    Organisation.objects.select_for_update(no_key=True).get(pk=target.config.organisation_id)
    key, config, actor = target.key, target.config, _actor(row)
    if key is None:
        raise TypeError("only a config that a file names is made")
    there = SafetyConfig.objects.filter(organisation=config.organisation_id, slug=key.slug).first()
    if there:
        return _move(row, config, there, key)
    SafetyConfig.objects.filter(pk=config.pk).update(slug=key.slug, archived_at=None, created_by=actor)
    content = content_of(key)
    # A categorical version is fixed at once: the situations of its prompts follow from what it allows.
    fixed = timezone.now() if config.categorical else None
    version = ConfigVersion.objects.create(
        config=config, number=1, digest=content.digest, created_by=actor, frozen_at=fixed, **content._asdict()
    )
    version.authors.add(*([actor] if actor else []))
    audit.record(actor=actor, action="create", obj=config, after={"title": config.title, "import": row.pk})


def _move(row: PromptImport, staged: SafetyConfig, there: SafetyConfig, key: ConfigKey) -> None:
    try:
        usable(there, key)
    except PromptProblem as other:
        raise Changed from other
    Prompt.objects.filter(origin=row, pending=True, config=staged).update(config=there)
    staged.delete()
