"""The page on which a lead chooses responses of runs: what matches is counted before anything is added."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_candidate, make_model, make_organisation, make_run
from tests.markup import elements
from tests.outcomes import answer, finished_run
from tests.rating_desk import make_campaign
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(campaign) -> str:
    return reverse("training:campaign-pick", args=[campaign.pk])


def words(response) -> str:
    return " ".join(response.content.decode().split())


def facts(response) -> dict[str, str]:
    html = response.content.decode()
    found = {tag: [one.text.strip() for one in elements(html, tag)] for tag in ("dt", "dd")}
    return dict(zip(found["dt"], found["dd"], strict=False))


def test_what_matches_is_counted_before_it_is_added(as_person):
    campaign, run, lea = make_campaign(0), make_run(3), as_person("lea")
    for item, text in zip(run.items.all(), ("I am Qwen, a model.", "They wait.", "They hope."), strict=True):
        answer(item, text=text)
    EvaluationRun.objects.update(state="running")
    look = lea.get(url(campaign), {"runs": run.pk, "take": "all"}, headers=HTMX)
    assert b"<body" not in look.content and "Add 3 responses" in words(look) and not campaign.items.exists()
    assert facts(look) | {"match": "3", "to be added": "3", "of these name their model": "1"} == facts(look)
    done = lea.post(url(campaign), {"runs": [run.pk], "take": "sample", "number": "2", "seed": "5"}, follow=True)
    assert "2 responses added." in words(done) and campaign.items.count() == 2
    assert facts(lea.get(url(campaign), {"runs": run.pk}))["in the campaign already"] == "2"


def test_a_link_that_names_a_run_ticks_it(as_person):
    campaign, run = make_campaign(0), finished_run(2)
    html = as_person("lea").get(url(campaign), {"runs": run.pk}).content.decode()
    boxes = [one for one in elements(html, "input") if one.attributes.get("name") in ("runs", "take")]
    ticked = [one.attributes["value"] for one in boxes if "checked" in one.attributes]
    assert ticked == [str(run.pk), "all"] and "Add 2 responses" in html


def test_without_a_script_the_count_is_a_button_and_adds_nothing(as_person):
    campaign, run = make_campaign(0), finished_run(2)
    response = as_person("lea").post(url(campaign), {"runs": [run.pk], "take": "all", "do": "count"})
    assert response.status_code == 200 and "Add 2 responses" in words(response) and not campaign.items.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"runs": []},
        {"runs": ["x"]},
        {"runs": ["9" * 40]},
        {"take": "sample", "number": ""},
        {"take": "sample", "seed": "-1"},
        {"kind": "odd"},
        {"config": "x"},
        {"take": "best"},
    ],
)
def test_a_wrong_choice_is_told_and_adds_nothing(as_person, wrong):
    campaign, run = make_campaign(0), finished_run(2)
    sent = {"runs": [run.pk], "take": "all", "number": "5", "seed": "1"} | wrong
    response = as_person("lea").post(url(campaign), sent)
    assert response.status_code == 422 and "field-error" in words(response) and not campaign.items.exists()


def test_nothing_left_to_add_is_told(as_person):
    campaign, run, lea = make_campaign(0), finished_run(1), as_person("lea")
    lea.post(url(campaign), {"runs": [run.pk]})
    assert " disabled>Add responses" in words(lea.get(url(campaign), {"runs": run.pk}))
    response = lea.post(url(campaign), {"runs": [run.pk]})
    assert response.status_code == 422 and "Nothing matches" in words(response)


def test_runs_of_others_are_neither_shown_nor_taken(as_person):
    campaign, run, lea = make_campaign(0), finished_run(1), as_person("lea")
    EvaluationRun.objects.update(organisation=make_organisation("elsewhere"))
    assert "no run that is finished or running" in words(lea.get(url(campaign)))
    assert lea.post(url(campaign), {"runs": [run.pk]}).status_code == 422 and not campaign.items.exists()


def test_nothing_on_the_page_chooses_by_a_verdict(as_person):
    finished_run(1)
    html = as_person("lea").get(url(make_campaign(0))).content.decode()
    names = {one.attributes.get("name") for tag in ("input", "select") for one in elements(html, tag)}
    asked = {"runs", "config", "kind", "candidate", "take", "number", "seed"}
    assert {name for name in names if name and name != "csrfmiddlewaretoken"} - {"q"} == asked


def test_many_runs_ask_as_often_as_one(as_person):
    campaign, lea = make_campaign(0), as_person("lea")

    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            assert lea.get(url(campaign)).status_code == 200
        return len(asked)

    finished_run(1)
    one = queries()
    for number in range(5):
        finished_run(1, candidate=make_candidate(make_model(f"m{number}")))
    assert queries() == one <= 22
