"""What a process that answers people does about garbage once it is ready."""

import subprocess
import sys
from importlib import import_module, reload
from pathlib import Path

import pytest
from celery.signals import worker_ready

from annotations.core import garbage
from training import tasks

ROOT = Path(__file__).parent.parent.parent
TOLD = """
import gc
from annotations.core import garbage
garbage.settle()
print(gc.get_freeze_count(), *gc.get_threshold())
"""


def test_what_is_there_is_left_out_of_collections_from_then_on() -> None:
    done = subprocess.run([sys.executable, "-c", TOLD], cwd=ROOT, capture_output=True, text=True, check=True)
    frozen, *rate = map(int, done.stdout.split())
    assert frozen > 1000 and rate == [garbage.NEW, garbage.YOUNG, garbage.OLD]


@pytest.mark.parametrize("server", ["cosa_web.wsgi", "training.gateway.asgi"])
def test_pages_and_gateway_settle_once_they_can_answer(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "settle", lambda: None)
    module, said = import_module(server), []
    monkeypatch.setattr(garbage, "settle", lambda: said.append(hasattr(module, "application")))
    reload(module)
    assert said == [True]


def test_a_worker_settles_once_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bool] = []
    monkeypatch.setattr(garbage, "settle", lambda: said.append(True))
    for _, receiver, *_ in worker_ready.receivers:
        if receiver() is tasks.settle:
            receiver()()
    assert said == [True]
