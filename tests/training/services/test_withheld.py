"""Answers a filter puts a refusal in place of, and runs computed from other runs."""

from typing import Any

import pytest

from annotations.models import LanguageModel
from tests.factories import make_candidate, make_judge, make_prompt, make_run
from tests.stage import Stage, completion, helpfulness, play, served, staged
from training import queries
from training.models import Call, EvaluationRun, Judge
from training.services import derive, runs
from training.strategies import REFUSAL, WITHHELD

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = {"state": "done", "withheld": True, "helpfulness": 0.0, "follows_config": True}
ITEM = ("helpfulness", "follows_config", "heuristic", "withheld")


def both(stage: Stage, follows: str = "judge-no", help_: str = "judge-rating") -> list[Judge]:
    """A judge of the config and one of helpfulness."""
    return [make_judge("follows_config", served(stage, follows)), helpfulness(stage, help_)]


def cascaded(stage: Stage, *said: str, **fields: Any) -> EvaluationRun:
    """A run of a cascade whose model says this, one line after another."""
    stage.says("own", *said)
    candidate = make_candidate(served(stage, "own"), strategy="cascade")
    return make_run(1, candidate=candidate, judges=both(stage), **fields)


def values(run: EvaluationRun) -> list[tuple[Any, ...]]:
    return list(run.items.order_by("position").values_list(*ITEM))


def test_an_answer_a_cascade_withheld_is_unhelpful_and_safe_and_nobody_judges_it(stage: Stage) -> None:
    item = play(cascaded(stage, "Something forbidden.", "[[NO]]")).items.get()
    assert {name: getattr(item, name) for name in REFUSED} == REFUSED
    assert (stage.calls("judge-no"), stage.calls("judge-rating"), item.judgements.count()) == (0, 0, 0)


def test_the_response_is_the_refusal_and_the_calls_keep_what_was_withheld(stage: Stage) -> None:
    item = play(cascaded(stage, "Something forbidden.", "[[NO]]")).items.get()
    assert (item.response.text, item.response.finish) == (REFUSAL, WITHHELD)
    assert list(item.calls.order_by("step").values_list("text", flat=True)) == ["Something forbidden.", "[[NO]]"]


def test_an_answer_a_cascade_let_through_is_judged(stage: Stage) -> None:
    item = play(cascaded(stage, "Something fine.", "[[YES]]")).items.get()
    assert (item.withheld, item.helpfulness, item.follows_config) == (False, 0.8, False)


def test_a_withheld_answer_read_again_by_others_stays_withheld_without_a_call(stage: Stage) -> None:
    source = play(cascaded(stage, "Something forbidden.", "[[NO]]"))
    made = derive.read_again(source=source, judges=[helpfulness(stage, "judge-json")], actor=None)
    stage.seen.clear()
    item = play(made).items.get()
    assert ({name: getattr(item, name) for name in REFUSED}, stage.seen) == (REFUSED, [])


def test_an_oracle_withholds_what_its_judges_find_to_break_the_config(stage: Stage) -> None:
    stage.says("judge-mixed", "[[NO]]", "[[YES]]", "no verdict", "no verdict")
    candidate = make_candidate(served(stage, "ok"), strategy="cascade_oracle")
    follows = make_judge("follows_config", served(stage, "judge-mixed", max_concurrency=1))
    run = play(make_run(3, candidate=candidate, judges=[follows, helpfulness(stage)]))
    assert sorted(map(str, values(run))) == sorted(
        map(str, [(0.0, True, False, True), (0.8, True, False, False), (0.8, None, False, False)])
    )
    assert run.items.filter(response__text="hello " * 40).count() == 3  # the answers themselves stay


def test_a_filter_that_goes_by_a_rule_of_thumb_is_marked_so(stage: Stage) -> None:
    source = play(staged(stage, judges=[make_judge()], prompts=1))
    source.judges.get().judgements.update(follows_config=False)
    run = play(derive.filtered(source=source, strategy="cascade_oracle", actor=None))
    assert values(run) == [(0.0, True, True, True)]


@pytest.fixture
def judged(stage: Stage) -> EvaluationRun:
    """A plain run whose items lie in all four cells, and one of them is unscored."""
    stage.says("rates", "[[5]]", "[[3]]", "[[0]]", "[[0]]", "[[4]]")
    stage.says("sees", "[[YES]]", "[[NO]]", "[[YES]]", "[[NO]]", "hm", "hm")
    judges = [
        make_judge("follows_config", served(stage, "sees", max_concurrency=1)),
        make_judge("helpfulness", served(stage, "rates", max_concurrency=1)),
    ]
    return play(staged(stage, judges=judges, prompts=5, max_concurrency=1))


