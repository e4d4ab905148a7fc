"""The campaign of the demo: complete, open, and found again."""

import pytest

from annotations.models import Benchmark, Campaign, Response, User
from annotations.services import campaigns, demo, demo_campaign, slots
from annotations.services.campaign_slots import reserve

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded() -> Campaign:
    demo.load()
    return demo_campaign.load(Benchmark.objects.get())


def test_it_is_open_with_two_people_who_have_not_begun_and_two_of_each_special_item(loaded):
    assert loaded.state == "open" and loaded.support_contact and loaded.guidelines.get().number == 1
    assert [(str(one.rater.username), one.accepted_at) for one in loaded.enrolments.all()] == [
        ("carol", None),
        ("dan", None),
    ]
    gold = loaded.items.exclude(gold_follows=None)
    assert (loaded.items.count(), gold.filter(practice=True).count(), gold.filter(practice=False).count()) == (18, 2, 2)
    assert set(Response.objects.values_list("source", "candidate")) == {("demo responses", None)}


def test_it_is_found_again_under_another_name_and_in_another_state(loaded):
    settings = campaigns.settings_of(loaded)._replace(title="Renamed")
    campaigns.edit(campaign=loaded, settings=settings, actor=User.objects.get(username="lea"))
    assert demo_campaign.load(Benchmark.objects.get()) == loaded and Response.objects.count() == 18


def test_somebody_who_became_a_reviewer_does_not_stop_the_demo():
    demo.load()
    home = Benchmark.objects.get().organisation
    for name in ("carol", "dan"):
        User.objects.get(username=name).memberships.create(organisation=home, role="reviewer")
    assert demo_campaign.load(Benchmark.objects.get()).state == "draft"


def test_practice_comes_first(loaded):
    carol = loaded.enrolments.get(rater__username="carol")
    loaded.enrolments.update(accepted_at=loaded.opened_at)
    carol.refresh_from_db()
    reserve(loaded, [carol])
    assert slots.turn(carol).assignment.item.practice
