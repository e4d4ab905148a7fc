"""Campaigns: made and changed by a lead, opened when nothing is missing, paused, closed.

Every change happens under a lock on the campaign, so that items, slots and settings never pass each other by; of two
people at the same button one wins, and the other reads that somebody was faster.
"""

from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.models import Campaign, Organisation, User
from annotations.models.campaigns import CLOSED, DRAFT, MOST_OVERLAP, OPEN, PAUSED, SEEDS
from annotations.queries.campaigns import InHand, in_hand, missing
from annotations.services import audit, guidelines
from annotations.services.campaign_items import NO_CONTACT, lock

LONGEST_TITLE, LONGEST_ABOUT, LONGEST_CONTACT = 300, 5_000, 1_000
LONGEST = {"title": LONGEST_TITLE, "about": LONGEST_ABOUT, "support_contact": LONGEST_CONTACT}
BOUNDS = {
    "seed": (0, SEEDS - 1),
    "quota": (1, 100_000),
    "lease_minutes": (1, 24 * 60),
    "tagged_in_row": (1, 1_000),
    "session_cap": (1, 10_000),
    "day_cap": (1, 10_000),
    "break_minutes": (1, 480),
    "overlap": (1, MOST_OVERLAP),
    "overlap_share": (1, 100),
}
MAY_BE_NONE = frozenset({"quota", "tagged_in_row", "session_cap", "day_cap"})
IS_CLOSED = "This campaign is closed: its settings, items and answers stay as they are."
SEED_STAYS = "The items stand in their order by this seed already, so it stays. A new campaign may have another."
QUESTIONS_STAY = "What is asked stays as it is once a campaign was opened: earlier answers would lack it."

CHANGED = (
    "Somebody was faster: these settings were changed after you opened this page. Look at them in another window; "
    "saving once more puts yours in their place."
)


