"""What somebody found too distressing is on no page of a lead where it could be told whose it is."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import Campaign
from annotations.services import ratings, slots
from tests.campaign_place import OF_CAMPAIGN, OF_ENROLMENT, OF_ITEM
from tests.rating_desk import enrol, make_campaign, rate

pytestmark = pytest.mark.django_db
OF_RUNS = {"campaign-pick", "campaign-results", "campaign-differences", "campaign-difference"}


def addresses(campaign: Campaign) -> list[str]:
    """Every address of a lead, of each item and each person."""
    asked = [(name, [campaign.pk]) for name in OF_CAMPAIGN if not name.startswith("rate")]
    asked += [(name, [campaign.pk, item.pk]) for name in OF_ITEM for item in campaign.items.all()]
    asked += [(name, [campaign.pk, one.pk]) for name in OF_ENROLMENT for one in campaign.enrolments.all()]
    return [reverse(f"{'training' if name in OF_RUNS else 'annotations'}:{name}", args=args) for name, args in asked]


def pages(lea: Client, campaign: Campaign) -> dict[str, str]:
    """What the lead reads, without times and what differs at each load."""
    found = {}
    for address in addresses(campaign):
        response = lea.get(address)
        if response.status_code == 200 and not response.streaming:
            html = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', "", response.content.decode())
            found[address] = re.sub(r'nonce="[^"]+"|<time.*?</time>', "", html, flags=re.DOTALL)
    return found


def test_passing_on_what_is_too_distressing_changes_no_page_of_the_lead(as_person) -> None:
    lea, campaign = as_person("lea"), make_campaign(3, overlap=2)
    carol, dan, _ = enrol(campaign, "carol"), enrol(campaign, "dan"), enrol(campaign, "eve", accepted_at=None)
    rate(carol), rate(dan)
    before = pages(lea, campaign)
    slot = slots.turn(carol).assignment
    assert slot is not None and len(before) > 15
    ratings.skip(carol, key=slot.key, reason="distressing", note="NOT-FOR-LEADS")
    after = pages(lea, campaign)
    assert {address for address in before if before[address] != after[address]} == set()
