"""The figures of a campaign on its page, other campaigns beside it, and the file."""

import csv
import io

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Campaign, Rating, Response, SafetyConfig
from annotations.services import campaign_items
from tests.differing import SPLIT, all_rated, rated
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.markup import elements, inline, inside, undirected
from tests.rating_desk import make_campaign, make_response

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script>" onfocus="alert(3)" {{ x }}"""
ARABIC = "اكتب مشهداً"
SAME = [(4, True), (4, True)]


def url(campaign, name="campaign-agreement"):
    return reverse(f"annotations:{name}", args=[campaign.pk])


@pytest.fixture
def lea(as_person):
    return as_person("lea")


def read(client, campaign, *more, **options):
    return client.get(url(campaign, *more), **options).content.decode()


def test_the_page_has_figures_with_intervals_counts_and_raters_as_numbers(lea):
    campaign = make_campaign(3, overlap=2)
    all_rated(campaign, SPLIT, SAME, [(2, False), (3, False)])
    html = read(lea, campaign)
    assert "Cohen" in html and "3 items, 6 answers, 2 raters" in html and "95 % interval" in html
    assert "Rater 1" in html and "Rater 2" in html and "rater-1" not in html and "Rater-1" not in html
    assert "Too few to say" in html and inline(html) == []


# Six items: 4 yes of both, 1 no of both, 1 yes and no. Same 5/6, chance (5 * 4 + 1 * 2) / 36, kappa 4/7 = 0.57.
def test_every_two_raters_stand_in_a_square_without_names_from_five_items_on(lea):
    six = make_campaign(6, overlap=2)
    all_rated(six, *[SAME] * 4, [(1, False), (1, False)], [(4, True), (1, False)])
    square = [one.attributes["data-values"] for one in inside(elements(read(lea, six), "td"), "beside-table")]
    assert [value[:4] for value in square] == ["|", "0.57", "0.57", "|"] and square[1].endswith("|6")
    few = make_campaign(4, overlap=2)
    all_rated(few, *[SAME] * 3, [(1, False), (1, False)])
    assert inside(elements(read(lea, few), "td"), "beside-table")[1].attributes["data-values"] == "|4"


def test_what_cannot_be_said_is_a_sentence(lea):
    campaign = make_campaign(2, overlap=2)
    all_rated(campaign, SAME, SAME)
    html = read(lea, campaign)
    assert "Everybody said yes wherever two people rated." in html and "nan" not in html.lower().replace("finance", "")


def test_without_two_answers_the_page_says_so_and_still_has_the_raters(lea):
    campaign = make_campaign(2)
    all_rated(campaign, [(4, True)])
    html = read(lea, campaign)
    assert "No response has answers of two people yet" in html and "Rater 1" in html


def test_without_answers_the_page_says_what_comes(lea):
    assert "Nobody has rated a response yet" in read(lea, make_campaign(1))


def test_other_campaigns_come_as_a_part_of_their_own(lea):
    campaign, other = make_campaign(1, overlap=2), make_campaign(1, overlap=2, title="The other one")
    all_rated(campaign, SPLIT)
    all_rated(other, SAME)
    make_campaign(0, title="Of others", organisation=make_organisation("elsewhere"))
    make_campaign(0, title="Not begun", state="draft")
    html = read(lea, campaign)
    assert "The other one" not in html and "hx-get" in html
    part = read(lea, campaign, headers={"HX-Request": "true"})
    assert "The other one" in part and "<body" not in part and "hx-trigger" not in part
    assert "Of others" not in part and "Not begun" not in part
    assert "The other one" in read(lea, campaign, data={"others": "1"})


def test_the_file_has_a_row_for_each_figure(lea):
    campaign = make_campaign(2, overlap=2)
    all_rated(campaign, SPLIT, SAME)
    answer = lea.get(url(campaign, "agreement-export"))
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert answer.headers["Content-Disposition"].endswith(f'campaign-{campaign.pk}-agreement.csv"')
    assert rows[0]["figure"] == "percent agreement" and float(rows[0]["value"]) == 0.5 and len(rows) == 21


def test_an_unknown_format_is_not_there(lea):
    assert lea.get(url(make_campaign(0), "agreement-export"), {"format": "docx"}).status_code == 404


def test_a_rater_reads_nothing_of_it_even_as_an_expert(as_person):
    campaign = make_campaign(1)
    assert as_person("ada").get(url(campaign)).status_code == 403
    lou = make_person("lou", role="lead", organisation=make_organisation("elsewhere"))
    assert as_person(lou.username).get(url(campaign)).status_code == 404


def titled(words):
    """A campaign of two configs with this title everywhere, and a second one."""
    campaign = make_campaign(1, overlap=2)
    film = make_version(make_config("film"))
    chosen = Response.objects.filter(pk=make_response(version=film).pk)
    campaign_items.add(campaign=campaign, responses=chosen, actor=make_person("lea"))
    all_rated(campaign, SPLIT, SAME)
    make_campaign(1, title="Another")
    SafetyConfig.objects.update(title=words)
    Campaign.objects.update(title=words)
    return campaign


def test_hostile_texts_stay_texts(lea):
    html = read(lea, titled(HOSTILE), data={"others": "1"})
    assert "<script>alert" not in html and inline(html) == []


def test_texts_run_the_way_they_are_written(lea):
    assert undirected(read(lea, titled(ARABIC), data={"others": "1"}), ARABIC) == []


def test_many_answers_and_raters_ask_as_often_as_one(lea):
    campaign = make_campaign(8, overlap=3)

    def asked():
        cache.clear()
        with CaptureQueriesContext(connection) as found:
            assert lea.get(url(campaign)).status_code == 200
        return len(found)

    items = all_rated(campaign, SPLIT)
    first = asked()
    for item in items[1:]:
        rated(item, *SPLIT, (3, False))
    assert Rating.objects.count() == 23 and asked() == first <= 25
    assert len(elements(read(lea, campaign), "tr")) > 6
