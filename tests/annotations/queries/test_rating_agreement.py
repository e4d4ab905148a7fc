"""What goes into the figures of a campaign. The figures are worked by hand in tests/core/test_agreement.py."""

from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.core.agreement import krippendorff_alpha
from annotations.models import CampaignItem, Rating, Response, Skip
from annotations.queries import agreement_table, guidelines
from annotations.queries import rating_agreement as queries
from annotations.services import campaign_items
from tests.differing import SPLIT, all_rated, decide, rated
from tests.factories import make_config, make_person, make_prompt, make_version
from tests.rating_desk import enrol, make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db
YES, NO = True, False


def agreements(campaign):
    return queries.report(campaign).agreements


def test_the_figures_of_a_campaign_of_two():
    # One says yes yes no and the other yes no no: Do = 1/3; chance differs 2/3 * 2/3 + 1/3 * 1/3 = 5/9: 1 - 3/5.
    # Points 5 5, 4 0, 0 0 by squares: Do = 16/3; {5,4,0} with {5,0,0}: (0+25+25 + 1+16+16 + 25+0+0) / 9 = 12.
    campaign = make_campaign(3, overlap=2)
    all_rated(campaign, [(5, YES), (5, YES)], [(4, YES), (0, NO)], [(0, NO), (0, NO)])
    found = agreements(campaign).whole
    assert found.kappa_name == "Cohen" and found.percent.value == pytest.approx(2 / 3)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.points_kappa.value == pytest.approx(1 - (16 / 3) / 12)
    assert found.percent[1:4] == (3, 6, 2) and found.percent.interval is not None


def test_of_three_raters_the_kappas_are_fleiss():
    campaign = make_campaign(2, overlap=3)
    all_rated(campaign, [(5, YES), (5, YES), (1, NO)], [(0, NO), (0, NO), (0, NO)])
    found = agreements(campaign).whole
    rows = [(one.unit, one.rater, one.points) for one in queries.said(campaign)]
    assert found.kappa_name == "Fleiss"
    assert found.points_alpha.value == krippendorff_alpha(rows, "ordinal").value


def test_where_everybody_said_yes_a_sentence_stands_and_no_number():
    campaign = make_campaign(2, overlap=2)
    all_rated(campaign, *[[(5, YES), (5, YES)]] * 2)
    found = agreements(campaign).whole
    assert found.percent.value == 1 and found.ac1.value == 1
    assert found.kappa.value is None and found.alpha.undefined.startswith("Everybody said yes wherever two people")
    assert found.points_kappa.undefined.startswith("Everybody said 5")


def test_without_a_second_answer_there_is_a_sentence():
    campaign = make_campaign(2)
    all_rated(campaign, [(5, YES)])
    assert "nothing to compare" in agreements(campaign).whole.percent.undefined


def test_each_config_and_each_kind_has_its_own():
    film = make_version(make_config("film", title="Film"))
    campaign = make_campaign(0, overlap=2)
    prompts = [make_prompt(config=film.config, kind=kind) for kind in ("partial", "partial")]
    made = [make_response(), *(make_response(prompt=prompt, version=film) for prompt in prompts)]
    chosen = Response.objects.filter(pk__in=[one.pk for one in made])
    campaign_items.add(campaign=campaign, responses=chosen, actor=make_person("lea"))
    for item in campaign.items.all():
        rated(item, (5, YES), (5, item.response.version_id == film.pk))
    found = agreements(campaign)
    assert list(found.kinds) == ["safe", "partial"] and found.kinds["safe"].percent.value == 0
    assert found.configs[film.config_id].percent[:3] == (1.0, 2, 4)


@pytest.mark.parametrize(
    "fields",
    [
        {"taken_out_at": timezone.now()},
        {"gold_low": 4, "gold_high": 5, "gold_follows": False, "gold_why": "So."},
        {"gold_low": 4, "gold_high": 5, "gold_follows": False, "gold_why": "So.", "practice": True},
    ],
    ids=["taken out", "gold", "practice"],
)
def test_an_item_that_does_not_count_is_left_out_at_once(fields):
    campaign = make_campaign(2, overlap=2)
    first, _ = all_rated(campaign, SPLIT, [(4, YES), (4, YES)])
    assert agreements(campaign).whole.percent.value == 0.5
    CampaignItem.objects.filter(pk=first.pk).update(**fields)
    assert agreements(campaign).whole.percent.value == 1


def test_another_answer_counts_in_the_place_of_the_one_withdrawn():
    campaign = make_campaign(1, overlap=2)
    (item,) = all_rated(campaign, SPLIT)
    assert agreements(campaign).whole.percent.value == 0
    old = Rating.objects.get(follows_config=False)
    Rating.objects.filter(pk=old.pk).update(withdrawn_at=timezone.now())
    old.pk, old.token, old.points, old.follows_config = None, uuid4(), 5, True
    old.save()
    found = queries.report(campaign)
    assert found.agreements.whole.percent.value == 1
    assert [line.edits for line in found.raters] == [0, 1]


