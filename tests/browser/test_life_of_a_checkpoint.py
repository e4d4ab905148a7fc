"""A training run from its form to a promoted checkpoint: checked, launched, watched while it trains, failed, resumed,
taken into the registry. The trainer trains nothing here; real ones are in tests/training."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotations.models import PreferenceSet
from annotations.services import chores
from tests.factories import make_checkpoint, make_person
from tests.supervised import fake_command, make_run
from tests.training.services.trainer.test_check import FOUND
from training.models import Checkpoint, TrainingRun
from training.services import children
from training.services.trainer import launcher, processes, registry, supervise, watch
from training.tasks import JOBS

STEPS = 6
WHOLE = {"counts": [8] + [0] * 16, "n": 8, "mean": 50, "median": 40, "p95": 60, "max": 64}
TOKENS = {"eos_token": "<|im_end|>", "pad_token": "<|im_end|>", "bos_token": ""}
LENGTHS = {"up_to": [64, 128], "looked": 10, "of": 30, "seed": 0, "tokens": 99.0, "texts": {"whole": WHOLE}}


@pytest.fixture
def trainer(settings, tmp_path, monkeypatch):
    """A node of this machine with a base, a preference set whose file is there, and a trainer that trains nothing."""

    def child(hold, program, bounds, grown, far=(0, 0)):
        (Path(program.module[-1]) / "check.json").write_text(
            json.dumps(FOUND | {"lengths": LENGTHS, "tokens": TOKENS}), encoding="utf-8"
        )
        return 0

    def register(run, folder, result):
        return make_checkpoint(run, result.step)

    settings.TRAINING_DIR, settings.PREFERENCES_DIR = tmp_path / "runs", tmp_path / "sets"
    settings.TRAINING_PYTHON, settings.NODE = "/bin/true", "forge"
    monkeypatch.setattr(children, "run", child)
    monkeypatch.setattr(launcher, "command", fake_command)
    monkeypatch.setattr(registry, "register", register)
    for module, names in ((processes, ("STOP_SECONDS", "TERM_SECONDS")), (watch, ("SHOW_SECONDS", "LIFE_SECONDS"))):
        for name in names:
            monkeypatch.setattr(module, name, 0.1)
    monkeypatch.setattr(supervise, "LOOK_SECONDS", 0.01)
    yield make_run(title="An older run", state="finished")
    for folder in processes.below(settings.TRAINING_DIR):
        processes.end(folder)


def look(run: TrainingRun) -> None:
    """What a worker of the node does when it hears of the run."""
    chores.do(TrainingRun, run.pk, JOBS["trainingrun"], "tester")


def plan(run: TrainingRun, **first: object) -> None:
    """What the trainer will do at its first start, and that it goes on to the end at the next."""
    folder = launcher.folder_of(run)
    (folder / "plan.json").write_text(json.dumps([{"steps": STEPS, "save": 2} | first, {"steps": STEPS, "save": 2}]))


def ask_for_a_run(page: Page) -> TrainingRun:
    page.get_by_role("link", name="Training runs").click()
    page.get_by_role("link", name="Start a training run").click()
    page.get_by_label("Preference set").select_option(str(PreferenceSet.objects.get().pk))
    page.get_by_label("Title").fill("Lantern, <b>first</b> try")
    page.get_by_label("Learning rate").fill("-1")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("greater than or equal to 0").first).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Lantern, <b>first</b> try")
    page.get_by_label("Learning rate").fill("1e-5")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("main h1")).to_contain_text("Lantern, <b>first</b> try")
    return TrainingRun.objects.get(title__startswith="Lantern")


def test_a_training_run_becomes_a_promoted_checkpoint(window, trainer):
    page = window.open("/recipes/", make_person("grace"))
    run = ask_for_a_run(page)

    look(run)
    page.get_by_role("button", name="Start").click()
    run.refresh_from_db()
    assert (run.state, run.phase, run.settings["learning_rate"]) == ("queued", "train", 1e-5)

    plan(run, fail="out_of_memory", fail_at=4)
    look(run)
    page.reload()
    expect(page.locator("main")).to_contain_text("failed")
    page.get_by_role("button", name="Resume").click()
    look(run)
    run.refresh_from_db()
    assert (run.state, run.done, run.starts) == ("finished", STEPS, 2)

    page.reload()
    expect(page.locator("main")).to_contain_text("0.166")  # the loss of step 6 is 1/6
    made = Checkpoint.objects.get(run=run)
    page.get_by_role("link", name=made.model.name).first.click()
    page.get_by_label("Why").fill("The best of the two, by its dev set.")
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_text("Tick the box: this model proves the path")).to_be_visible()
    page.get_by_label("I know that it is a plumbing model").check()
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_role("button", name="Take the promotion back")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The best of the two, by its dev set.")
    made.refresh_from_db()
    assert made.promoted_by == make_person("grace")
