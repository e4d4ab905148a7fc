"""A lead who changes items while raters and other leads reach for their slots: nobody waits in a ring."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from annotations.core.gold import Gold
from annotations.models import Assignment, CampaignItem
from annotations.services import campaign_gold, campaign_items, slots
from tests.databases import at_once
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def until_somebody_waits() -> None:
    """Nothing; in PostgreSQL somebody waits for a lock now. In SQLite whoever writes waits at the door already."""
    with connection.cursor() as cursor:
        for _ in range(500 if connection.vendor == "postgresql" else 0):
            cursor.execute("SELECT count(*), pg_sleep(0.01) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return


def test_an_item_becomes_practice_while_somebody_takes_a_slot_of_it_that_lapsed(monkeypatch: Any) -> None:
    campaign, lea = make_campaign(1), make_person("lea")
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    slots.turn(dan)
    campaign.assignments.update(until=Now() - timedelta(minutes=5))
    item, begun, fill = campaign.items.get(), Event(), campaign_gold.fill

    def fill_and_wait(*given: Any) -> int:
        made = fill(*given)
        begun.set()
        until_somebody_waits()
        return made

    monkeypatch.setattr(campaign_gold, "fill", fill_and_wait)
    right = Gold(low=1, high=2, follows=True, why="It ends well.", practice=True)
    said = at_once(
        lambda: campaign_gold.set_gold(item=CampaignItem.objects.get(pk=item.pk), gold=right, actor=lea),
        lambda: begun.wait(10) and slots.turn(carol).assignment,
    )
    assert said[0] is None and said[1].item_id == item.pk
    assert sorted(campaign.assignments.values_list("rater__username", "state")) == [("carol", "held"), ("dan", "held")]


def test_a_lower_overlap_takes_slots_in_the_order_in_which_others_lock_them() -> None:
    campaign, lea = make_campaign(1, overlap=3), make_person("lea")
    _, second, third = campaign.assignments.order_by("pk").values_list("pk", flat=True)
    locked = Event()

    def decides() -> list[int]:
        with transaction.atomic():
            there = Assignment.objects.select_for_update().order_by("pk")
            got = [there.get(pk=second).pk]
            locked.set()
            until_somebody_waits()
            return [*got, there.get(pk=third).pk]

    def lowers() -> int:
        locked.wait(10)
        return campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=lea)

    assert at_once(decides, lowers) == [[second, third], 0]
    assert campaign.assignments.count() == 1
