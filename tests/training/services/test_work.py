"""A shift from its start to its end: every item is answered once, and what is there is not asked for again."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest
from django.db import connection

from annotations.models import Response
from tests.databases import this_database
from tests.factories import make_judge, make_prompt
from tests.stage import MARK, Shift, Stage, helpfulness, play, served, staged, until
from training.models import Call, EvaluationRun, Judgement
from training.services import runs
from training.services.work import work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ROOT = Path(__file__).resolve().parents[3]
SECOND_WORKER = """
import sys, django
django.setup()
from threading import Event
from training.services.work import work
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
work(int(sys.argv[1]), "w2", Event())
"""


def make_marked(run: EvaluationRun, position: int) -> None:
    """The prompt at that position gets the word that marked models refuse."""
    item = run.items.get(position=position)
    item.prompt = make_prompt(f"{item.prompt.text} Is there a {MARK}?", config=item.prompt.config)
    item.save(update_fields=["prompt"])


def test_every_item_is_answered_and_judged_once(stage: Stage) -> None:
    run = play(staged(stage, prompts=30))
    assert run.state == "finished"
    assert (stage.calls("ok"), stage.calls("judge-rating")) == (30, 30)
    assert (Response.objects.count(), Judgement.objects.count(), Call.objects.count()) == (30, 30, 60)


def test_fifty_hints_at_once_do_the_work_of_one(stage: Stage) -> None:
    run = staged(stage, prompts=12)
    hints = [Thread(target=work, args=(run.pk, "w1", Event())) for _ in range(50)]
    for hint in hints:
        hint.start()
    for hint in hints:
        hint.join(20)
    assert (stage.calls("ok"), stage.calls("judge-rating"), run.leases.count()) == (12, 12, 1)


def test_a_hint_at_a_finished_run_does_nothing(stage: Stage) -> None:
    run = play(staged(stage))
    play(run)
    assert (stage.calls(), run.leases.count()) == (8, 1)


def test_a_hint_at_a_run_that_is_not_there_does_nothing(stage: Stage) -> None:
    work(404, "w1", Event())
    assert stage.calls() == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no pool of connections")
def test_a_shift_gives_its_connection_back(stage: Stage) -> None:
    play(staged(stage))
    pool = connection.pool.get_stats()
    assert pool["pool_available"] == pool["pool_size"] - 1  # this test's own is the one in use


def second_process(run: EvaluationRun) -> "subprocess.Popen[str]":
    """A worker in a process of its own over this test's database; it starts when a line is written to it."""
    environment = os.environ | this_database() | {"DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
    command = [sys.executable, "-c", SECOND_WORKER, str(run.pk)]
    worker = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout
    assert worker.stdout.readline() == "ready\n"
    return worker


def test_two_processes_share_a_run_and_answer_every_item_once(stage: Stage) -> None:
    run = staged(stage, prompts=60)
    stage.hold("ok")
    with second_process(run) as second:
        shift = Shift(run)
        second.stdin.write("go\n")
        second.stdin.flush()
        until(lambda: run.items.filter(lease__worker="w1").exists() and run.items.filter(lease__worker="w2").exists())
        stage.release()
        shift.end()
    run.refresh_from_db()
    assert (stage.calls("ok"), stage.calls("judge-rating"), run.state) == (60, 60, "finished")
    assert run.items.filter(state="done").values("lease__worker").distinct().count() == 2


def test_a_model_never_gets_more_calls_at_once_than_its_limit() -> None:
    with Stage(latency=0.01) as stage:
        play(staged(stage, judges=[make_judge()], prompts=20, max_concurrency=3))
        assert (stage.calls("ok"), stage.most_in_flight()) == (20, 3)


def test_a_response_saved_before_its_judge_failed_is_not_generated_again(stage: Stage) -> None:
    run = staged(stage, judges=[helpfulness(stage, "e400-once")], prompts=1)
    assert play(run).items.get().state == "failed"
    runs.retry_failed(run=run, actor=None)
    stage.says("e400-once", "Rating: [[4]]")
    assert play(run).items.get().state == "done"
    assert (stage.calls("ok"), stage.calls("e400-once"), Response.objects.count()) == (1, 2, 1)


def test_an_empty_response_is_a_response_and_not_generated_again(stage: Stage) -> None:
    run = staged(stage, "empty", judges=[helpfulness(stage, "e400-once")], prompts=1)
    play(run)
    runs.retry_failed(run=run, actor=None)
    stage.says("e400-once", "Rating: [[0]]")
    assert (play(run).state, stage.calls("empty")) == ("finished", 1)


def test_judgements_already_there_are_not_asked_again(stage: Stage) -> None:
    follows = make_judge("follows_config", served(stage, "judge-yes"))
    run = staged(stage, judges=[follows, helpfulness(stage, "e400-once")], prompts=1)
    play(run)
    runs.retry_failed(run=run, actor=None)
    stage.says("e400-once", "Rating: [[4]]")
    item = play(run).items.get()
    assert (item.state, item.helpfulness, item.follows_config) == ("done", 0.8, True)  # 4 of 5
    assert (stage.calls("ok"), stage.calls("judge-yes"), stage.calls("e400-once")) == (1, 1, 2)


def test_a_response_is_there_while_its_judge_still_thinks(stage: Stage) -> None:
    stage.hold("judge-rating")
    run = staged(stage, prompts=1)
    shift = Shift(run)
    until(Response.objects.exists)
    state = run.items.get().state
    stage.release()
    shift.end()
    assert (state, run.items.get().state) == ("queued", "done")


def test_a_programmatic_judge_needs_no_model(stage: Stage) -> None:
    run = play(staged(stage, judges=[make_judge()]))
    assert (run.state, stage.calls(), Judgement.objects.count(), Call.objects.count()) == ("finished", 4, 4, 4)
    assert set(run.items.values_list("heuristic", flat=True)) == {True}


def test_one_item_that_fails_for_good_does_not_harm_the_others(stage: Stage) -> None:
    run = staged(stage, "marked-too-long")
    make_marked(run, 2)
    play(run)
    assert run.state == "finished"
    assert list(run.items.values_list("position", "state")) == [(1, "done"), (2, "failed"), (3, "done"), (4, "done")]
    assert "longer than the model's context" in run.items.get(position=2).error


def test_a_prompt_the_providers_filter_stops_fails_alone(stage: Stage) -> None:
    run = staged(stage, "marked-filtered")
    make_marked(run, 3)
    play(run)
    failed = run.items.get(state="failed")
    assert (failed.position, failed.error_kind, run.items.filter(state="done").count()) == (3, "permanent", 3)
    assert "content filter" in failed.error


def test_a_permanent_refusal_is_asked_once(stage: Stage) -> None:
    play(staged(stage, "too-long", prompts=3))
    assert stage.calls("too-long") == 3
