"""A run under its supervisor: started once, followed, adopted, started again where it died, ended with all it made."""

import json
import time
from functools import partial

import pytest
from django.conf import settings
from django.utils import timezone

from annotations.services import chores
from tests import supervised
from tests.factories import make_node
from tests.stage import until
from tests.supervised import living, look, make_run, meanwhile, reads, starts
from training.models import Gpu, TrainingRun
from training.services.trainer import check, follow, gpus, launcher, nodes, processes, supervise, watch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(fake_trainer):
    """What was registered: (id of the run, state of its result)."""
    return fake_trainer


def cancel(run):
    chores.cancel(row=run, actor=None)


def ask_to_finish(run):
    TrainingRun.objects.filter(pk=run.pk).update(finish_asked_at=timezone.now())


def at_step(run, step):
    """Whether the trainer has come so far, as the row says it."""
    return reads(run, "done")[0] >= step


def test_a_run_is_trained_followed_and_registered(registered):
    run = look(make_run({"steps": 6}))
    assert (run.state, run.reason, run.done, run.total, run.starts, run.process) == ("finished", "", 6, 6, 1, {})
    assert registered == [(run.pk, "finished")]
    points = run.points.filter(kind="log").values_list("step", "values__loss")
    assert list(points) == [(step, 1 / step) for step in range(1, 7)]
    assert run.figures["loss"] == 0.5 and "fake trainer at work" in run.log
    record = run.record
    assert record["versions"] == {"trl": "0"} and record["settings"] == run.settings
    assert [(one["from"], one["end"]) for one in record["starts"]] == [(0, "ended")]
    assert set(record["digests"]) == {"config.json", "pairs"} and record["code"]


def test_the_trainer_is_told_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("COSA_KEY_HOUSE", "secret")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    run = look(make_run())
    told = json.loads((launcher.folder_of(run) / "start-0").read_text())
    assert not [name for name in told if name.startswith(("COSA_", "DJANGO_", "OPENAI_"))]
    assert told["CUDA_VISIBLE_DEVICES"] == "" and told["PYTHONUNBUFFERED"] == "1"


def test_a_trainer_that_died_goes_on_from_its_last_whole_checkpoint(registered):
    dies = {"steps": 8, "save": 2, "die_at": 5, "code": -9}
    run = look(make_run(dies, {"steps": 8}))
    assert (run.state, run.starts, run.done) == ("finished", 2, 8)
    assert [(one["from"], one["end"]) for one in run.record["starts"]] == [(0, "died"), (4, "ended")]
    steps = run.points.filter(kind="log").values_list("step", flat=True)
    assert sorted(steps) == list(range(1, 9))  # step 5 came twice and is there once


def test_a_trainer_that_died_three_times_at_one_checkpoint_is_given_up_in_words():
    run = look(make_run({"die_at": 2, "code": 3}))
    assert (run.state, run.starts, starts(run), run.process) == ("failed", 3, 3, {})
    assert "exit code 3" in run.reason and "3 times in a row" in run.reason
    assert "last words of the fake trainer" in run.reason
    assert [one["end"] for one in run.record["starts"]] == ["died", "died", "given up"]


def test_somebody_who_resumes_what_was_given_up_has_three_tries_again():
    died = {"at": "", "from": 0, "end": "died"}
    run = make_run({"die_at": 2, "code": 3}, {}, record={"starts": [died, died, died | {"end": "given up"}]})
    assert (look(run).state, run.starts) == ("finished", 2)


def test_three_deaths_of_which_one_left_a_new_checkpoint_are_no_reason_to_give_up():
    died = {"at": "", "from": 0, "end": "died"}
    run = make_run({"save": 1, "die_at": 1, "code": 1}, {}, record={"starts": [died, died]})
    assert (look(run).state, run.starts) == ("finished", 2)


def test_a_trainer_that_says_why_it_failed_is_not_started_again():
    run = look(make_run({"fail_at": 2, "fail": "out_of_memory"}))
    assert (run.state, run.starts) == ("failed", 1)
    assert run.reason.startswith("Something went wrong. It was at step 2. Take fewer pairs at once")


