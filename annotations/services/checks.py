"""Independent labels of prompts, and a lead's decision where they differ. What was said stays, also when withdrawn."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import categorical
from annotations.core.storable import storable
from annotations.core.taxonomy import KINDS
from annotations.models import ConfigVersion, Membership, Prompt, PromptCheck, PromptRuling, User
from annotations.models.people import LEAD
from annotations.queries import checks as queries
from annotations.queries.validation import labels_of, rulings_of, with_validation
from annotations.services import audit, prompts
from annotations.services.prompt_checks import PromptProblem

UNSURE = "unsure"
"""What a rater says who cannot tell the kind; it is stored as an empty kind with a note."""
LONGEST_NOTE = 2_000
LONGEST_REASON = 10_000
CHANGED = "This prompt was changed or taken out meanwhile."
FASTER = "Somebody was faster: this prompt has been decided already. Read the decision, and reopen it to decide anew."


class CheckProblem(ValueError):
    """Why a label or a decision was not taken, and what to do about it."""


class Said(NamedTuple):
    """A label as it is stored: kind "" and no situation when the person could not say."""

    kind: str
    situation: int | None
    note: str


@transaction.atomic
def label(
    *,
    prompt: Prompt,
    rater: User,
    kind: str = "",
    situation: int | None = None,
    note: str = "",
    version: ConfigVersion | None = None,
) -> PromptCheck:
    """The stored label. Under a categorical config the situation is said and the kind follows; UNSURE takes a note.

    `version` is the text the person read, else the one they are shown now. Raises CheckProblem for an own prompt, a
    second label, a text that is no longer in the benchmark, a decided prompt, or a label that is not complete.
    """
    said = _said(prompt, kind, situation, note)
    _one_after_the_other(rater)
    now = _as_it_stands(prompt)
    if Prompt.objects.filter(uid=now.uid, created_by=rater).exists():
        raise CheckProblem(gettext("You wrote this prompt: other people label it."))
    if labels_of(now.uid, now.digest).filter(rater=rater).exists():
        raise CheckProblem(gettext("You have labelled this prompt already. Go back to it to change your label."))
    if rulings_of(now.uid, now.digest).exists():
        raise CheckProblem(gettext("A lead has decided about this prompt, so it needs no more labels."))
    made = _store(now, rater, said, version)
    audit.record(actor=rater, action="label", obj=made, after=_facts(made))
    return made


@transaction.atomic
def change(
    *,
    check: PromptCheck,
    rater: User,
    kind: str = "",
    situation: int | None = None,
    note: str = "",
    version: ConfigVersion | None = None,
) -> PromptCheck:
    """The label that takes the place of an own one, which is withdrawn and kept; the same one if nothing changed.

    Raises CheckProblem when a lead has decided, when the text was changed, or as `label` does.
    """
    said = _said(check.prompt, kind, situation, note)
    _one_after_the_other(rater)
    prompts.hold(check.prompt.benchmark)
    now = _as_it_stands(check.prompt)
    mine = PromptCheck.objects.filter(pk=check.pk, rater=rater, withdrawn_at=None).first()
    if mine is None:
        raise CheckProblem(gettext("You have changed this label already, in another window. Open it once more."))
    if rulings_of(now.uid, now.digest).exists():
        raise CheckProblem(gettext("A lead has decided about this prompt, so its labels stay as they are."))
    if said == Said(mine.kind, mine.situation, mine.note):
        return mine
    PromptCheck.objects.filter(pk=mine.pk).update(withdrawn_at=timezone.now())
    made = _store(now, rater, said, version)
    audit.record(actor=rater, action="relabel", obj=made, before=_facts(mine), after=_facts(made))
    return made


def _said(prompt: Prompt, kind: str, situation: int | None, note: str) -> Said:
    note = storable(note).strip()
    if len(note) > LONGEST_NOTE:
        raise CheckProblem(
            gettext("A note has at most %(longest_note)s characters; this one has %(note)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "note": f"{len(note):,}"}
        )
    if kind == UNSURE and not note:
        raise CheckProblem(gettext("Say in a note what makes it hard to tell, so that a lead can decide."))
    if kind == UNSURE:
        return Said("", None, note)
    return Said(*_chosen(prompt, kind, situation), note)


def _chosen(prompt: Prompt, kind: str, situation: int | None) -> tuple[str, int | None]:
    """Kind and situation as they are stored; which kind a situation is depends on whether the prompt has any risk."""
    if prompt.config.categorical:
        if situation not in categorical.SITUATIONS:
            raise CheckProblem(gettext("Choose the situation: 1, 2 or 3."))
        return categorical.kind(situation, prompt.risks), situation
    if kind not in KINDS:
        raise CheckProblem(gettext("Choose the kind of the prompt: %(kinds)s.") % {"kinds": ", ".join(KINDS)})
    return kind, None


def _one_after_the_other(rater: User) -> None:
    """A person's labels are stored one after the other, so that a button pressed twice gives one."""
    User.objects.select_for_update(no_key=True).get(pk=rater.pk)


