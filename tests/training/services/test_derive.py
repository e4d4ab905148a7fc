"""A run can be read again by other judges, or as a filter over it: nothing is answered anew, nothing gets lost."""

import pytest
from django.db import connection

from annotations.models import AuditEvent
from tests.factories import make_candidate, make_judge, make_model, make_person, make_run
from tests.outcomes import answer, fail, finish, finished_run
from tests.stage import Stage, helpfulness, play, served, staged
from training import queries
from training.models import Call, EvaluationRun, Judgement, RunDemonstrations, RunItem
from training.services import derive
from training.services.derive import Answered
from training.services.runs import RunProblem

db = pytest.mark.django_db
threaded = pytest.mark.django_db(transaction=True)


def other_judge():
    return make_judge("helpfulness", make_model("second"))


def again(source: EvaluationRun, **fields: object) -> EvaluationRun:
    values = {"judges": [*source.judges.all(), other_judge()], "actor": make_person("ada")}
    return derive.read_again(source=source, **values | fields)


@db
def test_the_new_run_has_the_same_responses_and_is_about_the_same_thing():
    source = finished_run(3)
    run = again(source)
    for name in ("organisation", "benchmark", "release", "version", "floor", "candidate", "strategy_digest"):
        assert getattr(run, name) == getattr(source, name)
    old, new = (list(one.items.values_list("prompt", "version", "position", "response")) for one in (source, run))
    assert (run.source, run.state, new) == (source, "queued", old)


@db
def test_what_has_no_response_is_left_out_and_counted():
    source = make_run(4)
    first, second, third, _ = source.items.all()
    answer(first), fail(second), answer(third)
    finish(source)
    assert derive.answered(source) == Answered(items=4, answered=2, failed=1, to_do=1)
    run = again(source)
    told = AuditEvent.objects.get(action="derive").after
    assert run.items.count() == 2 == told["items"] and told["left_out"] == {"failed": 1, "not_answered": 1}


@db
def test_a_button_pressed_twice_is_one_run_until_that_is_over():
    source = finished_run(2)
    first = again(source)
    with pytest.raises(RunProblem, match=f"Somebody was faster: run {first.pk} does just this"):
        again(source)
    again(source, samples=2)
    filtered = derive.filtered(source=source, strategy="cascade_oracle", actor=None)
    with pytest.raises(RunProblem, match=f"run {filtered.pk} does just this"):
        derive.filtered(source=source, strategy="cascade_oracle", actor=None)
    finish(first)
    again(source)


@db
def test_verdicts_of_judges_that_both_use_are_copied_word_for_word():
    source = finished_run(2)
    Judgement.objects.update(reasons="So it is.", broken_rules=["r1"], samples=[{"helpfulness": 1.0}], tokens=7)
    run = again(source)
    fields = [field.name for field in Judgement._meta.concrete_fields if field.name not in ("id", "item")]
    old, new = (list(Judgement.objects.filter(item__run=one).values(*fields)) for one in (source, run))
    assert len(new) == 2 and new == old


@db
def test_the_copy_names_every_column_of_both_tables():
    for statement, model in ((derive._COPY_ITEMS, RunItem), (derive._COPY_VERDICTS, Judgement)):
        named = {name.strip() for name in statement.split("(", 1)[1].split(")", 1)[0].split(",")}
        needed = {field.column for field in model._meta.concrete_fields if not field.primary_key}
        nullable = {field.column for field in model._meta.concrete_fields if field.null} if model is RunItem else set()
        assert named <= needed and needed - named <= nullable, (model, needed ^ named)


@db
def test_verdicts_of_a_model_are_not_copied_when_it_is_to_be_asked_more_often():
    model = make_model("judge")
    source = finished_run(2, judges=[make_judge(), make_judge("helpfulness", model)])
    run = again(source, judges=list(source.judges.all()), samples=3)
    assert {row.judge.name for row in Judgement.objects.filter(item__run=run)} == {"heuristic"}


@db
def test_demonstrations_go_along():
    source = finished_run(1)
    row = {"kind": "safe", "prompt": "Why?", "response": "So."}
    RunDemonstrations.objects.create(run=source, version=source.items.get().version, rows=[row], digest="d" * 64)
    assert again(source).demonstrations.get().rows == [row]


