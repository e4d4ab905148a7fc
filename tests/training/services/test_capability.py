"""Runs of general capability: a real program is started, watched and stopped, and what it reports is kept."""

import json
from pathlib import Path
from time import sleep

import pytest

from annotations.models import AuditEvent
from annotations.services import chores
from annotations.tasks import do_now
from tests import fake_harness
from tests.factories import make_model, make_organisation, make_person
from training import tasks
from training.models import CapabilityRun
from training.services import capability, children, work

pytestmark = pytest.mark.django_db
assert tasks.JOBS["capabilityrun"] is capability.job
SERVER = {"engine": "openai_http", "base_url": "http://127.0.0.1:9/v1", "plumbing": False}


@pytest.fixture
def place(tmp_path, settings, monkeypatch):
    """The folder of a stand-in for the harness, looked at often."""
    settings.CAPABILITY_PYTHON = fake_harness.install(tmp_path)
    monkeypatch.setattr(children, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(children, "LOG_SECONDS", 0.0)
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0.0)
    return tmp_path


def started(*wanted, model=None, limit=None):
    model = model or make_model("server", **SERVER)
    return capability.start(model=model, tasks=list(wanted), limit=limit, actor=make_person("grace"))


def done(run):
    do_now(run)
    run.refresh_from_db()
    return run


def seen(place):
    return json.loads((place / "lm_eval" / "seen.json").read_text())


def pids(place: Path) -> list[int]:
    path = place / "lm_eval" / "pids"
    return [int(pid) for pid in path.read_text().split()] if path.exists() else []


def test_a_run_keeps_what_the_harness_reports(place):
    run = done(started("fine", limit=4))
    metric = {"metric": "exact_match", "filter": "last", "value": 0.5, "stderr": 0.29, "higher_is_better": True}
    assert run.results == {"fine": {"n": 4, "version": "1", "metrics": [metric]}}
    assert (run.state, run.reason, run.done, run.total) == ("finished", "", 4, 4)
    assert "100%|####| 4/4" in run.log and "50%" not in run.log


def test_a_run_keeps_how_the_harness_was_called(place):
    run = done(started("fine", limit=4))
    called = {name: run.settings[name] for name in ("harness", "way", "model", "tasks", "limit")}
    assert called == {
        "harness": fake_harness.VERSION,
        "way": "chat",
        "model": "local-chat-completions",
        "tasks": ["fine"],
        "limit": 4,
    }
    address = {name: run.settings["model_args"][name] for name in ("model", "base_url", "num_concurrent", "timeout")}
    assert address == {
        "model": "server",
        "base_url": "http://127.0.0.1:9/v1/chat/completions",
        "num_concurrent": 8,
        "timeout": 60,
    }


def test_a_standard_error_that_is_not_told_is_none(place):
    assert done(started("bare")).results["bare"]["metrics"][0]["stderr"] is None


def test_the_harness_gets_the_models_key_and_no_other_secret(place, monkeypatch):
    monkeypatch.setenv("COSA_KEY_OURS", fake_harness.KEY)
    monkeypatch.setenv("COSA_SECRET_KEY", "signs-everything")
    done(started("fine", model=make_model("keyed", key_variable="COSA_KEY_OURS", **SERVER)))
    environment = seen(place)["environment"]
    assert environment["OPENAI_API_KEY"] == fake_harness.KEY
    assert "signs-everything" not in environment.values()


def test_the_key_is_neither_in_the_log_nor_in_the_reason_nor_in_the_settings(place, monkeypatch):
    monkeypatch.setenv("COSA_KEY_OURS", fake_harness.KEY)
    run = done(started("broken", model=make_model("keyed", key_variable="COSA_KEY_OURS", **SERVER)))
    assert (run.state, run.reason) == (
        "failed",
        "The harness ended with code 1: RuntimeError: the server is away, …. Its log is below.",
    )
    assert fake_harness.KEY not in json.dumps([run.log, run.reason, run.settings])
    assert "Bearer …" in run.log


def test_a_missing_key_is_the_reason(place, monkeypatch):
    monkeypatch.delenv("COSA_KEY_OURS", raising=False)
    run = done(started("fine", model=make_model("keyed", key_variable="COSA_KEY_OURS", **SERVER)))
    assert run.state == "failed" and "COSA_KEY_OURS is not set" in run.reason


