"""The page on which a run is read again, and what a run says of where its items come from."""

import pytest
from django.urls import reverse

from tests.factories import make_judge, make_model, make_run
from tests.markup import elements
from tests.outcomes import answer, fail, finish, finished_run
from training.models import EvaluationRun, RunItem

pytestmark = pytest.mark.django_db


def again(run):
    return reverse("training:run-derive", args=[run.pk])


def words(response):
    return " ".join(response.content.decode().split())


def test_other_judges_make_a_run_and_the_worker_is_told(as_person, django_capture_on_commit_callbacks):
    run, model = finished_run(2), make_model("second")
    with django_capture_on_commit_callbacks() as told:
        fields = {"judges": ["heuristic", "helpfulness"], "judge_model": [model.pk]}
        response = as_person("ada").post(again(run), fields)
    made = EvaluationRun.objects.get(source=run)
    assert response.url == reverse("training:run-detail", args=[made.pk]) and len(told) == 1
    page = words(as_person("ada").get(response.url))
    assert f'href="{reverse("training:run-detail", args=[run.pk])}"' in page and "nothing is answered anew" in page
    assert f">run {made.pk}</a>" in words(as_person("ada").get(reverse("training:run-detail", args=[run.pk])))


def test_the_form_begins_with_the_judges_the_run_had(as_person):
    html = as_person("ada").get(again(finished_run(1))).content.decode()
    boxes = [one.attributes for one in elements(html, "input") if one.attributes.get("name") == "judges"]
    ticked = [box["value"] for box in boxes if "checked" in box]
    assert ticked == ["heuristic"]


def test_the_same_judges_come_back_with_the_reason(as_person):
    response = as_person("ada").post(again(finished_run(1)), {"judges": ["heuristic"]})
    assert response.status_code == 422 and "was read by just these judges" in words(response)


def test_a_prompt_judge_without_a_model_comes_back(as_person):
    response = as_person("ada").post(again(finished_run(1)), {"judges": ["helpfulness"]})
    assert response.status_code == 422 and 'id="id_judge_model_error"' in response.content.decode()


def test_a_filter_is_one_press(as_person):
    run = finished_run(1)
    assert 'value="cascade_oracle"' in as_person("ada").get(again(run)).content.decode()
    as_person("ada").post(again(run), {"filter": "cascade_oracle"})
    assert EvaluationRun.objects.get(source=run).candidate.strategy == "cascade_oracle"


def test_a_filter_that_makes_no_sense_is_refused_in_words(as_person):
    response = as_person("ada").post(again(finished_run(1)), {"filter": "plain"})
    assert response.status_code == 422 and "There is no filter" in words(response)


def test_what_cannot_be_read_is_counted_by_reason(as_person):
    run = make_run(3)
    first, second, _ = run.items.all()
    answer(first), fail(second)
    page = words(as_person("ada").get(again(finish(run))))
    assert "failed without a response" in page and "not answered yet" in page


def test_a_run_at_work_offers_nothing_to_press(as_person):
    html = as_person("ada").get(again(make_run(1))).content.decode()
    assert "still at work" in html and 'name="judges"' not in html


def test_an_item_that_was_withheld_says_so(as_person):
    run = finished_run(1, judges=[make_judge()])
    RunItem.objects.update(withheld=True, helpfulness=0, follows_config=True)
    item = run.items.get()
    page = words(as_person("ada").get(reverse("training:item-detail", args=[run.pk, item.pk])))
    assert "A filter put a refusal in the place of this response" in page
    assert "withheld" in words(as_person("ada").get(reverse("training:item-list", args=[run.pk])))
