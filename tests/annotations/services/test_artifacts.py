"""The store of artifacts, alike in a folder and in a bucket of a real S3 server."""

import hashlib
import logging
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.files.storage import storages

from annotations.models import Artifact
from annotations.models.artifacts import CHECKPOINT, PREFERENCES, UPLOAD
from annotations.services import artifact_places, artifacts, file_digests
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactProblem
from tests import stores
from tests.databases import at_once

pytestmark = pytest.mark.django_db
KEY = "checkpoint/{sha256}"


class Store(NamedTuple):
    """A store with what lies behind it: how a stranger changes and counts its files."""

    settings: Any
    address: str
    root: Path
    prefix: str

    def spoil(self, key: str, content: bytes | None) -> None:
        """Nothing; the file holds something else, or is gone."""
        if self.address:
            told = {"Bucket": "cosa", "Key": f"{self.prefix}/{key}"}
            s3 = stores.client(self.address)
            _ = s3.delete_object(**told) if content is None else s3.put_object(Body=content, **told)
        elif content is None:
            (self.root / key).unlink()
        else:
            (self.root / key).write_bytes(content)

    def files(self) -> list[str]:
        """The keys of all files that are there, those on their way too."""
        if self.address:
            found = stores.client(self.address).list_objects_v2(Bucket="cosa", Prefix=f"{self.prefix}/")
            there = [one["Key"].removeprefix(f"{self.prefix}/") for one in found.get("Contents", [])]
            parts = Path(self.settings.ARTIFACTS_CACHE_DIR, ".part")
            return sorted(there + [str(one) for one in parts.glob("*")])
        return sorted(str(one.relative_to(self.root)) for one in self.root.rglob("*") if one.is_file())


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with stores.s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Store:
    address = request.getfixturevalue("s3") if request.param == "bucket" else ""
    root, prefix = tmp_path / "store", f"of/{tmp_path.name}"
    kept = stores.bucket(address, prefix) if address else stores.folder(root)
    settings.STORAGES = {**settings.STORAGES, "artifacts": kept}
    settings.ARTIFACTS_CACHE_DIR, settings.ARTIFACTS_CACHE_BYTES = tmp_path / "cache", 1 << 30
    file_digests.forget()
    return Store(settings, address, root, prefix)


def digest(content: bytes) -> str:
    """The SHA-256 of it."""
    return hashlib.sha256(content).hexdigest()


def kept(content: bytes = b"weights", key: str = KEY, kind: str = CHECKPOINT) -> Artifact:
    """An artifact with that content."""
    return artifacts.keep(BytesIO(content), kind, key)


def test_what_was_kept_is_read_and_streamed(store: Store) -> None:
    made = kept(b"weights")
    assert (made.key, made.bytes) == (f"checkpoint/{digest(b'weights')}", 7) and artifacts.is_there(made)
    with artifacts.reading(made) as path:
        assert path.read_bytes() == b"weights"
    assert b"".join(artifacts.stream(made)) == b"weights" and store.files() == [made.key]


def test_a_file_is_kept_and_stays_where_it_was(store: Store, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"pairs")
    made = artifacts.keep(tmp_path / "mine", PREFERENCES, "preferences/{sha256}.parquet")
    assert made.key.endswith(".parquet") and b"".join(artifacts.stream(made)) == b"pairs"
    assert (tmp_path / "mine").read_bytes() == b"pairs" and store.files() == [made.key]


def test_the_same_content_is_kept_once(store: Store) -> None:
    first, second = kept(), kept()
    assert first == second and Artifact.objects.count() == 1 and len(store.files()) == 1


def test_an_empty_file_is_a_file(store: Store) -> None:
    made = kept(b"")
    assert made.bytes == 0 and b"".join(artifacts.stream(made)) == b"" and artifacts.local(made).read_bytes() == b""


def test_signs_of_every_script_may_stand_in_a_key(store: Store) -> None:
    made = kept(b"rows", "upload/import-1/{sha256}/Größe % 100 + 大/שאלות.csv", UPLOAD)
    assert b"".join(artifacts.stream(made)) == b"rows" and store.files() == [made.key]


