"""The items of a campaign through the API: for those who may see their page, and for nobody who rates."""

import pytest
from django.utils import timezone

from annotations.models import Enrolment, Flag, Response
from annotations.services import campaign_items
from tests.asked import asked
from tests.blind_world import make_blind
from tests.factories import make_organisation, make_person
from tests.programs import Program
from tests.rating_desk import enrol, make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db


def items(program, campaign, **query):
    return program.get(f"campaigns/{campaign.pk}/items/", **query).json()["results"]


def test_an_item_is_told_as_its_page_shows_it():
    campaign = make_campaign(2, overlap=2)
    item = campaign.items.order_by("position", "pk")[0]
    Response.objects.filter(pk=item.response_id).update(text="As Zebra I say no.")
    campaign.items.filter(pk=item.pk).update(masked=True, names_model="Zebra", tags=",drugs,")
    carol = enrol(campaign, "carol").rater
    rate_item(item, carol)
    Flag.objects.create(item=item, rater=carol, text="Look here.")
    row = items(Program("bob"), campaign)[0]
    response = item.response
    assert (row["id"], row["config"], row["version"]) == (item.pk, response.version.config_id, response.version.number)
    assert (row["prompt"], row["text"]) == (response.prompt.text, "As [model] I say no.")
    assert (row["candidate"], row["written_by"]) == (response.candidate_id, str(response.candidate))
    # two answers are needed, Carol gave one
    assert (row["needed"], row["done"], row["held"], row["waiting"]) == (2, 1, 0, 1)
    assert (row["flags"], row["flags_open"], row["skips"], row["risks"]) == (1, 1, 0, ["drugs"])
    assert (row["gold"], row["practice"], row["masked"], row["taken_out_at"]) == (False, False, True, None)


def test_a_long_response_is_whole():
    campaign = make_campaign(1)
    Response.objects.update(text="word " * 1000)
    assert len(items(Program("lea"), campaign)[0]["text"]) == 5000


def test_the_filters_are_those_of_the_page():
    campaign = make_campaign(2)
    uploaded = make_response(candidate=None, source="a friend")
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk=uploaded.pk), actor=make_person("lea"))
    first, second, third = campaign.items.order_by("pk")
    campaign.items.filter(pk=second.pk).update(taken_out_at=timezone.now())
    rate_item(first, enrol(campaign, "carol").rater)
    lea, response = Program("lea"), first.response

    def ids(**query):
        return {row["id"] for row in items(lea, campaign, **query)}

    assert (ids(), ids(show="out"), ids(show="done")) == ({first.pk, third.pk}, {second.pk}, {first.pk})
    assert (ids(candidate=response.candidate_id), ids(uploaded="true")) == ({first.pk}, {third.pk})
    assert ids(uploaded="false") == {first.pk}
    assert ids(config=response.version.config_id, kind=response.prompt.kind) == {first.pk, third.pk}
    assert ids(config=10**9) == ids(kind="disallowed") == set()
    assert items(lea, campaign, uploaded="true")[0]["written_by"] == "a friend"
    assert lea.get(f"campaigns/{campaign.pk}/items/", show="everything").status_code == 400


def test_pages_hold_every_item_once_in_the_shuffled_order():
    campaign, lea = make_campaign(5), Program("lea")
    told, page = [], lea.get(f"campaigns/{campaign.pk}/items/", page_size=2).json()
    while page["next"]:
        told += page["results"]
        page = lea.client.get(page["next"]).json()
    told += page["results"]
    assert [one["id"] for one in told] == list(campaign.items.order_by("position", "pk").values_list("pk", flat=True))


def test_only_those_who_may_see_the_page_get_them():
    campaign = make_campaign(1)
    address = f"campaigns/{campaign.pk}/items/"
    make_person("olga", role="lead", organisation=make_organisation("elsewhere"))
    codes = {who: Program(who).get(address).status_code for who in ("lea", "bob", "grace", "ada", "carol", "olga")}
    assert codes == {"lea": 200, "bob": 200, "grace": 200, "ada": 403, "carol": 403, "olga": 404}


def test_who_rates_in_it_gets_none_of_them_whatever_else_they_are():
    blind = make_blind()
    address, olga = f"campaigns/{blind.campaign.pk}/items/", make_person("olga", role="lead")
    program = Program("olga")
    assert program.get(address).status_code == 200
    Enrolment.objects.create(campaign=blind.campaign, rater=olga)
    told = [program.get(address), Program("carol").get(address)]
    assert [one.status_code for one in told] == [404, 403]
    assert not any(b"zebracorn" in one.content.lower() for one in told)


def test_the_list_asks_as_much_for_thirty_items_as_for_three():
    few, many = (asked(Program("lea"), f"campaigns/{make_campaign(number).pk}/items/") for number in (3, 30))
    assert few[1] == many[1] and (few[0], many[0]) == (3, 30)
