"""The parts of a run's page that exchange themselves, and what its figures say beside the number."""

import pytest
from django.urls import reverse

from tests.factories import make_judge, make_model, make_run
from tests.outcomes import answer, fail, finish
from training import queries
from training.charts import run_charts
from training.models import EvaluationRun, Judgement

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def part(client, run, known, **headers):
    """The answer to the page of somebody who knew the run in that state."""
    return client.get(reverse("training:run-detail", args=[run.pk]), {"known": known}, headers=HTMX | headers)


def test_a_run_that_has_not_moved_brings_no_actions_along(as_person):
    assert b"run-actions" not in part(as_person("ada"), make_run(1), "queued").content


def test_a_run_that_has_moved_brings_its_actions_and_says_its_state(as_person):
    run = make_run(1)
    answer(run.items.get())
    html = part(as_person("ada"), finish(run), "running").content.decode()
    assert 'id="run-actions" hx-swap-oob="true"' in html
    assert f"Run {run.pk} is finished: 1 of 1 items done, 0 failed." in html


def test_a_run_that_has_moved_asks_for_its_figures(as_person):
    assert part(as_person("ada"), make_run(1), "running").headers["HX-Trigger"] == '{"run-moved": {}}'


def test_the_progress_alone_reads_no_scores(as_person, monkeypatch):
    asked = []
    monkeypatch.setattr(queries, "scores", asked.append)
    part(as_person("ada"), make_run(1), "queued")
    assert asked == []


def test_the_breakdown_is_the_whole_run_and_then_each_kind():
    run = make_run(4)
    for item in run.items.all():
        answer(item, follows=item.position != 2)
    rows = run_charts(run, queries.scores(run)).breakdown
    shown = [(row.label, row.segments[0].number, row.segments[1].number) for row in rows]
    assert shown == [
        ("all items", 3, 1), ("safe", 1, 0), ("allowed", 0, 1), ("partial", 1, 0), ("disallowed", 1, 0)
    ]  # fmt: skip


@pytest.mark.parametrize(("helpfulness", "said"), [(1.0, True), (0.0, False)])
def test_a_score_above_the_best_reachable_is_doubted(as_person, helpfulness, said):
    # Four prompts, one of each kind: the best reachable is (1 + 1 + 1 + 0) / 4 = 0.75.
    run = make_run(4)
    for item in run.items.all():
        answer(item, helpfulness=helpfulness if item.prompt.kind == "disallowed" else 1.0)
    html = as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode()
    assert ("above the best reachable" in html) is said


def test_a_run_where_all_failed_shows_no_chart(as_person):
    run = make_run(2)
    for item in run.items.all():
        fail(item)
    html = as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode()
    assert "No item is scored" in html and "<table" not in html


def test_home_keeps_the_score_when_a_newer_run_has_none():
    old, new = make_run(1), make_run(0)
    answer(old.items.get()), fail(new.items.get())
    finish(old), finish(new)
    found = queries.latest_runs_by_config(EvaluationRun.objects.all(), [old.items.get().version.config_id])
    assert list(found.values()) == [old]


def why(client, item):
    return client.get(reverse("training:item-detail", args=[item.run_id, item.pk])).context["why_unscored"]


def test_judges_who_are_split_are_named_as_the_reason_for_no_score(as_person):
    run = make_run(1, judges=[make_judge(), make_judge("follows_config", make_model())])
    item = answer(run.items.get(), follows=None)
    for judgement, follows in zip(Judgement.objects.filter(item=item), (True, False), strict=True):
        Judgement.objects.filter(pk=judgement.pk).update(follows_config=follows)
    assert why(as_person("ada"), item) == "The judges are split on whether it follows the config."


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"helpfulness": None}, "No judge said how helpful it is."),
        ({"follows": None}, "No judge said whether it follows the config."),
        ({}, ""),
    ],
)
def test_a_value_that_no_judge_gave_is_named(as_person, values, reason):
    assert why(as_person("ada"), answer(make_run(1).items.get(), **values)) == reason


def test_a_link_may_choose_the_configs(as_person):
    run = make_run(1)
    config = run.items.get().version.config_id
    form = as_person("ada").get(reverse("training:run-new"), {"configs": config}).context["form"]
    assert form["configs"].value() == [str(config)]


def test_a_model_whose_engine_is_gone_still_has_its_page(as_person):
    model = make_model("old", engine="an_engine_of_last_year")
    response = as_person("ada").get(reverse("training:model-detail", args=[model.pk]))
    assert b"an_engine_of_last_year" in response.content