def test_an_oracle_keeps_what_was_helpful_and_safe_and_lets_nothing_unsafe_through(judged: EvaluationRun) -> None:
    made = play(derive.filtered(source=judged, strategy="cascade_oracle", actor=None))
    plain, filtered = (queries.scores(run).overall for run in (judged, made))
    assert (plain.n_scored, filtered.n_scored, filtered.n_total) == (4, 4, 5)
    assert filtered.helpful_safe == plain.helpful_safe == 0.25  # one of the four that are scored
    assert (plain.helpful_unsafe, filtered.helpful_unsafe, filtered.unhelpful_unsafe) == (0.25, 0, 0)
    assert made.items.filter(withheld=True).count() == 2


def test_an_oracle_over_a_judged_run_makes_no_call_and_shares_its_responses(
    judged: EvaluationRun, stage: Stage
) -> None:
    stage.seen.clear()
    made = play(derive.filtered(source=judged, strategy="cascade_oracle", actor=None))
    assert (stage.seen, made.calls, made.reused_calls, Call.objects.filter(item__run=made).exists()) == (
        [],
        0,
        0,
        False,
    )
    responses = [list(run.items.order_by("position").values_list("response", flat=True)) for run in (judged, made)]
    assert responses[0] == responses[1]


def test_a_score_is_never_beyond_the_shares_it_comes_from(judged: EvaluationRun) -> None:
    made = play(derive.filtered(source=judged, strategy="cascade_oracle", actor=None))
    for run in (judged, made):
        found = queries.scores(run).overall
        assert abs(found.score) <= max(found.helpful_safe, found.helpful_unsafe)


def test_models_without_a_key_do_not_stop_a_run_that_asks_nobody(
    judged: EvaluationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COSA_KEY_GONE", raising=False)
    LanguageModel.objects.update(key_variable="COSA_KEY_GONE")
    made = derive.filtered(source=judged, strategy="cascade_oracle", actor=None)
    assert play(made).state == "finished"


def test_responses_of_a_model_that_answers_elsewhere_are_judged_without_asking_it(stage: Stage) -> None:
    source = play(staged(stage, judges=[make_judge()], prompts=2))
    LanguageModel.objects.filter(pk=source.candidate.model_id).update(engine="elsewhere", base_url="")
    made = play(derive.read_again(source=source, judges=[helpfulness(stage)], actor=None))
    assert (made.state, stage.calls("ok"), stage.calls("judge-rating")) == ("finished", 2, 2)


def test_a_judge_whose_program_changed_does_not_stop_a_run_that_has_its_verdicts(stage: Stage) -> None:
    source = play(staged(stage, judges=[make_judge()], prompts=2))
    Judge.objects.update(digest="0" * 64)
    made = derive.read_again(source=source, judges=[*source.judges.all(), helpfulness(stage)], actor=None)
    assert play(made).state == "finished"


def test_only_the_verdicts_that_are_missing_are_asked_for(judged: EvaluationRun, stage: Stage) -> None:
    stage.seen.clear()
    judges = [*judged.judges.all(), make_judge("addressed", served(stage, "judge-json"))]
    made = play(derive.read_again(source=judged, judges=judges, actor=None))
    assert ({seen.model for seen in stage.seen}, len(stage.seen), made.calls) == ({"judge-json"}, 5, 5)
    assert values(made) == values(judged)


def test_the_order_of_the_judges_changes_no_figure(stage: Stage) -> None:
    judges = [*both(stage), helpfulness(stage, "judge-quoted"), make_judge()]
    first = play(staged(stage, judges=judges, prompts=2))
    other = make_run(0, judges=judges[::-1], candidate=first.candidate, benchmark=first.benchmark)
    assert values(play(other)) == values(first)


def test_the_same_seed_is_the_same_run(stage: Stage) -> None:
    model = served(stage, "unused", engine="echo", base_url="echo://")
    judge = make_judge("helpfulness", served(stage, "unused", engine="echo", base_url="echo://"))
    make_prompt()
    seeds = [7, 7, 8]
    played = []
    for seed in seeds:
        run = make_run(0 if played else 3, judges=[judge], candidate=make_candidate(model, seed=seed))
        EvaluationRun.objects.filter(pk=run.pk).update(use_cache=False)
        played.append(play(run))
    texts = [list(run.items.order_by("position").values_list("response__text", "helpfulness")) for run in played]
    assert texts[0] == texts[1] != texts[2]


def test_a_run_taken_up_after_its_cascade_was_cut_off_is_settled_once(stage: Stage) -> None:
    run = cascaded(stage, "Something forbidden.", 400, "[[NO]]")
    assert play(run).items.get().state == "failed"
    runs.retry_failed(run=run, actor=None)
    item = play(run).items.get()
    assert (item.withheld, stage.calls("own"), item.calls.count()) == (True, 3, 2)


def test_a_server_cannot_withhold_an_answer_and_score_as_safe(stage: Stage) -> None:
    stage.says("sly", completion("Something forbidden.", finish_reason=WITHHELD))
    item = play(staged(stage, "sly", judges=both(stage), prompts=1)).items.get()
    assert (item.withheld, item.follows_config, item.response.finish) == (False, False, "")
