"""What probes are told: that the process lives, what works, and nothing of the inside."""

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse

from annotations.services import artifact_places
from annotations.services.artifact_places import ArtifactProblem
from cosa_web import health
from cosa_web.health import Check, Readiness
from training.services import broker

pytestmark = pytest.mark.django_db
SECRET = "postgresql://cosa:password@db.inside:5432 /var/lib/cosa"


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READINESS", Readiness(health.CHECKS))
    monkeypatch.setattr(broker, "depths", lambda queues: dict.fromkeys(queues, 0))


@pytest.fixture
def slow() -> Iterator[threading.Event]:
    """Set at the end of a test, so that no thread outlives it."""
    over = threading.Event()
    yield over
    over.set()


def failing(problem: Exception) -> Check:
    def look() -> None:
        raise problem

    return Check(look)


def ready() -> tuple[int, dict[str, object]]:
    answer = Client().get(reverse("readyz"))
    return answer.status_code, answer.json()


def test_a_sign_of_life_needs_neither_a_log_in_nor_the_database(django_assert_num_queries):
    with django_assert_num_queries(0, connection=connection):
        answer = Client().get(reverse("healthz"))
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"ok", "text/plain")


@pytest.mark.usefixtures("anew")
def test_everything_there_is_ready():
    fine = dict.fromkeys(("database", "migrations", "broker", "artifacts"), {"state": "ok"})
    assert ready() == (200, {"status": "ok", "checks": fine})


@pytest.mark.usefixtures("anew")
def test_pages_work_without_the_broker(monkeypatch):
    monkeypatch.setattr(broker, "depths", lambda _: None)
    status, told = ready()
    assert (status, told["status"]) == (200, "degraded")
    assert told["checks"]["broker"] == {"state": "failed", "cause": "no answer"}


@pytest.mark.usefixtures("anew")
def test_pages_work_without_the_store_of_artifacts(monkeypatch):
    def away(*_: object) -> None:
        raise ArtifactProblem(SECRET)

    monkeypatch.setattr(artifact_places.Folder, "size", away)
    status, told = ready()
    assert (status, told["status"]) == (200, "degraded")
    assert told["checks"]["artifacts"] == {"state": "failed", "cause": "failed: ArtifactProblem"}


def test_a_shared_folder_that_is_not_mounted_is_no_store(monkeypatch, settings, tmp_path):
    settings.ARTIFACTS_SHARED = True
    monkeypatch.setattr(artifact_places, "current", lambda: artifact_places.Folder(tmp_path / "gone"))
    with pytest.raises(health.Unready):
        health.artifacts()


@pytest.mark.usefixtures("anew")
def test_a_migration_that_is_missing_makes_pages_impossible(monkeypatch):
    real = MigrationRecorder.applied_migrations

    def without_one(recorder: MigrationRecorder) -> dict[tuple[str, str], object]:
        return dict(list(real(recorder).items())[1:])

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", without_one)
    status, told = ready()
    assert (status, told["status"]) == (503, "down")
    assert told["checks"]["migrations"] == {"state": "failed", "cause": "1 to be applied"}


@pytest.mark.usefixtures("anew")
def test_the_cause_holds_nothing_of_the_inside(monkeypatch):
    checks = health.CHECKS | {"database": failing(OperationalError(SECRET))._replace(needed=True)}
    monkeypatch.setattr(health, "READINESS", Readiness(checks))
    status, told = ready()
    assert (status, told["checks"]["database"]) == (503, {"state": "failed", "cause": "failed: OperationalError"})


def test_a_check_that_hangs_is_given_up_and_not_begun_again(monkeypatch, slow):
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    begun = []
    readiness = Readiness({"database": Check(lambda: (begun.append(1), slow.wait(10)), needed=True)})
    assert readiness.found() == readiness.found() == {"database": health.LATE}
    assert begun == [1]


def test_what_was_just_found_is_not_asked_again():
    asked = []
    readiness = Readiness({"database": Check(lambda: asked.append(1), needed=True)})
    assert [readiness.found() for _ in range(20)] == [{"database": ""}] * 20
    assert asked == [1]


def test_while_somebody_asks_others_hear_what_was_found_before(monkeypatch, slow):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    begun, first = threading.Event(), [True]

    def look() -> None:
        if not first.pop() if first else True:
            begun.set()
            slow.wait(10)

    readiness = Readiness({"database": Check(look, needed=True)})
    assert readiness.found() == {"database": ""}
    asker = threading.Thread(target=readiness.found)
    asker.start()
    assert begun.wait(5)
    assert readiness.found() == {"database": ""}
    slow.set()
    asker.join(5)
