"""Models that are down, refuse, or answer nonsense: the run ends, says why in words, and harms no other item."""

import socket
from typing import Any

import pytest

from tests.factories import make_judge
from tests.stage import Stage, helpfulness, play, served, staged
from training import queries
from training.models import EvaluationRun
from training.services import runs

pytestmark = pytest.mark.django_db(transaction=True)
KEY_VARIABLE = "COSA_KEY_STAGE"
IMPATIENT = {"patience": 1.0}


def only_error(run: EvaluationRun) -> queries.ErrorCount:
    """The one error all items of a finished run ended with."""
    (error,) = queries.errors(run)
    assert (run.state, error.items) == ("finished", run.items.count())
    return error


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def test_a_model_that_is_down(stage: Stage, nobody: str) -> None:
    error = only_error(play(staged(stage, base_url=nobody, **IMPATIENT)))
    assert error.kind == "passing"
    assert error.message.startswith("Nobody answers at 127.0.0.1:")


def test_a_judge_that_is_down_keeps_the_responses(stage: Stage, nobody: str) -> None:
    run = play(staged(stage, judges=[helpfulness(stage, base_url=nobody, **IMPATIENT)]))
    assert "Nobody answers" in only_error(run).message
    assert run.items.filter(response=None).count() == 0


def test_a_wrong_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-key")
    error = only_error(play(staged(stage, "wrong-key", key_variable=KEY_VARIABLE)))
    assert (error.kind, "did not accept the key (401)" in error.message) == ("permanent", True)
    assert "sk-wrong" not in error.message


def test_the_right_key(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "right")
    run = play(staged(stage, "wrong-key", key_variable=KEY_VARIABLE))
    assert run.items.filter(state="done").count() == 4


def test_a_model_that_is_not_there_names_those_that_are(stage: Stage) -> None:
    message = only_error(play(staged(stage, "not-found"))).message
    assert "has no model 'not-found'. It offers: ok, echo, judge-json." in message


@pytest.mark.parametrize("nonsense", ["html", "other-json", "nested"])
def test_nonsense_instead_of_a_completion(stage: Stage, nonsense: str) -> None:
    error = only_error(play(staged(stage, nonsense)))
    assert (error.kind, "not as an OpenAI-compatible server" in error.message) == ("permanent", True)
    assert stage.calls(nonsense) == 4


@pytest.mark.parametrize("nothing", ["empty", "none"])
def test_no_text_at_all_is_an_empty_answer_that_is_judged(stage: Stage, nothing: str) -> None:
    run = play(staged(stage, nothing))
    assert set(run.items.values_list("state", "response__text")) == {("done", "")}
    assert (stage.calls(nothing), stage.calls("judge-rating")) == (4, 4)


def test_a_body_too_long_to_keep(stage: Stage) -> None:
    error = only_error(play(staged(stage, "long", prompts=2)))
    assert error.message == "The answer is larger than 2 MB and was not kept. Lower max_tokens."


def test_a_model_that_asks_to_wait_gets_its_wait(stage: Stage) -> None:
    run = play(staged(stage, "e429", judges=[make_judge()], prompts=1))
    item = run.items.get()
    assert (item.state, item.calls.get().attempts) == ("done", 2)
    assert stage.seen[1].at - stage.seen[0].at >= 0.2  # Retry-After: 0.2


def test_a_model_that_asks_to_wait_too_long_is_not_waited_for(stage: Stage) -> None:
    error = only_error(play(staged(stage, "e429-hour")))
    assert (error.kind, "takes no more calls just now (429)" in error.message) == ("rate_limited", True)


def test_one_failure_of_the_server_is_not_the_end(stage: Stage) -> None:
    run = play(staged(stage, "e500-once"))
    assert run.items.filter(state="done").count() == 4
    assert stage.calls("e500-once") == 5


def test_a_server_that_always_fails(stage: Stage) -> None:
    error = only_error(play(staged(stage, "e500", prompts=1, **IMPATIENT)))
    assert (error.kind, "failed with status 500. It says: boom" in error.message) == ("passing", True)


def test_the_same_trouble_is_one_error_however_often_it_was_tried(stage: Stage) -> None:
    run = play(staged(stage, "e500", prompts=12, patience=1.5, max_concurrency=12))
    assert only_error(run).items == 12


def test_a_judge_that_refuses_for_good(stage: Stage) -> None:
    run = play(staged(stage, judges=[helpfulness(stage, "e403")]))
    assert "has no right to this model" in only_error(run).message
    assert stage.calls("e403") == 4


def test_a_program_that_breaks_fails_its_items_in_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from training.judges import CodeJudge

    def broken(judge: CodeJudge, case: Any) -> None:
        raise ZeroDivisionError(case.prompt)

    monkeypatch.setattr(CodeJudge, "judge", broken)
    run = play(staged(stage, judges=[make_judge()]))
    assert only_error(run)[:2] == ("internal", "An error of this application (ZeroDivisionError); see its log.")
    assert all(f"item {pk} of run {run.pk}" in caplog.text for pk in run.items.values_list("pk", flat=True))
    assert caplog.records[0].getMessage().count("siege") == 0


def test_failed_items_are_not_scored(stage: Stage) -> None:
    run = play(staged(stage, "not-found"))
    scored = queries.scores(run).overall
    assert (scored.score, scored.n_scored, scored.n_total) == (None, 0, 4)


def test_failed_items_alone_are_tried_again(stage: Stage) -> None:
    run = play(staged(stage, "e400-twice", max_concurrency=1))
    assert run.items.filter(state="failed").count() == 2
    runs.retry_failed(run=run, actor=None)
    assert play(run).items.filter(state="done").count() == 4
    assert stage.calls("e400-twice") == 6  # 4, then the 2 that failed


def test_an_error_names_no_prompt(stage: Stage) -> None:
    run = play(staged(stage, "repeats"))
    assert "siege" not in only_error(run).message


def test_a_judge_that_refuses_does_not_undo_the_verdict_of_another(stage: Stage) -> None:
    follows = make_judge("follows_config", served(stage, "judge-yes"))
    run = play(staged(stage, judges=[follows, helpfulness(stage, "e403")], prompts=2))
    assert run.items.filter(judgements__judge=follows, judgements__follows_config=True).count() == 2
    assert "has no right" in only_error(run).message
