"""The lead's pages of a campaign's items: the list and its filters, one item, and what can be done with it."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core.gold import Gold
from annotations.models import Campaign, CampaignItem, Flag, Response, Skip
from annotations.services import campaign_gold, campaign_items, slots
from tests.factories import make_candidate, make_config, make_model, make_person, make_prompt, make_version
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script> {response} $response {{ x }} " onfocus="alert(2)'
ARABIC = "حصار"
RIGHT = {"low": "3", "high": "5", "follows": "yes", "why": "It fits.", "how": "mixed"}
NAMING = "I am Qwen, a language model."


def url(name: str, item: CampaignItem) -> str:
    return reverse(f"annotations:{name}", args=[item.campaign_id, item.pk])


def items_url(campaign: Campaign) -> str:
    return reverse("annotations:campaign-items", args=[campaign.pk])


def html(client, address: str, **wanted) -> str:
    response = client.get(address, wanted)
    assert response.status_code == 200
    return response.content.decode()


def main(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def rows(client, campaign, **wanted) -> list[str]:
    """The texts of the rows of the list."""
    found = elements(html(client, items_url(campaign), **wanted), "tr")
    return [" ".join(one.text.split()) for one in found if "Prompt" not in one.text]


def said(response) -> str:
    return " ".join(response.content.decode().split())


def with_names(campaign: Campaign, *texts: str) -> None:
    made = [make_response(one).pk for one in texts]
    found = Response.objects.filter(pk__in=made)
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))


def queries(client, address: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_a_row_says_where_an_item_is_from_and_how_far_it_is(as_person):
    campaign = make_campaign(1, overlap=2, risks=["drugs"])
    carol = enrol(campaign)
    rate_item(campaign.items.get(), make_person("ada"))
    slots.turn(carol)
    Flag.objects.create(item=campaign.items.get(), rater=carol.rater, text="Hm.")
    Skip.objects.create(item=campaign.items.get(), rater=carol.rater, reason="unclear")
    [row] = rows(as_person("lea"), campaign)
    for words in ("Echo · plain", "1 of 2 1 held", "Drugs", "1 flag, 1 unanswered", "passed on 1×"):
        assert words in row
    assert "carol" not in row.lower()


def test_those_that_name_their_model_stand_first_until_they_are_masked(as_person):
    campaign, lea = make_campaign(6), as_person("lea")
    with_names(campaign, NAMING)
    item = campaign.items.get(names_model="Qwen")
    assert "names “Qwen”" in rows(lea, campaign)[0] and len(rows(lea, campaign, show="naming")) == 1
    lea.post(url("item-mask", item) + "?show=naming", {"list": "1"})
    assert rows(lea, campaign, show="naming") == [] and "I am [model]," in rows(lea, campaign, show="masked")[0]


def test_all_that_name_their_model_are_masked_or_taken_out_with_one_button(as_person):
    campaign, lea = make_campaign(1), as_person("lea")
    with_names(campaign, NAMING, "I am Gemma, a model.")
    assert "2 items name their model." in html(lea, items_url(campaign))
    assert "2 items masked" in said(lea.post(items_url(campaign), {"do": "mask"}, follow=True))
    CampaignItem.objects.update(masked=False)
    assert "2 items taken out" in said(lea.post(items_url(campaign), {"do": "take-out"}, follow=True))
    assert "Choose what" in said(lea.post(items_url(campaign), {"do": "dance"}, follow=True))


@pytest.mark.parametrize(
    ("show", "number"), [("", 4), ("open", 3), ("done", 1), ("gold", 1), ("practice", 0), ("out", 1)]
)
def test_the_filter_shows_what_it_says(as_person, show, number):
    campaign, lea = make_campaign(5), make_person("lea")
    first, second, third, *_ = campaign.items.order_by("pk")
    rate_item(first, make_person("carol"))
    campaign_items.take_out(item=second, actor=lea)
    enrol(campaign, "dan")
    campaign_gold.set_gold(item=third, gold=Gold(1, 2, False, "So."), actor=lea)
    assert len(rows(as_person("lea"), campaign, show=show)) == number


def test_config_kind_and_source_narrow_the_list(as_person):
    campaign, lea = make_campaign(2), as_person("lea")
    version = make_version(make_config("other"))
    prompt = make_prompt(config=version.config, kind="partial")
    made = make_response(version=version, prompt=prompt, candidate=make_candidate(make_model("m")))
    uploaded = make_response(candidate=None, source="Zorro")
    found = Response.objects.filter(pk__in=[made.pk, uploaded.pk])
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
    wanted = [{"config": version.config_id}, {"kind": "partial"}, {"source": made.candidate_id}, {"source": "uploaded"}]
    assert [len(rows(lea, campaign, **one)) for one in wanted] == [1, 1, 1, 1]
    assert "Zorro" in rows(lea, campaign, source="uploaded")[0]
    for strange in ({"config": "x"}, {"kind": "odd"}, {"source": "9" * 30}, {"show": "x"}, {"page": "99"}):
        assert len(rows(lea, campaign, **strange)) == 4


def test_htmx_gets_the_list_alone(as_person):
    response = as_person("lea").get(items_url(make_campaign(1)), headers={"HX-Request": "true"})
    assert b"<body" not in response.content and b'id="items"' in response.content


def test_an_empty_campaign_says_what_to_do(as_person):
    campaign = make_campaign(0)
    page = html(as_person("lea"), items_url(campaign))
    assert reverse("training:campaign-pick", args=[campaign.pk]) in page and "An item is a response" in page
    assert reverse("training:campaign-pick", args=[campaign.pk]) not in html(as_person("bob"), items_url(campaign))


def test_a_reviewer_reads_and_changes_nothing(as_person):
    campaign, bob = make_campaign(1), as_person("bob")
    item = campaign.items.get()
    assert "<form" not in main(html(bob, url("item-gold", item)))
    for name in ("item-gold", "item-mask", "item-take-out", "item-put-back"):
        assert bob.post(url(name, item)).status_code == 403


def test_who_rates_in_a_campaign_sees_nothing_of_its_items(as_person):
    campaign = make_campaign(1)
    enrol(campaign, "ada"), enrol(campaign, "carol")
    for name, status in (("ada", 403), ("carol", 403)):
        assert as_person(name).get(items_url(campaign)).status_code == status
        assert as_person(name).get(url("item-gold", campaign.items.get())).status_code == status


def test_an_item_of_another_campaign_is_not_there(as_person):
    item, other = make_campaign(1).items.get(), make_campaign(1)
    address = reverse("annotations:item-gold", args=[other.pk, item.pk])
    assert as_person("lea").get(address).status_code == 404 == as_person("lea").post(address, RIGHT).status_code


def test_a_right_answer_is_set_changed_and_taken_away(as_person):
    item, lea = make_campaign(1).items.get(), as_person("lea")
    assert lea.post(url("item-gold", item), RIGHT | {"how": "practice"}).url == url("item-gold", item)
    item.refresh_from_db()
    assert (item.gold_low, item.gold_high, item.gold_follows, item.practice) == (3, 5, True, True)
    page = html(lea, url("item-gold", item))
    assert "It fits." in page and "Change the right answer" in page
    lea.post(url("item-gold", item), RIGHT | {"follows": "no"})
    lea.post(url("item-gold", item), {"do": "unset"})
    item.refresh_from_db()
    assert not item.is_gold and not item.practice


@pytest.mark.parametrize(
    "wrong", [{"low": "5", "high": "3"}, {"low": "7"}, {"follows": "maybe"}, {"why": " "}, {"how": ""}]
)
def test_a_wrong_answer_comes_back_with_everything_typed(as_person, wrong):
    item = make_campaign(1).items.get()
    response = as_person("lea").post(url("item-gold", item), RIGHT | {"why": "My reason."} | wrong)
    assert response.status_code == 422 and "field-error" in response.content.decode()
    assert ("My reason." in response.content.decode()) == ("why" not in wrong)


def test_an_item_is_taken_out_and_put_back_and_the_second_lead_is_told(as_person):
    item, lea = make_campaign(1).items.get(), as_person("lea")
    assert "The item is out." in said(lea.post(url("item-take-out", item), follow=True))
    assert "Somebody was faster" in said(lea.post(url("item-take-out", item), follow=True))
    assert "is in the campaign again" in said(lea.post(url("item-put-back", item), follow=True))
    assert (
        lea.post(url("item-take-out", item) + "?show=gold", {"list": "1"}).url
        == items_url(item.campaign) + "?show=gold"
    )


def test_a_name_that_was_not_found_can_be_typed(as_person):
    campaign, lea = make_campaign(0), as_person("lea")
    with_names(campaign, "Zorro wrote this for you.")
    item = campaign.items.get()
    assert "does not stand" in said(lea.post(url("item-mask", item), {"name": "Batman"}, follow=True))
    assert "[model] wrote this" in said(lea.post(url("item-mask", item), {"name": "Zorro"}, follow=True))
    assert "Zorro wrote this" in said(lea.post(url("item-mask", item), {"do": "unmask"}, follow=True))


def test_a_closed_campaign_shows_no_button(as_person):
    campaign, lea = make_campaign(1), as_person("lea")
    Campaign.objects.update(state="closed", closed_at=campaign.opened_at)
    assert "<form" not in main(html(lea, url("item-gold", campaign.items.get())))
    assert "is closed" in said(lea.post(url("item-take-out", campaign.items.get()), follow=True))


def test_hostile_and_arabic_texts_are_only_texts(as_person):
    campaign, lea = make_campaign(0), as_person("lea")
    prompt = make_prompt(HOSTILE, config=make_version().config)
    one = make_response(HOSTILE, prompt=prompt, candidate=None, source=HOSTILE)
    other = make_response(ARABIC, prompt=make_prompt(ARABIC, language="ar"))
    found = Response.objects.filter(pk__in=[one.pk, other.pk])
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
    CampaignItem.objects.update(names_model=HOSTILE[:200])
    pages = [items_url(campaign), *[url("item-gold", item) for item in campaign.items.all()]]
    for page in [html(lea, address) for address in pages]:
        assert inline(page) == [] == undirected(page, ARABIC) and "<script>alert" not in page


def test_many_items_ask_as_often_as_few(as_person):
    campaign, lea = make_campaign(2), as_person("lea")
    few = queries(lea, items_url(campaign))
    config = make_version(make_config("more")).config
    for number in range(20):
        make_response(prompt=make_prompt(config=config), candidate=None if number % 2 else make_candidate())
    campaign_items.add(campaign=campaign, responses=Response.objects.all(), actor=make_person("lea"))
    assert queries(lea, items_url(campaign)) == few <= 24
