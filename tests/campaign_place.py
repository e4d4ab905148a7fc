"""The addresses of campaigns: one over a run's responses, in which Carol and Dan rate and Lea leads."""

from typing import Any

from django.utils import timezone

from annotations.models import Campaign, CampaignItem, Flag, Guideline, RaterGroup, Response
from annotations.services import campaign_items, slots
from tests.factories import make_person
from tests.rating_desk import enrol, rate_item
from training.models import EvaluationRun

OF_CAMPAIGN = (
    *("campaign-detail", "campaign-edit", "campaign-open", "campaign-pause", "campaign-close", "campaign-overlap"),
    *("guideline-list", "guideline-new", "campaign-items", "campaign-pick", "campaign-upload", "campaign-people"),
    *("enrolment-add", "campaign-wellbeing", "flag-list", "campaign-agreement", "adjudication-list"),
    "agreement-export",
    *("campaign-results", "campaign-differences", "campaign-export", "rating-export"),
    *("rate", "rate-start", "rate-next", "rate-beat", "rate-back", "rate-rest", "rate-leave", "rate-mine"),
    *("rate-again", "rate-read"),
    "rate-guideline",
)
OF_ITEM = (
    "item-gold",
    "item-mask",
    "item-take-out",
    "item-put-back",
    "adjudication",
    "adjudicate",
    "adjudication-reopen",
    "campaign-difference",
)
OF_SLOT = ("rate-item", "rate-send", "rate-submit", "rate-draft", "rate-skip", "rate-flag")
OF_ENROLMENT = ("enrolment-edit", "enrolment-remove", "enrolment-assign")
NAMES = frozenset((*OF_CAMPAIGN, *OF_ITEM, *OF_SLOT, *OF_ENROLMENT, "flag-answer", "guideline-detail", "group-edit"))


def make_rated_campaign(run: EvaluationRun) -> Campaign:
    """An open campaign over the run's responses: Carol and Dan differ about the first one, Carol holds another."""
    lea = make_person("lea")
    campaign = Campaign.objects.create(
        organisation=run.organisation,
        title="The run, rated",
        seed=7,
        overlap=2,
        support_contact="Talk to Lea.",
        created_by=lea,
        state="open",
        opened_at=run.created_at,
    )
    Guideline.objects.create(campaign=campaign, number=1, text="Read twice.", created_by=lea)
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(run_items__run=run), actor=lea)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    first = campaign.items.order_by("pk")[0]
    rate_item(first, carol.rater, points=5, follows=True)
    rate_item(first, dan.rater, points=1, follows=False)
    slots.turn(carol)
    return campaign


def say(words: str, names: str) -> None:
    """Everything that people write in a campaign is `words` from now on, every name of a thing `names`."""
    for campaign in Campaign.objects.all():
        lea, eve = make_person("lea"), make_person("eve", role="annotator")
        Guideline.objects.create(campaign=campaign, number=2, text=words, note=words, created_by=lea)
        rate_item(campaign.items.order_by("pk")[0], eve, points=2, follows=False, comment=words)
    Campaign.objects.update(title=names, about=words, support_contact=words)
    Flag.objects.update(text=words, answer=words, answered_by=make_person("lea"), answered_at=timezone.now())
    CampaignItem.objects.update(names_model=names[:200])
    RaterGroup.objects.update(name=names[:100])
    Response.objects.update(source=names[:200])


def arguments(run: EvaluationRun) -> dict[str, list[Any]]:
    """What each address of a campaign takes, by its name; the campaign is made when there is none."""
    campaign = Campaign.objects.first() or make_rated_campaign(run)
    item: CampaignItem = campaign.items.order_by("pk")[0]
    carol = campaign.enrolments.get(rater__username="carol")
    slot = campaign.assignments.filter(rater=carol.rater).order_by("-state")[
        0
    ]  # what she holds, else what she answered
    flag, _ = Flag.objects.get_or_create(item=item, rater=carol.rater, defaults={"text": "Is this a quotation?"})
    group, _ = RaterGroup.objects.get_or_create(organisation=campaign.organisation, name="Evening shift")
    return {
        **{name: [campaign.pk] for name in OF_CAMPAIGN},
        **{name: [campaign.pk, item.pk] for name in OF_ITEM},
        **{name: [campaign.pk, slot.key] for name in OF_SLOT},
        **{name: [campaign.pk, carol.pk] for name in OF_ENROLMENT},
        "guideline-detail": [campaign.pk, campaign.guidelines.first().number],
        "flag-answer": [campaign.pk, flag.pk],
        "group-edit": [group.pk],
    }
