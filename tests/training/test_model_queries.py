"""What the rows say of a model: refusals, scores, names, cost, judges and capability."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from annotations.core.confusion import share
from annotations.models import Response
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_judge,
    make_model,
    make_organisation,
    make_person,
    make_run,
)
from tests.outcomes import answer, fail, finish, finished_run
from training import access, model_queries
from training.models import CapabilityRun, EvaluationRun, Judgement, RunItem
from training.refusals import COMPLIANCE, FULL, PARTIAL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


def judged(run, *said):
    """The run's items in order, each answered and with that refusal by every judge."""
    for item, refusal in zip(run.items.order_by("position"), said, strict=True):
        answer(item)
        Judgement.objects.filter(item=item).update(refusal=refusal)
    return finish(run)


def counts(found):
    return {
        row.kind: (row.full_compliance.hits, row.partial_refusal.hits, row.full_refusal.hits) for row in found.kinds
    }


def test_refusals_are_counted_by_kind_and_what_is_not_said_is_unscored():
    # kinds in order: safe, allowed, partial, disallowed, safe
    run = judged(make_run(5), COMPLIANCE, FULL, PARTIAL, "", FULL)
    (found,) = model_queries.refusals(run)
    assert counts(found) == {"safe": (1, 0, 1), "allowed": (0, 0, 1), "partial": (0, 1, 0), "disallowed": (0, 0, 0)}
    assert (found.safety.unscored, found.over_refusal.unscored, found.heuristic) == (1, 0, True)


def test_a_failed_item_is_unscored_and_one_to_do_is_not_there_yet():
    run = make_run(4)
    first, second, third, fourth = run.items.order_by("position")
    for item in (first, fourth):
        answer(item)
    Judgement.objects.update(refusal=FULL)
    fail(second)
    RunItem.objects.filter(pk=fourth.pk).update(state="queued")
    (found,) = model_queries.refusals(finish(run))
    assert {row.kind: (row.n, row.unscored) for row in found.kinds} == {"safe": (1, 0), "allowed": (0, 1)}


def test_what_a_filter_withheld_is_a_full_refusal_whatever_the_judge_said_of_it():
    run = judged(make_run(4), COMPLIANCE, COMPLIANCE, COMPLIANCE, COMPLIANCE)
    withheld = {"withheld": True, "helpfulness": 0, "follows_config": True}
    RunItem.objects.filter(run=run, prompt__kind="disallowed").update(**withheld)
    assert counts(model_queries.refusals(run)[0])["disallowed"] == (0, 0, 1)


def test_judges_that_are_models_come_before_programs():
    model = make_model("judge", plumbing=False)
    run = judged(make_run(1, judges=[make_judge(), make_judge("refusal", model)]), FULL)
    assert [found.heuristic for found in model_queries.refusals(run)] == [False, True]


def test_a_run_whose_judges_do_not_say_it_has_no_refusals():
    assert model_queries.refusals(finished_run(2, judges=[make_judge("helpfulness", make_model("judge"))])) == ()


def test_a_judge_that_should_say_it_and_never_does_is_shown_with_everything_unscored():
    (found,) = model_queries.refusals(finished_run(1))
    assert (found.over_refusal.n, found.over_refusal.unscored, found.over_refusal.refused.value) == (0, 1, None)


def test_a_run_without_an_ended_item_has_none_either():
    assert model_queries.refusals(make_run(2)) == ()


def test_refusals_are_asked_for_once_while_nothing_changes(django_assert_num_queries):
    run = judged(make_run(1), FULL)
    model_queries.refusals(run)
    with django_assert_num_queries(0):
        model_queries.refusals(run)


def test_the_suite_run_is_the_newest_finished_one_of_the_model():
    suite = make_benchmark("safety-suite")
    older, newer = (finished_run(1, benchmark=suite) for _ in range(2))
    finished_run(1)
    finished_run(0, benchmark=suite, candidate=make_candidate(strategy="cascade_oracle"))
    open_one = make_run(0, benchmark=suite)
    runs, model = EvaluationRun.objects.all(), older.candidate.model
    assert model_queries.suite_run(runs, model) == newer and open_one.candidate.model == model
    assert model_queries.suite_run(runs, make_model("other")) is None


