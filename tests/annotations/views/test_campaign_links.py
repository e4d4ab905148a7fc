"""Every link on a lead's pages of a campaign leads somewhere, also of items that count in no result."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.models import Campaign, Flag, Skip
from tests.blind_world import GOLD
from tests.markup import elements
from tests.rating_desk import enrol, make_campaign, rate_item

pytestmark = pytest.mark.django_db


def make_odd_items() -> Campaign:
    """An item of gold, one taken out, one as any other; each is answered, flagged, and passed on by two people."""
    campaign = make_campaign(3, overlap=2)
    carol, dan, eve = (enrol(campaign, name) for name in ("carol", "dan", "eve"))
    gold, out, _ = items = list(campaign.items.order_by("pk"))
    for item in items:
        rate_item(item, carol.rater)
        Flag.objects.create(item=item, rater=carol.rater, text="Is this a quotation?")
        Skip.objects.create(item=item, rater=dan.rater, reason="unclear")
        Skip.objects.create(item=item, rater=eve.rater, reason="unclear")
    campaign.items.filter(pk=gold.pk).update(**GOLD)
    campaign.items.filter(pk=out.pk).update(taken_out_at=timezone.now())
    return campaign


def links(lea: Client, address: str) -> list[str]:
    response = lea.get(address)
    if response.streaming or "html" not in response.headers["Content-Type"]:
        return []
    return [one.attributes.get("href") or "" for one in elements(response.content.decode(), "a")]


def test_no_link_from_a_campaign_is_dead(as_person) -> None:
    lea, campaign = as_person("lea"), make_odd_items()
    here = f"/campaigns/{campaign.pk}/"
    todo, found = [reverse("annotations:campaign-detail", args=[campaign.pk])], {}
    while todo:
        address = todo.pop().partition("#")[0]
        if address.startswith(here) and address not in found and "export" not in address:
            found[address] = lea.get(address).status_code
            todo += links(lea, address)
    assert len(found) > 20 and {address: code for address, code in found.items() if code != 200} == {}
