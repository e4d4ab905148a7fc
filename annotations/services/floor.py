"""The provider's floor: written as a draft, published for good, in force until the next one."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.config_text import digest
from annotations.core.storable import storable
from annotations.models import FloorVersion, User
from annotations.models.floor import DRAFT, PUBLISHED
from annotations.services import audit

LONGEST = 20_000


class FloorProblem(ValueError):
    """Why the floor was not saved or published, and what to do about it."""


def in_force() -> FloorVersion | None:
    """The published floor with the highest number; None before the first one."""
    return FloorVersion.objects.filter(state=PUBLISHED).order_by("-number").first()


def save(*, text: str, note: str, revision: int | None, actor: User, above: int | None = None) -> FloorVersion:
    """The one draft with this text, made when there is none. `revision` is that of the draft the person saw.

    `above`, when given, is the number of the floor a new draft was written over, 0 for none: over another one it is not
    begun. Raises FloorProblem then, when somebody else changed the draft meanwhile, or a text is too long.
    """
    text, note = storable(text).replace("\r\n", "\n").strip(), storable(note).strip()
    for what, words in (("floor", text), ("note", note)):
        if len(words) > LONGEST:
            raise FloorProblem(
                gettext("A %(what)s has at most %(longest)s characters; this one has %(words)s.")
                % {"what": what, "longest": f"{LONGEST:,}", "words": f"{len(words):,}"}
            )
    fields = {"text": text, "note": note, "digest": digest(text), "updated_at": timezone.now()}
    if revision is None:
        return _new(fields, actor, above)
    drafts = FloorVersion.objects.filter(state=DRAFT, revision=revision)
    if not drafts.update(**fields, revision=F("revision") + 1):
        raise FloorProblem(
            gettext("Somebody else changed or published this draft meanwhile. Reload the page to see it.")
        )
    return FloorVersion.objects.get(state=DRAFT)


def _new(fields: dict[str, object], actor: User, above: int | None) -> FloorVersion:
    now = in_force()
    last = now.number if now else 0
    if above is not None and above != last:
        raise FloorProblem(
            gettext("v%(last)s was published meanwhile. Put what it says into your text, then save again.")
            % {"last": last}
        )
    try:
        with transaction.atomic():
            return FloorVersion.objects.create(number=last + 1, created_by=actor, **fields)
    except IntegrityError as taken:
        raise FloorProblem(gettext("Somebody else began a draft meanwhile. Reload the page to see it.")) from taken


@transaction.atomic
def publish(*, draft: FloorVersion, actor: User) -> FloorVersion:
    """The floor, in force for every run and deployment that starts from now on. Raises FloorProblem."""
    before = in_force()
    if not draft.text:
        raise FloorProblem(gettext("The floor is empty. Write what no config may open, then publish it."))
    if before and before.digest == draft.digest:
        raise FloorProblem(
            gettext("This is word for word the floor in force (v%(number)s). Change it first.")
            % {"number": before.number}
        )
    drafts = FloorVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=draft.revision)
    if not drafts.update(state=PUBLISHED, published_at=timezone.now(), published_by=actor):
        raise FloorProblem(
            gettext("Somebody else changed or published this draft meanwhile. Reload the page to see it.")
        )
    draft.refresh_from_db()
    old = {"floor": before.number, "digest": before.digest} if before else {}
    audit.record(
        actor=actor, action="publish", obj=draft, before=old, after={"floor": draft.number, "digest": draft.digest}
    )
    return draft
