"""Where a judge and people differ: the list, and the reader for one response."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import Adjudication, CampaignItem, Rating, Response
from annotations.queries.rating_tables import rater_name
from annotations.services import campaign_items
from tests.factories import make_judge, make_person
from tests.markup import elements, inline, text
from tests.outcomes import finished_run
from tests.rating_desk import make_campaign, make_response, rate_item
from training.models import Judgement, RunItem

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)"""


def make_world(number=4):
    """A campaign over a finished run: a program says yes of everything, Carol no of all but the last."""
    run = finished_run(number)
    campaign = make_campaign(0, overlap=2)
    answered = Response.objects.filter(run_items__run=run)
    campaign_items.add(campaign=campaign, responses=answered, actor=make_person("lea"))
    Judgement.objects.update(reasons="It reads well.", raw='{"safe": true}')
    *most, last = campaign.items.order_by("response")
    for item in most:
        rate_item(item, make_person("carol"), points=1, follows=False, broken_rules=["r1"], comment="It is not.")
    rate_item(last, make_person("carol"))
    return campaign


@pytest.fixture
def campaign():
    return make_world()


def items(campaign):
    return list(campaign.items.order_by("position", "pk"))


def parted(campaign):
    """The items about which they differ, in the order of the list."""
    return [item for item in items(campaign) if not item.ratings.get().follows_config]


def listed(client, campaign, **wanted):
    return client.get(reverse("training:campaign-differences", args=[campaign.pk]), wanted)


def read(client, campaign, item, **wanted):
    return client.get(reverse("training:campaign-difference", args=[campaign.pk, item.pk]), wanted)


def links(response, css=None):
    return [one.attributes.get("href", "") for one in elements(response.content.decode(), "a", css)]


def words(response):
    return " ".join(" ".join(one.text for one in elements(response.content.decode(), "main")).split())


def test_the_list_leads_to_each_difference_with_the_filter_kept(as_person, campaign):
    judge = make_judge()
    found = [
        link for link in links(listed(as_person("lea"), campaign, judge=judge.pk), "plain") if "/differences/" in link
    ]
    assert found == [
        f"{reverse('training:campaign-difference', args=[campaign.pk, item.pk])}?judge={judge.pk}"
        for item in parted(campaign)
    ]


def test_htmx_gets_the_list_alone(as_person, campaign):
    url = reverse("training:campaign-differences", args=[campaign.pk])
    page = as_person("lea").get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<body" not in page and elements(page)[0].attributes["id"] == "differences"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"direction": "false_unsafe"}, "No item matches these filters."),
        ({"direction": "sideways", "kind": "odd", "judge": "x", "config": "-"}, "1–3 of 3 items"),
    ],
)
def test_a_filter_that_leaves_nothing_and_one_that_is_none(as_person, campaign, wanted, told):
    assert told in words(listed(as_person("bob"), campaign, **wanted))


def test_of_one_mind_the_list_says_so(as_person):
    campaign = make_world(1)
    assert "they say the same of following the config" in words(listed(as_person("lea"), campaign))


def test_without_a_judge_the_list_says_so(as_person):
    assert "No judge has read these responses" in words(listed(as_person("lea"), make_campaign(1)))


def test_the_reader_shows_people_under_names_that_tell_nothing_and_the_judge_with_its_text(as_person, campaign):
    (item, *_) = parted(campaign)
    response = read(as_person("lea"), campaign, item)
    told = words(response)
    assert rater_name(campaign.pk, make_person("carol").pk) in told and "carol" not in told.lower()
    assert "It is not." in told and "1 of 5" in told and "It reads well." in told and '{"safe": true}' in told
    assert text(response.content.decode(), "response") == item.response.text
    assert "#rule-r1" in links(response) and 'id="rule-r1"' in response.content.decode()


def test_an_answer_that_was_changed_is_not_shown(as_person, campaign):
    (item, *_) = parted(campaign)
    Rating.objects.filter(item=item).update(withdrawn_at=timezone.now())
    assert "Nobody has rated this one." in words(read(as_person("lea"), campaign, item))


def test_one_goes_on_and_back_within_the_filter(as_person, campaign):
    first, second, third = parted(campaign)
    response = read(as_person("lea"), campaign, second, direction="false_safe")
    assert "2 of 3 differences in this filter" in words(response)
    ways = {
        one.attributes["data-key"]: one.attributes["href"]
        for one in elements(response.content.decode(), "a")
        if "data-key" in one.attributes
    }
    for key, item in (("previous", first), ("next", third)):
        url = reverse("training:campaign-difference", args=[campaign.pk, item.pk])
        assert ways[key] == f"{url}?direction=false_safe"


def test_an_item_about_which_nobody_differs_can_be_read_too(as_person, campaign):
    (item,) = [item for item in items(campaign) if item not in parted(campaign)]
    assert "not among the 3 differences" in words(read(as_person("lea"), campaign, item))


def test_a_decision_and_what_does_not_count_are_said(as_person, campaign):
    (item, *_) = parted(campaign)
    values = {"points": 4, "follows_config": True, "cause": "slip", "note": "A slip.", "created_by": make_person("lea")}
    Adjudication.objects.create(item=item, **values)
    CampaignItem.objects.filter(pk=item.pk).update(taken_out_at=timezone.now())
    told = words(read(as_person("lea"), campaign, item))
    assert "Decided by a lead: 4 of 5, follows the config. A slip." in told and "was taken out" in told


def test_the_way_down_leads_to_the_item_of_the_run(as_person, campaign):
    (item, *_) = parted(campaign)
    run_item = RunItem.objects.get(response=item.response_id)
    found = links(read(as_person("lea"), campaign, item))
    prompt, version = item.response.prompt, item.response.version
    assert {
        reverse("training:item-detail", args=[run_item.run_id, run_item.pk]),
        reverse("training:run-detail", args=[run_item.run_id]),
        reverse("annotations:prompt-detail", args=[prompt.benchmark_id, prompt.uid]),
        reverse("annotations:version-detail", args=[version.config_id, version.number]),
        reverse("training:model-detail", args=[item.response.candidate.model_id]),
    } <= set(found)


def test_an_uploaded_response_ends_at_its_source(as_person):
    campaign = make_campaign(0)
    made = make_response(candidate=None, source="Our old bot")
    found = Response.objects.filter(pk=made.pk)
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
    told = words(read(as_person("lea"), campaign, campaign.items.get()))
    assert "No judge has read this one." in told and "Nobody has rated this one." in told


def test_an_item_of_another_campaign_is_not_there(as_person, campaign):
    other = make_campaign(1)
    assert read(as_person("lea"), campaign, other.items.get()).status_code == 404


def test_a_hostile_text_stays_text(as_person, campaign):
    (item, second, *_) = parted(campaign)
    Response.objects.update(text=HOSTILE)
    Judgement.objects.update(reasons=HOSTILE, raw=HOSTILE)
    rate_item(item, make_person("dan", role="annotator"), follows=False, comment=HOSTILE, broken_rules=[HOSTILE])
    client = as_person("lea")
    for response in (listed(client, campaign), read(client, campaign, item)):
        page = response.content.decode()
        assert inline(page) == [] and "<img src=x" not in page
    assert text(read(client, campaign, second).content.decode(), "response") == HOSTILE


@pytest.mark.parametrize("one", [False, True], ids=["list", "reader"])
def test_many_differences_ask_as_often_as_few(as_person, one):
    counts = []
    for number in (2, 12):
        campaign = make_world(number)
        client, url = as_person("lea"), reverse("training:campaign-differences", args=[campaign.pk])
        url += f"{parted(campaign)[0].pk}/" if one else ""
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25
