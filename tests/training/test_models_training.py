"""What the database refuses about nodes, training runs, loops, and the checkpoints that come of them."""

import pytest
from django.utils import timezone

from tests.factories import (
    make_checkpoint,
    make_loop,
    make_model,
    make_node,
    make_person,
    make_run,
    make_training,
)
from tests.refusals import refused, refused_with
from training.models import Checkpoint, Gpu, TrainingLoop, TrainingPoint, TrainingRun
from training.services.guards import CHECKPOINTS_NEVER_CHANGE, CHECKPOINTS_STAY

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def change(row, **fields):
    type(row).objects.filter(pk=row.pk).update(**fields)


def test_a_node_has_a_card_of_a_number_once():
    node = make_node(gpus=1)
    with refused("gpu_once"):
        Gpu.objects.create(node=node, number=0, name="A100")


def test_a_card_is_held_by_one_alone():
    card = make_node(gpus=1).gpus.get()
    with refused("gpu_held_by_one"):
        change(card, run=make_training(), model=make_model(), held_at=timezone.now())


def test_a_card_that_is_held_says_since_when():
    card = make_node(gpus=1).gpus.get()
    with refused("gpu_held_since"):
        change(card, run=make_training())


def test_a_card_nobody_holds_has_no_time():
    card = make_node(gpus=1).gpus.get()
    with refused("gpu_held_since"):
        change(card, held_at=timezone.now())


def test_a_training_of_a_kind_that_nobody_knows_is_refused():
    with refused("trainingrun_kind_known"):
        change(make_training(), kind="dream")


def test_a_training_in_a_phase_that_nobody_knows_is_refused():
    with refused("trainingrun_phase_known"):
        change(make_training(), phase="rest")


def test_a_training_in_a_state_that_nobody_knows_is_refused():
    with refused("trainingrun_state_known"):
        change(make_training(), state="lost")


def test_a_training_that_failed_says_why():
    with refused("trainingrun_failed_says_why"):
        change(make_training(), state="failed")


def test_a_training_without_pairs_is_refused():
    with refused("trainingrun_has_what_it_needs"):
        change(make_training("sft"), preference_set=None)


def test_a_merge_without_a_second_parent_is_refused():
    with refused("trainingrun_has_what_it_needs"):
        change(make_training("merge"), other=None)


def test_a_loop_trains_each_kind_once():
    loop = make_loop()
    make_training("sft", loop=loop)
    make_training("dpo", loop=loop)
    with refused("trainingrun_once_per_loop"):
        make_training("sft", loop=loop)


def test_a_loop_in_a_state_that_nobody_knows_is_refused():
    with refused("trainingloop_state_known"):
        change(make_loop(), state="lost")


def test_a_loop_that_failed_says_why():
    with refused("trainingloop_failed_says_why"):
        change(make_loop(), state="failed")


def test_a_loop_is_finished_when_both_evaluations_are_there():
    loop = make_loop(base_run=make_run(1))
    with refused("trainingloop_finished_has_runs"):
        change(loop, state="finished")
    change(loop, state="finished", trained_run=make_run(1))
    assert TrainingLoop.objects.get(pk=loop.pk).state == "finished"


def test_a_step_has_its_figures_once():
    run = make_training()
    TrainingPoint.objects.create(run=run, kind="log", step=1)
    TrainingPoint.objects.create(run=run, kind="eval", step=1)
    with refused("trainingpoint_once"):
        TrainingPoint.objects.create(run=run, kind="log", step=1)


def test_a_point_of_a_kind_that_nobody_knows_is_refused():
    with refused("trainingpoint_kind_known"):
        TrainingPoint.objects.create(run=make_training(), kind="dream", step=1)


def test_a_run_has_a_checkpoint_of_a_step_once():
    first = make_checkpoint()
    with refused("checkpoint_once_per_step"):
        make_checkpoint(first.run, model=make_model("another"))


def test_a_promotion_says_who_and_why():
    with refused("checkpoint_promoted_says_why"):
        change(make_checkpoint(), promoted_at=timezone.now(), promoted_by=make_person("grace"))


@pytest.mark.parametrize("field", ["folder", "sha256", "files", "lineage"])
def test_what_a_checkpoint_is_never_changes(field):
    with refused_with(CHECKPOINTS_NEVER_CHANGE):
        change(make_checkpoint(), **{field: {"a": 1} if field in ("files", "lineage") else "other"})


def test_a_checkpoint_is_promoted_all_the_same():
    change(make_checkpoint(), promoted_at=timezone.now(), promoted_by=make_person("grace"), promoted_why="Best of all.")
    assert Checkpoint.objects.get().promoted_why == "Best of all."


def test_a_checkpoint_stays():
    with refused_with(CHECKPOINTS_STAY):
        make_checkpoint().delete()


def test_a_training_is_hinted_at_on_the_queue_of_its_node():
    run = make_training(node=make_node("anvil"))
    assert TrainingRun.queues([run.pk]) == {run.pk: "gpu-anvil"}
