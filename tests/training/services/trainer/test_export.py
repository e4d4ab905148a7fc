"""A checkpoint as a ZIP: whole, as it was written, broken off where it is not; and the command that reads all again."""

import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from annotations.services import file_digests
from tests import small_models, stores
from tests.factories import make_node
from training.services.trainer import export

pytestmark = pytest.mark.django_db


@pytest.fixture
def checkpoint(settings, tmp_path):
    settings.TRAINING_DIR = tmp_path
    return small_models.registered()


def weights_of(checkpoint):
    return export.folder_of(checkpoint) / "model.safetensors"


def spoil(checkpoint):
    path = weights_of(checkpoint)
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def test_the_zip_has_every_file_as_it_lies_there_stored(checkpoint):
    packed = zipfile.ZipFile(io.BytesIO(b"".join(export.pieces(checkpoint))))
    names = {name.removeprefix(f"{checkpoint.model.slug}/") for name in packed.namelist()}
    assert names == {*checkpoint.files, "FINISHED.json", "README.md", "lineage.json"}
    assert {one.compress_type for one in packed.infolist()} == {zipfile.ZIP_STORED} and packed.testzip() is None
    folder = export.folder_of(checkpoint)
    assert all(packed.read(f"{checkpoint.model.slug}/{name}") == (folder / name).read_bytes() for name in names)
    assert json.loads(packed.read(f"{checkpoint.model.slug}/lineage.json")) == checkpoint.lineage


def test_a_file_comes_in_pieces(checkpoint, monkeypatch):
    monkeypatch.setattr(file_digests, "PIECE", 10)
    assert sum(1 for _ in export.pieces(checkpoint)) >= checkpoint.size / 10


def test_a_file_that_is_another_one_breaks_the_download_off(checkpoint):
    spoil(checkpoint)
    with pytest.raises(export.Broken, match="model.safetensors is not what was written"):
        b"".join(export.pieces(checkpoint))


def test_a_file_that_is_missing_is_said_before_anything_is_sent(checkpoint):
    weights_of(checkpoint).unlink()
    assert "are not as they were written: model.safetensors is missing in model." in export.why_not(checkpoint)


def test_files_of_another_node_are_named_with_node_and_folder(checkpoint, settings, tmp_path):
    settings.NODE, settings.TRAINING_DIR = "desk", tmp_path / "nothing"
    said = export.why_not(checkpoint)
    assert checkpoint.run.node.name in said and f"in {tmp_path}/nothing/{checkpoint.folder}" in said


def test_files_of_the_store_are_packed_on_any_machine(settings, tmp_path):
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}
    settings.TRAINING_DIR, settings.ARTIFACTS_SHARED = tmp_path / "forge", True
    checkpoint = small_models.registered()
    there = {name: (export.folder_of(checkpoint) / name).read_bytes() for name in (*checkpoint.files, "FINISHED.json")}
    settings.NODE, settings.TRAINING_DIR = "desk", tmp_path / "nothing"
    assert export.why_not(checkpoint) == ""
    packed = zipfile.ZipFile(io.BytesIO(b"".join(export.pieces(checkpoint))))
    assert {name: packed.read(f"{checkpoint.model.slug}/{name}") for name in there} == there


def test_files_on_a_shared_disk_may_be_taken_from_any_machine(checkpoint, settings):
    settings.NODE = "desk"
    assert export.why_not(checkpoint) == ""


def test_another_model_in_the_place_of_this_one_is_found(checkpoint):
    small_models.checkpoints.mark(export.folder_of(checkpoint), 10)  # card and lineage now belong to it
    assert "FINISHED.json is not the one that was registered." in export.why_not(checkpoint)


def test_the_command_reads_every_byte_and_fails_for_a_broken_one(checkpoint, capsys):
    call_command("verify_checkpoints")
    assert capsys.readouterr().out == f"{checkpoint}: whole\n"
    spoil(checkpoint)
    call_command("verify_checkpoints", "--quick")
    with pytest.raises(CommandError, match="1 of 1 checkpoints are not as they were registered"):
        call_command("verify_checkpoints", str(checkpoint))
    assert "model.safetensors in model is not what was written" in capsys.readouterr().out


def test_the_command_knows_this_nodes_checkpoints_alone(checkpoint, settings):
    small_models.registered(seed=2, node=make_node("elsewhere"), base=checkpoint.run.base)
    with pytest.raises(CommandError, match=f"This node, {settings.NODE}, has no checkpoint nothing"):
        call_command("verify_checkpoints", "nothing")
    call_command("verify_checkpoints", str(checkpoint))
