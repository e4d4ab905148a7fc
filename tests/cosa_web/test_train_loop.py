"""`manage.py train_loop`: a loop from a script, its exit code, and the figures of its page."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.services import preferences
from cosa_web.management.commands import train_loop
from tests.factories import make_benchmark, make_model, make_node, make_person, make_preference_set
from tests.looped import answered, at_end, at_evaluations, looked_at, loop_at_start, make_prompts, trained
from tests.outcomes import answer, finish
from training.models import EvaluationRun, TrainingLoop, TrainingRun
from training.services import runs
from training.services.trainer import loops

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(monkeypatch):
    """The options of a loop on the tiny preset; the pairs lie on no disk here."""
    monkeypatch.setattr(preferences, "path", lambda row: Path(__file__))
    make_prompts()
    options = ["--base", make_model("base", weights="/models/base").slug, "--set", str(make_preference_set().pk)]
    return [*options, "--benchmark", make_benchmark().slug, "--judge", "heuristic", "--node", make_node().name]


def code_of(*options: str) -> int:
    """The command's exit code."""
    try:
        call_command("train_loop", *options)
    except SystemExit as end:
        return int(end.code)
    return 0


def test_a_loop_is_launched_with_the_preset_and_what_was_changed(asked, capsys):
    changed = ["--setting", "max_steps=20", "--setting", "sft.learning_rate=1e-5", "--setting", "dpo.beta=0.2"]
    assert code_of(*asked, *changed, "--no-dpo", "--max-tokens", "32", "--json") == 0
    loop = TrainingLoop.objects.get()
    assert json.loads(capsys.readouterr().out) == {"loop": loop.pk}
    assert (loop.settings["sft"]["max_steps"], loop.settings["sft"]["learning_rate"]) == (20, 1e-5)
    assert loop.settings["dpo"] is None and loop.settings["evaluation"]["max_tokens"] == 32
    assert (loop.state, loop.node.name, loop.created_by) == ("queued", "forge", None)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--base", "nobody"], "There is no model 'nobody'; there are: base"),
        (["--node", "nowhere"], "There is no node 'nowhere'; there are: forge"),
        (["--release", "v9.0"], "has no release 'v9.0'"),
        (["--setting", "max_steps"], "A setting is written name=value"),
        (["--setting", "rm.max_steps=2"], "A stage is sft or dpo"),
        (["--setting", "max_speed=2"], "max_speed: There is no such setting"),
        (["--gpus", "3"], "wants 3 cards"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_launched(asked, wrong, said):
    with pytest.raises(CommandError, match=said):
        call_command("train_loop", *asked, *wrong)
    assert not TrainingLoop.objects.exists()


def test_what_is_lacking_is_named():
    with pytest.raises(CommandError, match="A loop needs --set, --benchmark, --judge, --node"):
        call_command("train_loop", "--base", "base")


def test_waiting_ends_with_both_figures_and_code_zero(asked, capsys, monkeypatch):
    def meanwhile(seconds):
        """What workers do while the command waits."""
        loop = looked_at(TrainingLoop.objects.get())
        for run in TrainingRun.objects.exclude(state="finished"):
            trained(run)
        for run in EvaluationRun.objects.exclude(state="finished"):
            answered(run, 1.0 if run.pk == loop.trained_run_id else 0.5)

    monkeypatch.setattr(train_loop.time, "sleep", meanwhile)
    assert code_of(*asked, "--wait", "--json") == 0
    said = capsys.readouterr()
    figures = json.loads(said.out)
    assert (figures["base"]["cosa_score"], figures["trained"]["cosa_score"]) == (0.5, 1.0)
    assert (figures["difference"]["delta"], figures["difference"]["pairs"]) == (0.5, 4)
    assert [step["state"] for step in figures["steps"]] == ["finished"] * 5
    assert "SFT: finished, DPO: to come" in said.err and figures["not_the_training_alone"] == ""


def test_a_finished_loop_is_shown_as_a_table(capsys):
    loop = at_end(loop_at_start())
    assert code_of("--loop", str(loop.pk)) == 0
    said = capsys.readouterr().out
    assert "Difference" in said and "+0.50" in said and "4 pairs" in said and "plumbing, not evidence" in said


def test_a_loop_that_failed_ends_with_code_one_and_the_reason(capsys):
    loop = looked_at(loop_at_start())
    TrainingRun.objects.update(state="failed", reason="Too little memory.")
    looked_at(loop)
    assert code_of("--loop", str(loop.pk), "--wait") == 1
    assert "SFT failed: Too little memory." in capsys.readouterr().out


def test_a_loop_that_paused_is_not_waited_for(capsys):
    loop = at_evaluations(loop_at_start())
    for run in EvaluationRun.objects.all():
        runs.pause(run=run, reason="The budget is used up.")
    assert code_of("--loop", str(loop.pk), "--wait") == 1
    assert "paused: The budget is used up." in capsys.readouterr().out


def test_a_loop_with_an_unscored_item_ends_with_code_one():
    loop = at_evaluations(loop_at_start())
    first, *others = loop.base_run.items.all()
    answer(first, helpfulness=None)
    for item in others:
        answer(item)
    finish(loop.base_run)
    answered(loop.trained_run)
    assert looked_at(loop).state == "finished" and code_of("--loop", str(loop.pk)) == 1


def test_ctrl_c_leaves_the_loop_going(monkeypatch):
    loop = looked_at(loop_at_start())

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_loop.time, "sleep", interrupt)
    with pytest.raises(CommandError, match=f"--loop {loop.pk} --wait"):
        call_command("train_loop", "--loop", str(loop.pk), "--wait")
    assert TrainingLoop.objects.get().state == "queued"


def test_a_cancelled_loop_ends_the_waiting():
    loop = looked_at(loop_at_start())
    loops.cancel(loop=loop, actor=make_person("grace"))
    assert code_of("--loop", str(loop.pk), "--wait") == 1
