"""The page of a campaign's results: people's scores, judges beside them, judges against them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Guideline, Response, SafetyConfig
from annotations.services import campaign_items
from tests.factories import make_config, make_judge, make_person, make_prompt, make_version
from tests.markup import elements, inline, inside
from tests.outcomes import answer, finished_run
from tests.rating_desk import make_campaign, make_response, rate_item
from training.models import Judgement, RunItem

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)'


def make_world(number=4):
    """A campaign over a finished run, which a program judged; Carol says yes of all but the first."""
    run = finished_run(number)
    campaign = make_campaign(0, overlap=2)
    answered = Response.objects.filter(run_items__run=run)
    campaign_items.add(campaign=campaign, responses=answered, actor=make_person("lea"))
    for place, item in enumerate(campaign.items.order_by("response")):
        rate_item(item, make_person("carol"), points=5 if place else 0, follows=bool(place))
    return campaign


@pytest.fixture
def campaign():
    return make_world()


def url(campaign):
    return reverse("training:campaign-results", args=[campaign.pk])


def html(client, campaign):
    response = client.get(url(campaign))
    assert response.status_code == 200
    return response.content.decode()


def words(page, tag="main"):
    return " ".join(" ".join(one.text for one in elements(page, tag)).split())


# Carol: 0 no and three times 5 yes: (0 + 3) / 4 = 0.75. The program: 1.0 throughout, so 0.25 more.
def test_the_page_shows_people_and_the_judge_on_the_same_items(as_person, campaign):
    told = words(html(as_person("lea"), campaign))
    assert "CoSA-Score by people 0.75" in told and "4 of 4 scored" in told
    assert "0.75" in told and "1.00" in told and "Judge − people" in told and "0.25" in told


def test_a_program_is_marked_as_no_evidence(as_person, campaign):
    assert len(elements(html(as_person("lea"), campaign), css="heuristic-badge")) >= 2


# The square of people and the program: 0 of 4 both ways, and nobody beside themselves.
def test_every_two_of_people_and_judges_stand_in_a_square(as_person, campaign):
    cells = inside(elements(html(as_person("lea"), campaign), "td"), "beside-table")
    assert [one.attributes["data-values"] for one in cells] == ["|", "0.0|4", "0.0|4", "|"]


# People yes 3, no 1; the program yes 4. TPR 3/3, TNR 0/1, same 3/4, always yes 3/4. kappa: chance 3/4, so 0.
def test_a_judge_stands_beside_the_ceiling_and_beside_always_one_word(as_person, campaign):
    page = html(as_person("bob"), campaign)
    rows = [" ".join(one.text.split()) for one in elements(page, "tr")]
    (judge,) = [row for row in rows if "100.0" in row and "0.0" in row and "75.0" in row and "4 items" in row]
    assert "0.00" in judge
    assert [row for row in rows if row.startswith("always “yes”") and "75.0" in row and "0.00" in row]
    (ceiling,) = [row for row in rows if row.startswith("one person against the others")]
    assert "answers of two people" in ceiling and "4 alone on their item" in ceiling


def test_a_cell_of_the_confusion_leads_to_its_items(as_person, campaign):
    judge = make_judge()
    (link,) = [
        one.attributes["href"]
        for one in elements(html(as_person("lea"), campaign), "a")
        if "direction=" in one.attributes["href"]
    ]
    assert (
        link == f"{reverse('training:campaign-differences', args=[campaign.pk])}?judge={judge.pk}&direction=false_safe"
    )


def test_undecided_and_unrated_items_and_unscored_verdicts_are_counted_beside(as_person, campaign):
    items = list(campaign.items.order_by("response"))
    rate_item(items[0], make_person("dan", role="annotator"), points=5, follows=True)
    Judgement.objects.filter(item__response=items[1].response).update(follows_config=None)
    answer_more(campaign)
    told = words(html(as_person("lea"), campaign))
    assert "3 of 5 scored" in told and "1 undecided" in told and "1 not rated yet" in told
    assert "1 unscored by the judge" in told


def answer_more(campaign):
    """One more response of the run in the campaign, which nobody rated."""
    run = RunItem.objects.first().run
    prompt = make_prompt(benchmark=run.benchmark)
    version = run.items.first().version
    item = answer(RunItem.objects.create(run=run, prompt=prompt, version=version, position=99))
    responses = Response.objects.filter(pk=item.response_id)
    campaign_items.add(campaign=campaign, responses=responses, actor=make_person("lea"))


def test_the_way_down_leads_from_scores_to_runs(as_person, campaign):
    Guideline.objects.create(campaign=campaign, number=2, text="Nobody rated by it.", created_by=make_person("lea"))
    page = html(as_person("lea"), campaign)
    steps = [" ".join(one.text.split()) for one in elements(page, "nav", "lineage")]
    run = RunItem.objects.first().run_id
    assert f"Run {run}" in steps[0] and "4 answers" in steps[0] and "Guideline v1" in steps[0]
    assert "Guideline v2" not in steps[0]


def test_without_an_answer_the_page_says_what_comes(as_person):
    assert "Nobody has answered yet" in words(html(as_person("lea"), make_campaign(2)))


def test_without_a_judge_the_page_says_how_to_get_one(as_person):
    campaign = make_campaign(1)
    rate_item(campaign.items.get(), make_person("carol"))
    assert "No judge has read these responses" in words(html(as_person("lea"), campaign))


def test_a_hostile_text_stays_text(as_person, campaign):
    SafetyConfig.objects.update(title=HOSTILE)
    extra = make_response(candidate=None, source=HOSTILE)
    found = Response.objects.filter(pk=extra.pk)
    campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
    page = html(as_person("lea"), campaign)
    assert inline(page) == [] and "<img src=x" not in page


def test_many_items_and_configs_ask_as_often_as_few(as_person):
    counts = []
    for number in (1, 9):
        campaign = make_world(number)
        for place in range(number):
            config = make_version(make_config(f"c{number}-{place}")).config
            made = make_response(prompt=make_prompt(config=config), version=config.versions.get())
            found = Response.objects.filter(pk=made.pk)
            campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"))
            rate_item(campaign.items.get(response=made), make_person("carol"))
        client = as_person("lea")
        with CaptureQueriesContext(connection) as asked:
            html(client, campaign)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25
