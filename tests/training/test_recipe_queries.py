"""Where a pipeline stands: the newest chain, the tree of all steps, and each step's state as a person reads it."""

import pytest

from tests.factories import make_candidate, make_stage
from training import recipe_queries
from training.models import EvaluationRun, Stage

pytestmark = pytest.mark.django_db


def make_build_run(stage, state, reason=""):
    values = {"benchmark": stage.recipe.benchmark, "organisation": stage.organisation, "purpose": "build"}
    ended = {"finished_at": stage.created_at} if state == "finished" else {}
    EvaluationRun.every.create(stage=stage, candidate=make_candidate(), state=state, reason=reason, **values, **ended)


@pytest.mark.parametrize(
    ("own", "runs", "word"),
    [
        ("queued", [], "queued"),
        ("queued", ["queued"], "running"),
        ("queued", ["finished", "running"], "running"),
        ("queued", ["paused", "running"], "running"),
        ("queued", ["paused", "finished"], "paused"),
        ("queued", ["cancelled"], "paused"),
        ("running", [], "running"),
        ("waiting", [], "paused"),
        ("finished", ["finished"], "finished"),
        ("cancelled", ["cancelled"], "cancelled"),
    ],
)
def test_a_step_is_told_by_its_own_state_and_that_of_its_runs(own, runs, word):
    stage = make_stage("generate", state=own)
    for state in runs:
        make_build_run(stage, state, "No budget is left." if state == "paused" else "")
    found = recipe_queries.standing(stage)
    assert found.word == word and (found.why == "No budget is left.") == ("paused" in runs)


def test_the_pipeline_shows_the_chain_of_the_newest_step_and_the_tree_all_of_them():
    first = make_stage("synthesise", state="finished", goal="synthesise")
    label = first.after
    second = make_stage("synthesise", first.recipe, after=label, goal="synthesise")
    line = recipe_queries.pipeline(first.recipe)
    assert [row.stage for row in line.rows] == [label, second, None, None, None, None]
    (root,) = line.tree
    assert (root.stage, [branch.stage for branch in root.next]) == (label, [first, second])
    assert [branch.here for branch in root.next] == [False, True] and line.stages == 3


def test_only_what_the_launch_asked_for_follows_by_itself():
    stage = make_stage("label", goal="generate")
    assert [row.follows for row in recipe_queries.pipeline(stage.recipe).rows] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_law_adds_up_with_what_is_still_to_do():
    stage = make_stage("generate")
    assert recipe_queries.tally(stage) is None
    stage.figures = {"in": 10, "out": 4, "dropped": {"same_text_twice": 1}, "failed": {"rate_limited": 2, "odd": 0}}
    found = recipe_queries.tally(stage)
    # 10 = 4 + 1 + 2 + 3
    assert found.parts == [("same text twice", 1), ("failed by the rate limit", 2), ("to do", 3)]
    assert found.total == found.out + sum(n for _, n in found.parts)


def test_a_recipe_without_a_step_has_a_pipeline_too():
    recipe = make_stage().recipe
    Stage.objects.all().delete()
    line = recipe_queries.pipeline(recipe)
    assert (line.tree, line.is_open, line.known, len(line.rows)) == ([], False, "", 6)
