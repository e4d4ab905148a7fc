"""Supervisors in earnest: one is killed while its trainer lives, two look at one moment, two want the same cards."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from tests.databases import at_once, this_database
from tests.factories import make_node
from tests.machines import ROOT
from tests.stage import until
from tests.supervised import living, look, make_run, reads, starts
from training.models import Gpu, TrainingRun
from training.services.trainer import follow, gpus, launcher, processes, supervise

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("fake_trainer"),
]
SUPERVISOR = """
import django
django.setup()
from tests import supervised
from training.models import TrainingRun
from training.services.trainer import launcher
launcher.command = supervised.fake_command
supervised.look(TrainingRun.objects.get(pk={pk}), "killed")
"""


def test_a_killed_supervisors_trainer_is_adopted_by_the_next():
    run = make_run({"steps": 100_000, "pause": 0.005}, {})
    launcher.prepare(run)
    with supervisor(run) as killed:
        until(lambda: reads(run, "done")[0] >= 2)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    process = processes.read(reads(run, "process")[0])
    assert living(run) == [process]
    TrainingRun.objects.filter(pk=run.pk).update(
        until=timezone.now() - timedelta(seconds=1), finish_asked_at=timezone.now()
    )
    run = look(run)
    assert (run.state, run.starts, starts(run)) == ("finished", 1, 1)
    assert run.points.filter(kind="log").count() == run.done


def supervisor(run):
    """A process that supervises the run, as a worker does."""
    told = {"COSA_TRAINING_DIR": str(settings.TRAINING_DIR), "COSA_NODE": settings.NODE}
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cosa_web.settings"} | told | this_database()
    command = [sys.executable, "-c", SUPERVISOR.format(pk=run.pk)]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def test_of_two_workers_who_look_at_the_same_moment_one_starts_a_trainer():
    run = make_run({"steps": 20})
    at_once(*[partial(look, TrainingRun.objects.get(pk=run.pk), name) for name in ("a", "b")])
    run.refresh_from_db()
    assert (run.state, run.starts, starts(run)) == ("finished", 1, 1)


@pytest.mark.parametrize("again", range(3))
def test_of_two_runs_that_want_the_same_cards_at_the_same_moment_one_has_them(again):
    make_node(settings.NODE, gpus=3)
    runs = [make_run(gpus=2) for _ in range(3)]
    taken = at_once(*[partial(gpus.lease, run) for run in runs])
    assert [0, 1] in taken and taken.count(None) == 2
    assert Gpu.objects.exclude(run=None).values("run").distinct().count() == 1


def test_of_two_runs_that_want_the_processor_at_the_same_moment_one_has_it():
    runs = [make_run(), make_run()]
    taken = at_once(*[partial(gpus.lease, run) for run in runs])
    assert [] in taken and taken.count(None) == 1


def test_a_database_that_is_away_for_a_moment_stops_no_trainer(monkeypatch):
    stored, failures = follow.store, [OperationalError("away"), OperationalError("away")]

    def store(run, lines):
        if lines and failures:
            raise failures.pop()
        stored(run, lines)

    monkeypatch.setattr(follow, "store", store)
    monkeypatch.setattr(supervise, "AWAY_SECONDS", 0.0)
    run = look(make_run({"steps": 20}))
    assert (run.state, run.starts, run.points.filter(kind="log").count(), failures) == ("finished", 1, 20, [])