class CampaignProblem(ValueError):
    """Why a campaign was not made, changed or moved on. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class Settings(NamedTuple):
    """What a lead decides about a campaign, besides its items, people and guideline; None is no bound."""

    title: str
    about: str = ""
    ask_risks: bool = False
    seed: int = 0
    quota: int | None = None
    lease_minutes: int = 15
    tagged_in_row: int | None = 3
    session_cap: int | None = 40
    day_cap: int | None = 120
    break_minutes: int = 25
    support_contact: str = ""


def settings_of(campaign: Campaign) -> Settings:
    """What the campaign says now."""
    return Settings(*(getattr(campaign, name) for name in Settings._fields))


def digest(settings: Settings) -> str:
    """A word that is another one as soon as any setting is: what somebody saw when they began to change them."""
    return sha256(repr(tuple(settings)).encode()).hexdigest()[:16]


@transaction.atomic
def create(
    *,
    organisation: Organisation,
    settings: Settings,
    actor: User,
    overlap: int = 2,
    overlap_share: int = 100,
    guideline: str = "",
) -> Campaign:
    """The new campaign, a draft without items and people, with the first version of its guideline unless that is empty.

    Raises CampaignProblem.
    """
    said = _clean(settings)._asdict() | {"overlap": overlap, "overlap_share": overlap_share}
    _in_bounds(said)
    campaign = Campaign.objects.create(organisation=organisation, created_by=actor, **said)
    audit.record(actor=actor, action="create", obj=campaign, after=said | {"organisation": str(organisation)})
    if guideline.strip():
        _first_guideline(campaign, guideline, actor)
    return campaign


def _first_guideline(campaign: Campaign, text: str, actor: User) -> None:
    try:
        guidelines.add(campaign=campaign, text=text, actor=actor)
    except guidelines.GuidelineProblem as problem:
        raise CampaignProblem(str(problem), "guideline") from problem


@transaction.atomic
def edit(*, campaign: Campaign, settings: Settings, actor: User, seen: str = "") -> Campaign:
    """The campaign with these settings, all or none of them. `seen` is the digest of those the person began with.

    Raises CampaignProblem: closed, changed by somebody else meanwhile, or what no longer may change.
    """
    now = lock(campaign)
    before, after = settings_of(now), _clean(settings)
    if now.state == CLOSED:
        raise CampaignProblem(IS_CLOSED)
    if seen and seen != digest(before):
        raise CampaignProblem(CHANGED)
    _in_bounds(after._asdict())
    _may_change(now, before, after)
    changed = {name: value for name, value in after._asdict().items() if getattr(before, name) != value}
    if changed:
        Campaign.objects.filter(pk=now.pk).update(**changed)
        was = {name: getattr(before, name) for name in changed}
        audit.record(actor=actor, action="edit", obj=now, before=was, after=changed)
    campaign.refresh_from_db(fields=list(Settings._fields))
    return campaign


def _may_change(campaign: Campaign, before: Settings, after: Settings) -> None:
    if after.seed != before.seed and campaign.items.exists():
        raise CampaignProblem(SEED_STAYS, "seed")
    if campaign.state == DRAFT:
        return
    if after.ask_risks != before.ask_risks:
        raise CampaignProblem(QUESTIONS_STAY, "ask_risks")
    if not after.support_contact and campaign.items.exclude(tags="").exists():
        raise CampaignProblem(NO_CONTACT, "support_contact")


def _clean(settings: Settings) -> Settings:
    texts: dict[str, Any] = {name: storable(getattr(settings, name)).replace("\r\n", "\n").strip() for name in LONGEST}
    texts["title"] = " ".join(texts["title"].split())
    if not texts["title"]:
        raise CampaignProblem(gettext("Give the campaign a title."), "title")
    for name, text in texts.items():
        if len(text) > LONGEST[name]:
            raise CampaignProblem(f"At most {LONGEST[name]:,} characters; these are {len(text):,}.", name)
    return settings._replace(**texts)


def _in_bounds(said: dict[str, Any]) -> None:
    for name, (least, most) in BOUNDS.items():
        value = said.get(name, least)
        if value is None and name in MAY_BE_NONE:
            continue
        if value is None or not least <= value <= most:
            raise CampaignProblem(
                gettext("A number from %(least)s to %(most)s.") % {"least": f"{least:,}", "most": f"{most:,}"}, name
            )


@transaction.atomic
def open(*, campaign: Campaign, actor: User) -> Campaign:
    """The draft, open to its raters from now on. Raises CampaignProblem with everything that is missing."""
    now = lock(campaign)
    if now.state == DRAFT and (lacking := missing(now)):
        raise CampaignProblem(" ".join(one.sentence for one in lacking))
    return _move(now, (DRAFT,), OPEN, "open", actor, opened_at=Now())


@transaction.atomic
def pause(*, campaign: Campaign, actor: User) -> Campaign:
    """The campaign, in which nobody is handed anything more; what is in hand may still be sent. Raises CampaignProblem.

    Nothing is lost: slots, drafts and holds stay as they are.
    """
    return _move(lock(campaign), (OPEN,), PAUSED, "pause", actor)


@transaction.atomic
def resume(*, campaign: Campaign, actor: User) -> Campaign:
    """The paused campaign, open again. Raises CampaignProblem."""
    return _move(lock(campaign), (PAUSED,), OPEN, "resume", actor)


@transaction.atomic
def close(*, campaign: Campaign, actor: User) -> InHand:
    """What was still in hand: the campaign is closed for good, and takes only those answers, while their hold lasts.

    What has been said stays, also for adjudication and export. Raises CampaignProblem.
    """
    now = _move(lock(campaign), (OPEN, PAUSED), CLOSED, "close", actor, closed_at=Now())
    return in_hand(now)


def _move(campaign: Campaign, olds: tuple[str, ...], new: str, action: str, actor: User, **times: Any) -> Campaign:
    """The campaign in its new state, if it was in one of the old ones: one conditional update."""
    was = campaign.state
    if not Campaign.objects.filter(pk=campaign.pk, state__in=olds).update(state=new, **times):
        raise CampaignProblem(_faster(was))
    campaign.refresh_from_db()
    audit.record(actor=actor, action=action, obj=campaign, before={"state": was}, after={"state": new})
    return campaign


def _faster(state: str) -> str:
    if state == DRAFT:
        return "This campaign has not been opened yet; nothing was changed."
    return f"Somebody was faster: this campaign is {state} already; nothing was changed."
