"""Guidelines of a campaign: each version is written once and stays, and every answer keeps the one it was given by."""

from django.db import transaction
from django.utils.translation import gettext

from annotations.core import folder
from annotations.core.storable import storable
from annotations.models import Campaign, Guideline, User
from annotations.models.campaigns import CLOSED
from annotations.services import audit
from annotations.services.campaign_items import lock

LONGEST_TEXT, LONGEST_NOTE = 30_000, 2_000
NO_NOTE = "Say in a line what changed, for the people who rate by it."


class GuidelineProblem(ValueError):
    """Why a version was not made. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


def default() -> str:
    """The guideline that comes with the application, in Markdown: where a new campaign begins."""
    return folder.text("annotations.data.guidelines", "default.md").strip()


@transaction.atomic
def add(*, campaign: Campaign, text: str, actor: User, note: str = "", above: int | None = None) -> Guideline:
    """The next version, which every item handed out from now on shows. The ones before stay.

    `note` says what changed; only the first version may go without. `above` is the number of the version the person
    wrote it over, 0 for none. Raises GuidelineProblem.
    """
    campaign = lock(campaign)
    text, note = (storable(words).replace("\r\n", "\n").strip() for words in (text, note))
    last = campaign.guidelines.order_by("-number").first()
    _check(campaign, text, note, last)
    number = last.number if last else 0
    if above is not None and above != number:
        raise GuidelineProblem(
            gettext(
                "Somebody was faster: version %(number)s was made meanwhile. Put what it says into "
                "your text, then save."
            )
            % {"number": number}
        )
    made = Guideline.objects.create(campaign=campaign, number=number + 1, text=text, note=note, created_by=actor)
    after = {"campaign": campaign.pk, "number": made.number, "note": note}
    audit.record(actor=actor, action="create", obj=made, after=after)
    return made


def _check(campaign: Campaign, text: str, note: str, last: Guideline | None) -> None:
    if campaign.state == CLOSED:
        raise GuidelineProblem(gettext("This campaign is closed: nobody would read another version."))
    for name, words, most in (("text", text, LONGEST_TEXT), ("note", note, LONGEST_NOTE)):
        if len(words) > most:
            raise GuidelineProblem(
                gettext("At most %(most)s characters; these are %(words)s.")
                % {"most": f"{most:,}", "words": f"{len(words):,}"},
                name,
            )
    if not text:
        raise GuidelineProblem(gettext("Write what raters should go by."), "text")
    if last and last.text == text:
        raise GuidelineProblem(
            gettext("This is word for word version %(number)s. Change it first.") % {"number": last.number}, "text"
        )
    if last and not note:
        raise GuidelineProblem(NO_NOTE, "note")