def test_a_model_that_changed_its_name_shows_both_names():
    one, two, three = finished_run(1), finished_run(1), finished_run(1)
    Response.objects.filter(run_items__run=one).update(identity="model-2025-01")
    page = model_queries.answered_by(EvaluationRun.objects.all(), one.candidate.model)
    assert model_queries.identities(page) == [("echo-1", three), ("model-2025-01", one)] and two in page


def test_what_was_spent_is_the_sum_over_the_models_runs():
    mine, other = finished_run(1), finished_run(1, candidate=make_candidate(make_model("other")))
    EvaluationRun.objects.update(calls=2, reused_calls=1, unpriced_calls=1, spent_tokens=30, spent_micros=40)
    assert model_queries.spent(EvaluationRun.objects.all(), mine.candidate.model) == (1, 2, 1, 1, 30, 40)
    assert model_queries.spent(EvaluationRun.objects.exclude(pk=other.pk), other.candidate.model).runs == 0


def test_candidates_are_those_of_runs_one_may_read_with_their_settings_in_words():
    run = finished_run(1)
    candidate = make_candidate(strategy="few_shot", seed=3)
    EvaluationRun.objects.update(candidate=candidate)
    make_candidate(seed=9)
    (found,) = model_queries.answerers(EvaluationRun.objects.all(), run.candidate.model)
    assert (found.candidate, found.runs) == (candidate, 1)
    assert len(found.settings) == len(candidate.settings) > 0 and all(value for _, value in found.settings)
    assert model_queries.answerers(EvaluationRun.objects.none(), run.candidate.model) == []


def test_a_judge_is_shown_with_the_runs_one_may_read():
    model = make_model("judge", plumbing=False)
    judge = make_judge("helpfulness", model)
    run = finished_run(1, judges=[judge])
    (found,) = model_queries.judging(EvaluationRun.objects.all(), model)
    assert (found.judge, found.runs, found.newest, found.trial) == (judge, 1, run.pk, None)
    (hidden,) = model_queries.judging(EvaluationRun.objects.none(), model)
    assert (hidden.runs, hidden.newest) == (0, None)


def test_the_newest_score_of_each_model_is_that_of_its_newest_finished_run():
    old, new = finished_run(1), finished_run(1)
    make_run(0, candidate=new.candidate)
    finished_run(1, benchmark=make_benchmark("safety-suite"))
    found = model_queries.newest_scores(access.runs(make_person("ada")))
    assert {model: row.run for model, row in found.items()} == {old.candidate.model_id: new}
    assert found[old.candidate.model_id].scores.mean == 1
    assert model_queries.newest_scores(access.runs(make_person("mallory"))) == {}


def capability(model, **results):
    metric = {"metric": "acc", "filter": "", "stderr": 0.1, "higher_is_better": True}
    told = {name: {"n": 10, "version": "1", "metrics": [metric | {"value": value}]} for name, value in results.items()}
    ended = {"state": "finished", "finished_at": timezone.now(), "organisation": make_organisation()}
    return CapabilityRun.objects.create(model=model, tasks=list(results), results=told, **ended)


def test_of_each_task_the_newest_finished_run_counts():
    model = make_model()
    old, new = capability(model, b=0.1, a=0.2), capability(model, b=0.3)
    failed = capability(model, b=0.9)
    CapabilityRun.objects.filter(pk=failed.pk).update(state="failed", reason="Away.")
    found = model_queries.abilities(model)
    assert [(one.task, one.metric["value"], one.run) for one in found] == [("a", 0.2, old), ("b", 0.3, new)]


@pytest.mark.parametrize(
    ("value", "stderr", "n", "interval"),
    [
        (1.0, 0.0, 12, share(12, 12, "").interval),  # all right: never a width of 0
        (0.25, 0.13, 12, share(3, 12, "").interval),
        (0.333, 0.1, 10, (0.333 - 0.196, 0.333 + 0.196)),  # a mean of parts, no share of ten
        (0.333, None, 10, None),
        (7.5, 0.5, None, (6.52, 8.48)),
    ],
)
def test_an_interval_is_wilsons_for_a_share_and_else_rests_on_the_standard_error(value, stderr, n, interval):
    found = model_queries.interval_of({"value": value, "stderr": stderr}, n)
    assert found == (interval if interval is None else pytest.approx(interval))
