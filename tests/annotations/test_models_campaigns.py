"""What the database refuses about campaigns, their items, guidelines, groups and the people in them."""

import pytest
from django.utils import timezone

from annotations.models import Campaign, CampaignItem, Enrolment, Guideline, RaterGroup
from annotations.services.guards import GUIDELINES_NEVER_CHANGE, GUIDELINES_STAY
from tests.factories import make_organisation, make_person
from tests.rating_desk import enrol, make_campaign, make_response
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
GOLD = {"gold_low": 3, "gold_high": 5, "gold_follows": True, "gold_why": "It answers all of it."}


def an_item(**fields) -> CampaignItem:
    campaign = fields.pop("campaign", None) or make_campaign(0)
    values = {"response": make_response(), "position": 1, "needed": 1} | fields
    return CampaignItem.objects.create(campaign=campaign, **values)


def change(**fields) -> None:
    """Another value of the one campaign there is, past every form."""
    Campaign.objects.update(**fields)


def test_a_campaign_in_a_state_that_nobody_knows_is_refused():
    make_campaign(0)
    with refused("campaign_state_known"):
        change(state="begun")


@pytest.mark.parametrize("overlap", [0, 10])
def test_an_overlap_out_of_range_is_refused(overlap):
    make_campaign(0)
    with refused("campaign_overlap_in_range"):
        change(overlap=overlap)


@pytest.mark.parametrize("share", [0, 101])
def test_a_share_that_is_no_percentage_is_refused(share):
    make_campaign(0)
    with refused("campaign_overlap_share_is_percent"):
        change(overlap_share=share)


@pytest.mark.parametrize("minutes", [0, 24 * 60 + 1])
def test_a_lease_out_of_range_is_refused(minutes):
    make_campaign(0)
    with refused("campaign_lease_in_range"):
        change(lease_minutes=minutes)


@pytest.mark.parametrize("bound", ["quota", "tagged_in_row", "session_cap", "day_cap", "break_minutes"])
def test_a_bound_of_nothing_is_refused(bound):
    make_campaign(0)
    with refused("campaign_bounds_positive"):
        change(**{bound: 0})


def test_an_open_campaign_says_since_when():
    make_campaign(0)
    with refused("campaign_opened_has_time"):
        change(opened_at=None)


def test_a_closed_campaign_says_since_when():
    make_campaign(0)
    with refused("campaign_closed_has_time"):
        change(state="closed")


def test_a_response_is_in_a_campaign_once():
    item = an_item()
    with refused("campaignitem_response_once"):
        an_item(campaign=item.campaign, response=item.response)


def test_an_item_needs_no_more_ratings_than_any_campaign_may_ask():
    with refused("campaignitem_needed_in_range"):
        an_item(needed=10)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gold_why": ""},
        {"gold_follows": None},
        {"gold_low": 4, "gold_high": 2},
        {"gold_high": 6},
        {"gold_low": None, "gold_high": None, "gold_follows": None, "practice": True},
    ],
)
def test_a_gold_item_has_all_of_its_right_answer(wrong):
    with refused("campaignitem_gold_is_whole"):
        an_item(**GOLD | wrong)


def test_a_gold_item_with_its_right_answer_is_taken():
    assert an_item(**GOLD, practice=True).is_gold


def test_a_person_is_in_a_campaign_once():
    place = enrol(make_campaign(0))
    with refused("enrolment_once"):
        Enrolment.objects.create(campaign=place.campaign, rater=place.rater)


def test_two_groups_of_one_name_are_refused():
    RaterGroup.objects.create(organisation=make_organisation(), name="Evening")
    with refused("ratergroup_name_once"):
        RaterGroup.objects.create(organisation=make_organisation(), name="Evening")


def test_a_group_has_a_name():
    with refused("ratergroup_has_name"):
        RaterGroup.objects.create(organisation=make_organisation(), name="")


def test_two_versions_of_a_guideline_with_one_number_are_refused():
    campaign = make_campaign(0)
    with refused("guideline_number_once"):
        Guideline.objects.create(campaign=campaign, number=1, text="Other.", created_by=make_person("lea"))


def test_a_guideline_without_a_text_is_refused():
    with refused("guideline_not_empty"):
        Guideline.objects.create(campaign=make_campaign(0), number=2, text="", created_by=make_person("lea"))


def test_a_guideline_never_changes():
    make_campaign(0)
    with refused_with(GUIDELINES_NEVER_CHANGE):
        Guideline.objects.update(text="Read once.")


def test_a_guideline_is_never_deleted():
    make_campaign(0)
    with refused_with(GUIDELINES_STAY):
        Guideline.objects.all()._raw_delete("default")


def test_a_campaign_that_was_closed_keeps_when():
    assert make_campaign(0, state="closed").closed_at <= timezone.now()
