"""The check of a run as its worker makes it: what forbids a launch, and what becomes of the run."""

import json
from pathlib import Path

import pytest

from annotations.services import chores, pair_files
from tests.factories import make_loop, make_model, make_node, make_preference_set, make_training
from tests.trainer import write_pairs
from training.models import Gpu, TrainingPoint, TrainingRun
from training.recipes.settings import PRESETS, plain
from training.services import children
from training.services.trainer import check, ground, launcher
from training.services.trainer.ground import Asked

pytestmark = pytest.mark.django_db
GIB = 1 << 30
MODEL = {
    "parameters": 135_000_000, "dtype": "BF16", "architecture": "LlamaForCausalLM", "kind": "llama", "layers": 30,
    "hidden": 576, "inner": 1536, "keys": 192, "vocabulary": 49_152, "context": 8192,
}  # fmt: skip
LAW = {"in": 30, "left": {}, "there": 30, "looked": 10, "out": 8, "dropped": {"empty": 2}, "cut": 1}
NONE_OUT = LAW | {"out": 0, "looked": 10, "dropped": {"empty": 10}}
FOUND = {
    "problems": [], "warnings": ["Look at samples."], "model": MODEL, "template": {}, "tokens": {}, "seconds": 1.0,
    "rows": {"train": LAW, "dev": LAW}, "lengths": {"tokens": 500.0, "texts": {}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def on_this_node(monkeypatch, settings, tmp_path):
    """A node whose trainer is a program that finds FOUND; a set whose file is there; weights that are there."""
    settings.TRAINING_DIR, settings.NODE = tmp_path / "runs", "forge"
    settings.TRAINING_PYTHON = "/bin/true"
    write_pairs(tmp_path / "pairs.parquet")
    monkeypatch.setattr(pair_files, "path", lambda sha256: tmp_path / "pairs.parquet")
    (tmp_path / "model").mkdir()


@pytest.fixture
def base(tmp_path):
    return make_model("base", weights=str(tmp_path / "model"))


@pytest.fixture
def finds(monkeypatch):
    """Says what the child finds, or with which code it ends."""

    def make(found=FOUND, code=0, log=""):
        def run(hold, program, bounds, grown, far=(0, 0)):
            folder = Path(program.module[-1])
            program.log.write_text(log)
            assert (folder / "config.json").exists() and bounds.name == "The check"
            if not code:
                (folder / "check.json").write_text(json.dumps(found))
            return code

        monkeypatch.setattr(children, "run", run)

    return make


def made(**fields):
    """A run on the CPU that nobody has checked."""
    return make_training(**fields)


def checked(run):
    """The run after its worker has looked at it."""
    chores.do(TrainingRun, run.pk, check.job, "w1")
    run.refresh_from_db()
    return run


def test_a_run_in_which_nothing_is_wrong_waits_for_its_launch(base, finds):
    finds()
    run = checked(made(base=base))
    assert (run.state, run.phase, run.checked["problems"]) == ("waiting", "check", [])
    assert run.checked["warnings"] == ["Look at samples."]
    # of 30 pairs 10 were looked at and 8 fit: 24, in batches of one, four a step: 6 steps
    assert (run.checked["estimate"]["rows"], run.checked["estimate"]["steps"], run.total) == (24, 6, 6)


def test_a_run_of_a_loop_goes_straight_on(base, finds):
    finds()
    run = checked(made(base=base, loop=make_loop(base=base)))
    assert (run.state, run.phase) == ("queued", "train")


def test_a_run_of_a_loop_with_a_problem_fails_in_words(base, finds):
    finds(FOUND | {"problems": ["The base has no chat template."]})
    run = checked(made(base=base, loop=make_loop(base=base)))
    assert (run.state, run.reason) == ("failed", "The base has no chat template.")
    assert run.checked["problems"] == ["The base has no chat template."]


def test_a_merge_has_nothing_to_be_checked():
    run = checked(make_training("merge"))
    assert (run.state, run.phase) == ("queued", "train")


def test_a_node_that_cannot_train_is_said_and_nothing_is_started(base, monkeypatch):
    monkeypatch.setattr(children, "run", lambda *_: pytest.fail("a child was started"))
    run = checked(made(base=base, node=make_node("forge", problem="Run “make training” there.")))
    assert (run.state, run.checked["problems"]) == ("waiting", ["Run “make training” there."])


def test_weights_that_are_not_there_are_said_and_found_when_they_are(tmp_path, finds):
    finds()
    run = checked(made(base=make_model("away", weights=str(tmp_path / "later"))))
    assert run.state == "waiting" and "not at hand on forge" in run.checked["problems"][0]
    (tmp_path / "later").mkdir()
    TrainingRun.objects.update(state="queued")
    assert checked(run).checked["problems"] == []


def test_a_set_that_must_not_be_trained_on_is_said(base, finds):
    finds()
    leaky = make_preference_set(leaks={"state": "done", "exact": 1, "near": 0, "prompts": 4})
    assert "stand in benchmarks" in checked(made(base=base, preference_set=leaky)).checked["problems"][0]


def test_more_cards_than_the_node_has_are_said(base, finds):
    finds()
    run = checked(made(base=base, gpus=2, node=make_node("forge", gpus=1)))
    assert "wants 2 cards and forge has 1" in run.checked["problems"][0]


def test_a_base_on_another_node_is_said(finds, tmp_path):
    finds()
    run = checked(made(base=make_model("away", weights=str(tmp_path / "model"), node="anvil")))
    assert "lie on anvil" in run.checked["problems"][0]


@pytest.mark.parametrize(
    ("has", "problems", "warnings"),
    # 12 bytes for each of 135 M parameters, 1.7e9 of activations, 0.2e9 of the loss, 1 GiB of libraries: 4.3 GiB
    [(24, 0, 0), (4, 0, 1), (3, 1, 0)],
)
def test_memory_that_does_not_do_forbids_a_launch_and_is_called_computed(base, finds, has, problems, warnings):
    finds(FOUND | {"warnings": []})
    run = checked(made(base=base, node=make_node("forge", memory_bytes=has * GIB)))
    found = [run.checked["problems"], run.checked["warnings"]]
    assert [len(one) for one in found] == [problems, warnings]
    assert all("(computed)" in sentence for one in found for sentence in one)


def test_a_disk_that_is_too_small_forbids_a_launch(base, finds):
    finds()
    run = checked(made(base=base, node=make_node("forge", free_bytes=GIB)))
    assert "has 1 GB free" in run.checked["problems"][0]


def test_pairs_that_do_not_fill_a_batch_forbid_a_launch(base, finds):
    finds(FOUND | {"rows": {"train": LAW | {"there": 1, "looked": 1, "out": 1, "dropped": {}}, "dev": LAW}})
    settings = plain(PRESETS["tiny_cpu"].dpo) | {"per_device_train_batch_size": 2}
    assert "do not fill one batch" in checked(made(base=base, settings=settings)).checked["problems"][0]


def test_a_check_that_breaks_fails_with_its_last_words(base, finds):
    finds(code=1, log="5 of 9\nModuleNotFoundError: no transformers\n")
    run = checked(made(base=base))
    assert (run.state, run.reason) == (
        "failed",
        "The check itself failed (exit code 1): ModuleNotFoundError: no transformers",
    )


def test_how_far_the_check_is_stands_in_its_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("0 of 0\n310 of 2000\nsome warning of 3 libraries\n")
    assert check._far(log) == (310, 2000)


def asked(base, checked=None, **fields):
    values = {"kind": "dpo", "settings": PRESETS["tiny_cpu"].dpo, "base": base, "node": make_node(), "gpus": 0}
    values |= {"preference_set": make_preference_set(splits={"train": 400, "dev": 4})}
    return Asked(**values | fields, checked=checked or {})


def test_before_the_check_pairs_and_texts_are_counted_at_most():
    told = ground.estimated(asked(make_model("base", name="SmolLM2 135M", weights="a/b")))
    # 400 pairs, four a step; both texts of a pair as long as allowed
    assert (told["steps"], told["tokens"], told["at_most"]) == (100, 1280, True)
    assert told["parameters"] == 135_000_000 and "135,000,000 parameters by its name" in told["unknown"][0]


def test_a_base_of_unknown_size_has_steps_and_no_memory():
    told = ground.estimated(asked(make_model("base", name="Thing", weights="a/thing")))
    assert told["steps"] == 100 and "need" not in told and told["seconds"] is None


def test_time_is_computed_from_the_cores_where_nobody_measured(base):
    told = ground.estimated(asked(base, FOUND))
    # tiny preset: no recomputation, 6 steps of 4 pairs of 500 tokens, 24 pairs for the reference, no look at 16 rows
    operations = 135e6 * 500 * (6 * 4 * 6 + 2 * 24)
    assert told["seconds"] == pytest.approx(operations / (2 * 0.05e12), abs=0.1)
    assert told["how"] == "computed" and "never measured" in told["source"]


def test_time_is_that_of_the_last_run_alike_scaled_by_tokens(base):
    before = make_training(base=base, state="finished", phase="train", checked=FOUND)
    for step, seconds in enumerate((9.0, 2.0, 2.0), start=1):
        TrainingPoint.objects.create(run=before, kind="log", step=step, values={"step_seconds": seconds})
    longer = FOUND | {"lengths": {"tokens": 1000.0}}
    told = ground.estimated(asked(base, longer, node=before.node))
    # 6 steps of 2 s each, every one of twice the tokens
    assert (told["seconds"], told["how"]) == (24.0, "measured")
    assert f"training run {before.pk}" in told["source"]


def test_another_way_of_training_says_nothing_of_this_one(base):
    make_training(base=base, state="finished", phase="train", checked=FOUND).points.create(
        kind="log", step=1, values={"step_seconds": 2.0}
    )
    other = PRESETS["lora"].dpo
    assert ground.estimated(asked(base, FOUND, settings=other))["how"] == "computed"


def test_what_an_earlier_check_found_of_base_and_pairs_is_known(base):
    before = make_training(base=base, state="waiting", checked=FOUND)
    told = ground.estimated(asked(base, preference_set=before.preference_set))
    assert (told["tokens"], told["parameters"]) == (500, 135_000_000)


def test_the_smallest_card_says_whether_it_fits(base):
    node = make_node("forge", gpus=2)
    Gpu.objects.filter(number=1).update(memory_bytes=20 * GIB, name="L4")
    told = ground.estimated(asked(base, FOUND, node=node, gpus=2))
    assert (told["has"], told["where"]) == (20 * GIB, "L4")


def test_a_folder_is_prepared_anew_at_each_check(base, finds):
    finds()
    run = made(base=base)
    folder = launcher.folder_of(run)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("an old one")
    checked(run)
    assert json.loads((folder / "config.json").read_text())["kind"] == "dpo"
