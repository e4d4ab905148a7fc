"""The lead's pages: the list of differences, one response without names, and the decision."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Adjudication, CampaignItem, Response
from annotations.queries import adjudication as queries
from annotations.services import campaign_items
from tests.differing import SPLIT, all_rated, decide, rated
from tests.factories import make_model, make_person, make_prompt
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, make_response

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script>" onfocus="alert(3)" {{ x }}"""
ARABIC = "اكتب مشهداً"
OWN = {"take": "own", "points": "3", "follows_config": "yes", "cause": "slip", "note": "Read r1."}


def url(item, name="adjudication"):
    return reverse(f"annotations:{name}", args=[item.campaign_id, item.pk])


def listed(campaign):
    return reverse("annotations:adjudication-list", args=[campaign.pk])


def send(client, item, query="", **said):
    said = {"take": "A", "cause": "slip", "seen": queries.seen(queries.answers(item))} | said
    return client.post(url(item, "adjudicate") + query, said)


@pytest.fixture
def lea(as_person):
    return as_person("lea")


@pytest.fixture
def items():
    return all_rated(make_campaign(3, overlap=2), SPLIT, [(5, True), (2, True)])


def read(client, address, **options):
    return client.get(address, **options).content.decode()


def test_the_list_has_the_differences_and_what_is_left(lea, items):
    html = read(lea, listed(items[0].campaign))
    assert "2 open and 0 decided" in html and "1 of the open" in html
    assert len(elements(html, "tr")) == 3 and inline(html) == []


@pytest.mark.parametrize(("query", "number"), [({"size": "tied"}, 1), ({"state": "decided"}, 0), ({"kind": "x"}, 2)])
def test_the_list_is_filtered(lea, items, query, number):
    html = read(lea, listed(items[0].campaign), data=query, headers={"HX-Request": "true"})
    assert html.count("/answers/") == number and "<body" not in html


def test_without_a_difference_the_list_says_so(lea):
    assert "No two raters differ so far" in read(lea, listed(make_campaign(1)))


def test_the_causes_so_far_lead_to_the_next_guideline(lea, items):
    decide(items[0], cause="guideline_gap")
    html = read(lea, listed(items[0].campaign))
    assert "guideline gap" in html and reverse("annotations:guideline-new", args=[items[0].campaign_id]) in html


def test_a_response_is_read_without_a_name_a_model_or_a_judge(lea, items):
    enrol(items[0].campaign, "carol")
    rated(items[2], (4, True), seconds=1.2, comment="Too short.", broken_rules=["r1"])
    CampaignItem.objects.filter(pk=items[2].pk).update(names_model="Warden")
    Response.objects.filter(pk=items[2].response_id).update(text="I am Warden.")
    html = read(lea, url(items[2]))
    model = make_model()
    assert "Rater A" in html and "&lt; 2 s" in html and "Too short." in html and "[model]" in html
    for name in ("rater-1", "Rater-1", "carol", "Warden", model.name, f">{model.model}<", "heuristic"):
        assert name not in html
    assert inline(html) == []


def test_only_a_response_that_differs_has_a_form(lea, items):
    assert "Decide</button>" in read(lea, url(items[0]))
    assert "Nobody differs about this response" in read(lea, url(items[2]))


def test_a_reviewer_reads_and_does_not_decide(as_person, items):
    bob = as_person("bob")
    assert (
        "A lead of the campaign" in read(bob, url(items[0]))
        and "<form" not in read(bob, url(items[0])).split("main")[1]
    )
    assert send(bob, items[0]).status_code == 403 and not Adjudication.objects.exists()


def test_a_lead_decides_and_the_next_one_comes(lea, items):
    answer = send(lea, items[0], "?size=any")
    assert answer.url == url(items[1]) + "?size=any"
    assert send(lea, items[1]).url == listed(items[0].campaign)
    assert Adjudication.objects.count() == 2
    html = read(lea, url(items[0]))
    assert "Reopen" in html and "Decide</button>" not in html


def test_an_own_answer_is_stored_with_its_rules(lea, items):
    assert send(lea, items[0], **OWN | {"follows_config": "no", "broken_rules": ["r1"]}).status_code == 302
    made = Adjudication.objects.get()
    assert (made.points, made.follows_config, made.broken_rules, made.rating) == (3, False, ["r1"], None)


