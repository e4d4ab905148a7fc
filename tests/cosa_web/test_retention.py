"""What is old and what no number depends on goes; everything else stays, and a rehearsal changes nothing."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from annotations.models import Artifact, Campaign, Draft, RepeatedRequest
from annotations.services import artifacts
from cosa_web import retention
from tests import small_models
from tests.factories import make_deployment, make_key, make_person, make_training
from tests.rating_desk import make_campaign
from training.models import Traffic
from training.recipes import checkpoints
from training.services.trainer import kept as fetched

pytestmark = pytest.mark.django_db


def ago(days: float):
    return timezone.now() - timedelta(days=days)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, settings) -> None:
    settings.VAR_DIR, settings.TRAINING_DIR, settings.NODE = tmp_path, tmp_path / "training", "forge"
    folder = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "store")},
    }
    settings.STORAGES = settings.STORAGES | {"artifacts": folder}


def counts(**how) -> list[int]:
    return [told.number for told in retention.forget(**how)]


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left")
    at = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def test_rows_go_after_their_days_and_younger_ones_stay() -> None:
    for number, days in enumerate((0.5, 3)):
        Session.objects.create(session_key=f"key{number}", session_data="", expire_date=ago(days))
        RepeatedRequest.objects.create(user=make_person(), key=str(number), fingerprint="", created_at=ago(days))
    for days in (1, 40):
        attempt = AccessAttempt.objects.create(username="ada", failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=ago(days))
    assert counts(rehearsal=True)[:3] == [1, 1, 1] and Session.objects.count() == 2
    assert counts()[:3] == [1, 1, 1]
    left = (Session, RepeatedRequest, AccessAttempt)
    assert [model.objects.count() for model in left] == [1, 1, 1] and counts() == [0] * 9


@pytest.mark.parametrize(("days", "left"), [(400, 2), (1, 1)])
def test_traffic_of_this_month_and_the_last_stays_whatever_is_asked(settings, days: int, left: int) -> None:
    settings.KEEP_DAYS = settings.KEEP_DAYS | {"traffic": days}
    deployment = make_deployment()
    key, _ = make_key(deployment)
    told = {"deployment": deployment, "key": key, "version": deployment.version, "candidate": deployment.candidate}
    first = timezone.now().replace(day=1)
    for at in (first - timedelta(days=1), ago(70), ago(500)):
        Traffic.objects.create(**told, at=at, outcome="answered")
    assert counts()[3] == 3 - left and Traffic.objects.count() == left


def test_zero_days_keep_for_ever(settings) -> None:
    settings.KEEP_DAYS = dict.fromkeys(settings.KEEP_DAYS, 0)
    Session.objects.create(session_key="key", session_data="", expire_date=ago(9_999))
    assert counts() == [0] * 9 and Session.objects.exists()


def test_unsent_answers_go_with_their_campaign_long_closed() -> None:
    for closed_at in (None, ago(10), ago(100)):
        campaign = make_campaign(1)
        Draft.objects.create(item=campaign.items.get(), rater=make_person("carol"), saved_at=ago(200))
        if closed_at:
            Campaign.objects.filter(pk=campaign.pk).update(state="closed", opened_at=ago(300), closed_at=closed_at)
    assert counts()[4] == 1 and Draft.objects.count() == 2


def test_files_without_a_row_go_and_those_with_one_stay(tmp_path: Path) -> None:
    kept = artifacts.keep(io.BytesIO(b"pairs"), "preferences", "preferences/{sha256}")
    for days in (1.5, 3):
        aged(tmp_path / "store" / "upload" / "deep" / str(days), days)
    os.utime(tmp_path / "store" / kept.key, (0, 0))
    assert counts(rehearsal=True)[5] == 1
    assert counts()[5] == 1 and artifacts.is_there(kept)
    assert [path.name for path in (tmp_path / "store" / "upload").rglob("*") if path.is_file()] == ["1.5"]


def test_broken_checkpoints_go_from_runs_that_ended_long_ago(tmp_path: Path) -> None:
    for state, days in (("failed", 40), ("failed", 10), ("running", 40)):
        run = make_training(state=state, finished_at=ago(days), reason="It ended.")
        for name in ("checkpoint-1", "checkpoint-2", "broken-3"):
            aged(tmp_path / "training" / str(run.pk) / "checkpoints" / name / "weights", 40)
        checkpoints.mark(tmp_path / "training" / str(run.pk) / "checkpoints" / "checkpoint-1", 1)
    assert counts()[6] == 2
    left = [len(list((place / "checkpoints").iterdir())) for place in (tmp_path / "training").iterdir()]
    assert sorted(left) == [1, 3, 3]


def test_logs_of_dead_servers_go(tmp_path: Path) -> None:
    for days in (10, 40):
        aged(tmp_path / "log" / "servers" / f"model.{days}.log", days)
    assert counts()[7] == 1 and [path.name for path in (tmp_path / "log" / "servers").iterdir()] == ["model.10.log"]


def test_fetched_checkpoints_that_nobody_uses_go_and_come_again(tmp_path: Path, settings) -> None:
    settings.ARTIFACTS_SHARED = True
    unused, used = small_models.registered(), small_models.registered(seed=2.0)
    settings.NODE, settings.TRAINING_DIR = "desk", tmp_path / "desk"
    for one, days in ((unused, 40), (used, 10)):
        at = ago(days).timestamp()
        os.utime(fetched.bring(one).with_name(fetched.LOCK), (at, at))
    settings.NODE = "forge"
    assert counts(rehearsal=True)[8] == 0  # it made them
    settings.NODE = "desk"
    place = settings.TRAINING_DIR / unused.folder
    assert counts(rehearsal=True)[8] == 1 and place.is_dir()
    assert counts()[8] == 1 and not place.exists() and (settings.TRAINING_DIR / used.folder).is_dir()
    assert checkpoints.wrong(fetched.bring(unused)) == "" and counts()[8] == 0  # it is in use again
    at = ago(40).timestamp()
    os.utime(place.with_name(fetched.LOCK), (at, at))
    Artifact.objects.all().delete()
    assert counts()[8] == 0  # it would not come again


def test_the_command_says_each_rule() -> None:
    Session.objects.create(session_key="key", session_data="", expire_date=ago(2))
    said = io.StringIO()
    call_command("retention", dry_run=True, stdout=said)
    assert said.getvalue().splitlines()[0].strip() == "1  log-ins that have ended (after 1 day)"
    assert Session.objects.exists() and len(said.getvalue().splitlines()) == len(retention.rules())
