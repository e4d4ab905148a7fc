"""A machine as its node says it, the order kept on it, and the nodes that are forgotten."""

import os
import socket
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from annotations import tasks as work_tasks
from annotations.models import AuditEvent
from annotations.services.chores import worker_name
from tests.factories import make_model, make_node, make_person, make_training
from training import tasks
from training.models import Gpu, Node, TrainingRun
from training.services.trainer import gpus, machine, nodes, processes

pytestmark = pytest.mark.django_db
SMI = """#!/bin/sh
case "$1" in
  *memory.total*) printf '0, GPU-a1, NVIDIA H200, 143771\\n1, GPU-b2, NVIDIA H200, [N/A]\\n' ;;
  *utilization*) printf '0, 97, 1024\\n1, [N/A], [N/A]\\n' ;;
  *) echo 'all about the cards' ;;
esac
"""


@pytest.fixture
def smi(tmp_path, monkeypatch, settings):
    """The driver's program as this machine has it, to be written anew by a test."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    settings.NODE, settings.TRAINING_DIR = "forge", tmp_path / "training"

    def says(program):
        (tmp_path / "nvidia-smi").write_text(program)
        (tmp_path / "nvidia-smi").chmod(0o755)

    return says


@pytest.fixture
def versions(monkeypatch):
    """What the environments hold, by Python."""
    there = {"trainer": dict.fromkeys(machine.TRAINS, "1.0")}
    monkeypatch.setattr(machine, "versions", lambda python, packages: there.get(python, {}))
    return there


def test_a_machine_says_what_it_has(smi, versions, settings):
    settings.TRAINING_PYTHON, settings.VLLM_PYTHON = "trainer", ""
    smi(SMI)
    row = nodes.report()
    assert (row.name, row.problem, row.training["trl"], row.serving) == ("forge", "", "1.0", {})
    assert row.cores == len(os.sched_getaffinity(0)) and row.memory_bytes > 1 << 28 and row.free_bytes > 0
    cards = row.gpus.values_list("number", "name", "memory_bytes")
    assert list(cards) == [(0, "NVIDIA H200", 143_771 << 20), (1, "NVIDIA H200", 0)]
    assert nodes.report().pk == row.pk and Gpu.objects.count() == 2


def test_a_machine_without_the_driver_has_no_card(smi, versions):
    assert nodes.report().gpus.count() == 0 and machine.use([]) == [] and machine.told_by_driver() == ""


def test_a_driver_that_gives_no_answer_leaves_the_cards_as_they_are(smi, versions, settings):
    settings.TRAINING_PYTHON = "trainer"
    smi(SMI)
    nodes.report()
    smi("#!/bin/sh\nexit 9\n")
    row = nodes.report()
    assert row.gpus.count() == 2
    assert row.problem == "nvidia-smi gave no answer (exit code 9). The cards are those it told before."


def test_only_the_cards_a_worker_may_use_are_reported(smi, versions, monkeypatch):
    smi(SMI)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b2")
    assert [card.number for card in machine.cards()] == [1]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert [card.number for card in machine.cards()] == [0]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.cards() == []


def test_a_card_that_is_gone_goes_and_one_that_is_held_stays(smi, versions):
    row = make_node("forge", gpus=3)
    run = make_training(node=row, gpus=3)
    gpus.lease(run)
    Gpu.objects.filter(number=2).update(**gpus.NOBODY)
    nodes.report()
    assert list(row.gpus.values_list("number", flat=True)) == [0, 1]


def test_how_busy_the_cards_are_is_asked_of_the_driver(smi):
    smi(SMI)
    assert machine.use([0, 1]) == [machine.Use(0, 97.0, 1 << 30), machine.Use(1, None, None)]
    assert machine.use([1]) == [machine.Use(1, None, None)]
    assert machine.told_by_driver() == "all about the cards\n"


def test_what_is_missing_to_train_is_said_in_words(smi, versions, settings):
    settings.TRAINING_PYTHON = ""
    assert nodes.report().problem == nodes.NO_TRAINING
    settings.TRAINING_PYTHON = "old"
    versions["old"] = {name: "1" for name in machine.TRAINS if name != "gguf"}
    assert (
        nodes.report().problem
        == "Its training environment lacks gguf. Run “make training” there again, then start its worker again."
    )


def test_versions_are_those_of_the_other_environment(settings):
    import sys

    found = machine.versions(sys.executable, ("django", "no-such-package"))
    assert set(found) == {"django"} and machine.versions("", ("django",)) == {}
    assert machine.versions("/bin/false", ("django",)) == {}


def test_a_forgotten_node_is_back_when_it_reports(smi, versions):
    row = make_node("forge", archived_at=timezone.now())
    nodes.report()
    row.refresh_from_db()
    assert row.archived_at is None


@pytest.mark.parametrize(
    ("worker", "gone"),
    [
        (worker_name(), False),
        (f"{socket.gethostname()}:4194305", True),
        ("an-earlier-container:1", True),
        ("nonsense", True),
    ],
    ids=["this one", "a process that is no more", "a container that is no more", "nonsense"],
)
def test_cards_of_a_worker_that_is_gone_are_free(smi, worker, gone):
    row = make_node("forge", gpus=1)
    gpus.lease_for_model(make_model("served"), row, 1, worker)
    nodes.sweep()
    assert Gpu.objects.filter(model=None).exists() == gone


def test_cards_of_a_worker_whose_number_went_to_a_younger_process_are_free(smi):
    row = make_node("forge", gpus=1)
    gpus.lease_for_model(make_model("served"), row, 1, worker_name())
    Gpu.objects.update(held_at=timezone.now() - timedelta(days=400))
    nodes.sweep()
    assert Gpu.objects.get().model is None


def test_cards_of_another_node_are_not_ours_to_free(smi):
    gpus.lease_for_model(make_model("served"), make_node("anvil", gpus=1), 1, "gone:1")
    nodes.sweep()
    assert Gpu.objects.get().model is not None


def test_cards_of_a_run_that_is_over_are_free_and_those_of_an_open_one_are_not(smi):
    row = make_node("forge", gpus=2)
    over, waits = make_training(node=row, gpus=1), make_training(node=row, gpus=1)
    gpus.lease(over), gpus.lease(waits)
    type(over).objects.filter(pk=over.pk).update(state="cancelled")
    nodes.sweep()
    assert list(Gpu.objects.order_by("number").values_list("run", flat=True)) == [None, waits.pk]


def long_ago(**fields):
    return make_node("anvil", seen_at=timezone.now() - timedelta(hours=1), **fields)


def test_an_admin_forgets_a_node_that_has_no_worker():
    row = long_ago()
    nodes.forget(node=row, actor=make_person("grace"))
    assert Node.objects.filter(archived_at=None).count() == 0
    assert AuditEvent.objects.get().action == "forget"
    with pytest.raises(nodes.NodeProblem, match="Somebody was faster"):
        nodes.forget(node=row, actor=make_person("grace"))


def test_a_node_that_reports_is_not_forgotten():
    with pytest.raises(nodes.NodeProblem, match="has a worker that reports"):
        nodes.forget(node=make_node("anvil"), actor=make_person("grace"))


@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_a_node_with_an_open_run_is_not_forgotten(state):
    row = long_ago()
    make_training(node=row, state=state)
    with pytest.raises(nodes.NodeProblem, match="training runs that are not over"):
        nodes.forget(node=row, actor=make_person("grace"))


@pytest.mark.parametrize(("queues", "looks"), [(["llm"], 0), (["llm", "gpu-forge"], 1), (["gpu-anvil"], 0)])
def test_only_a_worker_that_listens_to_the_queue_of_the_node_reports(monkeypatch, settings, queues, looks):
    settings.NODE, began = "forge", []
    monkeypatch.setattr(nodes, "look_after", began.append)
    sender = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues))))
    tasks.look_after_the_node(sender=sender)
    assert len(began) == looks


def test_the_thread_of_a_node_goes_on_after_an_error_and_ends_with_its_worker(monkeypatch):
    stop, seen = threading.Event(), []

    def report():
        seen.append(1)
        if len(seen) > 2:
            stop.set()
        raise ZeroDivisionError

    monkeypatch.setattr(nodes, "SECONDS", 0.001)
    monkeypatch.setattr(nodes, "report", report)
    monkeypatch.setattr(nodes, "sweep", lambda: None)
    nodes.look_after(stop).join(5)
    assert len(seen) == 3


def test_a_sweep_sends_nothing_to_a_node_without_a_worker(monkeypatch):
    sent = []
    monkeypatch.setattr(work_tasks.look_at_work, "apply_async", lambda args, **how: sent.append((*args, how["queue"])))
    heard = make_training(node=make_node("forge"))
    make_training(node=make_node("anvil", seen_at=timezone.now() - timedelta(minutes=11)))
    work_tasks.sweep_work()
    assert sent == [("trainingrun", heard.pk, "gpu-forge")]


def test_the_trainer_of_a_run_that_was_taken_up_again_is_left_alone(monkeypatch):
    ended = []
    monkeypatch.setattr(processes, "end", lambda *folder_and_process: ended.append(folder_and_process) or True)
    seen = make_training(state="cancelled", phase="train")
    TrainingRun.objects.filter(pk=seen.pk).update(state="running", fence=1)
    assert not nodes.end_trainer(seen) and ended == []
    over = make_training(state="cancelled", phase="train", title="Over")
    assert nodes.end_trainer(over) and len(ended) == 1
