"""Deciding about versions: four eyes, with evidence, one decision that counts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations.core.storable import storable
from annotations.models import Comment, ConfigVersion, Review, User
from annotations.models.configs import APPROVED, REJECTED, RETIRED, RETURNED, SET_ASIDE, SUBMITTED
from annotations.models.reviews import APPROVE, DECISIONS, REJECT, RETURN
from annotations.services import audit

OWN_VERSION = "You wrote in this version: somebody else has to decide about it."
DECIDED_ALREADY = "You have decided about this version already."
LEADS_TO = {APPROVE: APPROVED, RETURN: RETURNED, REJECT: REJECTED}
LONGEST_COMMENT = LONGEST_REASONS = 10_000
REASONS_TOO_LONG = f"Reasons have at most {LONGEST_REASONS:,} characters."


class Check(NamedTuple):
    """One question of the checklist."""

    slug: str
    question: str


CHECKLIST = (
    Check("purpose", _("Title, use case and audience say who is served and why.")),
    Check("boundaries", _("Each opened category is bounded: the text says what stays closed in it.")),
    Check("clauses", _("No clause swallows an allowance, and no two rules contradict each other.")),
    Check("floor", _("Nothing in it tries to open what the provider's floor closes.")),
    Check("evidence", _("The evidence covers every rule, and its worst prompts were read.")),
    Check("open_comments", _("Every comment is answered or resolved.")),
)


class ReviewProblem(ValueError):
    """Why a decision or comment was not taken, and what to do about it."""


class Faster(ReviewProblem):
    """Somebody else decided meanwhile, or the version is in another state than this needs."""


def obstacle(*, version: ConfigVersion, reviewer: User) -> str:
    """Why this person cannot decide about the version now, in a sentence; empty when nothing stands in the way."""
    if version.state != SUBMITTED:
        return f"v{version.number} is {version.state_word}; there is nothing to decide."
    if version.submitted_by_id == reviewer.pk or _wrote(version, reviewer):
        return OWN_VERSION
    return DECIDED_ALREADY if version.reviews.filter(reviewer=reviewer).exists() else ""


def _wrote(version: ConfigVersion, person: User) -> bool:
    """True when the person wrote in the version, or in any other that says word for word the same."""
    return ConfigVersion.objects.filter(digest=version.digest, authors=person).exists()


class Decision(NamedTuple):
    """What a reviewer says: approve, return or reject, why, what was checked, and the evidence it rests on.

    `stale` says that the evidence is not what the reviewer read.
    """

    decision: str
    reasons: str = ""
    checklist: Sequence[str] = ()
    evidence: Sequence[dict[str, Any]] = ()
    without_evidence: str = ""
    stale: bool = False

    @property
    def lacks(self) -> str:
        """What is missing before it can count, in a sentence; empty when nothing is."""
        if self.decision not in DECISIONS:
            return "Choose one: approve, return or reject."
        if self.decision != APPROVE and not self.reasons.strip():
            return f"Say why, so that the authors know what to change before you {self.decision} it."
        if max(len(self.reasons), len(self.without_evidence)) > LONGEST_REASONS:
            return REASONS_TOO_LONG
        if self.decision == APPROVE and self.stale:
            return "The runs of this version changed after you opened the page. Read the evidence as it is now first."
        if self.decision == APPROVE and not self.evidence and not self.without_evidence.strip():
            return (
                "No run has evaluated exactly this version. Its authors can run its tests; or say why it is approved "
                "without them."
            )
        return ""


@transaction.atomic
def decide(*, version: ConfigVersion, reviewer: User, said: Decision) -> Review:
    """The decision, kept with the evidence it rests on. The version is approved once enough people approved it.

    Raises ReviewProblem: own version, somebody was faster, no reasons, no evidence and no word why.
    """
    held = ConfigVersion.objects.select_for_update(of=("self",)).select_related("config__organisation")
    version = held.get(pk=version.pk)
    if version.state != SUBMITTED:
        raise Faster(_faster(version))
    if problem := obstacle(version=version, reviewer=reviewer) or said.lacks:
        raise ReviewProblem(problem)
    review = Review.objects.create(
        version=version,
        reviewer=reviewer,
        decision=said.decision,
        reasons=storable(said.reasons).strip(),
        checklist=[check.slug for check in CHECKLIST if check.slug in said.checklist],
        evidence=list(said.evidence),
        without_evidence="" if said.evidence else storable(said.without_evidence).strip(),
    )
    _move(version, review)
    return review


def _faster(version: ConfigVersion) -> str:
    if version.state == SET_ASIDE:
        return f"v{version.number} was withdrawn meanwhile and is set aside; nothing was changed."
    last = version.reviews.select_related("reviewer").order_by("-pk").first()
    who = f"{last.reviewer} decided" if last else "Somebody decided"
    return f"{who} meanwhile: v{version.number} is {version.state_word}. Somebody was faster; nothing was changed."


def approvals(version: ConfigVersion) -> int:
    """How many people have approved the version."""
    return version.reviews.filter(decision=APPROVE).count()


def _move(version: ConfigVersion, review: Review) -> None:
    enough = review.decision != APPROVE or approvals(version) >= version.config.organisation.approvals_needed
    state = LEADS_TO[review.decision] if enough else SUBMITTED
    if enough:
        waiting = ConfigVersion.objects.filter(pk=version.pk, state=SUBMITTED)
        if not waiting.update(state=state, decided_at=timezone.now()):
            raise Faster(_faster(version))
    after = {"state": state, "number": version.number, "digest": version.digest, "reasons": review.reasons}
    runs = {"runs": [row.get("run") for row in review.evidence]} if review.evidence else {}
    without = {"without_evidence": review.without_evidence} if review.without_evidence else {}
    audit.record(
        actor=review.reviewer,
        action=review.decision,
        obj=version,
        before={"state": SUBMITTED},
        after=after | runs | without,
    )


@transaction.atomic
def retire(*, version: ConfigVersion, actor: User, reasons: str) -> ConfigVersion:
    """The version, served to nobody any more. Raises Faster when it is not approved, ReviewProblem without reasons."""
    reasons = storable(reasons).strip()
    if not reasons:
        raise ReviewProblem(gettext("Say why it is retired."))
    if len(reasons) > LONGEST_REASONS:
        raise ReviewProblem(REASONS_TOO_LONG)
    if not ConfigVersion.objects.filter(pk=version.pk, state=APPROVED).update(state=RETIRED):
        version.refresh_from_db()
        raise Faster(f"v{version.number} is {version.state_word}: only an approved version can be retired.")
    after = {"state": RETIRED, "number": version.number, "reasons": reasons}
    audit.record(actor=actor, action="retire", obj=version, before={"state": APPROVED}, after=after)
    version.refresh_from_db()
    return version


def comment(
    *, version: ConfigVersion, author: User, text: str, anchor: str = "", quote: str = "", parent: Comment | None = None
) -> Comment:
    """The new comment on a policy line (`p12`), a rule (`r3`) or all of the version; with `parent` an answer to it.

    Raises ReviewProblem for an empty or overlong text.
    """
    text = storable(text).strip()
    if not text:
        raise ReviewProblem(gettext("The comment is empty."))
    if len(text) > LONGEST_COMMENT:
        raise ReviewProblem(
            gettext("A comment has at most %(longest_comment)s characters; this one has %(text)s.")
            % {"longest_comment": f"{LONGEST_COMMENT:,}", "text": f"{len(text):,}"}
        )
    if parent:
        parent = parent.parent or parent
        anchor, quote = parent.anchor, parent.quote
    return Comment.objects.create(
        version=version, author=author, text=text, anchor=anchor[:10], quote=storable(quote)[:500], parent=parent
    )


def resolve(*, comment: Comment, actor: User) -> bool:
    """True when this call resolved the thread; False when it was resolved already."""
    return bool(
        Comment.objects.filter(pk=comment.pk, resolved_at=None).update(resolved_at=timezone.now(), resolved_by=actor)
    )


def reopen(*, comment: Comment) -> bool:
    """True when this call opened the thread again."""
    return bool(
        Comment.objects.filter(pk=comment.pk).exclude(resolved_at=None).update(resolved_at=None, resolved_by=None)
    )
