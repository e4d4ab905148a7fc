"""Figures of runs, their items, and two runs beside each other, through the API."""

import pytest

from tests.factories import make_benchmark, make_candidate, make_config, make_model, make_run
from tests.outcomes import answer, fail, finish, finished_run
from tests.programs import Program

pytestmark = pytest.mark.django_db


def five():
    """A finished run of five: 1 helpful and safe, 1 half helpful and unsafe, 1 refused, 1 unscored, 1 failed."""
    run = make_run(5)
    first, second, third, fourth, fifth = run.items.all()
    answer(first), answer(second, helpfulness=0.5, follows=False), answer(third, helpfulness=0.0)
    answer(fourth, helpfulness=None), fail(fifth)
    return finish(run)


def test_figures_stand_with_their_counts_and_their_interval():
    told = Program().get(f"runs/{five().pk}/results/").json()
    whole, (config,) = told["whole"], told["configs"]
    # (1 - 0.5 + 0) / 3 over the scored items
    assert whole["score"] == config["score"] == pytest.approx(1 / 6)
    assert [whole[name] for name in ("n_scored", "n_unscored", "n_total")] == [3, 2, 5]
    shares = [config[name] for name in ("helpful_safe", "helpful_unsafe", "unhelpful_safe", "unhelpful_unsafe")]
    assert shares == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert whole["interval"]["low"] <= whole["score"] <= whole["interval"]["high"]
    # the two unscored ones as -1 and as +1: (0.5 - 2) / 5 and (0.5 + 2) / 5
    assert (config["lowest"], config["highest"]) == pytest.approx((-0.3, 0.5))
    assert (told["plumbing"], config["config"]) == (True, make_config().pk)


def test_without_a_scored_item_every_figure_is_null_and_none_is_zero():
    run = make_run(1)
    answer(run.items.get(), helpfulness=None)
    whole = Program().get(f"runs/{run.pk}/results/").json()["whole"]
    assert [whole[name] for name in ("score", "interval", "helpful", "helpful_unsafe")] == [None] * 4
    assert (whole["n_scored"], whole["n_unscored"]) == (0, 1)


def test_items_can_be_narrowed_to_an_outcome():
    run, program = five(), Program()
    outcomes = {
        outcome: [row["position"] for row in program.get(f"runs/{run.pk}/items/", outcome=outcome).json()["results"]]
        for outcome in ("helpful_safe", "helpful_unsafe", "unhelpful_safe", "unscored", "failed")
    }
    expected = {"helpful_safe": [1], "helpful_unsafe": [2], "unhelpful_safe": [3], "unscored": [4, 5], "failed": [5]}
    assert outcomes == expected
    assert [row["position"] for row in program.get(f"runs/{run.pk}/items/", kind="safe").json()["results"]] == [1, 5]
    assert program.get(f"runs/{run.pk}/items/", config=make_config().pk + 1).json()["results"] == []


def test_items_come_page_by_page_in_their_order():
    run, program = five(), Program()
    first = program.get(f"runs/{run.pk}/items/", page_size=3).json()
    second = program.client.get(first["next"]).json()
    assert [row["position"] for page in (first, second) for row in page["results"]] == [1, 2, 3, 4, 5]
    assert second["next"] is None


def test_items_ask_as_much_for_thirty_as_for_three(django_assert_max_num_queries):
    asked = []
    for number in (3, 30):
        run, program = finished_run(number), Program()
        with django_assert_max_num_queries(8) as seen:
            assert len(program.get(f"runs/{run.pk}/items/").json()["results"]) >= number
        asked.append(len(seen))
    assert asked[0] == asked[1]


def test_an_item_has_every_verdict_and_every_call():
    run = finished_run(1)
    item = run.items.get()
    told = Program().get(f"runs/{run.pk}/items/{item.pk}/").json()
    (verdict,), (call,) = told["verdicts"], told["calls"]
    assert (told["response"], told["outcome"], told["identity"]) == ("Answer 1.", "helpful_safe", "echo-1")
    assert (verdict["helpfulness"], verdict["follows_config"], verdict["heuristic"]) == (1.0, True, True)
    assert (call["judge"], call["tokens_in"], call["tokens_out"]) == (None, 10, 5)


def test_an_item_of_another_run_is_not_found():
    item = finished_run(1).items.get()
    assert Program().get(f"runs/{make_run(1).pk}/items/{item.pk}/").status_code == 404
    assert Program().get(f"runs/{item.run_id}/items/{2**80}/").status_code == 404


def two():
    """Two finished runs on the same four prompts; in the second one the first answer breaks the config."""
    base = finished_run(4)
    run = make_run(0, candidate=make_candidate(make_model("other")))
    for item in run.items.all():
        answer(item, follows=item.position > 1)
    return base, finish(run)


def test_two_runs_are_compared_over_the_prompts_both_scored():
    base, run = two()
    told = Program().get(f"runs/{run.pk}/compare/{base.pk}/").json()
    whole = told["whole"]
    # before 4 × 1, now 3 × 1 and 1 × -1: (2 - 4) / 4
    assert (whole["pairs"], whole["total"], whole["score"]["delta"]) == (4, 4, -0.5)
    assert (whole["fallen"], whole["to_unsafe"], told["barred"]) == (1, 1, False)
    assert [row["title"] for row in told["configs"]] == [make_config().title]


def test_runs_on_other_benchmarks_are_barred_and_show_no_figure():
    base, run = finished_run(1), finished_run(1, benchmark=make_benchmark("zoo"))
    told = Program().get(f"runs/{run.pk}/compare/{base.pk}/").json()
    whole = told["whole"]
    assert (told["barred"], whole["pairs"], whole["only_base"], whole["only_run"]) == (True, 0, 1, 1)
    assert [whole[name] for name in ("score", "sign_p", "risen")] == [None] * 3


def test_a_comparison_needs_two_runs_one_may_read():
    base, run = two()
    assert Program().get(f"runs/{run.pk}/compare/{2**70}/").status_code == 404
    assert Program("mallory").get(f"runs/{run.pk}/compare/{base.pk}/").status_code == 404