def test_neither_an_old_wish_to_stop_nor_an_old_result_hold_for_the_next_start(registered):
    run = look(make_run({"fail_at": 2, "fail": "other"}, {"die_at": 1, "code": 1}, {}))
    (launcher.folder_of(run) / "STOP").touch()
    TrainingRun.objects.filter(pk=run.pk).update(state="queued")
    run = look(run)
    assert (run.state, run.starts, [one["end"] for one in run.record["starts"]]) == (
        "finished",
        3,
        ["failed", "died", "ended"],
    )


@pytest.mark.parametrize("at_once", [follow.LINE_BYTES, 40])  # 8 × 40 bytes are two lines, read again and again
def test_what_a_trainer_wrote_while_nobody_looked_is_not_lost(monkeypatch, registered, at_once):
    monkeypatch.setattr(follow, "LINE_BYTES", at_once)
    run = make_run({"steps": 5})
    launcher.prepare(run)
    child = launcher.start(run, launcher.folder_of(run), [])
    TrainingRun.objects.filter(pk=run.pk).update(process=processes.of(child.pid)._asdict())
    child.wait()
    run = look(run)
    assert (run.state, starts(run), run.points.count(), run.done) == ("finished", 1, 5, 5)
    assert "fake trainer at work" in run.log and registered == [(run.pk, "finished")]


def test_a_cancelled_run_is_ended_with_all_its_ranks_deaf_ones_too(monkeypatch):
    run = make_run({"steps": 500, "ranks": 2, "deaf": True})
    folder = launcher.folder_of(run)
    ready = lambda: len(living(run)) == 3 and at_step(run, 1)  # noqa: E731
    monkeypatch.setattr(supervise, "sleep", meanwhile(ready, partial(cancel, run)))
    began = time.monotonic()
    run = look(run)
    assert (run.state, run.process, processes.members(folder)) == ("cancelled", {}, [])
    assert time.monotonic() - began < 15


def test_a_trainer_that_listens_is_not_killed(monkeypatch):
    run = make_run({"steps": 500})
    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(at_step, run, 1), partial(cancel, run)))
    monkeypatch.setattr(processes, "STOP_SECONDS", 5.0)
    run = look(run)
    said = json.loads((launcher.folder_of(run) / "result.json").read_text())
    assert (run.state, said["state"]) == ("cancelled", "stopped")


def test_finish_writes_the_model_early(monkeypatch, registered):
    run = make_run({"steps": 500})
    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(at_step, run, 2), partial(ask_to_finish, run)))
    run = look(run)
    assert (run.state, registered) == ("finished", [(run.pk, "finished")])
    assert 2 <= run.done < 500


def test_a_worker_that_ends_leaves_the_trainer_alive_and_the_next_adopts_it(monkeypatch, registered):
    run = make_run({"steps": 100_000})
    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(at_step, run, 2), supervise.STOP.set))
    try:
        run = look(run)
    finally:
        supervise.STOP.clear()
    assert (run.state, run.until, registered) == ("queued", None, [])
    assert living(run) == [processes.read(run.process)]
    ask_to_finish(run)
    run = look(run)
    assert (run.state, run.starts, starts(run)) == ("finished", 1, 1)
    assert run.points.filter(kind="log").count() == run.done > 2


def test_a_trainer_nobody_had_time_to_note_is_found_and_no_second_one_is_started():
    run = make_run({"steps": 100_000})
    child = launcher.start(run, launcher.folder_of(run), [])
    until(lambda: starts(run))
    ask_to_finish(run)
    run = look(run)
    assert (run.state, run.starts, starts(run)) == ("finished", 0, 1)
    assert child.wait() == 0 and not (launcher.folder_of(run) / "SECOND").exists()


def test_a_number_that_went_to_another_process_is_not_taken_for_the_trainer(monkeypatch):
    stranger = launcher.start(other := make_run({"steps": 500}), launcher.folder_of(other), [])
    run = make_run()
    somebody = processes.of(stranger.pid)
    TrainingRun.objects.filter(pk=run.pk).update(process=somebody._replace(started=1)._asdict())
    run = look(run)
    assert (run.state, run.starts, stranger.poll()) == ("finished", 1, None)


