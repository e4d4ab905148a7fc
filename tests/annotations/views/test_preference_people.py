"""The page of a set made of people's answers: what they come to, seen before it is made."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Campaign, PreferenceSet
from tests.annotations.services.test_human_pairs import closed, say
from tests.factories import make_organisation, make_prompt
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, make_response

pytestmark = pytest.mark.django_db
URL = reverse("annotations:preference-people")
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "حملة التقييم"


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


@pytest.fixture
def campaign():
    return rated()


def rated(**fields):
    """A closed campaign with three responses to a prompt, of which two were rated."""
    prompt = make_prompt()
    first = make_response(prompt=prompt)
    others = [make_response(prompt=prompt, version=first.version) for _ in range(2)]
    made = closed(first, *others, **fields)
    say(made, first, (4, True))
    say(made, others[0], (1, True))
    return made


def see(client, *campaigns):
    return client.get(URL, {"campaigns": [campaign.pk for campaign in campaigns]} if campaigns else {})


def make(client, *campaigns, **fields):
    return client.post(URL, {"campaigns": [campaign.pk for campaign in campaigns], "title": "From people"} | fields)


def test_nothing_is_counted_before_a_campaign_is_chosen(as_person, campaign):
    html = see(as_person("lea")).content.decode()
    assert "Sieges, rated" in html and "Make the set" not in html


def test_the_page_says_how_many_pairs_there_are_and_why_others_are_none(as_person, campaign):
    html = see(as_person("lea"), campaign).content.decode()
    assert "1 pair<" in html and "nobody rated it" in html and "Benchmark bench" in html
    (law,) = [one.text for one in elements(html, "p", "conserve")]
    assert law.split() == ["3", "comparisons", "=", "1", "pairs", "+", "2", "not", "settled"]
    assert [one.text for one in elements(html, "td", "number")] == ["2", "3", "2"]  # comparisons; responses and settled


def test_the_set_is_made_and_its_page_follows(as_person, campaign):
    response = make(as_person("lea"), campaign, about="For a try.", licence="CC-BY-4.0")
    row = PreferenceSet.objects.get()
    assert response.url == reverse("annotations:preference-detail", args=[row.pk])
    assert (row.origin, row.state, row.rows, row.licence) == ("people", "finished", 1, "CC-BY-4.0"), row.reason
    assert as_person("lea").get(response.url).status_code == 200


def test_many_pairs_wait_for_a_worker(as_person, campaign, monkeypatch):
    monkeypatch.setattr("annotations.services.human_pairs.SMALL_PAIRS", 0)
    make(as_person("lea"), campaign)
    assert PreferenceSet.objects.get().state == "queued"


def test_a_wrong_form_is_422_with_everything_typed(as_person, campaign):
    response = make(as_person("lea"), campaign, title="", about="Typed.")
    html = response.content.decode()
    assert response.status_code == 422 and "Typed." in html and "1 pair<" in html
    assert make(as_person("lea")).status_code == 422 and see(as_person("lea"), Campaign(pk=10**6)).status_code == 422
    assert not PreferenceSet.objects.exists()


def test_campaigns_without_a_pair_are_refused_in_words(as_person):
    response = make(as_person("lea"), closed(make_response()))
    html = response.content.decode()
    assert response.status_code == 422 and "These answers make no pair" in html
    assert "There are no two to compare." in html and "Every two of them make one." not in html


def test_campaigns_that_are_not_closed_are_not_offered_but_counted(as_person, campaign):
    running = make_campaign(1, title="Still running")
    html = see(as_person("lea")).content.decode()
    assert "Still running" not in html and "1 campaign not closed yet" in html
    assert make(as_person("lea"), running).status_code == 422


def test_who_rates_in_a_campaign_reads_nothing_of_it_here_either(as_person, campaign):
    grace = as_person("grace")
    assert "Sieges, rated" in see(grace).content.decode()
    enrol(campaign, "grace")
    assert "Sieges, rated" not in see(grace).content.decode() and make(grace, campaign).status_code == 422


def test_campaigns_of_others_are_not_offered(as_person):
    theirs = rated(organisation=make_organisation("elsewhere"), title="Theirs")
    assert "Theirs" not in see(as_person("lea")).content.decode()
    assert make(as_person("lea"), theirs).status_code == 422
    assert "Theirs" in see(as_person("grace"), theirs).content.decode()


def test_campaigns_of_two_organisations_make_no_set_together(as_person, campaign):
    theirs = rated(organisation=make_organisation("elsewhere"))
    response = make(as_person("grace"), campaign, theirs)
    assert response.status_code == 422 and "of one organisation" in response.content.decode()


@pytest.mark.parametrize(("person", "status"), [("ada", 200), ("bob", 403), ("carol", 403), ("mallory", 200)])
def test_who_reads_no_campaign_is_told_who_does(as_person, campaign, person, status):
    response = see(as_person(person))
    assert response.status_code == status
    assert status != 200 or "There is no closed campaign" in response.content.decode()


def test_titles_are_escaped_and_run_their_own_way(as_person):
    html = see(as_person("lea"), rated(title=HOSTILE), rated(title=ARABIC)).content.decode()
    assert HOSTILE not in html and inline(html) == [] and undirected(html, ARABIC) == []


def test_many_campaigns_ask_as_often_as_one(as_person):
    lea, counts, there = as_person("lea"), [], []
    for number in (1, 5):
        there += [rated() for _ in range(number)]
        with CaptureQueriesContext(connection) as asked:
            see(lea, *there)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25
