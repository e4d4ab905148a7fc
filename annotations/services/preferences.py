"""Preference sets: taken in, compared with benchmarks, overruled in words, archived; each lies in one Parquet file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.storable import tidy
from annotations.core.taxonomies import Taxonomy
from annotations.models import Organisation, PreferenceSet, TaxonomyVersion, User
from annotations.models.preferences import BUILT, PEOPLE
from annotations.models.work import CANCELLED, FAILED, FINISHED, OPEN_STATES, QUEUED
from annotations.services import (
    audit,
    chores,
    freezing,
    human_pairs,
    import_files,
    leakage,
    pair_files,
    preference_uploads,
)
from annotations.services.chores import ChoreProblem, Hold, Stopped
from annotations.services.freezing import Frozen
from annotations.services.import_files import Upload
from annotations.services.preference_uploads import Problems

SMALL_BYTES = 4 << 20
"""Up to so many bytes a person waits until the pairs are in."""
SMALL_PROMPTS = 5_000
"""Up to so many prompts on either side a person waits until they are compared, a second or two."""
LEAST_WORDS, LEAST_SIGNS, LONGEST_WHY = 5, 25, 5_000
GONE = "The file of this set is not where it was put."


class PreferenceProblem(ValueError):
    """Why a preference set was not overruled, checked or archived, and what to do about it."""


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
    taxonomy: TaxonomyVersion | None = None,
) -> PreferenceSet:
    """The preference set, whose pairs are still to be read from the files that were taken in.

    The files name the categories of `taxonomy`; None: the built-in ones.
    """
    written = {"title": title or upload.title, "about": about, "licence": licence, "source": source}
    said = {name: tidy(text) for name, text in written.items()}
    files = {"folder": upload.folder, "size": upload.size, "settings": {"taxonomy": taxonomy.pk} if taxonomy else {}}
    row = PreferenceSet.objects.create(organisation=organisation, created_by=actor, **files, **said)
    audit.record(actor=actor, action="create", obj=row, after={"title": row.title, "size": row.size})
    return row


def is_quick(row: PreferenceSet) -> bool:
    """True when a person can wait until the pairs are in."""
    return row.size <= SMALL_BYTES


def path(row: PreferenceSet) -> Path:
    """Where the pairs of a finished set lie on this machine, as they were kept; where nothing is without a file."""
    return pair_files.path(row.sha256)


def why_not_read(row: PreferenceSet) -> str:
    """Why the pairs of a finished set are not at hand on this machine, and which file it is about."""
    return f"{pair_files.why_not(row.sha256) or GONE} The file is {row.sha256}.parquet."


def give_up(*, row: PreferenceSet, actor: User) -> None:
    """Nothing; the work is over, and nothing of the files stays. Raises ChoreProblem when it is over already.

    A set whose pairs are in already keeps them: only its comparison with the benchmarks ends, unfinished.
    """
    if not PreferenceSet.objects.filter(pk=row.pk, sha256="").exists():
        return _stop_check(row, actor)
    chores.cancel(row=row, actor=actor)
    import_files.remove(row.folder)


def _stop_check(row: PreferenceSet, actor: User) -> None:
    ended = {"state": FINISHED, "until": None, "finished_at": timezone.now()}
    if not PreferenceSet.objects.filter(pk=row.pk, state__in=OPEN_STATES).update(**ended):
        raise ChoreProblem(gettext("Somebody was faster: it is already finished."))
    audit.record(actor=actor, action="cancelled", obj=row, after={"check": "unfinished"})


def job(hold: Hold) -> str:
    """Finished, once every pair lies in the set's file and its prompts were compared with the benchmarks; queued
    between the two where comparing takes long. Raises ChoreProblem when a pair has a problem.
    """
    row = hold.row
    if not isinstance(row, PreferenceSet):
        raise TypeError(f"{row._meta.model_name} is no preference set")
    fresh = not row.sha256
    if fresh:
        _take_in_or_leave_nothing(hold, row)
    import_files.remove(row.folder)
    if row.leaks.get("state") == leakage.DONE:
        return FINISHED
    if fresh and max(row.figures["prompts"], leakage.size(row.organisation_id)) > SMALL_PROMPTS:
        return QUEUED
    hold.save(leaks=leakage.begun())
    leaks = leakage.check(path(row), row.organisation_id, lambda done, total: hold.beat(done, total))
    hold.save(leaks=leaks, done=row.rows, total=row.rows)
    return FINISHED


def _take_in_or_leave_nothing(hold: Hold, row: PreferenceSet) -> None:
    try:
        _take_in(hold, row)
    except Stopped:
        raise
    except Exception:
        # Raises when this set is no longer ours, or the database is away: then somebody still needs the files.
        hold.beat(row.done, now=True)
        import_files.remove(row.folder)
        raise


def _take_in(hold: Hold, row: PreferenceSet) -> None:
    part = pair_files.part(str(row.pk), hold.fence)
    try:
        frozen = _frozen(hold, row, part)
        hold.beat(frozen.written.rows, now=True)  # whoever was stopped meanwhile leaves no file
        pair_files.keep(part, frozen.written)
    finally:
        part.unlink(missing_ok=True)
    told = freezing.manifest(frozen, preference_uploads.taxonomy(row), facts(row))
    kept = fields(frozen) | {"problems": [], "manifest": told, "leaks": leakage.begun()}
    kept["settings"] = row.settings  # of people's answers it says by now what every two responses came to
    hold.save(**kept, done=frozen.written.rows, total=frozen.written.rows)
    for name, value in kept.items():
        setattr(row, name, value)


def _frozen(hold: Hold, row: PreferenceSet, part: Path) -> Frozen:
    if row.origin == PEOPLE:
        return _of_people(hold, row, part)
    problems = Problems()
    known, pairs = preference_uploads.taxonomy(row), preference_uploads.pairs(hold, row, problems)
    frozen = freezing.freeze(part, pairs, beat=hold.beat, taxonomy=known)
    preference_uploads.refuse(hold, row, problems)
    return frozen


def _of_people(hold: Hold, row: PreferenceSet, part: Path) -> Frozen:
    frozen = freezing.freeze(part, human_pairs.of_set(row), beat=hold.beat)
    if not frozen.written.rows:
        raise ChoreProblem(gettext("These answers make no pair. Make a set of other campaigns."))
    return frozen


def fields(frozen: Frozen) -> dict[str, Any]:
    """What a preference set keeps of the file that was written for it."""
    written = frozen.written
    told = {"sha256": written.sha256, "size": written.size, "rows": written.rows}
    return told | {"splits": frozen.splits, "figures": frozen.figures}


def facts(row: PreferenceSet) -> dict[str, Any]:
    """What a manifest says first: what, when, by whom, out of what."""
    return {
        "title": row.title,
        "origin": row.origin,
        "organisation": row.organisation.name,
        "made": timezone.now().isoformat(timespec="seconds"),
        "by": str(row.created_by or "the command line"),
        "licence": row.licence,
        "source": row.source,
        "settings": row.settings,
    }


@transaction.atomic
def built(
    *,
    row: PreferenceSet,
    frozen: Frozen,
    lineage: Mapping[str, Any],
    taxonomy: Taxonomy,
    leaks: dict[str, Any],
) -> PreferenceSet:
    """The finished set of pairs that a stage of a recipe froze; `row` says what it is and is not stored yet.

    `lineage` says in its manifest which recipe, stages, runs, judges and templates the pairs come from.
    """
    for name, value in fields(frozen).items():
        setattr(row, name, value)
    row.origin, row.state, row.leaks = BUILT, FINISHED, leaks
    row.done = row.total = row.rows
    row.started_at = row.finished_at = timezone.now()
    row.manifest = freezing.manifest(frozen, taxonomy, {**facts(row), **lineage})
    row.save()
    audit.record(actor=row.created_by, action="freeze", obj=row, after={"title": row.title, "digest": row.sha256})
    return row


@transaction.atomic
def check_again(*, row: PreferenceSet, actor: User) -> None:
    """Nothing; the set waits to be compared with the benchmarks as they are now. What was overruled is not any more.

    Raises PreferenceProblem without a file, and when somebody was faster.
    """
    if not path(row).is_file():
        raise PreferenceProblem(
            gettext("%(value)s Without it there is nothing to compare.")
            % {"value": pair_files.why_not(row.sha256) or GONE}
        )
    over = PreferenceSet.objects.filter(pk=row.pk, state__in=(FINISHED, FAILED, CANCELLED), archived_at=None)
    again: dict[str, Any] = {"state": QUEUED, "reason": "", "leaks": {}, "finished_at": None, "losses": 0}
    if not over.update(**again, overruled_why="", overruled_by=None, overruled_at=None):
        raise PreferenceProblem(gettext("Somebody was faster: the set is being compared already."))
    before = {"leaks": leakage.found(row), "overruled": bool(row.overruled_at)}
    audit.record(actor=actor, action="check", obj=row, before=before, after={"state": QUEUED})
    row.refresh_from_db()


@transaction.atomic
def overrule(*, row: PreferenceSet, why: str, actor: User) -> None:
    """Nothing; the set may be trained on although prompts of it stand in benchmarks, for the reason that is given.

    Raises PreferenceProblem for less than a sentence, and when there is nothing to overrule or somebody was faster.
    """
    said = tidy(why)
    if len(said.split()) < LEAST_WORDS or len(said) < LEAST_SIGNS:
        raise PreferenceProblem(
            gettext("Say in a whole sentence why it may be trained on all the same: it stays with the set.")
        )
    if len(said) > LONGEST_WHY:
        raise PreferenceProblem(
            gettext("At most %(longest_why)s characters; these are %(said)s.")
            % {"longest_why": f"{LONGEST_WHY:,}", "said": f"{len(said):,}"}
        )
    if not leakage.found(row):
        raise PreferenceProblem(
            gettext("No prompt of this set was found in a benchmark, so there is nothing to overrule.")
        )
    ready = PreferenceSet.objects.filter(pk=row.pk, state=FINISHED, overruled_at=None, leaks__at=row.leaks["at"])
    now = {"overruled_why": said, "overruled_by": actor, "overruled_at": timezone.now()}
    if not ready.update(**now):
        raise PreferenceProblem(
            gettext("Somebody was faster: this was overruled, or is compared anew. Look at it again.")
        )
    counts = {"exact": row.leaks["exact"], "near": row.leaks["near"]}
    audit.record(actor=actor, action="overrule", obj=row, before=counts, after={"why": said})
    row.refresh_from_db()


@transaction.atomic
def archive(*, row: PreferenceSet, actor: User) -> None:
    """Nothing; the set is offered no more, and its file stays. Raises PreferenceProblem while it is at work."""
    free = PreferenceSet.objects.filter(pk=row.pk, archived_at=None).exclude(state__in=OPEN_STATES)
    if not free.update(archived_at=timezone.now()):
        raise PreferenceProblem(gettext("It is at work, or somebody was faster. Cancel the work first."))
    audit.record(actor=actor, action="archive", obj=row, after={"archived": True})


def why_not_train(row: PreferenceSet) -> str:
    """Why no model may be trained on the set as it is, for a person; "" when one may."""
    if row.archived_at:
        return "This set is archived."
    if not row.sha256:
        return "The pairs of this set are not complete."
    if not path(row).is_file():
        return why_not_read(row)
    if row.leaks.get("state") != leakage.DONE:
        return _unchecked(row)
    if leakage.found(row) and not row.overruled_at:
        found, prompts = leakage.found(row), row.leaks["prompts"]
        said = f"{found:,} of {prompts:,} prompts stand in benchmarks too, so that scores there would mean nothing."
        return f"{said} Build the set without them, or say in words on its page why it may be used all the same."
    return ""


def _unchecked(row: PreferenceSet) -> str:
    if row.leaks.get("state") == leakage.FAILED:
        return f"The comparison with the benchmarks failed. {row.leaks['why']}"
    if row.is_open:
        return "Its prompts are still being compared with the benchmarks. Wait for the end of that."
    if row.leaks:
        return "The comparison with the benchmarks was not finished. Compare again on the page of the set."
    return "Its prompts were not compared with the benchmarks yet. Compare them on the page of the set."
