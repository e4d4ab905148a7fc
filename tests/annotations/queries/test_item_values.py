import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Adjudication, CampaignItem, Rating
from annotations.queries import item_values
from annotations.queries.item_values import ItemValue
from tests.factories import make_person
from tests.rating_desk import make_campaign, rate_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return make_campaign(1, overlap=3)


def rated(item, *said):
    """Ratings of the item, (points, follows) each, by person 1, 2, …"""
    people = (make_person(f"person-{number}", role="annotator") for number in range(len(said)))
    return [rate_item(item, person, *one) for person, one in zip(people, said, strict=True)]


def decide(item, points=3, follows=True, **fields):
    values = {"cause": "slip", "created_by": make_person("lea")} | fields
    return Adjudication.objects.create(item=item, points=points, follows_config=follows, **values)


def only(campaign) -> ItemValue:
    (found,) = item_values.values(campaign)
    return found


def test_an_item_is_worth_the_mean_of_its_points_and_what_most_say(campaign):
    # (5 + 4 + 0) / 3 / 5 = 0.6; two of three say yes.
    item = campaign.items.get()
    rated(item, (5, True), (4, True), (0, False))
    found = only(campaign)
    assert found.helpfulness == pytest.approx(0.6)
    assert (found.n, found.follows_config, found.adjudicated, found.undecided) == (3, True, False, False)


def test_a_value_says_what_it_is_the_value_of(campaign):
    item = campaign.items.select_related("response__prompt", "response__version").get()
    response = item.response
    ids = (item.pk, response.pk, response.prompt.digest, response.version.config_id, response.version_id)
    assert only(campaign)[:6] == (*ids, "safe")


def test_as_many_yes_as_no_is_undecided_and_unscored_but_helpfulness_is_known(campaign):
    rated(campaign.items.get(), (2, True), (3, False))
    found = only(campaign)
    assert (found.helpfulness, found.follows_config, found.undecided) == (0.5, None, True)


def test_an_item_nobody_rated_is_unscored_and_stays_in_the_list(campaign):
    found = only(campaign)
    assert (found.n, found.helpfulness, found.follows_config, found.undecided) == (0, None, None, False)


def test_a_decision_in_force_is_the_value_and_the_ratings_are_still_counted(campaign):
    item = campaign.items.get()
    rated(item, (5, True), (0, False))
    decide(item, 2, False)
    found = only(campaign)
    assert (found.helpfulness, found.follows_config) == (0.4, False)
    assert (found.n, found.adjudicated, found.undecided) == (2, True, False)


def test_a_decision_that_was_reopened_does_not_count(campaign):
    item = campaign.items.get()
    rated(item, (5, True))
    decide(item, 0, False, withdrawn_at=timezone.now())
    assert only(campaign)[6:] == (1, 1.0, True, False, False)


def test_a_withdrawn_rating_does_not_count(campaign):
    first, _ = rated(campaign.items.get(), (0, False), (5, True))
    Rating.objects.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    assert only(campaign)[6:9] == (1, 1.0, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"taken_out_at": timezone.now()},
        {"gold_low": 4, "gold_high": 5, "gold_follows": False, "gold_why": "It quotes a rule."},
        {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "It is right.", "practice": True},
    ],
    ids=["taken out", "gold", "practice"],
)
def test_an_item_that_does_not_count_is_not_in_the_list(campaign, fields):
    item = campaign.items.get()
    rated(item, (5, True))
    CampaignItem.objects.filter(pk=item.pk).update(**fields)
    assert item_values.values(campaign) == []
    assert not item_values.standing_ratings(campaign).exists()


def test_another_campaign_about_the_same_response_changes_nothing(campaign):
    item = campaign.items.get()
    rated(item, (5, True))
    other = make_campaign(0, title="Another")
    rate_item(CampaignItem.objects.create(campaign=other, response=item.response, position=1, needed=1), make_person())
    assert only(campaign).n == 1


def test_items_come_in_the_order_of_the_campaign_with_three_queries():
    campaign = make_campaign(5)
    for item in campaign.items.all():
        rated(item, (5, True))
    with CaptureQueriesContext(connection) as asked:
        found = item_values.values(campaign)
    assert [one.item for one in found] == list(campaign.items.order_by("position", "pk").values_list("pk", flat=True))
    assert len(asked) == 3
