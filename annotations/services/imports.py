"""The life of an import: files come, are checked, a person decides, and the good rows come in or nothing does."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext

from annotations import hub
from annotations.models import Benchmark, PreferenceSet, PromptImport, User
from annotations.models.benchmarks import TRAINING
from annotations.models.imports import CHECK, LOAD
from annotations.models.work import FINISHED, OPEN_STATES, QUEUED, WAITING
from annotations.services import chores, import_check, import_files, import_load, training_prompts
from annotations.services.chores import ChoreProblem, Hold, Stopped
from annotations.services.import_check import SMALL
from annotations.services.import_check import is_small as is_small
from annotations.services.import_files import Upload

log = logging.getLogger(__name__)
FASTER = "Somebody was faster, or the check was made once more meanwhile. Look at the import as it is now."


def start(
    *,
    benchmark: Benchmark,
    upload: Upload | None = None,
    hub_name: str = "",
    actor: User | None,
    format: str = "",
    mapping: Mapping[str, Any] | None = None,
) -> PromptImport:
    """The import, to be checked: of files that were taken in, or of a data set of the Hub (`owner/name`).

    `format` "" is found out. `mapping` has `columns` (column by field, for the plain format) and `all`, which is what
    holds for rows that do not say it: `config` (an id), `kind`, `language`. Raises HubProblem for a name that is none.
    """
    import_files.forget_strays(_needed())
    if upload is None:
        name = f"{hub.PREFIX}{hub.name_of(hub_name)}"
        upload = Upload(import_files.Taking().folder, (name,), 0, "")
    return PromptImport.objects.create(
        organisation=benchmark.organisation,
        benchmark=benchmark,
        name=upload.title[:300],
        folder=upload.folder,
        size=upload.size,
        sha256=upload.sha256,
        format=format,
        mapping=dict(mapping or {}),
        created_by=actor,
    )


def _needed() -> list[str]:
    kinds: tuple[type[PromptImport] | type[PreferenceSet], ...] = (PromptImport, PreferenceSet)
    still = [kind.objects.filter(state__in=(*OPEN_STATES, WAITING)).values_list("folder", flat=True) for kind in kinds]
    return [folder for folders in still for folder in folders]


def again(*, row: PromptImport, seen: int, format: str, mapping: Mapping[str, Any]) -> None:
    """Nothing; the import is to be checked again, read in another way. Raises ChoreProblem.

    `seen` is the fence of the check that the person had before them.
    """
    fields = dict.fromkeys(("read", "good", "known", "twice", "bad", "done", "total"), 0)
    empty: dict[str, Any] = {"preview": [], "problems": [], "report": {}}
    _move(row, seen, phase=CHECK, format=format, mapping=dict(mapping), **fields, **empty)


def bring_in(*, row: PromptImport, seen: int, actor: User | None) -> None:
    """Nothing; the good rows are to come in, as the check that the person saw told them. Raises ChoreProblem."""
    if not row.good:
        raise ChoreProblem(gettext("There is no row that could come in."))
    report = row.report | {"loaded_by": actor.pk if actor else None}
    _move(row, seen, phase=LOAD, done=0, total=row.good, report=report)


def _move(row: PromptImport, seen: int, **fields: Any) -> None:
    waiting = PromptImport.objects.filter(pk=row.pk, state=WAITING, fence=seen)
    if not waiting.update(state=QUEUED, losses=0, **fields):
        raise ChoreProblem(FASTER)
    row.refresh_from_db()


def is_quick(row: PromptImport) -> bool:
    """True when a person can wait for what comes next: the check, or bringing the good rows in."""
    return is_small(row) if row.phase == CHECK else row.good <= SMALL


def give_up(*, row: PromptImport, actor: User | None) -> None:
    """Nothing; the import is over, nothing of it stays but its record. Raises ChoreProblem when it is over already."""
    chores.cancel(row=row, actor=actor)
    import_load.forget(row)
    import_files.remove(row.folder)


def _step(row: PromptImport) -> Callable[[Hold], str]:
    """What is done next; training prompts need nobody's decision between two steps."""
    if row.benchmark.purpose == TRAINING:
        return training_prompts.load
    return import_load.load if row.phase == LOAD else import_check.check


def job(hold: Hold) -> str:
    """The state in which the import ends: waiting for a person after the check, finished after that."""
    row = hold.row
    if not isinstance(row, PromptImport):
        raise TypeError(f"{row._meta.model_name} is no import")
    try:
        state = _step(row)(hold)
    except Stopped:
        raise
    except Exception:
        # Raises Stopped when this import is no longer ours: then the files and rows are somebody else's too.
        hold.beat(row.done, now=True)
        import_load.forget(row)
        import_files.remove(row.folder)
        raise
    if state == FINISHED:
        import_files.remove(row.folder)
    return state
