"""Evaluation runs through the API."""

import pytest

from tests.factories import make_benchmark, make_candidate, make_judge, make_model, make_prompt, make_run, make_version
from tests.outcomes import answer, fail, finished_run
from tests.programs import Program
from training.models import EvaluationRun
from training.models.runs import PAUSED

pytestmark = pytest.mark.django_db


def said(**fields):
    """What starts a run of echo, read by the heuristic judge, over four prompts."""
    version, benchmark = make_version(), make_benchmark()
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(benchmark=benchmark, config=version.config, kind=kind)
    return {"benchmark": benchmark.pk, "models": [make_model().pk], "judges": ["heuristic"]} | fields


def test_a_run_is_started_for_each_model_with_each_seed(django_capture_on_commit_callbacks):
    body = said(models=[make_model().pk, make_model("other").pk], seeds=[0, 7])
    with django_capture_on_commit_callbacks() as told:
        response = Program().send("runs/", body)
    made = [(row["model_slug"], row["seed"], row["total"]) for row in response.json()["runs"]]
    assert response.status_code == 201 and len(told) == 4
    assert made == [("echo", 0, 4), ("echo", 7, 4), ("other", 0, 4), ("other", 7, 4)]


def test_a_start_that_is_sent_twice_under_one_key_starts_one_run():
    body, program = said(), Program()
    first, again = (program.send("runs/", body, key="k1") for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert EvaluationRun.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"models": []}, "models"),
        ({"models": [2**63 - 1]}, "models"),
        ({"benchmark": 2**64}, "benchmark"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "NaN"}, "temperature"),
        ({"budget_dollars": "Infinity"}, "budget_dollars"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"judges": ["helpfulness"]}, "judge_models"),
        ({"strategy": "few_shot", "settings": {"shots": 99}}, "settings.shots"),
        ({"strategy": "few_shot", "settings": {"shot": 1}}, "settings.shot"),
        ({"modles": [1]}, "modles"),
    ],
)
def test_a_start_that_is_refused_says_which_field(fields, where):
    response = Program().send("runs/", said(**fields))
    assert response.status_code == 422 and where in response.json()["errors"]
    assert EvaluationRun.objects.count() == 0


def test_numbers_beyond_all_bounds_are_no_numbers():
    response = Program().client.post("/api/v1/runs/", '{"temperature": 1e400}', content_type="application/json")
    assert response.status_code == 400


def test_who_may_not_write_the_benchmark_starts_nothing():
    body = said()
    assert Program("mallory").send("runs/", body).status_code == 422
    assert Program("bob").send("runs/", body).status_code == 403
    assert Program("ada", "runs:read").send("runs/", body).status_code == 403


def test_an_estimate_starts_nothing():
    told = Program().send("runs/estimate/", said(seeds=[0, 1]))
    assert (told.status_code, told.json()["runs"], told.json()["items"], told.json()["calls"]) == (200, 2, 4, 8)
    assert EvaluationRun.objects.count() == 0


def test_the_list_holds_the_runs_one_may_read_newest_first():
    first, second = make_run(1), make_run(1)
    rows = Program().get("runs/").json()["results"]
    assert [row["id"] for row in rows] == [second.pk, first.pk]
    assert Program("mallory").get("runs/").json()["results"] == []
    assert Program("carol").get("runs/").status_code == 403
    assert Program("ada", "models:read").get("runs/").status_code == 403


def test_the_list_can_be_narrowed():
    run = make_run(1)
    other = make_run(1, candidate=make_candidate(make_model("other"), strategy="cascade"))
    config, program = run.items.get().version.config, Program()
    for name, value in (("model", run.candidate.model_id), ("strategy", "plain")):
        assert [row["id"] for row in program.get("runs/", **{name: value}).json()["results"]] == [run.pk]
    both = program.get("runs/", config=config.pk, version=1, state="queued", benchmark=run.benchmark_id)
    assert [row["id"] for row in both.json()["results"]] == [other.pk, run.pk]
    assert program.get("runs/", config=config.pk, version=2).json()["results"] == []