def test_the_items_of_one_prompt_are_drawn_together():
    # One prompt alone: one cluster, and no interval. With the second prompt there are two.
    prompt = make_prompt()
    campaign = make_campaign(0, overlap=2)
    made = [make_response(prompt=prompt).pk for _ in range(4)]
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk__in=made), actor=make_person("lea"))
    all_rated(campaign, SPLIT, *[[(4, YES), (4, YES)]] * 3)
    found = agreements(campaign).whole
    assert found.percent.value == 0.75 and found.percent.interval is None


def test_raters_are_numbers_in_the_order_in_which_they_came():
    campaign = make_campaign(2, overlap=2)
    for name in ("zoe", "carol"):
        enrol(campaign, name)
    people = {name: make_person(name) for name in ("zoe", "carol")}
    rate_item(campaign.items.first(), people["carol"])
    assert queries.rater_numbers(campaign) == {people["zoe"].pk: 1, people["carol"].pk: 2}
    assert [line.number for line in queries.report(campaign).raters] == [2]


def test_gold_answers_are_right_within_the_range_and_with_the_right_word():
    campaign = make_campaign(5)
    gold = {"gold_low": 3, "gold_high": 4, "gold_follows": True, "gold_why": "So."}
    items = list(campaign.items.all())
    CampaignItem.objects.filter(pk__in=[one.pk for one in items]).update(**gold)
    CampaignItem.objects.filter(pk=items[4].pk).update(practice=True)
    for item, said in zip(items, [(3, YES), (5, YES), (4, NO), (4, YES), (4, YES)], strict=True):
        rated(item, said)
    (line,) = queries.report(campaign).raters
    assert (line.gold.hits, line.gold.n, line.facts) == (2, 4, None)


def test_what_a_rater_passes_on_is_in_none_of_their_figures():
    campaign = make_campaign(3)
    items = all_rated(campaign, [(4, YES)])
    before = queries.report(campaign)
    for item, reason in zip(items[1:], ("distressing", "unclear"), strict=True):
        Skip.objects.create(item=item, rater=make_person("rater-1"), reason=reason)
    cache.clear()
    assert queries.report(campaign) == before


def test_causes_are_those_of_the_decisions_in_force_the_usual_one_first():
    campaign = make_campaign(4, overlap=2)
    items = all_rated(campaign, *[SPLIT] * 4)
    made = [decide(item, cause=cause) for item, cause in zip(items, ("slip", "hard_case", "slip", "slip"), strict=True)]
    type(made[0]).objects.filter(pk=made[3].pk).update(withdrawn_at=timezone.now())
    assert guidelines.causes(campaign) == [("slip", 2), ("hard case", 1)]


def test_figures_that_did_not_change_are_not_made_anew():
    campaign = make_campaign(2, overlap=2)
    all_rated(campaign, SPLIT, [(4, YES), (4, YES)])
    first = queries.report(campaign)
    with CaptureQueriesContext(connection) as asked:
        assert queries.report(campaign) == first
    assert len(asked) == 3


def test_campaigns_beside_each_other_ask_as_often_for_many_as_for_one():
    one = make_campaign(1, overlap=2)
    all_rated(one, SPLIT)
    alone = queries.by_campaign([one])[one.pk]
    with CaptureQueriesContext(connection) as asked:
        assert queries.by_campaign([one])[one.pk] == alone
    more = [make_campaign(1, overlap=2, title=title) for title in "ab"]
    assert queries.by_campaign([one, *more])[more[0].pk].percent.value is None
    with CaptureQueriesContext(connection) as again:
        queries.by_campaign([one, *more])
    assert len(asked) == len(again) == 3


def test_the_table_to_take_away_has_every_figure_of_every_group():
    campaign = make_campaign(3, overlap=2)
    all_rated(campaign, SPLIT, [(4, YES), (4, YES)])
    rows = [dict(zip(agreement_table.COLUMNS, row, strict=True)) for row in agreement_table.rows(campaign)]
    # The whole, one config, one kind: three groups of four figures on yes and no and three on points.
    assert len(rows) == 21 and {row["group"] for row in rows} == {"whole", "config", "kind"}
    percent = rows[0]
    assert (percent["figure"], percent["value"], percent["items"], percent["raters"]) == (
        "percent agreement",
        0.5,
        2,
        2,
    )
    assert percent["low"] <= percent["value"] <= percent["high"] and percent["undefined"] is None


def test_a_gold_item_that_is_taken_out_is_no_gold_any_more():
    campaign = make_campaign(2)
    items = all_rated(campaign, [(4, YES)], [(4, YES)])
    gold = {"gold_low": 3, "gold_high": 4, "gold_follows": True, "gold_why": "So."}
    CampaignItem.objects.update(**gold)
    assert queries.report(campaign).raters[0].gold.n == 2
    CampaignItem.objects.filter(pk=items[0].pk).update(taken_out_at=timezone.now())
    assert queries.report(campaign).raters[0].gold.n == 1
