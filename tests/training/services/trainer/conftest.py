"""A trainer that trains nothing, and supervisors that do not wait long."""

import pytest

from tests.supervised import fake_command
from training.services.trainer import launcher, processes, registry, supervise, watch


@pytest.fixture
def fake_trainer(monkeypatch, tmp_path, settings):
    """What was registered, (id of the run, state of its result) each: what it trains has no weights to register."""
    asked = []
    monkeypatch.setattr(registry, "register", lambda run, folder, result: asked.append((run.pk, result.state)))
    monkeypatch.setattr(launcher, "command", fake_command)
    for name in ("STOP_SECONDS", "TERM_SECONDS"):
        monkeypatch.setattr(processes, name, 0.1)
    monkeypatch.setattr(supervise, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(supervise, "AGAIN_SECONDS", 0.0)
    for name in ("SHOW_SECONDS", "ASK_SECONDS", "LIFE_SECONDS", "STACKS_SECONDS"):
        monkeypatch.setattr(watch, name, 0.0)
    settings.TRAINING_DIR = tmp_path
    yield asked
    for folder in processes.below(tmp_path):
        processes.end(folder)