@pytest.mark.parametrize(
    "key",
    [
        "checkpoint/../{sha256}",
        "/checkpoint/{sha256}",
        "checkpoint/./{sha256}",
        "checkpoint//{sha256}",
        "checkpoint/.part/{sha256}",
        "checkpoint\\..\\{sha256}",
        "checkpoint/a\n{sha256}",
        "checkpoint/latest",
        "preferences/{sha256}",
        "checkpoint/{sha256}/" + "x" * 200,
        "checkpoint/{sha256}" + "/abcdefgh" * 60,
    ],
)
def test_a_key_that_leads_elsewhere_is_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        kept(key=key)
    assert store.files() == [] and not Artifact.objects.exists()


def test_a_damaged_file_is_not_read_and_never_handed_out_whole(store: Store, caplog: Any) -> None:
    content = b"x" * (3 << 20)
    made = kept(content)
    store.spoil(made.key, content[:-1] + b"y")
    with pytest.raises(ArtifactDamaged, match="not what was kept"), artifacts.reading(made):
        pass
    sent = bytearray()
    with pytest.raises(ArtifactDamaged):
        for piece in artifacts.stream(made):
            sent += piece
    assert len(sent) < made.bytes
    assert (logging.ERROR, f"artifact {made.pk} ({made.key})") in {
        (one.levelno, one.getMessage().partition(" does not")[0]) for one in caplog.records
    }


def test_a_file_that_is_gone_is_told(store: Store) -> None:
    made = kept()
    store.spoil(made.key, None)
    assert not artifacts.is_there(made)
    with pytest.raises(ArtifactMissing, match="not"):
        artifacts.local(made)
    with pytest.raises(ArtifactMissing):
        b"".join(artifacts.stream(made))


def test_a_damaged_file_is_brought_back_by_what_it_was_alone(store: Store) -> None:
    made = kept()
    store.spoil(made.key, b"WEIGHTS")
    with pytest.raises(ArtifactDamaged):
        artifacts.bring_back(made, iter([b"another"]))
    artifacts.bring_back(made, iter([b"wei", b"ghts"]))
    assert artifacts.local(made).read_bytes() == b"weights" and store.files() == [made.key]


@pytest.mark.django_db(transaction=True)
def test_two_that_keep_one_thing_at_once_keep_it_once(store: Store) -> None:
    first, second = at_once(*[lambda: kept(b"y" * 100_000)] * 2)
    assert first == second == Artifact.objects.get() and len(store.files()) == 1


def test_a_crash_between_file_and_row_leaves_no_row_and_the_next_one_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Artifact.objects, "get_or_create", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept()
    assert not Artifact.objects.exists() and len(store.files()) == 1
    assert artifacts.local(kept()).read_bytes() == b"weights" and len(store.files()) == 1