def test_points_alone_say_that_an_own_answer_is_meant(lea, items):
    assert send(lea, items[0], **OWN | {"take": ""}).status_code == 302


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"take": ""}, "Choose the answer that holds, or give your own."),
        ({"take": "Z"}, "Choose the answer that holds, or give your own."),
        ({"cause": ""}, "Say why they differ."),
        ({"cause": "odd"}, "Say why they differ."),
        (OWN | {"note": ""}, "Nobody said that."),
        (OWN | {"points": "6"}, "Say how helpful the response is"),
        (OWN | {"follows_config": ""}, "Say whether the response follows the config"),
        (OWN | {"broken_rules": ["r1"]}, "A response that follows the config breaks no rule"),
        (OWN | {"follows_config": "no", "broken_rules": ["r9"]}, "There is no rule of this config called"),
        ({"seen": "old"}, "Read the answers as they are now"),
    ],
)
def test_a_decision_that_is_not_whole_comes_back_with_all_that_was_typed(lea, items, said, words):
    answer = send(lea, items[0], **{"note": "Kept as typed."} | said)
    html = answer.content.decode()
    assert answer.status_code == 422 and words in html and not Adjudication.objects.exists()
    assert said.get("note", "Kept as typed.") in html
    checked = [one.attributes for one in elements(html, "input") if "checked" in one.attributes]
    causes = [one["value"] for one in checked if one.get("name") == "cause"]
    assert causes == ([] if said.get("cause") in ("", "odd") else ["slip"])


def test_who_comes_second_reads_that_somebody_was_faster(lea, items):
    decide(items[0], actor=make_person("lou", role="lead"))
    answer = send(lea, items[0])
    assert answer.status_code == 422 and "Somebody was faster" in answer.content.decode()


def test_a_decision_is_reopened_and_stays_readable(lea, items):
    decide(items[0], note="As it was.")
    assert lea.post(url(items[0], "adjudication-reopen")).url == url(items[0])
    html = read(lea, url(items[0]))
    assert "Reopened" in html and "As it was." in html and "Decide</button>" in html
    lea.post(url(items[0], "adjudication-reopen"))
    assert "Somebody was faster" in read(lea, url(items[0]))


@pytest.mark.parametrize("fields", [{"practice": True}, {}], ids=["practice", "gold"])
def test_a_gold_item_is_not_there(lea, items, fields):
    gold = {"gold_low": 1, "gold_high": 2, "gold_follows": True, "gold_why": "So."}
    CampaignItem.objects.filter(pk=items[0].pk).update(**gold | fields)
    assert lea.get(url(items[0])).status_code == 404


def test_an_item_of_another_campaign_is_not_there(lea, items):
    other = make_campaign(0, title="Another")
    assert lea.get(reverse("annotations:adjudication", args=[other.pk, items[0].pk])).status_code == 404


def written(words):
    """The pages of a decided item with the words wherever a person or a model may have written."""
    campaign = make_campaign(0, overlap=2, title=words)
    made = make_response(words, prompt=make_prompt(words))
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk=made.pk), actor=make_person("lea"))
    (item,) = campaign.items.all()
    rated(item, *SPLIT, comment=words)
    decide(item, note=words)
    return [url(item), listed(campaign) + "?state=all"]


def test_hostile_texts_stay_texts(lea):
    for html in [read(lea, address) for address in written(HOSTILE)]:
        assert "<script>alert" not in html and inline(html) == []


def test_texts_run_the_way_they_are_written(lea):
    for html in [read(lea, address) for address in written(ARABIC)]:
        assert ARABIC in html and undirected(html, ARABIC) == []


def test_many_differences_ask_as_often_as_one(lea):
    campaign = make_campaign(12, overlap=3)
    made = all_rated(campaign, SPLIT)

    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as found:
            assert lea.get(listed(campaign)).status_code == lea.get(url(made[0])).status_code == 200
        return len(found)

    first = asked()
    for item in made[1:]:
        rated(item, *SPLIT, (3, True))
    assert asked() == first <= 40
