"""How a trainer is started: by which command, told what, on which config."""

import json

import pytest

from annotations.services.chores import ChoreProblem
from tests.factories import make_model, make_training
from tests.supervised import make_pairs, make_run
from training.recipes import run_dir
from training.recipes.settings import PRESETS, plain
from training.services.trainer import launcher

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.TRAINING_DIR, settings.TRAINING_PYTHON = tmp_path, "/bin/true"
    return tmp_path


def words(run):
    return launcher.command(run, launcher.folder_of(run))


def test_without_a_card_the_recipe_runs_by_itself(place):
    run = make_training("sft")
    assert words(run) == ["/bin/true", "-m", "training.recipes.sft", str(place / str(run.pk))]


def test_a_merge_never_runs_by_accelerate(place):
    assert words(make_training("merge", gpus=4))[1:3] == ["-m", "training.recipes.merge"]


@pytest.mark.parametrize(
    ("gpus", "precision", "file", "more"),
    [
        (1, "bf16", "gpu_1.yaml", ["--num_processes", "1", "--mixed_precision", "bf16"]),
        (2, "fp32", "fsdp2_4.yaml", ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]),
        (4, "bf16_weights", "fsdp2_4.yaml", [
            "--num_processes", "4", "--mixed_precision", "no", "--main_process_port", "0"
        ]),
    ],
)  # fmt: skip
def test_with_cards_accelerate_starts_a_process_for_each(gpus, precision, file, more):
    settings = plain(PRESETS["paper"].dpo) | {"precision": precision}
    said = words(make_training(gpus=gpus, settings=settings))
    path = launcher.RECIPES / "accelerate" / file
    assert path.is_file()
    assert said[1:-3] == ["-m", "accelerate.commands.launch", "--config_file", str(path), *more]
    assert said[-3:-1] == ["-m", "training.recipes.dpo"]


def test_the_trainer_is_told_its_cards_its_folder_and_nothing_of_ours(monkeypatch, place):
    for name in ("COSA_KEY_HOUSE", "DJANGO_SETTINGS_MODULE", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(launcher.machine, "cores", lambda: 48)
    run = make_training(gpus=4)
    told = launcher.environment(run, launcher.folder_of(run), [1, 3, 5, 7])
    assert "secret" not in told.values()
    assert (told["CUDA_VISIBLE_DEVICES"], told["CUDA_DEVICE_ORDER"]) == ("1,3,5,7", "PCI_BUS_ID")
    assert told["OMP_WAIT_POLICY"] == "passive"
    assert (told["OMP_NUM_THREADS"], told["HF_HUB_OFFLINE"], told["TORCH_NCCL_DUMP_ON_TIMEOUT"]) == ("12", "1", "1")
    assert told["TRAINING_RUN_DIR"] == str(place / str(run.pk))


def test_the_config_is_written_once():
    run = make_run(settings=plain(PRESETS["tiny_cpu"].dpo), preference_set=make_pairs(dev=6))
    folder = launcher.prepare(run)
    config = run_dir.read_config(folder)
    assert (config.kind, config.settings, config.alone_seconds) == ("dpo", run.settings, 900)
    assert (config.base, config.pairs[-8:]) == (run.base.weights, ".parquet")
    questions = [f"How do tides work, part {at}?" for at in range(2, 6)]  # the first four of the dev split
    assert config.prompts == [{"system": "You help at a desk.", "user": question} for question in questions]
    run.settings = {}
    launcher.prepare(run)
    assert run_dir.read_config(folder) == config


def test_no_prompts_are_kept_for_a_run_that_answers_none():
    run = make_run(settings=plain(PRESETS["paper"].dpo))
    assert run_dir.read_config(launcher.prepare(run)).prompts == []


def test_what_is_not_there_is_said_before_anything_starts(settings):
    with pytest.raises(ChoreProblem, match="The pairs of “Pairs of the lantern” are not at hand on"):
        launcher.prepare(make_training(base=make_model("there", weights="/")))
    with pytest.raises(ChoreProblem, match="The weights of Base are not at hand"):
        launcher.prepare(make_training())
    settings.TRAINING_PYTHON = ""
    with pytest.raises(ChoreProblem, match="no environment that trains. Run “make training”"):
        launcher.prepare(make_run())


def test_a_damaged_config_is_said_in_words():
    run = make_run()
    (launcher.folder_of(run) / "config.json").write_text("{")
    with pytest.raises(ChoreProblem, match="The folder of this run is damaged"):
        launcher.prepare(run)


def test_what_the_result_depends_on_is_kept_at_the_start():
    run = make_run()
    folder = launcher.prepare(run)
    record = launcher.record(run, folder, [])
    assert record["digests"]["pairs"] == run.preference_set.sha256 and len(record["digests"]["config.json"]) == 64
    assert json.loads(json.dumps(record))["base"] == {"slug": "base", "weights": run.base.weights}


def test_the_version_of_the_code_is_known_without_a_repository_too(settings, tmp_path):
    launcher.code_version.cache_clear()
    settings.BASE_DIR = tmp_path
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "7.1"\n')
    try:
        assert launcher.code_version() == "version 7.1"
    finally:
        launcher.code_version.cache_clear()


def test_a_base_that_moved_is_looked_for_where_its_page_says_it_lies_now(tmp_path):
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    run = make_training(base=make_model("mover", weights=str(tmp_path / "before")), preference_set=make_pairs())
    launcher.prepare(run)
    (tmp_path / "before").rmdir()
    run.base.weights = str(tmp_path / "after")
    run.base.save()
    assert run_dir.read_config(launcher.prepare(run)).base == str(tmp_path / "after")