def test_a_run_that_leaves_no_results_says_so(place):
    run = done(started("odd"))
    assert (run.state, run.reason) == ("failed", "The harness ended without a file of results. Its log is below.")


def test_a_run_that_is_cancelled_ends_with_everything_the_harness_started(place, monkeypatch):
    run = started("stuck")

    def cancel_when_it_runs(seconds):
        sleep(seconds)
        if pids(place):
            chores.cancel(row=run, actor=make_person("grace"))

    monkeypatch.setattr(children, "sleep", cancel_when_it_runs)
    assert done(run).state == "cancelled" and run.results == {}
    assert len(pids(place)) == 2 and fake_harness.gone(pids(place))


def test_a_worker_that_ends_leaves_the_run_to_another(place, monkeypatch):
    run = started("stuck")

    def end_when_it_runs(seconds):
        sleep(seconds)
        if pids(place):
            work.STOP.set()

    monkeypatch.setattr(children, "sleep", end_when_it_runs)
    try:
        assert (done(run).state, chores.in_need(CapabilityRun)) == ("queued", [run.pk])
    finally:
        work.STOP.clear()
    assert fake_harness.gone(pids(place))


def test_a_harness_that_is_silent_for_too_long_is_stopped(place, monkeypatch):
    monkeypatch.setattr(capability, "SILENT_SECONDS", 0.3)
    model = make_model("hasty", timeout=0.05, **SERVER)
    run = done(started("stuck", model=model))
    assert run.state == "failed" and "wrote nothing" in run.reason
    assert fake_harness.gone(pids(place))


def test_a_worker_without_the_harness_says_how_it_is_installed(place, tmp_path, settings):
    run = started("fine")
    settings.CAPABILITY_PYTHON = fake_harness.bare(tmp_path / "lm_eval")
    assert done(run).state == "failed"
    assert "pip install --no-deps --require-hashes -r requirements/capability.txt" in run.reason


def test_without_the_harness_no_run_is_started(settings):
    settings.CAPABILITY_PYTHON = "/nowhere/python"
    with pytest.raises(capability.CapabilityProblem, match="is not installed for /nowhere/python"):
        started("fine")


def test_the_small_model_needs_an_address(place, monkeypatch):
    monkeypatch.delenv("COSA_EMBEDDED_URL", raising=False)
    run = done(started("fine", model=make_model("small", engine="embedded", base_url="")))
    assert run.state == "failed" and "COSA_EMBEDDED_URL" in run.reason


def test_the_small_model_is_asked_at_the_address_of_its_server(place, monkeypatch):
    monkeypatch.setenv("COSA_EMBEDDED_URL", "http://127.0.0.1:8081/v1")
    done(started("fine", model=make_model("small", engine="embedded", base_url="")))
    assert seen(place)["call"]["model_args"]["base_url"] == "http://127.0.0.1:8081/v1/chat/completions"


@pytest.mark.parametrize("engine", ["echo", "vanished"])
def test_a_model_without_an_address_is_refused(place, engine):
    with pytest.raises(capability.CapabilityProblem, match="asks a server by its address"):
        started("fine", model=make_model("other", engine=engine))


@pytest.mark.parametrize("name", ["../etc/passwd", "--trust_remote_code", "a.yaml", "", "a b"])
def test_what_cannot_be_a_task_is_refused(place, name):
    with pytest.raises(capability.CapabilityProblem, match="no name of a task"):
        started(name)


@pytest.mark.parametrize("asked", [{"limit": 0}, {"wanted": ()}])
def test_nothing_to_do_is_refused(place, asked):
    with pytest.raises(capability.CapabilityProblem, match="at least one"):
        started(*asked.get("wanted", ("fine",)), limit=asked.get("limit"))


def test_the_same_run_is_not_made_twice_at_a_time(place):
    started("fine", "fine")
    with pytest.raises(capability.CapabilityProblem, match="already"):
        started("fine")
    assert started("fine", limit=2).tasks == ["fine"]


def test_who_started_it_is_on_record_and_it_belongs_to_their_organisation(place):
    home = make_organisation("northlight")
    make_person("grace", organisation=home)
    run = started("fine")
    event = AuditEvent.objects.get(object_type="capabilityrun")
    assert (event.action, event.after["tasks"], run.organisation) == ("start", ["fine"], home)
