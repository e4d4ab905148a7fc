"""SFT, then DPO, through the worker: a preference set as people upload it, the real recipes, models in the registry."""

import os
import signal
from functools import partial
from itertools import cycle
from time import sleep

import pytest

from annotations.models import PreferenceSet
from annotations.services import chores, preferences
from annotations.tasks import look_at_work
from tests import pairs, supervised, trainer
from tests.factories import make_model, make_node, make_training
from tests.supervised import meanwhile
from training import tasks
from training.models import Checkpoint, TrainingRun
from training.recipes.settings import plain, read
from training.services.trainer import launcher, supervise

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
assert tasks.JOBS["trainingrun"] is supervise.job
SETTINGS = plain(read(trainer.TINY | {"sample_steps": 10, "sample_tokens": 4}))
LINGERS = plain(read(trainer.TINY | {"sample_steps": 5, "sample_tokens": 150}))
"""Long samples after the fifth step: time to see it there and to kill it, however busy the machine is."""


@pytest.fixture
def place(settings, tmp_path, monkeypatch):
    """A folder of runs, and trainers that keep to one thread."""
    for name, value in trainer.CALM.items():
        monkeypatch.setenv(name, value)
    settings.TRAINING_DIR, settings.TRAINING_PYTHON = tmp_path / "training", str(trainer.PYTHON)


def make_pairs():
    """Two pairs to learn by heart and two of the dev split, read in from files as people upload them."""
    rows = [pairs.make_pair(number, rejected_response=f"Ask somebody else, part {number}.") for number in range(4)]
    row = pairs.make_set({"train.jsonl": pairs.lines(rows[:2]), "dev.jsonl": pairs.lines(rows[2:])})
    chores.do(PreferenceSet, row.pk, preferences.job, "test")
    row.refresh_from_db()
    return row


def trained(run):
    """The run after a worker got the hint to look at it."""
    look_at_work("trainingrun", run.pk)
    run.refresh_from_db()
    assert run.state == "finished", f"{run.reason}\n{run.log}"
    return run


def kill_the_trainer(run):
    """SIGKILL for whatever trains the run once it has done four steps, one after a checkpoint; False before its first.

    Ten steps take less than a look of its supervisor, so it stands still between them.
    """
    folder, living = launcher.folder_of(run), supervised.living(run)
    if not living or not trainer.lines(folder, "log"):
        return False
    numbers = cycle((signal.SIGSTOP, signal.SIGCONT))
    while trainer.lines(folder, "log")[-1]["step"] < 4:
        send(living, next(numbers))
        sleep(0.01)
    send(living, signal.SIGKILL)
    return True


def send(living, number):
    for process in living:
        os.kill(process.pid, number)


def losses(run):
    """The loss of each step that the database knows."""
    return dict(run.points.filter(kind="log").values_list("step", "values__loss"))


def test_a_preference_set_becomes_a_model_in_the_registry_by_sft_and_then_by_dpo(
    place, settings, monkeypatch, tmp_path_factory
):
    base = make_model("tiny", weights=str(trainer.base(tmp_path_factory.getbasetemp().parent)))
    common = {"preference_set": make_pairs(), "node": make_node(settings.NODE), "phase": "train", "settings": SETTINGS}
    sft = trained(make_training("sft", base=base, **common))
    assert (sft.starts, sft.done, sft.total, sft.process) == (1, 10, 10, {})
    made = Checkpoint.objects.get(run=sft)
    assert made.model.slug.startswith(f"run{sft.pk}-step10-") and made.lineage["base"]["slug"] == "tiny"

    dpo = make_training("dpo", base=made.model, **common | {"settings": LINGERS})
    monkeypatch.setattr(supervise, "sleep", meanwhile(partial(kill_the_trainer, dpo)))
    dpo = trained(dpo)
    assert (dpo.starts, dpo.done, dpo.total) == (2, 10, 10)
    ends = [(one["from"], one["end"]) for one in dpo.record["starts"]]
    assert ends[0] == (0, "died") and ends[1] in ((3, "ended"), (6, "ended"), (9, "ended"))
    for run in (sft, dpo):
        told = losses(run)
        assert sorted(told) == list(range(1, 11)) and told[10] < told[1]
        assert run.points.filter(kind="eval").exists() and run.points.filter(kind="samples").exists()
        assert run.record["versions"]["trl"] and run.record["digests"]["pairs"] == run.preference_set.sha256
        assert (launcher.folder_of(run) / "model" / "model.safetensors").is_file()
    last = Checkpoint.objects.get(run=dpo)
    assert [one["slug"] for one in last.lineage["ancestors"]] == [made.model.slug]
    assert dpo.record["digests"]["base"] == made.sha256
    assert TrainingRun.objects.exclude(process={}).count() == 0
