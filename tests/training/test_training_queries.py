"""Reads of training runs: the list with its loops, how far a run is, what it was started with, where it comes from."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_checkpoint, make_loop, make_model, make_person, make_stage, make_training
from training import training_facts
from training import training_queries as reads
from training.models import Node, TrainingPoint
from training.recipes.settings import PRESETS, plain
from training.training_queries import LoopLine

pytestmark = pytest.mark.django_db
GRACE = {"state": "", "kind": "", "base": "", "text": ""}


def point(run, kind, step, **values):
    return TrainingPoint.objects.create(run=run, kind=kind, step=step, values=values)


def shown(**wanted):
    user = make_person("grace")
    return reads.lines(user, list(reads.listed(user, GRACE | wanted)))


def names(**wanted):
    return [line.loop.title if isinstance(line, LoopLine) else line.run.title for line in shown(**wanted)]


@pytest.fixture
def some():
    """A run alone, a loop with a run in it, and a run that failed, one after the other."""
    now = timezone.now()
    alone = make_training("sft", title="alone", created_at=now - timedelta(minutes=3))
    loop = make_loop(title="loop", created_at=now - timedelta(minutes=2))
    inside = make_training("dpo", title="inside", loop=loop, created_at=now - timedelta(minutes=1))
    other = make_model("other-base", name="Tower", weights="/x")
    failed = make_training(title="failed", base=other, state="failed", reason="no", created_at=now)
    return alone, loop, inside, failed


@pytest.mark.both_databases
def test_a_run_of_a_loop_stands_on_its_line_and_the_newest_comes_first(some):
    lines = shown()
    assert names() == ["failed", "loop", "alone"]
    assert [step.run.title for step in lines[1].runs] == ["inside"]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"kind": "dpo"}, ["failed", "inside"]),
        ({"kind": "loop"}, ["loop"]),
        ({"state": "failed"}, ["failed"]),
        ({"state": "nonsense", "base": "x"}, ["failed", "loop", "alone"]),
        ({"text": "TOWER"}, ["failed"]),
        ({"text": "lantern"}, ["failed", "loop", "alone"]),  # the title of their preference sets
        ({"text": "alone", "kind": "sft"}, ["alone"]),
    ],
)
def test_the_list_is_filtered_by_state_kind_base_and_words(some, wanted, found):
    assert names(**wanted) == found


def test_the_list_is_filtered_by_base(some):
    assert names(base=str(some[3].base_id)) == ["failed"]
    assert [name for _, name in reads.choices(make_person("grace"))["bases"]] == [str(some[0].base), "Tower"]


def test_a_line_tells_the_last_loss_and_what_is_left():
    run = make_training(state="running", phase="train", done=10, total=30)
    point(run, "log", 9, loss=0.9, step_seconds=9.0)
    point(run, "log", 10, loss=0.5, step_seconds=2.0)
    line = shown()[0]
    assert (line.loss, line.seconds_left) == (0.5, 40.0)  # 20 steps of 2 s


def test_what_is_left_is_the_median_of_the_last_steps_so_that_one_slow_step_changes_nothing():
    run = make_training(state="running", phase="train", done=5, total=25)
    for step, seconds in enumerate((2.0, 2.0, 60.0, 2.2, 1.8), start=1):
        point(run, "log", step, loss=0.5, step_seconds=seconds, tokens_per_second=100.0 * step)
    point(run, "eval", 5, eval_loss=0.4)
    far = reads.far(run)
    assert (far.step_seconds, far.tokens_per_second, far.seconds_left, far.n) == (2.0, 300.0, 40.0, 5)
    assert (far.words, far.loss, far.dev_step, far.last_step) == ("trains", 0.5, 5, 5)


def test_before_the_first_step_the_phase_is_told_with_its_counts_and_nothing_is_left_to_say():
    phase = {"name": "ref_logps", "seconds": 9, "done": 4, "total": 20}
    far = reads.far(make_training(state="running", phase="train", total=25, figures={"phase": phase}))
    assert (far.words, far.done, far.total, far.units) == (
        "works out the log-probabilities of the base", 4, 20, "batches"
    )  # fmt: skip
    assert far.step_seconds is None and far.seconds_left is None


def test_a_run_that_is_over_has_nothing_left():
    run = make_training(state="cancelled", phase="train", done=5, total=25)
    point(run, "log", 5, loss=0.5, step_seconds=2.0)
    assert reads.far(run).seconds_left is None and reads.far(run).words == ""


def test_a_run_that_was_asked_to_finish_ends_after_this_step_and_says_so_afterwards():
    asked = make_training(state="running", phase="train", done=5, total=400, finish_asked_at=timezone.now())
    point(asked, "log", 5, loss=0.5, step_seconds=2.0)
    assert reads.far(asked).seconds_left is None and shown()[0].seconds_left is None
    asked.state = "finished"
    assert reads.standing(asked) == "It was asked to finish early and kept its model after step 5 of 400."


def test_a_run_whose_check_found_problems_does_not_wait_for_a_launch():
    run = make_training(state="waiting", phase="check", checked={"problems": ["No room."]})
    assert "cannot be started as it is" in reads.standing(run)
    run.checked = {"problems": []}
    assert reads.standing(run) == "It was looked at and waits for an admin to start it."


@pytest.mark.both_databases
def test_a_loop_between_two_steps_is_at_work(some):
    assert {line.state for line in shown(kind="loop")} == {"running"}
    assert (names(kind="loop", state="running"), names(kind="loop", state="queued")) == (["loop"], [])


def test_samples_stand_by_prompt_with_the_newest_step_first():
    run = make_training()
    for step in (0, 10, 20, 30, 40):
        rows = [{"system": "s", "user": "Why?", "text": f"at {step}"}]
        point(run, "samples", step, rows=rows + ([{"system": "", "user": "New?", "text": ""}] if step == 40 else []))
    found = reads.samples(run)
    assert (found.steps, found.older) == ([40, 30, 20, 10], 10)
    assert found.rows[0] == ("s", "Why?", [(40, "at 40"), (30, "at 30"), (20, "at 20"), (10, "at 10")])
    assert found.rows[1] == ("", "New?", [(40, ""), (30, None), (20, None), (10, None)])
    assert reads.samples(run, before=10).steps == [0] and reads.samples(run, before=0) is None


def test_the_lineage_goes_from_the_checkpoint_to_recipe_and_base():
    stage = make_stage("freeze")
    run = make_training(state="finished", phase="train")
    stage.preference_set = run.preference_set
    stage.save()
    made = make_checkpoint(run)
    words = [label for label, _ in reads.lineage(run)]
    assert words == [
        made.model.name, f"Training run {run.pk}", run.preference_set.title, stage.recipe.title, run.base.name
    ]  # fmt: skip


def test_the_first_run_misses_a_set_and_a_node():
    grace = make_person("grace")
    assert reads.missing(grace) == {"needs_set": True, "needs_node": True}
    make_training()
    assert reads.missing(grace) == {"needs_set": False, "needs_node": False}
    Node.objects.update(problem="no Python")
    assert reads.missing(grace)["needs_node"]


def test_settings_are_told_against_the_preset():
    usual = plain(PRESETS["tiny_cpu"].dpo)
    run = make_training(preset="tiny_cpu", settings=usual | {"beta": 0.2, "learning_rate": 5e-7})
    differ = training_facts.started(run).differences
    assert [(one.trl, one.value, one.preset) for one in differ] == [
        ("learning_rate", "5e−7", "1e−6"),
        ("beta", "0.2", "0.1"),
    ]
    assert "beta" not in [one.trl for one in training_facts.started(make_training("sft")).settings]


def test_the_command_is_told_as_one_would_type_it():
    record = {"command": ["python", "-m", "training.recipes.dpo", "/a folder"], "starts": [{"at": "?", "from": 3}]}
    told = training_facts.started(make_training(record=record))
    assert told.command == "python -m training.recipes.dpo '/a folder'"
    assert [(one.at, one.step, one.end) for one in told.starts] == [(None, 3, "")]


def test_the_law_of_the_pairs_holds_or_is_not_told():
    whole = {"in": 10, "out": 7, "dropped": {"no_difference": 2, "empty": 1}, "cut": 4}
    run = make_training(record={"rows": {"train": whole, "dev": {"in": 5, "out": 3, "dropped": {}}}})
    (law,) = training_facts.laws(run)
    assert (law.split, law.came, law.out, law.cut) == ("train", 10, 7, 4)
    assert [number for _, number in law.parts] == [2, 1] and law.parts[0][0].startswith("both responses are the same")


def test_the_log_ends_with_what_stood_there_last():
    log = "one\n 1 of 3\r 2 of 3\r 3 of 3\r\n\x1b[31mred\x1b[0m \u202eturned\u2069\ttab\x07\n\n"
    assert training_facts.log_tail(make_training(log=log)) == ["one", " 3 of 3", "red turned\ttab"]
    assert len(training_facts.log_tail(make_training("sft", log="line\n" * 99))) == training_facts.LOG_LINES
