"""Uploads that a worker of another machine has to read."""

from pathlib import Path
from typing import Any

import pytest

from annotations.models import Artifact, PreferenceSet
from annotations.services import artifacts, chores, import_files, preferences, upload_store
from annotations.services.artifacts import ArtifactProblem
from annotations.services.import_files import FileProblem
from tests import stores
from tests.factories import make_organisation, make_person
from tests.pairs import lines, make_pair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shared(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}
    settings.ARTIFACTS_SHARED = True


def taken(tmp_path: Path, **files: bytes) -> str:
    """The folder of an upload of these files."""
    for name, content in files.items():
        (tmp_path / f"{name}.jsonl").write_bytes(content)
    found = import_files.copied(tmp_path / f"{name}.jsonl" for name in files)
    assert found
    return found.folder


def files(place: Path) -> list[str]:
    """The names of all files below it."""
    return sorted(one.name for one in place.rglob("*") if one.is_file())


def test_a_worker_of_another_machine_reads_the_files(settings: Any, tmp_path: Path) -> None:
    folder = taken(tmp_path, train=b"a", dev=b"b")
    digest = import_files.digest(folder)
    settings.UPLOADS_DIR = tmp_path / "elsewhere"
    assert [(path.read_bytes(), name) for path, name in import_files.paths(folder)] == [
        (b"b", "dev.jsonl"),
        (b"a", "train.jsonl"),
    ]
    assert import_files.digest(folder) == digest and files(tmp_path / "elsewhere") == ["dev.jsonl", "train.jsonl"]


def test_a_set_is_made_on_another_machine_and_nothing_stays(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_bytes(lines([make_pair(1)]))
    upload = import_files.copied([tmp_path / "train.jsonl"])
    assert upload
    ada = make_person("ada")
    row = preferences.start(organisation=make_organisation(), upload=upload, title="Set", actor=ada)
    settings.UPLOADS_DIR = tmp_path / "elsewhere"
    assert chores.do(PreferenceSet, row.pk, preferences.job, "test")
    row.refresh_from_db()
    assert row.state == "finished" and files(settings.UPLOADS_DIR) == []
    assert [one.key for one in Artifact.objects.all()] == [f"preferences/{row.sha256}.parquet"]
    assert files(tmp_path / "store") == [f"{row.sha256}.parquet"]


def test_files_that_changed_in_the_store_are_refused(settings: Any, tmp_path: Path) -> None:
    folder = taken(tmp_path, train=b"a")
    (kept,) = (tmp_path / "store").rglob("train.jsonl")
    kept.write_bytes(b"b")
    settings.UPLOADS_DIR = tmp_path / "elsewhere"
    with pytest.raises(ArtifactProblem, match="not what was kept"):
        import_files.paths(folder)
    assert files(settings.UPLOADS_DIR) == []


def test_an_upload_that_the_store_does_not_take_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    real = artifacts.keep

    def keep(source: Any, *told: str) -> Any:
        if source.name == "train.jsonl":
            raise ArtifactProblem("full")
        return real(source, *told)

    monkeypatch.setattr(artifacts, "keep", keep)
    with pytest.raises(FileProblem, match="full"):
        taken(tmp_path, dev=b"b", train=b"a")
    assert files(settings.UPLOADS_DIR) == files(tmp_path / "store") == [] and not Artifact.objects.exists()


def test_strays_of_the_store_go_after_a_day_and_needed_ones_stay(tmp_path: Path) -> None:
    old, needed, new = (taken(tmp_path, train=content) for content in (b"a", b"b", b"c"))
    for folder in (old, needed):
        Artifact.objects.filter(key__contains=folder).update(created_at="2020-01-01T00:00:00Z")
    import_files.forget_strays([needed])
    assert {one.key.split("/")[1] for one in Artifact.objects.all()} == {needed, new}


def test_on_one_machine_nothing_is_kept_twice(settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACTS_SHARED = False
    folder = taken(tmp_path, train=b"a")
    upload_store.bring(folder, settings.UPLOADS_DIR / folder)
    assert not Artifact.objects.exists() and files(tmp_path / "store") == []
