"""A model without an address: the gateway starts its server for the first call and ends it with itself."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from annotations.models import Artifact
from tests import small_models, stores
from tests.factories import make_candidate, make_deployment
from tests.fake_vllm import FakeVllm
from tests.gateway_place import CHAT, ask, counting, hello, secret_for, served
from tests.machines import ROOT
from training.engines import _server
from training.engines._child import model_file
from training.services import fetching

pytestmark = pytest.mark.django_db(transaction=True)


def test_weights_are_served_from_the_first_call_on(monkeypatch):
    monkeypatch.delenv("COSA_EMBEDDED_URL", raising=False)
    place = {"engine": "embedded", "weights": str(model_file()), "timeout": 60, "patience": 60}
    with counting() as redis:
        _, secret = served("", "small", reached=place, candidate={"max_tokens": 4})

        async def twice(call):
            return [await call.post(CHAT, hello(), secret) for _ in range(2)]

        first, second = ask(redis, twice)
    assert first.text and second.text and first.json["usage"]["completion_tokens"] <= 4


def test_weights_that_are_not_there_are_an_error_of_the_server_and_name_no_path(monkeypatch):
    place = {"engine": "embedded", "weights": str(ROOT / "nothing.gguf"), "timeout": 5, "patience": 5}
    with counting() as redis:
        _, secret = served("", "small", reached=place)
        answer = ask(redis, lambda call: call.post(CHAT, hello(), secret))
    assert answer.status in {502, 503} and "nothing.gguf" not in answer.body.decode()


@pytest.fixture
def elsewhere(settings, tmp_path, monkeypatch):
    """The secret of a deployment of a checkpoint that was made on another machine, and is in the store."""
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}
    settings.ARTIFACTS_SHARED, settings.NODE, settings.TRAINING_DIR = True, "forge", tmp_path / "forge"
    FakeVllm(tmp_path, monkeypatch, settings)
    model = small_models.registered().model
    model.engine, model.serving = "vllm", {"gpus": 0}
    model.save()
    model.checkpoint.run.node.seen_at = timezone.now() - timedelta(days=1)
    settings.NODE, settings.TRAINING_DIR = "gate", tmp_path / "gate"
    yield secret_for(make_deployment("game", candidate_id=make_candidate(model, max_tokens=4).pk))
    _server.stop_all()
    _server._servers.clear()
    fetching._troubles.clear()


def test_a_checkpoint_of_another_machine_is_fetched_and_served(elsewhere, tmp_path):
    with counting() as redis:
        answer = ask(redis, lambda call: call.post(CHAT, hello(), elsewhere))
    assert answer.text and list((tmp_path / "gate").rglob("FINISHED.json"))


def test_weights_that_cannot_be_had_are_told_to_the_client_and_to_probes_and_name_nothing(elsewhere, settings):
    for row in Artifact.objects.all():
        (Path(settings.STORAGES["artifacts"]["OPTIONS"]["location"]) / row.key).unlink()
    with counting() as redis:

        async def both(call):
            return await call.post(CHAT, hello(), elsewhere), await call.get("/readyz")

        answer, ready = ask(redis, both)
    assert (answer.status, answer.code) == (503, "upstream_weights") and int(answer.headers["retry-after"]) == 10
    assert not any(word in answer.body.decode() for word in ("forge", "gate", "run1", str(settings.TRAINING_DIR)))
    assert (ready.status, ready.json["status"]) == (200, "degraded")
    assert ready.json["checks"]["weights"] == {"state": "failed", "cause": "of 1 model, by this process"}
