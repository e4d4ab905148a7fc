"""What a run came to enters the registry once, whole, with all it came from."""

import json
import os
import sys
from pathlib import Path

import pytest

from annotations.models import AuditEvent, LanguageModel
from annotations.services.chores import ChoreProblem, Stopped
from tests import small_models
from tests.databases import at_once
from tests.factories import make_model, make_node, make_preference_set
from training.models import Checkpoint, TrainingRun
from training.recipes import checkpoints
from training.services import weights
from training.services.trainer import card as cards
from training.services.trainer import registry

pytestmark = pytest.mark.django_db
CONVERTER = """#!{python}
import sys
from pathlib import Path
assert sys.argv[1:3] == ["-m", "training.recipes.to_gguf"], sys.argv
{does}
"""


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.TRAINING_DIR, settings.TRAINING_PYTHON = tmp_path / "training", ""


def converter(settings, tmp_path, does):
    """A Python that does this when it is asked to convert."""
    script = tmp_path / "python"
    script.write_text(CONVERTER.format(python=sys.executable, does=does))
    script.chmod(0o755)
    settings.TRAINING_PYTHON = str(script)


def test_a_checkpoint_says_all_it_came_from():
    pairs = make_preference_set(title="Pairs", manifest={"recipe": 7}, overruled_why="")
    made = small_models.registered(base=make_model("base", name="Base"), preset="lora", preference_set=pairs)
    said = made.lineage
    assert (said["base"]["slug"], said["base"]["checkpoint"], said["other"]) == ("base", "", None)
    assert said["preference_set"]["sha256"] == "0" * 64 and len(said["preference_set"]["manifest_sha256"]) == 64
    assert (said["preset"], said["code"], said["recipe"]) == ("lora", "abc123", "training.recipes.dpo")
    assert (said["command"], said["versions"]["trl"], said["hardware"]) == (["python"], "1.16.0", {"processors": 2})
    assert said["seeds"] == {"seed": 0, "data_seed": 0} and said["settings"] == made.run.settings
    assert (said["rows"], said["tokens"], said["figures"]) == (small_models.LAW, 1234, {"eval_loss": 0.625})
    assert (said["model"]["layers"], said["model"]["context"]) == (2, 64)


def test_its_model_is_called_by_run_step_and_digest_and_lies_on_the_node():
    made = small_models.registered(base=make_model("base", plumbing=True))
    model = made.model
    assert model.slug == model.model == f"run{made.run_id}-step10-{made.sha256[:8]}"
    assert (model.engine, model.node, model.context_tokens) == ("transformers", made.run.node.name, 64)
    # Everybody sees the model, and only its organisation the titles of its pairs.
    assert model.plumbing and model.note.startswith(f"DPO of Base on preference set {made.run.preference_set_id} by ")
    assert "lantern" not in model.note
    assert "No file for llama.cpp: there is no environment that trains." in model.note
    assert weights.of(model) == model.weights == str(registry.settings.TRAINING_DIR / made.folder)
    event = AuditEvent.objects.get(object_type="checkpoint")
    assert (event.action, event.actor, event.after["sha256"]) == ("register", None, made.sha256)


def test_the_files_of_a_checkpoint_are_those_of_its_marker():
    made = small_models.registered()
    marked = checkpoints.read(registry.settings.TRAINING_DIR / made.folder)
    assert made.files == {name: list(one) for name, one in marked.files.items()}
    assert (made.sha256, made.size) == (marked.sha256, marked.size)


def test_card_and_lineage_lie_beside_the_weights_and_break_nothing():
    made = small_models.registered()
    folder = registry.settings.TRAINING_DIR / made.folder
    assert json.loads((folder / "lineage.json").read_text()) == made.lineage
    card = (folder / "README.md").read_text()
    assert "It is a plumbing model" in card
    assert f"# {made.model.slug}" in card and "train: 4 in = 3 out, 1 dropped (too long); 1 were cut." in card
    assert "`eval_loss`: 0.625 (mean of 1 pairs of the dev set, no interval)" in card
    assert checkpoints.wrong(folder) == ""


@pytest.mark.parametrize("name", ["eval_runtime", "eval_samples_per_second", "eval_num_tokens"])
def test_a_card_calls_no_figure_a_mean_that_is_none(name):
    lineage = {"rows": {"dev": {"in": 4, "out": 4}}, "figures": {name: 2.0}}
    assert f"- `{name}`: 2\n" in cards.markdown("run1-step2-ab", lineage)


def test_a_card_takes_no_marks_from_the_titles_of_people():
    made = small_models.registered(base=make_model("base", name="a | b\n# <img src=x>"))
    card = (registry.settings.TRAINING_DIR / made.folder / "README.md").read_text()
    assert "- Base: a | b # &lt;img src=x> (base)\n" in card and "\n# <img" not in card


