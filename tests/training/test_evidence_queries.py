"""What the database says about one version: its runs' figures, worst prompts, rule tests, comparison."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_judge,
    make_model,
    make_person,
    make_prompt,
    make_version,
)
from tests.outcomes import answer, finish
from tests.version_runs import KINDS, make_prompts, run_of
from training import access, evidence_queries
from training.models import EvaluationRun
from training.services import runs

pytestmark = pytest.mark.django_db
ALL = EvaluationRun.objects.all()


def test_only_the_items_of_exactly_this_version_count():
    one, other = make_version(), make_version(make_config("film"))
    make_prompts(one.config), make_prompts(other.config)
    run = runs.start(benchmark=make_benchmark(), candidate=make_candidate(), judges=[make_judge()], actor=None)
    for item in run.items.all():
        answer(item, helpfulness=1.0, follows=item.version_id == one.pk)
    finish(run)
    found = [evidence_queries.runs_of_version(ALL, version)[0] for version in (one, other)]
    assert [(each.row.scored.score, each.row.scored.n_total, each.facts.alone) for each in found] == [
        (1.0, 4, False),
        (-1.0, 4, False),
    ]


def test_runs_of_another_version_are_left_out_and_the_newest_stands_first():
    old, new = make_version(), make_version()
    make_prompts()
    run_of(old)
    first, second = run_of(new), run_of(new)
    assert [run.facts.run for run in evidence_queries.runs_of_version(ALL, new)] == [second.pk, first.pk]


def test_failed_items_are_unscored_and_kinds_are_told_apart():
    version = make_version()
    make_prompts()
    run_of(version, [(1.0, True), (0.5, False), None, (0.0, True)])
    found = evidence_queries.runs_of_version(ALL, version)[0]
    assert (found.row.scored.n_scored, found.row.scored.n_total) == (3, 4)
    assert found.row.scored.score == pytest.approx(0.5 / 3)  # (1 − 0.5 + 0) / 3
    assert [(row.label, row.scored.score) for row in found.kinds] == [
        ("safe", 1.0),
        ("allowed", -0.5),
        ("partial", None),
        ("disallowed", 0.0),
    ]


def test_a_retried_item_changes_figures_that_were_kept():
    version = make_version()
    make_prompts()
    run = run_of(version, [(1.0, True), (1.0, True), (1.0, True), None])
    assert evidence_queries.runs_of_version(ALL, version)[0].row.scored.n_scored == 3
    again = run.items.get(position=run.items.last().position)
    answer(again, helpfulness=1.0)
    type(again).objects.filter(pk=again.pk).update(finished_at=timezone.now())
    assert evidence_queries.runs_of_version(ALL, version)[0].row.scored.n_scored == 4


def test_runs_that_the_person_may_not_read_are_left_out():
    version = make_version()
    make_prompts()
    run_of(version)
    mine = access.runs(make_person("mallory"))
    assert evidence_queries.runs_of_version(mine, version) == [] and evidence_queries.worst(mine, version) == []
    assert evidence_queries.matrix(mine, version).not_run == 4


def test_evidence_is_the_finished_runs_with_a_figure_as_plain_data():
    version = make_version()
    make_prompts()
    run = run_of(version, [(1.0, True), (0.5, False), None, (0.0, True)])
    run_of(version, [None] * 4), run_of(version, end=False)
    (kept,) = evidence_queries.evidence(version)
    items = list(run.items.order_by("position").values_list("pk", flat=True))
    assert (kept["run"], kept["worst"]) == (run.pk, [items[1], items[3], items[0], items[2]])


@pytest.mark.parametrize("strategy", ["cascade_oracle", "no_config"])
def test_a_control_takes_nothing_of_what_a_reviewer_must_see(strategy):
    version, base = make_version(), make_version()
    make_prompts(rule="r1")
    real = run_of(version, [(1.0, False)] * 4)
    run_of(base)
    run_of(version, [(0.0, True)] * 4, candidate=make_candidate(strategy=strategy))
    assert [item.run for item in evidence_queries.worst(ALL, version)] == [real] * 4
    assert [kept["run"] for kept in evidence_queries.evidence(version)] == [real.pk]
    assert evidence_queries.stand(version).runs == (real.pk,)
    cells = evidence_queries.matrix(ALL, version).rows[0].cells
    assert {outcome for cell in cells for outcome in cell.outcomes} == {"helpful_unsafe"}
    found = evidence_queries.compare(ALL, version, base)
    assert found is not None and found.now.facts.run == real.pk


def test_the_worst_prompts_have_the_lowest_values_and_unscored_ones_come_last():
    version = make_version()
    make_prompts()
    run_of(version, [None, (1.0, True), (0.4, False), (0.0, True)])
    run_of(version, [None] * 4)  # newer, but without a figure
    values = [item.value for item in evidence_queries.worst(ALL, version)]
    assert values == [-0.4, 0.0, 1.0, None]


def test_the_matrix_shows_the_last_verdict_on_each_prompt():
    version = make_version()
    make_prompts(rule="r1")
    old = run_of(version, [(1.0, True), (1.0, True), (1.0, True), (1.0, False)])
    new = run_of(version, [(0.0, True), None, (None, True)])
    found = evidence_queries.matrix(ALL, version)
    cells = {cell.kind: cell for cell in found.rows[0].cells}
    assert [cells[kind].outcomes for kind in KINDS] == [
        {"unhelpful_safe": 1},
        {"helpful_safe": 1},  # it failed in the newer run: the older answer stands
        {"unscored": 1},
        {"helpful_unsafe": 1},  # not ended in the newer run
    ]
    assert cells["safe"].runs == {"unhelpful_safe": {new.pk}} and cells["allowed"].runs == {"helpful_safe": {old.pk}}


def test_a_verdict_under_another_version_does_not_count():
    old, new = make_version(), make_version()
    make_prompts()
    run_of(old)
    assert evidence_queries.matrix(ALL, new).not_run == 4


def test_prompts_of_an_archived_benchmark_are_no_tests():
    version = make_version()
    make_prompt(benchmark=make_benchmark("old", archived_at=timezone.now()))
    assert evidence_queries.matrix(ALL, version).prompts == 0


def test_a_rule_that_only_prompts_name_is_marked():
    version = make_version()
    make_prompt(rule="r7"), make_prompt()
    assert [(row.rule, row.missing) for row in evidence_queries.matrix(ALL, version).rows] == [
        ("r1", False),
        ("r7", True),
        ("", False),
    ]


def test_the_base_is_the_approved_version_before():
    first, second = make_version(), make_version()
    make_version(state="returned")
    draft, later = make_version(state="draft"), make_version()
    assert [evidence_queries.base_of(version) for version in (draft, first, later)] == [second, later, second]


def test_without_another_approved_version_there_is_no_base():
    assert evidence_queries.base_of(make_version()) is None


def test_two_versions_are_compared_prompt_by_prompt():
    base, version = make_version(), make_version(state="draft")
    prompts = make_prompts()
    run_of(base, [(1.0, True), (1.0, True), (0.0, True), (0.0, True)])
    run_of(version, [(1.0, True), (1.0, False), (0.8, True), (0.0, True)])
    found = evidence_queries.compare(ALL, version, base)
    assert [shown.prompt for shown in found.worse] == [prompts[1]]
    assert [shown.prompt for shown in found.better] == [prompts[2]]
    assert found.changes.counts["same"] == 2 and found.pair.differences == ()
    # then (1 + 1 + 0 + 0) / 4, now (1 − 1 + 0.8 + 0) / 4
    assert (found.before.row.scored.score, found.now.row.scored.score) == (0.5, pytest.approx(0.2))


def test_another_model_is_said():
    base, version = make_version(), make_version(state="draft")
    make_prompts()
    run_of(base, candidate=make_candidate(make_model("large"))), run_of(version)
    assert evidence_queries.compare(ALL, version, base).pair.differences == ("other model: Large then, Echo now",)


def test_without_a_finished_run_of_both_nothing_is_compared():
    base, version = make_version(), make_version(state="draft")
    make_prompts()
    run_of(base), run_of(version, end=False)
    assert evidence_queries.compare(ALL, version, base) is None


def asked(version, base):
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        evidence_queries.matrix(ALL, version)
        evidence_queries.runs_of_version(ALL, version)
        evidence_queries.worst(ALL, version)
        evidence_queries.evidence(version)
        assert evidence_queries.compare(ALL, version, evidence_queries.base_of(version)) is not None
    return len(queries)


def test_many_runs_and_versions_ask_as_often_as_few():
    base, version = make_version(), make_version()
    make_prompts(rule="r1")
    judges = [make_judge(), make_judge("helpfulness", make_model("judge-model"))]
    run_of(base, judges=judges), run_of(version, judges=judges)
    few = asked(version, base)
    for number in range(12):
        run_of(version, candidate=make_candidate(make_model(f"m{number}")), judges=judges), run_of(base, judges=judges)
    run_of(version, judges=judges)  # the one to compare is among the shown ones again
    for number in range(3, 201):
        make_version(number=number)
    assert asked(version, base) == few <= 30


def test_at_most_ten_runs_are_shown():
    version = make_version()
    make_prompts()
    for _ in range(12):
        run_of(version)
    assert len(evidence_queries.runs_of_version(ALL, version)) == 10 == len(evidence_queries.evidence(version))
