"""Runs are started, stopped and taken up again by one conditional move each; the loser of a race is told so."""

import pytest

from annotations.core import config_text
from annotations.models import AuditEvent, SystemPrompt
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_judge,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.outcomes import answer, fail, finish, finished_run
from training.models import EvaluationRun
from training.services import runs
from training.services.runs import RunProblem

pytestmark = pytest.mark.django_db
FASTER = "Somebody was faster: the run is already {}."


def seen_by_another(run: EvaluationRun) -> EvaluationRun:
    """The run as it stands on another person's page, from before this one's move."""
    return EvaluationRun.objects.get(pk=run.pk)


def put(state: str, **fields: object) -> EvaluationRun:
    """A run of one failed and one queued item in that state."""
    run = make_run(2)
    fail(run.items.first())
    finish(run)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state, **fields)
    return seen_by_another(run)


def state_of(run: EvaluationRun) -> str:
    return EvaluationRun.objects.get(pk=run.pk).state


def start(**fields: object) -> EvaluationRun:
    values = {"candidate": make_candidate(), "judges": [make_judge()], "actor": make_person("ada")}
    return runs.start(benchmark=make_benchmark(), **values | fields)


def test_a_run_has_one_item_for_each_prompt_in_the_benchmarks_order():
    version = make_version()
    prompts = [make_prompt(config=version.config, position=position) for position in (30, 10, 20)]
    found = list(start().items.values_list("prompt", "position", "state"))
    assert found == [(prompts[1].pk, 1, "queued"), (prompts[2].pk, 2, "queued"), (prompts[0].pk, 3, "queued")]


def test_a_run_belongs_to_the_organisation_of_its_benchmark():
    theirs = make_benchmark("theirs", make_organisation("elsewhere"))
    assert make_run(1, benchmark=theirs, actor=make_person("grace")).organisation == theirs.organisation


def test_each_prompt_is_answered_under_the_newest_approved_version_of_its_config():
    config = make_version(policy="First.").config
    newest = make_version(config, policy="Second.")
    make_version(config, state="submitted", policy="Third.")
    make_prompt(config=config)
    assert start().items.get().version == newest


def test_the_system_prompt_of_each_version_is_kept_under_its_digest():
    version = make_run(1).items.get().version
    text = config_text.system_prompt(version.text)
    assert SystemPrompt.objects.get(digest=config_text.digest(text)).text == text


def test_configs_can_be_chosen():
    game, film = make_version(make_config("game")).config, make_version(make_config("film")).config
    make_prompt(config=game)
    wanted = make_prompt(config=film)
    assert [item.prompt for item in start(configs=[film.pk]).items.all()] == [wanted]


def test_the_first_prompts_of_each_kind_and_config_can_be_chosen():
    for slug in ("game", "film"):
        config = make_version(make_config(slug)).config
        for kind in ("safe", "safe", "safe", "partial"):
            make_prompt(config=config, kind=kind)
    # two configs × (2 safe of 3 + 1 partial of 1)
    assert start(per_kind=2).items.count() == 6


def test_a_run_without_a_judge_is_refused_in_words():
    make_prompt(config=make_version().config)
    with pytest.raises(RunProblem, match="Choose at least one judge"):
        start(judges=[])


@pytest.mark.parametrize("fields", [{}, {"configs": []}, {"per_kind": 0}], ids=str)
def test_a_run_without_a_prompt_is_refused_in_words(fields):
    if fields:
        make_prompt(config=make_version().config)
    with pytest.raises(RunProblem, match="has no prompt to run. Write prompts first, or choose other configs."):
        start(**fields)


@pytest.mark.parametrize("state", ["draft", "submitted", "returned", "rejected"])
def test_a_config_without_an_approved_version_is_named(state):
    make_prompt(config=make_version(make_config(title="Game studio"), state=state).config)
    with pytest.raises(
        RunProblem, match="There is no approved version of .*Have it reviewed, or choose other configs."
    ):
        start()


def test_a_refused_start_leaves_nothing_behind():
    make_prompt(config=make_version(state="submitted").config)
    with pytest.raises(RunProblem):
        start()
    assert not EvaluationRun.objects.exists() and not AuditEvent.objects.exists()


def test_starting_is_written_down():
    run = make_run(3)
    event = AuditEvent.objects.get()
    assert (event.actor, event.action, event.object_type, event.object_id) == (
        make_person("ada"),
        "start",
        "evaluationrun",
        run.pk,
    )
    assert event.after == {"state": "queued", "items": 3}


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_run_that_is_not_over_can_be_cancelled(state):
    run = put(state)
    runs.cancel(run=run, actor=make_person("ada"))
    assert (run.state, run.reason) == ("cancelled", "Cancelled.")


@pytest.mark.parametrize("state", ["finished", "cancelled"])
def test_a_run_that_is_over_cannot_be_cancelled(state):
    run = put(state)
    with pytest.raises(RunProblem, match=FASTER.format(state)):
        runs.cancel(run=run, actor=make_person("ada"))


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_stopped_run_is_resumed_with_its_failed_items(state):
    run = put(state, reason="The server is gone.")
    runs.resume(run=run, actor=make_person("ada"))
    assert (run.state, run.reason, run.finished_at) == ("queued", "", None)
    assert list(run.items.values_list("state", "error", "error_kind", "finished_at")) == [("queued", "", "", None)] * 2