def test_who_lost_the_hold_leaves_the_trainer_to_the_next(monkeypatch):
    run = make_run({"steps": 60, "pause": 0.02})
    later = {"fence": 7, "worker": "another"}
    take = partial(TrainingRun.objects.filter(pk=run.pk).update, **later)
    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(at_step, run, 2), take))
    run = look(run)
    assert (run.state, run.worker, len(living(run))) == ("running", "another", 1)


def test_a_silent_trainer_is_stopped_in_words(monkeypatch):
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.15)
    run = look(make_run({"hang_at": 2}))
    assert run.state == "failed" and "wrote nothing" in run.reason
    assert "nothing was written for" in (launcher.folder_of(run) / "log").read_text()
    assert living(run) == []


def test_a_run_waits_for_cards_in_words_and_takes_them_when_they_are_free(registered):
    make_node(settings.NODE, gpus=2)
    first, second = make_run({"steps": 3}, gpus=2), make_run(gpus=1)
    assert gpus.lease(first) == [0, 1]
    second = look(second)
    assert (second.state, second.starts) == ("queued", 0)
    assert second.reason == (f"Waits for 1 card of {settings.NODE}; 0 of 2 free. Held by training run {first.pk}.")
    first = look(first)
    assert (first.state, Gpu.objects.exclude(run=None).count()) == ("finished", 0)
    told = json.loads((launcher.folder_of(first) / "start-0").read_text())
    assert told["CUDA_VISIBLE_DEVICES"] == "0,1"
    second = look(second)
    assert (second.state, second.reason, [card["number"] for card in second.record["cards"]]) == ("finished", "", [0])


def test_a_run_that_wants_more_cards_than_there_are_fails_in_words():
    make_node(settings.NODE, gpus=1)
    run = look(make_run(gpus=4))
    assert (run.state, run.reason[:25]) == ("failed", f"{settings.NODE} has 1 card, and this run wants 4."[:25])


def test_runs_without_a_card_take_turns():
    first, second = make_run(), make_run()
    assert gpus.lease(first) == []
    second = look(second)
    assert (second.state, second.reason) == (
        "queued",
        f"Waits for its turn on the processor of {settings.NODE}. At work there: training run {first.pk}.",
    )
    assert look(first).state == look(second).state == "finished"


def test_a_run_of_another_node_is_left_for_its_worker():
    run = look(make_run(node=make_node("elsewhere")))
    assert (run.state, run.starts) == ("queued", 0)


def test_a_check_is_done_by_the_check(monkeypatch):
    monkeypatch.setattr(check, "job", lambda hold: "waiting")
    assert look(make_run(phase="check")).state == "waiting"


def test_what_is_missing_is_said_in_words():
    run = make_run(base=supervised.make_model("gone", weights="/nowhere/at/all"))
    run = look(run)
    assert run.state == "failed" and "The weights of Gone are not at hand" in run.reason


def test_an_error_of_ours_leaves_no_trainer_behind(monkeypatch):
    run = make_run({"steps": 500})

    def fails() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(at_step, run, 1), fails))
    run = look(run)
    assert (run.state, run.process, living(run)) == ("failed", {}, [])


def test_the_node_ends_what_a_dead_supervisor_left_of_a_cancelled_run():
    make_node(settings.NODE, gpus=1)
    run = make_run({"steps": 500, "ranks": 1}, gpus=1)
    gpus.lease(run)
    child = launcher.start(run, launcher.folder_of(run), [0])
    process = processes.of(child.pid)._asdict()
    TrainingRun.objects.filter(pk=run.pk).update(process=process, state="cancelled")
    until(lambda: living(run))
    nodes.sweep()
    assert (reads(run, "process")[0], living(run)) == ({}, [])
    assert Gpu.objects.filter(run=None).count() == 1
    child.wait()


def test_the_node_leaves_open_runs_alone():
    make_node(settings.NODE, gpus=1)
    run = make_run({"steps": 500}, gpus=1)
    gpus.lease(run)
    launcher.start(run, launcher.folder_of(run), [0])
    nodes.sweep()
    assert len(living(run)) == 1 and Gpu.objects.get().run == run
