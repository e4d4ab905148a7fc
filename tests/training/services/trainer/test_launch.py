"""Training runs as people start, launch, resume, finish, cancel and archive them, and the bases they begin from."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone

from annotations.models import AuditEvent, LanguageModel
from annotations.services import pair_files, preferences
from tests.factories import (
    make_model,
    make_node,
    make_organisation,
    make_person,
    make_preference_set,
    make_training,
)
from training.models import TrainingRun
from training.recipes.settings import PRESETS
from training.services.trainer import bases, launch
from training.services.trainer.launch import TrainingProblem, Wanted

pytestmark = pytest.mark.django_db
TINY = PRESETS["tiny_cpu"].dpo


@pytest.fixture
def ready_set(monkeypatch):
    """A set whose file counts as there: `why_not_train` finds nothing."""
    monkeypatch.setattr(pair_files, "path", lambda sha256: Path(__file__))
    return make_preference_set()


def wanted(preference_set, **fields):
    values = {"kind": "dpo", "base": make_model("base", weights="/models/base"), "node": make_node(), "gpus": 0}
    return Wanted(**values | {"settings": TINY, "preset": "tiny_cpu", "preference_set": preference_set} | fields)


def start(preference_set, **fields):
    return launch.start(
        organisation=make_organisation(), wanted=wanted(preference_set, **fields), actor=make_person("grace")
    )


def waiting(**fields):
    """A run that was checked and found right; its set counts as there."""
    checked = {"problems": [], "warnings": [], "estimate": {"steps": 12}}
    return make_training(state="waiting", checked=checked | fields.pop("checked", {}), **fields)


def actions(run):
    return list(
        AuditEvent.objects.filter(object_type="trainingrun", object_id=run.pk)
        .order_by("pk")
        .values_list("action", flat=True)
    )


def test_a_run_is_started_queued_for_its_check_and_named_after_base_and_pairs(ready_set):
    run = start(ready_set)
    assert (run.state, run.phase, run.title) == ("queued", "check", "DPO of Base on Pairs of the lantern")
    assert (run.settings["beta"], run.preset, actions(run)) == (0.1, "tiny_cpu", ["start"])


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"gpus": 1}, "gpus"),
        ({"kind": "merge"}, "kind"),
        ({"settings": replace(TINY, global_batch=3, per_device_train_batch_size=2)}, "global_batch"),
    ],
)
def test_what_could_never_train_is_refused_beside_its_field(ready_set, fields, field):
    with pytest.raises(TrainingProblem) as refused:
        start(ready_set, **fields)
    assert refused.value.field == field
    assert not TrainingRun.objects.exists()


def test_a_base_that_lies_on_another_node_is_refused(ready_set):
    with pytest.raises(TrainingProblem, match="lie on anvil"):
        start(ready_set, base=make_model("away", weights="/models/away", node="anvil"))


def test_pairs_whose_prompts_stand_in_benchmarks_are_refused_until_somebody_says_why(ready_set):
    leaky = make_preference_set(leaks={"state": "done", "exact": 1, "near": 0, "prompts": 4})
    assert preferences.why_not_train(leaky)
    with pytest.raises(TrainingProblem, match="stand in benchmarks"):
        start(leaky)


def test_pairs_of_another_organisation_are_refused(ready_set):
    other = make_preference_set(organisation=make_organisation("elsewhere"))
    with pytest.raises(TrainingProblem, match="another organisation"):
        start(other)


def test_a_checked_run_is_launched_once(ready_set):
    run = waiting(preference_set=ready_set)
    seen_by_another = TrainingRun.objects.get(pk=run.pk)
    launch.launch(run=run, actor=make_person("grace"))
    assert (run.state, run.phase, run.total) == ("queued", "train", 12)
    with pytest.raises(TrainingProblem, match="Somebody was faster: this training run is already queued"):
        launch.launch(run=seen_by_another, actor=make_person("grace"))
    assert actions(run) == ["launch"]


def test_a_run_with_a_problem_is_not_launched(ready_set):
    run = waiting(preference_set=ready_set, checked={"problems": ["No template."]})
    with pytest.raises(TrainingProblem, match="No template"):
        launch.launch(run=run, actor=make_person("grace"))
    run.refresh_from_db()
    assert (run.state, run.phase) == ("waiting", "check")


def test_what_has_changed_since_the_check_forbids_a_launch_too(ready_set):
    run = waiting(preference_set=ready_set)
    run.node.problem = "It has no environment that trains."
    with pytest.raises(TrainingProblem, match="no environment"):
        launch.launch(run=run, actor=make_person("grace"))


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_ended_early_goes_on_where_it_was(state):
    run = make_training(state=state, phase="train", reason="The memory ran out.", done=7, total=12)
    launch.resume(run=run, actor=make_person("grace"))
    assert (run.state, run.phase, run.reason, run.done, run.total) == ("queued", "train", "", 7, 12)


@pytest.mark.parametrize("state", ["failed", "cancelled", "waiting"])
def test_a_run_that_never_trained_is_checked_again(state):
    run = waiting()
    TrainingRun.objects.filter(pk=run.pk).update(state=state, reason="why")
    run.refresh_from_db()
    launch.resume(run=run, actor=make_person("grace"))
    assert (run.state, run.phase, run.checked) == ("queued", "check", {})


@pytest.mark.parametrize(("state", "phase"), [("finished", "train"), ("running", "train"), ("queued", "check")])
def test_a_run_that_is_not_stopped_is_not_resumed(state, phase):
    run = make_training(state=state, phase=phase)
    with pytest.raises(TrainingProblem, match=f"already {state}"):
        launch.resume(run=run, actor=make_person("grace"))


def test_a_run_that_trains_is_asked_to_finish_once():
    run = make_training(state="running", phase="train", done=5, total=12)
    launch.finish(run=run, actor=make_person("grace"))
    assert run.finish_asked_at and run.state == "running"
    with pytest.raises(TrainingProblem, match="asked to finish already"):
        launch.finish(run=run, actor=make_person("grace"))
    assert actions(run) == ["finish"]


def test_a_run_that_is_checked_cannot_finish():
    run = make_training(state="running", phase="check")
    with pytest.raises(TrainingProblem):
        launch.finish(run=run, actor=make_person("grace"))


def test_a_waiting_run_is_cancelled_once():
    run = waiting()
    launch.cancel(run=run, actor=make_person("grace"))
    run.refresh_from_db()
    assert (run.state, actions(run)) == ("cancelled", ["cancelled"])
    with pytest.raises(TrainingProblem, match="already cancelled"):
        launch.cancel(run=run, actor=make_person("grace"))


def test_a_run_is_archived_when_it_is_over_and_its_trainer_is_gone():
    run = make_training(state="cancelled", phase="train", process={"pid": 1, "started": 1, "boot": "x"})
    with pytest.raises(TrainingProblem, match="not over yet"):
        launch.archive(run=run, actor=make_person("grace"))
    TrainingRun.objects.update(process={})
    launch.archive(run=run, actor=make_person("grace"))
    with pytest.raises(TrainingProblem, match="Somebody was faster"):
        launch.archive(run=run, actor=make_person("grace"))
    assert actions(run) == ["archive"]


def test_a_form_begins_with_another_run():
    run = make_training(gpus=0, preset="tiny_cpu")
    found = launch.again(run)
    assert (found["kind"], found["base"], found["node"], found["beta"]) == ("dpo", run.base_id, run.node_id, 0.1)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" HuggingFaceTB/SmolLM2-135M-Instruct ", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("/models/llama/", "/models/llama"),
        ("/models/small.gguf", "/models/small.gguf"),
    ],
)
def test_a_hub_id_or_a_whole_path_names_a_base(typed, kept):
    assert bases.read(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "llama", "a/b/c", "/", "/models/../etc", "../x/y", "-x/y", "a/b\n", "a /b", "/a\0b"]
)
def test_anything_else_names_none(typed):
    if typed == "a/b\n":
        assert bases.read(typed) == "a/b"  # the end of a line that was pasted along
        return
    with pytest.raises(bases.BadBase):
        bases.read(typed)


def test_a_base_that_was_typed_joins_the_registry_once(ready_set):
    first = start(ready_set, base=None, typed="HuggingFaceTB/SmolLM2-135M-Instruct")
    again = start(ready_set, base=None, typed="HuggingFaceTB/SmolLM2-135M-Instruct")
    model = first.base
    assert again.base == model and LanguageModel.objects.filter(weights=model.weights).count() == 1
    assert (model.slug, model.name) == ("huggingfacetb-smollm2-135m-instruct", "SmolLM2-135M-Instruct")
    assert (model.engine, model.node, model.weights) == (
        "transformers",
        "forge",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
    )
    assert AuditEvent.objects.filter(object_type="languagemodel", action="create").count() == 1


def test_a_base_is_served_by_what_its_node_has(ready_set):
    node = make_node("anvil", gpus=1, serving={"vllm": "0.20.1"})
    made = bases.named(typed="/models/llama", node=node, gpus=1, actor=None)
    assert (made.engine, made.slug) == ("vllm", "models-llama")
    assert bases.named(typed="/models/small.gguf", node=node, gpus=1, actor=None).engine == "embedded"


def test_a_short_name_that_is_taken_gets_a_number():
    make_model("models-llama")
    assert bases.named(typed="/models/llama", node=make_node(), gpus=0, actor=None).slug == "models-llama-2"


def test_models_without_known_weights_are_no_bases():
    make_model("echo")
    known = make_model("known", weights="/models/known")
    packaged = make_model("packaged", engine="embedded")
    make_model("archived", weights="/models/old", archived_at=timezone.now())
    assert set(bases.offered()) == {known, packaged}
