import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.models import Rating
from annotations.queries import adjudication as queries
from annotations.queries.adjudication import Wanted
from annotations.services.adjudication import reopen
from tests.differing import SPLIT, all_rated, decide, rated
from tests.factories import make_person
from tests.rating_desk import make_campaign

pytestmark = pytest.mark.django_db
YES, NO = True, False


def ids(rows):
    return [row.item for row in rows]


def test_the_greatest_differences_come_first():
    # In the order of the campaign: one point apart; 2 yes and 1 no; alike; 1 yes and 1 no; 2 apart; 1 and 1, wider.
    campaign = make_campaign(6, overlap=3)
    items = all_rated(
        campaign,
        [(3, YES), (4, YES)],
        [(5, YES), (5, YES), (0, NO)],
        [(4, YES), (4, YES)],
        [(3, YES), (1, NO)],
        [(3, YES), (5, YES)],
        [(4, YES), (1, NO)],
    )
    found = queries.differences(campaign)
    assert ids(found) == [items[place].pk for place in (5, 3, 1, 4, 0)]
    assert (found[2].yes, found[2].no, found[2].low, found[2].high, found[2].tied) == (2, 1, 0, 5, False)


def test_equal_differences_come_as_in_the_campaign():
    campaign = make_campaign(4, overlap=2)
    items = all_rated(campaign, *[SPLIT] * 4)
    assert ids(queries.differences(campaign)) == [one.pk for one in items]


def test_the_filters_leave_what_is_asked_for():
    campaign = make_campaign(4, overlap=3)
    items = all_rated(campaign, [(3, YES), (4, YES)], [(5, YES), (5, YES), (5, NO)], SPLIT, [(5, YES), (2, YES)])
    decide(items[3])
    one, two, even, wide = (item.pk for item in items)
    rows = queries.differences(campaign)

    def left(**said):
        return ids(queries.chosen(rows, Wanted(**said)))

    assert left() == [even, two] and left(size="any") == [even, two, one]
    assert left(size="follows") == [even, two] and left(size="tied") == [even]
    assert left(state="decided") == [wide] and left(state="all", size="any") == [even, two, wide, one]
    config = rows[0].config
    assert left(config=config) == [even, two] and left(config=0) == [] == left(kind="partial")


def test_a_decision_and_its_end_are_seen_at_once():
    campaign = make_campaign(1, overlap=2)
    (item,) = all_rated(campaign, SPLIT)
    assert not queries.differences(campaign)[0].decided
    decide(item)
    assert queries.differences(campaign)[0].decided
    reopen(item=item, actor=make_person("lea"))
    assert not queries.differences(campaign)[0].decided


def test_letters_are_dealt_out_anew_for_each_item_and_stay_the_same():
    campaign = make_campaign(12, overlap=3)
    items = all_rated(campaign, *[[(5, YES), (3, YES), (0, NO)]] * 12)
    orders = [[one.rating.rater_id for one in queries.answers(item)] for item in items]
    assert len({tuple(order) for order in orders}) > 1
    assert orders == [[one.rating.rater_id for one in queries.answers(item)] for item in items]
    assert [one.letter for one in queries.answers(items[0])] == ["A", "B", "C"]


def test_an_answer_in_less_than_two_seconds_is_marked():
    (item,) = all_rated(make_campaign(1))
    rated(item, (4, YES), seconds=1.9)
    assert [one.fast for one in queries.answers(item)] == [True]
    Rating.objects.all().update(seconds=None)
    assert [one.fast for one in queries.answers(item)] == [False]


def test_the_word_of_the_answers_changes_with_them():
    (item,) = all_rated(make_campaign(1, overlap=2), SPLIT)
    before = queries.seen(queries.answers(item))
    assert before == queries.seen(queries.answers(item)) != queries.seen(queries.answers(item)[:1])


def test_what_stands_beside_an_item():
    campaign = make_campaign(3, overlap=2)
    first, second, third = (item.pk for item in all_rated(campaign, *[SPLIT] * 3))
    rows = queries.differences(campaign)
    assert queries.beside(rows, second) == (first, third, 2, 3)
    assert queries.beside(rows, first)[:2] == (None, second)
    assert queries.beside(rows[:2], third) == (None, None, None, 2)


def test_the_name_of_a_model_is_hidden_from_who_decides():
    (item,) = all_rated(make_campaign(1))
    item.names_model, item.response.text = "Llama", "I am LLAMA, says the llama."
    assert queries.text(item) == "I am [model], says the [model]."


def test_the_list_is_read_with_few_queries():
    campaign = make_campaign(5, overlap=2)
    all_rated(campaign, *[SPLIT] * 5)
    with CaptureQueriesContext(connection) as asked:
        queries.differences(campaign)
    first = len(asked)
    with CaptureQueriesContext(connection) as asked:
        queries.differences(campaign)
    assert (first, len(asked)) == (4, 3)
