"""Artifacts from one store to another: all of them, as they were, again where it was broken off."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Artifact
from annotations.services import artifact_moves, artifacts
from annotations.services.artifacts import ArtifactProblem
from tests import stores

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with stores.s3_server() as address:
        yield address


@pytest.fixture(autouse=True)
def old(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "old")}
    settings.PREFERENCES_DIR, settings.ARTIFACTS_CACHE_DIR = tmp_path / "preferences", tmp_path / "cache"
    return tmp_path / "old"


def kept(*contents: bytes) -> list[Artifact]:
    return [artifacts.keep(BytesIO(one), "checkpoint", "checkpoint/{sha256}") for one in contents]


def test_all_of_a_folder_goes_into_a_bucket(
    s3: str, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    made = kept(b"one", b"two", b"")
    monkeypatch.setenv("COSA_ARTIFACTS_KEY", stores.KEYS["access_key"])
    monkeypatch.setenv("COSA_ARTIFACTS_SECRET", stores.KEYS["secret_key"])
    call_command("move_artifacts", "--check", to=f"s3://cosa/moved?endpoint={s3}&region=us-east-1")
    assert "3 copied, 0 there already, 0 wrong\n3 read to the last byte" in capsys.readouterr().out
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.bucket(s3, "moved")}
    assert [b"".join(artifacts.stream(one)) for one in made] == [b"one", b"two", b""]


def test_it_goes_on_where_it_was_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    kept(b"one", b"two", b"three")
    real, times = artifacts.bring_back, iter([1, 0])

    def once(*told: Any) -> None:
        if not next(times):
            raise KeyboardInterrupt
        real(*told)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(artifacts, "bring_back", once)
        call_command("move_artifacts", to=str(tmp_path / "new"))
    call_command("move_artifacts", to=str(tmp_path / "new"))
    assert "2 copied, 1 there already, 0 wrong" in capsys.readouterr().out


def test_a_damaged_file_is_told_and_not_copied(old: Path, tmp_path: Path, capsys: Any) -> None:
    good, bad = kept(b"one", b"two")
    (old / bad.key).write_bytes(b"six")
    with pytest.raises(CommandError, match="1 files"):
        call_command("move_artifacts", to=str(tmp_path / "new"))
    assert bad.key in capsys.readouterr().err and not (tmp_path / "new" / bad.key).exists()
    assert (tmp_path / "new" / good.key).read_bytes() == b"one"
    with pytest.raises(CommandError, match="1 files"):
        call_command("move_artifacts", "--check")


def test_files_from_before_there_was_a_store_are_taken_in(settings: Any, old: Path, capsys: Any) -> None:
    settings.PREFERENCES_DIR.mkdir()
    good, bad = (settings.PREFERENCES_DIR / f"{hashlib.sha256(one).hexdigest()}.parquet" for one in (b"a", b"b"))
    good.write_bytes(b"a")
    bad.write_bytes(b"a")
    with pytest.raises(CommandError):
        call_command("move_artifacts")
    assert (old / "preferences" / good.name).read_bytes() == b"a" and Artifact.objects.count() == 1
    assert not good.exists() and bad.exists() and bad.name in capsys.readouterr().err


def test_a_full_store_leaves_the_earlier_file(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(*told: object) -> None:
        raise ArtifactProblem("full")

    settings.PREFERENCES_DIR.mkdir()
    file = settings.PREFERENCES_DIR / f"{hashlib.sha256(b'a').hexdigest()}.parquet"
    file.write_bytes(b"a")
    monkeypatch.setattr(artifacts, "keep", keep)
    assert [one.wrong for one in artifact_moves.take_in_earlier()] == ["full"] and file.exists()


@pytest.mark.parametrize("told", ["s3://Not_A_Bucket", "gs://bucket"])
def test_a_place_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(CommandError, match="--to is no place"):
        call_command("move_artifacts", to=told)


def test_the_place_where_they_lie_is_refused(old: Path) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("move_artifacts", to=str(old))
