"""Making a map: a real program lays vectors out, what it finds is kept, and every way it can fail ends in words."""

from pathlib import Path
from time import sleep

import numpy as np
import pytest

from annotations.core import meaning
from annotations.models import AuditEvent, Prompt, TextVector
from annotations.services import chores
from annotations.tasks import do_now
from tests import fake_harness
from tests.factories import make_config, make_model, make_organisation, make_person, make_prompt, make_training_prompts
from tests.stub_server import StubServer
from training import tasks
from training.clustering import DENSE, Settings
from training.models import Cluster, PromptMap
from training.services import children, maps, work

pytestmark = pytest.mark.django_db
assert tasks.JOBS["promptmap"] is maps.job
TEXTS = [*(f"How do castles {number}?" for number in range(8)), *(f"Who baked cakes {number}?" for number in range(6))]


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch):
    monkeypatch.setattr(children, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(children, "LOG_SECONDS", 0.0)
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(meaning, "available", lambda: "")


def remember(benchmark):
    """Vectors of the benchmark's prompts as if the sentence model had made them: texts of one beginning in one heap."""
    random = np.random.default_rng(0)
    for prompt in Prompt.objects.filter(benchmark=benchmark).order_by("pk"):
        vector = np.eye(6)[int(prompt.text.startswith("Who"))] + random.normal(0, 0.03, 6)
        kept = vector.astype("<f4").tobytes()
        TextVector.objects.create(digest=prompt.digest, model=meaning.MODEL, vector=kept)


def started(benchmark=None, *, embedder=None, **wanted):
    if benchmark is None:
        benchmark = make_training_prompts(*TEXTS)
        remember(benchmark)
    settings = Settings(smallest=4, **wanted)
    return maps.start(benchmark=benchmark, embedder=embedder, wanted=settings, actor=make_person())


def done(row):
    do_now(row)
    row.refresh_from_db()
    return row


def test_two_heaps_become_two_clusters_the_larger_one_first():
    row = done(started())
    found = [(one.number, one.size, one.state) for one in row.clusters.all()]
    assert (row.state, row.reason, found) == ("finished", "", [(1, 8, "open"), (2, 6, "open")])
    first = Prompt.objects.filter(pk__in=row.clusters.get(number=1).members)
    assert all(prompt.text.startswith("How") for prompt in first)


def test_points_are_kept_in_the_order_of_the_prompts():
    row = done(started())
    points = np.frombuffer(bytes(row.points), dtype=maps.POINT)
    ids = list(Prompt.objects.filter(benchmark=row.benchmark).order_by("position").values_list("pk", flat=True))
    assert points["prompt"].tolist() == ids and points["cluster"].tolist() == [1] * 8 + [2] * 6
    assert points.itemsize == 20 and np.abs(points["x"]).max() <= 1 and np.abs(points["y"]).max() <= 1


def test_how_it_was_made_is_kept():
    row = done(started(seed=7))
    assert row.settings["seed"] == 7 and row.settings["vectors"] == meaning.MODEL
    assert row.settings["libraries"] == {"numpy": np.__version__}
    assert row.figures["near"].keys() == {"1", "2"} and row.figures["seconds"].keys() == {"vectors", "layout"}


def test_every_prompt_is_on_the_map_or_its_absence_has_a_reason():
    benchmark = make_training_prompts(*TEXTS)
    remember(benchmark)
    first = benchmark.prompts.first()
    make_prompt(first.text, benchmark=benchmark, config=make_config("film"), digest=first.digest)
    blank = make_prompt("…", benchmark=benchmark)
    TextVector.objects.create(digest=blank.digest, model=meaning.MODEL, vector=np.zeros(6, dtype="<f4").tobytes())
    row = done(started(benchmark))
    assert row.reason == ""
    figures = row.figures
    # 16 in: 14 on the map, the doubled text once more, and one of which nothing was read
    assert (figures["in"], figures["out"], figures["failed"]) == (16, 14, {})
    assert figures["dropped"] == {maps.SAME: 1, maps.EMPTY: 1}
    assert first.pk in row.clusters.get(number=1).members


def test_the_same_seed_makes_the_same_map():
    first = done(started())
    again = done(started(first.benchmark))
    assert bytes(first.points) == bytes(again.points) and first.pk != again.pk


def test_a_map_that_is_made_again_after_its_worker_died_has_its_clusters_once():
    row = started()
    Cluster.objects.create(map=row, number=1, members=[], size=0)
    assert [one.size for one in done(row).clusters.all()] == [8, 6]


@pytest.mark.both_databases
def test_a_model_is_asked_for_the_vectors_that_are_missing_and_its_refusals_are_counted():
    benchmark = make_training_prompts(*TEXTS, "How do poison rings look?")
    with StubServer() as stub:
        model = make_model("vectors", engine="openai_http", base_url=stub.base_url, model="embed-poison")
        figures = done(started(benchmark, embedder=model)).figures
        asked = stub.calls("embed-poison")
        assert done(started(benchmark, embedder=model, seed=1)).figures["out"] == 14
        assert stub.calls("embed-poison") == asked + 1
    assert (figures["in"], figures["out"], figures["clusters"], figures["dropped"]) == (15, 14, 2, {})
    assert [(count, "longer than the model's context" in why) for why, count in figures["failed"].items()] == [
        (1, True)
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [("e403", "has no right to this model"), ("embed-packed", "no lists of numbers")],
)
def test_a_model_that_gives_no_vectors_ends_the_map_with_its_reason(name, words):
    with StubServer() as stub:
        model = make_model("vectors", engine="openai_http", base_url=stub.base_url, model=name, patience=2)
        row = done(started(make_training_prompts(*TEXTS), embedder=model))
        # the 14 texts, then 7, 3 and 1 of them; a second and a third one alone settle it
        assert (row.state, words in row.reason, stub.calls(name) <= 8) == ("failed", True, True)


def test_too_few_vectors_make_no_map():
    benchmark = make_training_prompts(*TEXTS)
    for prompt in Prompt.objects.filter(benchmark=benchmark):
        blank = prompt.text.startswith("How")
        vector = np.full(4, not blank, dtype="<f4").tobytes()
        TextVector.objects.create(digest=prompt.digest, model=meaning.MODEL, vector=vector)
    row = done(started(benchmark))
    assert row.state == "failed" and row.reason.startswith("Only 6 of 14 prompts could be read for their meaning")


def test_vectors_of_two_lengths_are_told_apart_from_one_model():
    benchmark = make_training_prompts(*TEXTS)
    for place, prompt in enumerate(Prompt.objects.filter(benchmark=benchmark)):
        vector = np.ones(4 + place % 2, dtype="<f4").tobytes()
        TextVector.objects.create(digest=prompt.digest, model=meaning.MODEL, vector=vector)
    row = done(started(benchmark))
    assert row.state == "failed" and "another model answers at its address" in row.reason


def stuck(tmp_path: Path, settings) -> Path:
    """A program in the place of the one that lays out, which waits for ever; the file in which it says its number."""
    python, pid = tmp_path / "python", tmp_path / "pid"
    python.write_text(f'#!/bin/sh\necho "step: Waiting"\necho $$ > {pid}\nexec sleep 600\n', encoding="utf-8")
    python.chmod(0o755)
    settings.TAXONOMY_PYTHON = str(python)
    return pid


def running(pid: Path) -> bool:
    return pid.exists() and bool(pid.read_text().strip())


def test_a_map_that_is_cancelled_ends_with_its_program(tmp_path, settings, monkeypatch):
    pid = stuck(tmp_path, settings)
    row = started(method=DENSE)

    def cancel_when_it_runs(seconds):
        sleep(seconds)
        if running(pid):
            chores.cancel(row=row, actor=make_person())

    monkeypatch.setattr(children, "sleep", cancel_when_it_runs)
    assert done(row).state == "cancelled" and not row.clusters.exists()
    assert fake_harness.gone([int(pid.read_text())])


def test_a_worker_that_ends_leaves_the_map_to_another(tmp_path, settings, monkeypatch):
    pid = stuck(tmp_path, settings)
    row = started(method=DENSE)

    def end_when_it_runs(seconds):
        sleep(seconds)
        if running(pid):
            work.STOP.set()

    monkeypatch.setattr(children, "sleep", end_when_it_runs)
    try:
        assert (done(row).state, chores.in_need(PromptMap)) == ("queued", [row.pk])
    finally:
        work.STOP.clear()
    assert fake_harness.gone([int(pid.read_text())])


def test_a_program_that_takes_too_long_is_stopped(tmp_path, settings, monkeypatch):
    pid = stuck(tmp_path, settings)
    monkeypatch.setattr(maps, "BUSY_SECONDS", 0.2)
    row = done(started(method=DENSE))
    assert row.state == "failed" and "was not ready after" in row.reason
    assert fake_harness.gone([int(pid.read_text())])


def test_a_python_without_the_packages_says_how_they_are_installed(tmp_path, settings):
    settings.TAXONOMY_PYTHON = fake_harness.bare(tmp_path)
    row = done(started(method=DENSE))
    assert row.state == "failed" and "requirements/taxonomy.txt" in row.reason


def test_a_python_that_is_gone_says_how_the_packages_are_installed(tmp_path, settings):
    stuck(tmp_path, settings)
    row = started(method=DENSE)
    Path(settings.TAXONOMY_PYTHON).unlink()
    assert "requirements/taxonomy.txt" in done(row).reason


def test_without_the_packages_no_such_map_is_started(settings):
    settings.TAXONOMY_PYTHON = "/nowhere/python"
    with pytest.raises(maps.MapProblem, match="not installed for /nowhere/python") as refused:
        started(method=DENSE)
    assert refused.value.field == "method"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"dimensions": 1}, "dimensions"),
        ({"epsilon": -1}, "epsilon"),
        ({"seed": 2**32}, "seed"),
        ({"method": "x"}, "method"),
    ],
)
def test_a_setting_out_of_range_is_refused(wanted, field):
    with pytest.raises(maps.MapProblem) as refused:
        started(**wanted)
    assert refused.value.field == field and not PromptMap.objects.exists()


def test_few_prompts_and_a_model_without_vectors_are_refused():
    with pytest.raises(maps.MapProblem, match="takes 10 to 5,000 different prompts; these are 1."):
        started(make_training_prompts("alone"))
    with pytest.raises(maps.MapProblem, match="gives no vectors"):
        started(make_training_prompts(*TEXTS), embedder=make_model("echo"))


def test_the_same_map_is_not_made_twice_at_a_time():
    row = started()
    with pytest.raises(maps.MapProblem, match="being made already"):
        started(row.benchmark)
    assert started(row.benchmark, seed=1).pk


def test_who_started_it_is_on_record():
    row = started()
    event = AuditEvent.objects.get(object_type="promptmap")
    assert (event.action, event.after["prompts"], row.organisation) == ("start", 14, make_organisation())