@pytest.mark.parametrize("state", ["queued", "running", "finished"])
def test_a_run_that_was_not_stopped_cannot_be_resumed(state):
    with pytest.raises(RunProblem, match=FASTER.format(state)):
        runs.resume(run=put(state), actor=make_person("ada"))


def test_what_was_answered_stays_when_a_run_is_resumed():
    run = make_run(2)
    done = answer(run.items.first())
    EvaluationRun.objects.update(state="cancelled")
    runs.resume(run=run, actor=make_person("ada"))
    assert run.items.get(pk=done.pk).state == "done"


def test_a_finished_runs_failed_items_are_tried_again():
    run = put("finished")
    runs.retry_failed(run=run, actor=make_person("ada"))
    assert (run.state, run.items.filter(state="queued").count()) == ("queued", 2)


def test_a_run_without_failed_items_is_not_queued_again():
    run = finished_run(1)
    with pytest.raises(RunProblem, match="No item of this run failed"):
        runs.retry_failed(run=run, actor=make_person("ada"))
    assert state_of(run) == "finished" and not AuditEvent.objects.filter(action="queued").exists()


MOVES = [
    (runs.cancel, "running", "cancelled"),
    (runs.resume, "paused", "queued"),
    (runs.resume, "cancelled", "queued"),
    (runs.retry_failed, "finished", "queued"),
]


@pytest.mark.parametrize(("move", "before", "after"), MOVES)
def test_of_two_people_who_press_at_once_the_second_is_told(move, before, after):
    mine = put(before)
    theirs = seen_by_another(mine)
    move(run=mine, actor=make_person("ada"))
    with pytest.raises(RunProblem, match=FASTER.format(after)):
        move(run=theirs, actor=make_person("grace"))


@pytest.mark.parametrize(("move", "before", "after"), MOVES)
def test_a_move_is_written_down_once_and_by_whom(move, before, after):
    run = put(before)
    theirs = seen_by_another(run)
    move(run=run, actor=make_person("ada"))
    with pytest.raises(RunProblem):
        move(run=theirs, actor=make_person("grace"))
    events = AuditEvent.objects.exclude(action="start").values_list("actor__username", "action", "before", "after")
    assert list(events) == [("ada", after, {"state": before}, {"state": after})]


def test_cancelling_a_run_that_finished_meanwhile_is_told():
    run = put("running")
    stale = seen_by_another(run)
    finish(run)
    with pytest.raises(RunProblem, match=FASTER.format("finished")):
        runs.cancel(run=stale, actor=make_person("ada"))


def test_a_cancelled_run_is_not_paused_over_it():
    run = put("running")
    runs.cancel(run=seen_by_another(run), actor=make_person("ada"))
    assert runs.pause(run=run, reason="The server is gone.") is False
    assert state_of(run) == "cancelled" and not AuditEvent.objects.filter(action="pause").exists()


def test_of_two_workers_that_pause_a_run_one_writes_it_down():
    run = put("running")
    assert [runs.pause(run=run, reason="Gone."), runs.pause(run=seen_by_another(run), reason="Gone.")] == [True, False]
    event = AuditEvent.objects.get(action="pause")
    assert (event.actor, event.after) == (None, {"state": "paused", "reason": "Gone."})


def test_a_run_begins_once_and_keeps_its_first_time():
    run = make_run(1)
    runs.begin(run.pk)
    first = EvaluationRun.objects.get().started_at
    EvaluationRun.objects.update(state="queued")
    runs.begin(run.pk)
    again = EvaluationRun.objects.get()
    assert (again.state, again.started_at) == ("running", first) and first is not None


@pytest.mark.parametrize("state", ["paused", "cancelled", "finished"])
def test_a_stopped_run_does_not_begin(state):
    run = put(state)
    runs.begin(run.pk)
    assert state_of(run) == state


def test_a_run_with_an_item_to_do_is_not_finished():
    run = put("running")
    assert runs.finish_if_complete(run.pk) is False and state_of(run) == "running"


def test_only_one_worker_finishes_a_run():
    run = finished_run(1)
    EvaluationRun.objects.update(state="running", finished_at=None)
    assert [runs.finish_if_complete(run.pk), runs.finish_if_complete(run.pk)] == [True, False]
    assert EvaluationRun.objects.get().finished_at is not None


def test_a_cancelled_run_is_not_finished_by_its_last_worker():
    run = finished_run(1)
    EvaluationRun.objects.update(state="cancelled", finished_at=None)
    assert runs.finish_if_complete(run.pk) is False


def test_the_same_settings_are_the_same_candidate():
    model = make_model()
    fields = {"model": model, "strategy": "plain", "temperature": 0.5, "max_tokens": 9, "seed": 3}
    assert runs.candidate(**fields) == runs.candidate(**fields)


@pytest.mark.parametrize("much", [{"seed": 2**31}, {"seed": -(2**31)}, {"max_tokens": 2**63}])
def test_a_number_that_no_row_holds_makes_no_candidate(much):
    with pytest.raises(runs.RunProblem, match="numbers up to 2147483647"):
        make_candidate(**much)