def test_a_stream_that_breaks_off_leaves_nothing(store: Store) -> None:
    class Torn(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError("torn")

    with pytest.raises(ArtifactProblem):
        artifacts.keep(Torn(b"half"), CHECKPOINT, KEY)
    assert store.files() == [] and not Artifact.objects.exists()


def test_only_uploads_are_removed(store: Store) -> None:
    made, upload = kept(), kept(b"rows", "upload/import-1/{sha256}/a.csv", UPLOAD)
    with pytest.raises(ValueError, match="never removed"):
        artifacts.remove(made)
    artifacts.remove(upload)
    assert list(Artifact.objects.all()) == [made] and store.files() == [made.key]


def test_every_artifact_comes_with_its_content(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "AT_ONCE", 2)
    made = [kept(bytes([number])) for number in range(5)]
    assert [(one, b"".join(content)) for one, content in artifacts.each()] == [
        (one, bytes([number])) for number, one in enumerate(made)
    ]


def test_a_large_file_is_not_held_in_memory(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as out:
        out.writelines(bytes([number]) * (1 << 20) for number in range(20))
    tracemalloc.start()
    made = artifacts.keep(tmp_path / "large", CHECKPOINT, KEY)
    assert sum(len(piece) for piece in artifacts.stream(made)) == artifacts.local(made).stat().st_size == 20 << 20
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.address or most < 6 << 20  # the server of the bucket lives in this process, and holds it in memory


def test_a_full_disk_is_told_and_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept(b"first")
    real = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        opened = real(path, mode, *more, **named)
        return _Full(opened) if "x" in mode else opened

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(ArtifactProblem, match="full"):
            kept(b"second")
    assert store.files() == [first.key] and b"".join(artifacts.stream(first)) == b"first"
    assert kept(b"second").bytes == 6


class _Full:
    """A file on a disk that has no room for its second half."""

    def __init__(self, file: Any):
        self.file = file

    def __enter__(self) -> "_Full":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, piece: bytes) -> None:
        self.file.write(piece[: len(piece) // 2])
        self.file.flush()
        raise OSError(28, os.strerror(28))


def test_a_bucket_that_does_not_answer_is_told_and_nothing_is_kept(settings: Any, tmp_path: Path) -> None:
    away = stores.bucket("http://127.0.0.1:9", "of")  # nobody listens there
    settings.STORAGES = {**settings.STORAGES, "artifacts": away}
    settings.ARTIFACTS_CACHE_DIR = tmp_path
    with pytest.raises(ArtifactProblem, match="does not answer"):
        kept()
    assert not Artifact.objects.exists() and [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_bucket_that_is_not_there_is_told(s3: str, settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.bucket(s3, "of", bucket_name="nobodys")}
    settings.ARTIFACTS_CACHE_DIR = tmp_path
    with pytest.raises(ArtifactProblem):
        kept()


@pytest.mark.parametrize("store", ["bucket"], indirect=True)
def test_a_copy_of_the_bucket_is_fetched_once_and_a_damaged_one_anew(store: Store) -> None:
    made = kept(b"weights")
    copy = artifacts.local(made)
    store.spoil(made.key, b"changed")
    assert artifacts.local(made) == copy and copy.read_bytes() == b"weights"  # the copy is good, nobody asks the bucket
    artifacts.bring_back(made, iter([b"weights"]))
    copy.write_bytes(b"rotten!")
    assert artifacts.local(made).read_bytes() == b"weights"


@pytest.mark.parametrize("store", ["bucket"], indirect=True)
def test_copies_make_room_for_others_the_longest_unread_first(store: Store) -> None:
    made = [kept(bytes([number]) * 100) for number in range(4)]
    store.settings.ARTIFACTS_CACHE_BYTES = 250
    paths = [artifacts.local(one) for one in made[:2]]
    for age, path in enumerate(reversed(paths)):  # the second was read before the first
        os.utime(path, (1_000_000 + age, path.stat().st_mtime))
    third = artifacts.local(made[2])
    assert [path.exists() for path in (*paths, third)] == [True, False, True]
    fourth = artifacts.local(made[3])
    assert [path.exists() for path in (*paths, third, fourth)] == [False, False, True, True]  # the third is in use


def test_files_that_a_dead_process_left_on_their_way_go_after_a_day(tmp_path: Path) -> None:
    for name, age in (("old", 2 * artifact_places.A_DAY), ("new", 0)):
        (tmp_path / name).write_bytes(b"half")
        at = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (at, at))
    artifact_places.forget_parts(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["new"]


def test_a_file_in_its_folder_is_read_again_only_when_it_may_have_changed(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path)}
    made = kept()
    reads: list[Path] = []
    real = file_digests.of
    monkeypatch.setattr(file_digests, "of", lambda path: reads.append(path) or real(path))
    assert artifacts.local(made) == artifacts.local(made) and len(reads) == 1
    os.utime(tmp_path / made.key, (1, 1))
    assert artifacts.local(made) and len(reads) == 2


def test_the_library_of_buckets_is_not_loaded_for_a_folder() -> None:
    program = "import django, sys; django.setup(); from annotations.services import artifacts, artifact_places;"
    program += "artifact_places.current(); sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    told = {**os.environ, "DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
    assert subprocess.run([sys.executable, "-c", program], env=told, timeout=60).returncode == 0


def test_the_storages_are_made_by_django(s3: str, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.bucket(s3, "of")}
    assert type(storages["artifacts"]).__name__ == "BucketStorage"
