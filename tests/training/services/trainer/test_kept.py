"""Checkpoints in the store of artifacts: kept once, fetched whole by another machine, read where they are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Artifact
from annotations.services import artifacts
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactProblem
from annotations.services.chores import Stopped
from tests import small_models, stores
from tests.factories import make_node
from training.models import Checkpoint
from training.recipes import checkpoints
from training.services import weights
from training.services.trainer import kept, launcher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shared(settings: Any, tmp_path: Path) -> None:
    settings.TRAINING_DIR = tmp_path / "forge"
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}
    settings.ARTIFACTS_SHARED = True


@pytest.fixture
def made(settings: Any) -> Checkpoint:
    """A checkpoint of the node forge, seen from the node desk, which has nothing of it."""
    settings.NODE = "forge"
    checkpoint = small_models.registered()
    settings.NODE, settings.TRAINING_DIR = "desk", settings.TRAINING_DIR.with_name("desk")
    return checkpoint


def stored(checkpoint: Checkpoint, name: str = "model.safetensors") -> Path:
    """Where a file of it lies in the store."""
    (path,) = Path(artifacts.artifact_places.current().path(".") or "").rglob(checkpoint.files[name][1])
    return path


def names(folder: Path) -> list[str]:
    """What lies in a folder beside the lock."""
    return sorted(one.name for one in folder.iterdir() if one.name != kept.LOCK)


def test_a_registered_checkpoint_is_in_the_store(made: Checkpoint) -> None:
    assert kept.is_kept(made)
    assert {one.sha256 for one in Artifact.objects.all()} == {digest for _, digest in made.files.values()}


def test_on_one_machine_nothing_is_kept_twice(settings: Any) -> None:
    settings.ARTIFACTS_SHARED = False
    assert not kept.is_kept(small_models.registered()) and not Artifact.objects.exists()


def test_checkpoints_share_the_files_that_are_alike(made: Checkpoint, settings: Any) -> None:
    settings.NODE, settings.TRAINING_DIR = "forge", settings.TRAINING_DIR.with_name("forge")
    other = small_models.registered(seed=2.0, base=made.model)
    assert kept.is_kept(other) and Artifact.objects.count() == len(made.files) + 1  # the weights alone differ


def test_a_store_that_does_not_take_it_costs_no_checkpoint(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def keep(*told: object) -> None:
        raise ArtifactProblem("full")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "keep", keep)
        checkpoint = small_models.registered()
    assert not kept.is_kept(checkpoint) and f"checkpoint {checkpoint.pk} is not in the store" in caplog.text
    call_command("verify_checkpoints", "--keep", "--quick")
    assert kept.is_kept(checkpoint)


def test_another_machine_fetches_it_whole_and_trains_on_it(made: Checkpoint, settings: Any) -> None:
    assert weights.of(made.model) == ""
    place = Path(weights.fetched(made.model))
    assert place == settings.TRAINING_DIR / made.folder and checkpoints.wrong(place) == ""
    marked = checkpoints.read(place)
    assert marked and (marked.sha256, marked.step) == (made.sha256, made.step)
    assert not weights.is_bound(made.model, "desk") and names(place.parent) == ["model"]


def test_the_file_for_llama_cpp_lies_beside_it(made: Checkpoint, tmp_path: Path, settings: Any) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    one = artifacts.keep(tmp_path / "model.gguf", "checkpoint", kept.KEY)
    made.lineage["gguf"] = {"name": "model.gguf", "bytes": 4, "sha256": one.sha256, "kind": "q8_0"}
    path = kept.bring_beside(made)
    assert path.read_bytes() == b"GGUF" and names(path.parent) == ["model.gguf"]  # a server of it needs nothing else


def test_a_damaged_file_of_the_store_is_not_fetched_and_leaves_nothing(made: Checkpoint, settings: Any) -> None:
    stored(made).write_bytes(b"x" * made.files["model.safetensors"][0])
    with pytest.raises(ArtifactDamaged):
        kept.bring(made)
    assert names(settings.TRAINING_DIR / str(made.run_id)) == []


def test_what_lies_broken_on_the_machine_is_put_aside(made: Checkpoint) -> None:
    place = kept.bring(made)
    (place / "config.json").unlink()
    assert checkpoints.wrong(kept.bring(made)) == "" and len(names(place.parent)) == 2


def test_another_model_in_its_place_is_put_aside(made: Checkpoint, settings: Any) -> None:
    place = settings.TRAINING_DIR / made.folder
    checkpoints.mark(small_models.write(place, 7.0), 10)
    assert checkpoints.wrong(place) == "" and checkpoints.read(kept.bring(made)).sha256 == made.sha256  # type: ignore[union-attr]


def test_two_that_want_it_at_once_fetch_it_once(made: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched, begun, go = list[str](), Event(), Event()
    stream = artifacts.stream

    def slow(artifact: Artifact, *more: Any) -> Iterator[bytes]:
        fetched.append(artifact.sha256)
        begun.set()
        go.wait(10)
        yield from stream(artifact, *more)

    monkeypatch.setattr(artifacts, "stream", slow)
    str(made)  # its model is read here: threads of this test have no database
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(kept.bring, made)
        assert begun.wait(10)
        second = threads.submit(kept.bring, made)
        with pytest.raises(Stopped):  # a third is told to end while it waits
            kept.bring(made, lambda: True)
        go.set()
        assert first.result(10) == second.result(10)
    assert len(fetched) == len(made.files) and checkpoints.wrong(first.result()) == ""


def test_who_is_told_to_end_leaves_nothing_and_what_a_killed_one_left_is_removed(made: Checkpoint) -> None:
    asked = iter([False, False, True])
    with pytest.raises(Stopped):
        kept.bring(made, lambda: next(asked))
    folder = kept._folder(made, kept.files(made)[0]).parent
    assert names(folder) == []
    (folder / ".model-part").mkdir()
    (folder / ".model-part" / "config.json").write_text("half")
    kept.bring(made)
    assert names(folder) == ["model"]


def test_a_full_disk_is_said_before_anything_is_fetched_and_while_it_is(
    made: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for what, fails in (("shutil.disk_usage", lambda _: SimpleNamespace(free=1)), ("os.fsync", full)):
        with monkeypatch.context() as patch:
            patch.setattr(f"training.services.trainer.kept.{what}", fails)
            with pytest.raises(ArtifactProblem, match="The disk of desk has no room for the weights of run"):
                kept.bring(made)
        assert names(kept._folder(made, kept.files(made)[0]).parent) == []


def full(_: object) -> None:
    raise OSError(ENOSPC, "No space left on device")


def test_without_a_store_it_is_bound_to_its_node(made: Checkpoint) -> None:
    Artifact.objects.all().delete()
    assert weights.is_bound(made.model, "desk") and weights.fetched(made.model) == ""
    with pytest.raises(ArtifactMissing, match="lies on the node forge"):
        kept.source(made, "config.json")


def test_a_run_elsewhere_begins_from_it(made: Checkpoint) -> None:
    run = small_models.make_training(base=made.model, node=make_node("desk"))
    assert launcher._weights(run, made.model).endswith(made.folder)


def test_keeping_what_was_changed_meanwhile_fails(settings: Any) -> None:
    settings.ARTIFACTS_SHARED = False
    checkpoint = small_models.registered()
    settings.ARTIFACTS_SHARED = True
    (settings.TRAINING_DIR / checkpoint.folder / "config.json").write_bytes(b"{}")
    with pytest.raises(ArtifactDamaged, match="not what was written"):
        kept.share(checkpoint)
    with pytest.raises(CommandError):
        call_command("verify_checkpoints", "--keep")