def _as_it_stands(prompt: Prompt) -> Prompt:
    same = Prompt.objects.current().filter(uid=prompt.uid, digest=prompt.digest)
    now: Prompt | None = same.select_related("config", "benchmark").first()
    if now is None:
        raise CheckProblem(gettext("%(changed)s What you said of the old text was not stored.") % {"changed": CHANGED})
    return now


def _store(prompt: Prompt, rater: User, said: Said, version: ConfigVersion | None) -> PromptCheck:
    if version is None or version.config_id != prompt.config_id:
        version = queries.version_to_show(prompt.config)
    return PromptCheck.objects.create(prompt=prompt, rater=rater, version=version, **said._asdict())


def _facts(made: PromptCheck | PromptRuling) -> dict[str, object]:
    return {"prompt": made.prompt_id, "kind": made.kind or UNSURE, "situation": made.situation}


@transaction.atomic
def decide(*, prompt: Prompt, kind: str = "", situation: int | None = None, reason: str, actor: User) -> PromptRuling:
    """The decision: from now on the prompt is of that kind, in its next wording if it was of another.

    Under a categorical config the situation is said and the kind follows. The labels stay as they are. Raises
    CheckProblem for anybody but a lead who wrote no word of the prompt, for a prompt about which nobody differs, and
    when somebody else decided or changed it meanwhile.
    """
    reason = storable(reason).strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise CheckProblem(
            gettext("Give the reason, in at most %(longest_reason)s characters: it stays beside the labels.")
            % {"longest_reason": f"{LONGEST_REASON:,}"}
        )
    kind, situation = _chosen(prompt, kind, situation)
    prompts.hold(prompt.benchmark)
    _refuse_unfit(prompt, actor)
    if rulings_of(prompt.uid, prompt.digest).exists():
        raise CheckProblem(FASTER)
    now = with_validation(Prompt.objects.current().filter(pk=prompt.pk)).select_related("config", "benchmark").first()
    if now is None:
        raise CheckProblem(gettext("%(changed)s Read it as it is now, then decide.") % {"changed": CHANGED})
    if not now.against and not now.unsure:
        raise CheckProblem(gettext("Nobody says anything else than the author, so there is nothing to decide."))
    made = PromptRuling.objects.create(prompt=now, kind=kind, situation=situation, reason=reason, created_by=actor)
    audit.record(actor=actor, action="decide", obj=made, before=prompts.facts(now), after=_facts(made))
    if kind != now.kind:
        _give_kind(now, kind, actor)
    return made


@transaction.atomic
def reopen(*, prompt: Prompt, actor: User) -> PromptRuling:
    """The decision that no longer counts; it stays readable, and the prompt keeps its kind. Raises CheckProblem."""
    prompts.hold(prompt.benchmark)
    _refuse_unfit(prompt, actor)
    ruling = rulings_of(prompt.uid, prompt.digest).first()
    if ruling is None:
        raise CheckProblem(gettext("Somebody was faster: there is no decision on this prompt that counts."))
    PromptRuling.objects.filter(pk=ruling.pk).update(withdrawn_at=timezone.now())
    audit.record(actor=actor, action="reopen", obj=ruling, before=_facts(ruling), after={"prompt": prompt.pk})
    return ruling


def obstacle(prompt: Prompt, actor: User) -> str:
    """Why this person cannot decide about the prompt, in a sentence; empty when they can."""
    leads = Membership.objects.filter(user=actor, organisation=prompt.benchmark.organisation_id, role=LEAD)
    if not leads.exists():
        return "A lead of the benchmark's organisation decides."
    return "You wrote in this prompt: another lead decides about it." if _wrote(prompt, actor) else ""


def _refuse_unfit(prompt: Prompt, actor: User) -> None:
    if why := obstacle(prompt, actor):
        raise CheckProblem(why)


def _wrote(prompt: Prompt, actor: User) -> bool:
    """True when the person wrote a text or a kind of it; putting it back, or deciding its kind, is no writing."""
    mine = Prompt.objects.filter(uid=prompt.uid, created_by=actor).select_related("previous")
    return any(_is_writing(wording) for wording in mine)


def _is_writing(wording: Prompt) -> bool:
    before = wording.previous
    if before is None or before.digest != wording.digest:
        return True
    decided = before.rulings.filter(created_by=wording.created_by_id, kind=wording.kind)
    return before.kind != wording.kind and not decided.exists()


def _give_kind(prompt: Prompt, kind: str, actor: User) -> None:
    said = {name: getattr(prompt, name) for name in prompts.Content._fields} | {"kind": kind}
    try:
        made = prompts.revise(prompt=prompt, content=prompts.Content(**said), actor=actor)
    except PromptProblem as problem:
        raise CheckProblem(
            gettext("The prompt cannot have this kind now. %(problem)s") % {"problem": problem}
        ) from problem
    if made.digest != prompt.digest:
        raise CheckProblem(
            gettext("Its text is not stored as this application writes texts. Save it anew on its page first.")
        )