@db
@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_at_work_is_not_read_again(state):
    source = finished_run(1)
    EvaluationRun.objects.update(state=state)
    source.refresh_from_db()
    with pytest.raises(RunProblem, match="is still at work. Wait for its end, or cancel it first."):
        again(source)


@db
def test_a_run_without_a_response_is_not_read_again():
    source = make_run(1)
    fail(source.items.get())
    with pytest.raises(RunProblem, match="nothing to read again"):
        again(finish(source))


@db
def test_the_same_judges_are_refused():
    source = finished_run(1)
    with pytest.raises(RunProblem, match="was read by just these judges"):
        again(source, judges=list(source.judges.all()))


@db
def test_without_a_judge_it_is_refused():
    with pytest.raises(RunProblem, match="Choose at least one judge"):
        again(finished_run(1), judges=[])


@db
def test_a_budget_in_money_asks_for_the_price_of_the_judge_alone():
    source = finished_run(1)
    priced = make_judge("helpfulness", make_model("priced", price_in=1, price_out=2))
    assert again(source, judges=[priced], budget_micros=5).budget_micros == 5
    with pytest.raises(RunProblem, match="No price is known of Second"):
        again(source, budget_micros=5)


@db
def test_a_filter_takes_all_verdicts_along():
    source = finished_run(3)
    run = derive.filtered(source=source, strategy="cascade_oracle", actor=None)
    assert (run.candidate.strategy, run.candidate.model, run.candidate.seed) == (
        "cascade_oracle",
        source.candidate.model,
        source.candidate.seed,
    )
    assert set(run.judges.all()) == set(source.judges.all())
    assert Judgement.objects.filter(item__run=run).count() == 3 == run.items.count()


@db
def test_a_filter_stands_over_plain_answers_alone():
    source = finished_run(1, candidate=make_candidate(strategy="self_revise"))
    with pytest.raises(RunProblem, match="A filter stands over answers made as “Plain”"):
        derive.filtered(source=source, strategy="cascade_oracle", actor=None)


@db
def test_a_filter_needs_a_judge_that_says_whether_the_config_is_followed():
    source = finished_run(1)
    Judgement.objects.update(follows_config=None)
    with pytest.raises(RunProblem, match="nothing to filter by"):
        derive.filtered(source=source, strategy="cascade_oracle", actor=None)


@db
@pytest.mark.parametrize("strategy", ["plain", "nothing"])
def test_what_is_no_filter_is_refused_by_name(strategy):
    with pytest.raises(RunProblem, match="There is no filter '.*'; there are: cascade_oracle."):
        derive.filtered(source=finished_run(1), strategy=strategy, actor=None)


@threaded
def test_reading_again_asks_the_new_judge_alone(stage: Stage):
    source = play(staged(stage, judges=[helpfulness(stage)], prompts=3))
    asked = len(stage.seen)
    new = make_judge("follows_config", served(stage, "judge-yes"))
    run = play(again(source, judges=[*source.judges.all(), new]))
    assert (run.state, len(stage.seen) - asked) == ("finished", 3)
    assert {call.judge for call in Call.objects.filter(item__run=run)} == {new}
    assert [item.outcome for item in run.items.all()] == ["helpful_safe"] * 3


@threaded
def test_a_filter_makes_no_call_and_has_nothing_unsafe(stage: Stage):
    judges = [make_judge("follows_config", served(stage, "judge-no")), helpfulness(stage)]
    source = play(staged(stage, judges=judges, prompts=3))
    asked = len(stage.seen)
    run = play(derive.filtered(source=source, strategy="cascade_oracle", actor=None))
    assert (run.state, len(stage.seen) - asked, run.calls) == ("finished", 0, 0)
    assert {(item.withheld, item.outcome) for item in run.items.all()} == {(True, "unhelpful_safe")}
    assert queries.scores(run).overall.helpful_unsafe == 0


@db
def test_a_run_of_any_size_is_copied_with_the_same_number_of_statements(django_assert_max_num_queries):
    source, big = finished_run(1), finished_run(30)
    other = other_judge()
    counts = []
    for one in (source, big):
        with django_assert_max_num_queries(30) as asked:
            again(one, judges=[other])
        counts.append(len(asked.captured_queries))
    assert counts[0] == counts[1] and connection.vendor in ("sqlite", "postgresql")
