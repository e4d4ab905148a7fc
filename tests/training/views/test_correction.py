"""The page on which people correct a run's judge: who may read it, what it shows, and the sample it hands over."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Campaign, Membership, SafetyConfig
from tests.factories import make_model, make_organisation, make_person
from tests.sampled import by_hand, draw, make_two, rate_all
from training.models import EvaluationRun, RunItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_two()


@pytest.fixture
def page(client, run):
    def look(name="lea", at=run, **asked):
        client.force_login(make_person(name))
        return client.get(reverse("training:run-correction", args=[at.pk]), asked)

    return look


@pytest.fixture
def ask(client, run):
    def post(name="lea", **said):
        client.force_login(make_person(name))
        return client.post(reverse("training:run-sample", args=[run.pk]), {"per_config": 3, "seed": 5} | said)

    return post


def text(answer):
    return " ".join(answer.content.decode().split())


def test_three_ways_stand_beside_each_other_with_n_and_interval(page, run):
    rate_all(draw(run))
    shown = text(page())
    assert "Judge alone" in shown and "People alone" in shown and "Corrected by people" in shown
    assert "12 of 16" in shown and "drawn at random" in shown


def test_only_the_judges_column_is_marked_as_a_heuristic(page, run):
    RunItem.objects.filter(run=run).update(heuristic=True)
    rate_all(draw(run))
    assert [row.heuristic for row in page().context["page"].ways] == [True, False, False]


def test_a_campaign_that_was_not_drawn_is_to_be_read_with_care(page, run):
    rate_all(by_hand(run, 12))
    assert "Not known to be a random sample: read the corrected figures with care." in text(page())


def test_without_a_campaign_the_judge_stands_alone_and_the_planner_is_there(page):
    shown = text(page())
    assert "No campaign that you may read" in shown and "by the judge alone" in shown and "Ask people about" in shown


def test_who_does_not_lead_reads_the_plan_and_has_no_button(page):
    shown = text(page("ada"))
    assert "people alone" in shown and "Ask people about" not in shown


def test_a_run_that_is_not_finished_has_no_figures_yet(page, run):
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused")
    assert "a run that is finished" in text(page())


def test_a_wrong_width_is_said_beside_its_field_and_kept(page):
    answer = page(half_width="7")
    assert answer.status_code == 422 and "A number from 0.005 to 1." in text(answer) and 'value="7"' in text(answer)


def test_the_plan_asks_for_more_labels_for_a_narrower_interval(page):
    wide, narrow = (page(half_width=width).context["page"].planned.plan.corrected.total for width in (0.9, 0.6))
    assert wide < narrow


def test_the_guess_is_not_asked_for_once_it_is_measured(page, run):
    assert "correlation" in page().context["form"].fields
    rate_all(draw(run))
    assert "correlation" not in page().context["form"].fields


def test_the_button_makes_a_draft_and_leads_there(ask):
    answer = ask()
    campaign = Campaign.objects.get()
    assert answer.url == reverse("annotations:campaign-detail", args=[campaign.pk])
    assert campaign.items.count() == 6


def test_pressed_twice_there_is_one_campaign_and_a_sentence(ask):
    ask()
    answer = ask()
    assert answer.status_code == 422 and "Somebody was faster" in text(answer) and Campaign.objects.count() == 1


@pytest.mark.parametrize("said", [{"per_config": ""}, {"per_config": "0"}, {"seed": "x"}])
def test_a_form_that_did_not_arrive_whole_is_refused(ask, said):
    answer = ask(**said)
    assert answer.status_code == 422 and "did not arrive" in text(answer) and not Campaign.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("bob", 403), ("grace", 403), ("mallory", 403)])
def test_only_leads_of_the_organisation_ask(ask, name, status):
    assert ask(name).status_code == status and not Campaign.objects.exists()


def test_who_leads_elsewhere_and_only_writes_here_does_not_ask(ask):
    Membership.objects.create(user=make_person("ada"), organisation=make_organisation("elsewhere"), role="lead")
    assert ask("ada").status_code == 403 and not Campaign.objects.exists()


def test_a_lead_of_another_organisation_does_not_find_the_run(client, run):
    stranger = make_person("lee", role="lead", organisation=make_organisation("elsewhere"))
    client.force_login(stranger)
    assert client.post(reverse("training:run-sample", args=[run.pk])).status_code == 404


def test_strangers_do_not_find_the_page_and_annotators_may_not(page):
    assert (page("mallory").status_code, page("carol").status_code) == (404, 403)


def test_names_are_shown_as_they_are_written(page, run):
    SafetyConfig.objects.filter(slug="film").update(title="<b>Film</b>")
    assert "<b>Film" not in text(page()) and "&lt;b&gt;Film" in text(page())


def test_more_campaigns_and_responses_take_no_more_queries(page, run):
    counts = []
    for _ in range(2):
        rate_all(draw(run, 2 + 2 * len(counts)))
        page()
        with CaptureQueriesContext(connection) as asked:
            page()
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_way_back_leads_to_the_campaign_and_the_run(page, run):
    campaign = draw(run)
    shown = text(page())
    assert reverse("training:campaign-results", args=[campaign.pk]) in shown
    assert reverse("training:run-detail", args=[run.pk]) in shown and make_model().name not in campaign.title
