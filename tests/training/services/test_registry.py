"""From a model's row to an engine, with the key taken from the environment and shown to nobody."""

import pytest

from tests.factories import make_model
from tests.stub_server import StubServer
from training.engines import Endpoint, EngineError
from training.services import registry

pytestmark = pytest.mark.django_db
KEY = "sk-very-secret"


def keyed(**fields: object):
    values = {"engine": "openai_http", "base_url": "http://127.0.0.1:9/v1", "key_variable": "COSA_KEY_OURS"}
    return make_model("keyed", **values | fields)


def test_an_endpoint_has_what_the_row_says():
    model = make_model("m", base_url="echo://?latency_ms=1", timeout=3, patience=5, max_concurrency=7)
    assert registry.endpoint(model) == Endpoint("echo://?latency_ms=1", "m", "", 3, 5, 7)


def test_the_key_comes_from_the_variable(monkeypatch):
    monkeypatch.setenv("COSA_KEY_OURS", KEY)
    assert registry.endpoint(keyed()).api_key == KEY


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named_with_what_to_do(monkeypatch, value):
    monkeypatch.delenv("COSA_KEY_OURS", raising=False)
    if value is not None:
        monkeypatch.setenv("COSA_KEY_OURS", value)
    with pytest.raises(
        EngineError, match="COSA_KEY_OURS is not set. Set it for the web server and the workers"
    ) as problem:
        registry.engine(keyed())
    assert problem.value.permanent


def test_the_packaged_model_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("COSA_EMBEDDED_URL", "http://127.0.0.1:9/v1")
    assert registry.endpoint(make_model(engine="embedded", base_url="")).base_url == "http://127.0.0.1:9/v1"


def test_another_engine_without_an_address_does_not_get_the_packaged_ones(monkeypatch):
    monkeypatch.setenv("COSA_EMBEDDED_URL", "http://127.0.0.1:9/v1")
    assert registry.endpoint(make_model(engine="openai_http", base_url="")).base_url == ""


def test_an_engine_that_is_gone_is_told_with_those_there_are():
    with pytest.raises(EngineError, match="There is no 'vanished'.*echo"):
        registry.engine(make_model(engine="vanished"))


def test_a_trial_brings_back_the_answer_and_the_time():
    trial = registry.try_model(make_model(), "What is a policy?")
    assert "policy" in trial.reply.text and trial.error == "" and trial.seconds >= 0


@pytest.mark.parametrize("engine", ["vanished", "echo"])
def test_a_trial_never_raises(engine):
    trial = registry.try_model(make_model(engine=engine, base_url="echo://?speed=1"), "hello")
    assert trial.reply is None and trial.error.endswith(".")


def test_a_trial_with_a_wrong_key_shows_no_part_of_it(monkeypatch, caplog):
    monkeypatch.setenv("COSA_KEY_OURS", KEY)
    with StubServer() as stub:
        trial = registry.try_model(keyed(base_url=stub.base_url, model="wrong-key"), "hello")
    assert trial.reply is None and trial.error and KEY not in trial.error + caplog.text


def test_a_trial_waits_no_longer_than_it_is_told():
    with StubServer() as stub:
        slow = make_model("slow", engine="openai_http", base_url=stub.base_url)
        trial = registry.try_model(slow, "hello", patience=0.3)
    assert trial.reply is None and trial.error and trial.seconds < 1.9  # the server answers after two seconds
