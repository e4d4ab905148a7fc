"""Gold items: a slot for each rater in place of shared ones, and back; practice before all else."""

import pytest

from annotations.core.gold import Gold, GoldProblem
from annotations.models import Assignment, AuditEvent
from annotations.services import campaign_gold, campaign_items, ratings, slots
from annotations.services.campaign_items import ItemProblem
from tests.factories import make_person
from tests.rating_desk import answer, enrol, make_campaign, rate

pytestmark = pytest.mark.django_db
RIGHT = Gold(3, 5, True, "It says how it feels.")


def owners(item) -> list[str]:
    """Whose the item's slots are, in order; "" for one that is anybody's."""
    found = Assignment.objects.filter(item=item).values_list("rater__username", flat=True)
    return sorted(name or "" for name in found)


def set_gold(item, gold=RIGHT):
    campaign_gold.set_gold(item=item, gold=gold, actor=make_person("lea"))
    item.refresh_from_db()


def test_shared_slots_go_and_everybody_who_has_begun_has_one():
    campaign = make_campaign(1, overlap=3)
    enrol(campaign, "carol"), enrol(campaign, "dan"), enrol(campaign, "eve", accepted_at=None)
    set_gold(item := campaign.items.get())
    assert owners(item) == ["carol", "dan"] and campaign_gold.gold_of(item) == RIGHT
    assert AuditEvent.objects.latest("pk").after == RIGHT._asdict()


def test_without_its_right_answer_it_is_an_item_like_all_others():
    campaign = make_campaign(1, overlap=3)
    rate(carol := enrol(campaign, "carol"))
    enrol(campaign, "dan")
    set_gold(item := campaign.items.get())
    assert owners(item) == ["carol", "dan"]
    campaign_gold.unset_gold(item=item, actor=make_person("lea"))
    assert owners(item) == ["", "", "carol"] and carol.rater.ratings.count() == 1
    item.refresh_from_db()
    assert campaign_gold.gold_of(item) is None
    with pytest.raises(ItemProblem):
        campaign_gold.unset_gold(item=item, actor=make_person("lea"))


def test_a_held_slot_stays_and_is_answerable():
    campaign = make_campaign(1, overlap=2)
    carol = enrol(campaign, "carol")
    key = slots.turn(carol).assignment.key
    set_gold(item := campaign.items.get())
    assert owners(item) == ["carol"]
    assert ratings.submit(carol, key=key, answer=answer(), token=key).rating.item == item


def test_practice_comes_next_also_for_those_who_have_begun():
    campaign = make_campaign(9)
    rate(carol := enrol(campaign))
    item = campaign.items.exclude(ratings__rater=carol.rater).order_by("pk")[4]
    set_gold(item, RIGHT._replace(practice=True))
    assert slots.turn(carol).assignment.item == item


def test_what_is_no_right_answer_is_refused_and_nothing_changes():
    item = make_campaign(1).items.get()
    with pytest.raises(GoldProblem):
        set_gold(item, RIGHT._replace(why=""))
    item.refresh_from_db()
    assert not item.is_gold and owners(item) == [""]


def test_two_leads_set_different_right_answers_and_the_second_reads_of_the_first():
    item = make_campaign(1).items.get()
    seen = type(item).objects.get(pk=item.pk)
    set_gold(item)
    with pytest.raises(ItemProblem, match="faster"):
        set_gold(seen, RIGHT._replace(low=0))
    item.refresh_from_db()
    assert item.gold_low == 3


def test_an_item_that_is_out_gets_none():
    item = make_campaign(1).items.get()
    campaign_items.take_out(item=item, actor=make_person("lea"))
    item.refresh_from_db()
    with pytest.raises(ItemProblem, match="Put it back"):
        set_gold(item)


def test_a_gold_item_taken_out_and_put_back_is_kept_for_everybody_again():
    campaign = make_campaign(1)
    enrol(campaign, "carol"), enrol(campaign, "dan")
    set_gold(item := campaign.items.get())
    campaign_items.take_out(item=item, actor=make_person("lea"))
    assert owners(item) == []
    campaign_items.put_back(item=item, actor=make_person("lea"))
    assert owners(item) == ["carol", "dan"]