@pytest.mark.parametrize(
    "query", [{"version": 1}, {"state": "done"}, {"model": "x"}, {"config": 10**30}, {"sort": "a"}]
)
def test_a_filter_that_is_none_is_400(query):
    assert Program().get("runs/", **query).status_code == 400


def test_a_list_asks_as_much_for_thirty_runs_as_for_three(django_assert_max_num_queries):
    asked = []
    for number in (3, 27):
        for _ in range(number):
            make_run(0 if EvaluationRun.objects.exists() else 1)
        program = Program()
        with django_assert_max_num_queries(8) as seen:
            assert len(program.get("runs/").json()["results"]) == EvaluationRun.objects.count()
        asked.append(len(seen))
    assert asked[0] == asked[1]


def test_a_stranger_finds_no_run():
    run = make_run(1)
    for address in ("", "progress/", "results/", "items/", f"items/{run.items.get().pk}/"):
        assert Program("mallory").get(f"runs/{run.pk}/{address}").status_code == 404
    assert Program("mallory").send(f"runs/{run.pk}/cancel/").status_code == 404
    assert Program().get("runs/99999999999999999999999/").status_code == 404


def test_a_run_is_shown_with_its_judges():
    run = make_run(2)
    told = Program().get(f"runs/{run.pk}/").json()
    assert (told["total"], told["done"], told["created_by"]["name"]) == (2, 0, "Ada")
    assert [judge["name"] for judge in told["judges"]] == ["heuristic"]


def test_progress_counts_what_went_in_as_done_failed_and_queued(django_assert_max_num_queries):
    run = make_run(5)
    first, second, third, *_ = run.items.all()
    answer(first), answer(second, helpfulness=None), fail(third)
    program = Program()
    with django_assert_max_num_queries(12):
        told = program.get(f"runs/{run.pk}/progress/").json()
    counts = [told[name] for name in ("total", "done", "failed", "queued", "unscored")]
    assert counts == [5, 2, 1, 2, 1]
    assert told["troubles"] == [{"kind": "permanent", "message": "The server is not there.", "items": 1}]


def test_a_run_is_cancelled_once():
    run, program = make_run(1), Program()
    first, second = (program.send(f"runs/{run.pk}/cancel/") for _ in range(2))
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert (second.status_code, second.json()["detail"]) == (409, "Somebody was faster: the run is already cancelled.")


def test_a_reviewer_watches_and_does_not_cancel():
    run = make_run(1)
    assert Program("bob").get(f"runs/{run.pk}/progress/").status_code == 200
    assert Program("bob").send(f"runs/{run.pk}/cancel/").status_code == 403


def test_a_stopped_run_gets_another_budget_and_goes_on():
    run, program = make_run(1), Program()
    EvaluationRun.objects.update(state=PAUSED)
    told = program.send(f"runs/{run.pk}/budget/", {"budget_tokens": 500})
    assert (told.status_code, told.json()["budget_tokens"]) == (200, 500)
    assert program.send(f"runs/{run.pk}/resume/").json()["state"] == "queued"
    assert program.send(f"runs/{run.pk}/budget/", {"budget_tokens": 500}).status_code == 409


def test_a_budget_below_what_is_spent_is_refused():
    run = make_run(1)
    EvaluationRun.objects.update(state=PAUSED, spent_tokens=600)
    assert Program().send(f"runs/{run.pk}/budget/", {"budget_tokens": 500}).status_code == 422


def test_a_finished_run_without_failed_items_has_nothing_to_try_again():
    assert Program().send(f"runs/{finished_run(1).pk}/resume/").status_code == 422


def test_judges_that_are_prompts_ask_each_model():
    body = said(judges=["follows_config"], judge_models=[make_model("judge").pk])
    told = Program().send("runs/", body).json()["runs"][0]
    run = EvaluationRun.objects.get(pk=told["id"])
    assert list(run.judges.all()) == [make_judge("follows_config", make_model("judge"))]