def test_a_run_that_is_registered_again_gives_the_same_checkpoint():
    run, folder, result = small_models.ended()
    first = registry.register(run, folder, result)
    assert registry.register(run, folder, result) == first
    assert (Checkpoint.objects.count(), LanguageModel.objects.filter(slug__startswith="run").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_of_two_supervisors_both_get_the_one_checkpoint():
    ended = small_models.ended()
    found = at_once(lambda: registry.register(*ended).pk, lambda: registry.register(*ended).pk)
    assert found[0] == found[1] and Checkpoint.objects.count() == 1


def test_a_model_that_is_broken_is_not_registered():
    run, folder, result = small_models.ended()
    with (folder / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    with pytest.raises(ChoreProblem, match="model.safetensors in model is not what was written. Resume"):
        registry.register(run, folder, result)
    assert not Checkpoint.objects.exists()


def test_a_model_that_was_never_finished_is_not_registered():
    run, folder, result = small_models.ended()
    (folder / "model" / "FINISHED.json").unlink()
    with pytest.raises(ChoreProblem, match="model was never finished"):
        registry.register(run, folder, result)


def test_another_model_than_the_trainer_told_of_is_not_registered():
    run, folder, result = small_models.ended()
    small = folder / "model"
    (small / "chat_template.jinja").write_text("other")
    checkpoints.mark(small, 10)
    with pytest.raises(ChoreProblem, match="not the one it told of"):
        registry.register(run, folder, result)


def test_a_model_that_was_converted_is_served_by_llama_cpp(settings, tmp_path):
    converter(settings, tmp_path, "Path(sys.argv[4]).write_bytes(b'GGUF')")
    run, folder, result = small_models.ended(
        base=make_model("base", engine="embedded", context_tokens=32, max_tokens=9)
    )
    made = registry.register(run, folder, result)
    assert (made.model.engine, made.model.weights) == ("embedded", str(folder / "model.gguf"))
    assert (made.model.context_tokens, made.model.max_tokens) == (32, 9)  # as its base, which the same engine serves
    assert made.gguf == f"{run.pk}/model.gguf" and made.lineage["gguf"]["bytes"] == 4
    assert weights.of(made.model) == str(folder / "model")  # training goes on from the weights, not from the file


@pytest.mark.parametrize(("age", "kept"), [(-5, b"new"), (5, b"old")])
def test_a_file_that_was_made_of_an_earlier_model_is_made_anew(settings, tmp_path, age, kept):
    converter(settings, tmp_path, "Path(sys.argv[4]).write_bytes(b'new')")
    run, folder, result = small_models.ended()
    (folder / "model.gguf").write_bytes(b"old")
    written = (folder / "model" / "FINISHED.json").stat().st_mtime + age
    os.utime(folder / "model.gguf", (written, written))
    registry.register(run, folder, result)
    assert (folder / "model.gguf").read_bytes() == kept


def test_a_conversion_that_fails_is_a_note_and_no_failure(settings, tmp_path):
    converter(settings, tmp_path, "sys.exit('Gemma cannot be written as GGUF here.')")
    made = registry.register(*small_models.ended(node=make_node(settings.NODE, gpus=1, serving={"vllm": "0.33"})))
    assert (made.model.engine, made.model.serving) == ("vllm", {"gpus": 1})
    assert made.model.note.endswith("No file for llama.cpp: Gemma cannot be written as GGUF here.")


def test_a_conversion_that_does_not_end_is_ended(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "CONVERT_SECONDS", 0.2)
    converter(settings, tmp_path, "import time; time.sleep(60)")
    assert "the conversion did not end (TimeoutExpired)" in registry.register(*small_models.ended()).model.note


def test_weights_too_large_for_a_processor_are_not_converted(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "MOST_BYTES", 10)
    converter(settings, tmp_path, "sys.exit('never asked')")
    assert "too large to be served by a processor" in registry.register(*small_models.ended()).model.note


def test_a_merge_has_both_parents_and_the_chain_goes_on():
    one = small_models.registered(seed=1)
    two = small_models.registered(seed=2, base=one.model)
    three = small_models.registered("merge", seed=3, base=two.model, other=one.model)
    assert three.model.slug == f"run{three.run_id}-merge-{three.sha256[:8]}" and three.step == 0
    assert (three.lineage["base"]["checkpoint"], three.lineage["other"]["checkpoint"]) == (two.sha256, one.sha256)
    assert [above["slug"] for above in three.lineage["ancestors"]] == [one.model.slug, two.model.slug]
    assert three.lineage["ancestors"][1]["bases"] == [one.model.slug]
    assert three.lineage["preference_set"] is None
    assert three.model.note.startswith(f"Merge of {two.model.name} and {one.model.name}")


@pytest.mark.parametrize("there", [True, False])
def test_weights_are_at_hand_on_their_own_node_alone(settings, tmp_path, there):
    (tmp_path / "model.gguf").touch()
    node = settings.NODE if there else "elsewhere"
    model = make_model("other", node=node, weights=str(tmp_path / "model.gguf"))
    assert weights.of(model) == (str(tmp_path / "model.gguf") if there else "")


@pytest.mark.parametrize(
    ("given", "found"), [("someone/model", True), ("gpt2", True), ("/nowhere/model", False), ("a/b/c", False)]
)
def test_a_hub_id_is_told_from_a_path(given, found):
    assert bool(weights.of(make_model("other", weights=given))) is found


def test_the_packaged_models_weights_are_its_file():
    found = Path(weights.of(make_model("small", engine="embedded")))
    assert found.suffix == ".gguf" and found.is_file()
    assert weights.of(make_model("far", engine="openai_http")) == ""


def test_a_run_that_was_cancelled_while_its_model_was_read_registers_nothing(monkeypatch):
    read = registry._served

    def cancelled_meanwhile(run, folder, finished):
        TrainingRun.objects.filter(pk=run.pk).update(state="cancelled")
        return read(run, folder, finished)

    monkeypatch.setattr(registry, "_served", cancelled_meanwhile)
    with pytest.raises(Stopped):
        small_models.registered()
    assert not Checkpoint.objects.exists()
