"""The form of a training run, its estimate, and the buttons of a run."""

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import PreferenceSet
from annotations.services import pair_files
from tests.factories import make_model, make_node, make_preference_set, make_training
from training.models import Node, TrainingRun
from training.recipes.settings import PRESETS, about, plain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ready(monkeypatch):
    """A node, a base, and a set whose file counts as there."""
    monkeypatch.setattr(pair_files, "path", lambda sha256: Path(__file__))
    make_node()
    make_model("base", name="Base 135M", weights="/models/base")
    make_preference_set(splits={"train": 400, "dev": 4})


def url(name, *arguments):
    return reverse(f"training:training-{name}", args=arguments)


def typed(kind="dpo", **fields):
    """What the tiny preset's form posts: a box that is not ticked is not sent."""
    settings = plain(PRESETS["tiny_cpu"].of(kind))
    sent = {name: value for name, value in settings.items() if value is not False}
    rows = {"base": make_model("base").pk, "preference_set": first_set(), "node": make_node().pk}
    return sent | rows | {"kind": kind, "preset": "tiny_cpu", "gpus": 0, "title": "", "typed": ""} | fields


def first_set():
    """The id of the set that is there."""
    return PreferenceSet.objects.earliest("pk").pk


def test_the_form_has_every_setting_of_its_kind_with_its_name_in_trl(as_person):
    page = as_person("grace").get(url("new") + "?kind=dpo&preset=paper").content.decode()
    for name, told in about().items():
        assert f'name="{name}"' in page and told.label in page
        assert told.trl.split(",")[0] in page


def test_an_sft_form_has_no_settings_of_dpo(as_person):
    page = as_person("grace").get(url("new") + "?kind=sft&preset=paper").content.decode()
    assert 'name="beta"' not in page and 'name="learning_rate"' in page


def test_a_preset_fills_the_fields_and_links_carry_what_is_chosen(as_person):
    node = make_node("anvil", gpus=4)
    page = as_person("grace").get(url("new") + f"?kind=sft&preset=lora&node={node.pk}").content.decode()
    assert re.search(r'name="lora_r" value="32"', page) and re.search(r'name="lora"[^>]*checked', page)
    assert re.search(r'name="gpus" value="1"', page)
    assert f"?kind=dpo&amp;preset=paper&amp;base={make_model('base').pk}" in page and f"node={node.pk}" in page


@pytest.mark.parametrize(("gpus", "preset"), [(0, "Tiny, on a CPU"), (2, "LoRA"), (4, "CoSAlign paper")])
def test_the_first_preset_is_one_the_node_can_hold(as_person, gpus, preset):
    if gpus:
        make_node("anvil", gpus=gpus)
    page = as_person("grace").get(url("new")).content.decode()
    assert re.search(r'aria-current="true">([^<]+)<', page)[1] == preset


def test_a_run_is_started_and_its_page_opened(as_person):
    answer = as_person("grace").post(url("new"), typed(title="The first one"))
    run = TrainingRun.objects.get()
    assert answer.status_code == 302 and answer.url == url("detail", run.pk)
    assert (run.title, run.state, run.phase, run.preset) == ("The first one", "queued", "check", "tiny_cpu")
    assert run.settings == plain(PRESETS["tiny_cpu"].dpo)


def test_a_refused_form_keeps_what_was_typed_and_opens_what_is_wrong(as_person):
    sent = typed(title="Kept", max_length=100, max_prompt_length=200, lora_dropout="2")
    answer = as_person("grace").post(url("new"), sent)
    page = answer.content.decode()
    assert answer.status_code == 422 and not TrainingRun.objects.exists()
    assert 'value="Kept"' in page and 'name="max_prompt_length" value="200"' in page
    assert re.search(r'<details class="more" open>\s*<summary>LoRA', page)
    assert re.search(r'<details class="more">\s*<summary>Saves', page)


def test_settings_that_do_not_go_together_are_said_beside_their_field(as_person):
    page = as_person("grace").post(url("new"), typed(max_length=100, max_prompt_length=200)).content.decode()
    assert "Shorter than the longest pair" in page


def test_pairs_that_cannot_be_shared_evenly_are_said_beside_their_field(as_person):
    page = as_person("grace").post(url("new"), typed(global_batch=3, per_device_train_batch_size=2)).content.decode()
    assert re.search(r'id="id_global_batch_error"><li>A multiple of 2', page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base": "", "typed": ""}, "Choose a base above, or name one here."),
        ({"typed": "owner/name"}, "Choose one of the two."),
        ({"base": "", "typed": "no base"}, "Give the name of a model on the hub"),
    ],
)
def test_there_is_one_base(as_person, fields, said):
    assert said in as_person("grace").post(url("new"), typed(**fields)).content.decode()


def test_a_base_that_was_typed_is_trained_on(as_person):
    as_person("grace").post(url("new"), typed(base="", typed="owner/small-7B"))
    run = TrainingRun.objects.get()
    assert (run.base.weights, run.base.node) == ("owner/small-7B", "forge")


def test_once_more_begins_with_the_settings_of_the_run(as_person):
    run = make_training(preset="tiny_cpu", settings=plain(PRESETS["tiny_cpu"].dpo) | {"max_steps": 77})
    page = as_person("grace").get(url("new") + f"?from={run.pk}").content.decode()
    assert 'name="max_steps" value="77"' in page


def test_an_estimate_is_a_fragment_for_htmx_and_a_page_without(as_person):
    client = as_person("grace")
    part = client.post(url("estimate"), typed(), headers={"HX-Request": "true"})
    # 400 pairs, four a step
    assert part.status_code == 200 and "<body" not in part.content.decode()
    assert re.search(r"Steps</dt><dd>at most 100", part.content.decode())
    assert "computed, never measured" in part.content.decode()
    whole = client.post(url("estimate"), typed())
    assert "<body" in whole.content.decode() and not TrainingRun.objects.exists()


def test_an_estimate_of_a_wrong_form_says_what_is_wrong(as_person):
    part = as_person("grace").post(url("estimate"), typed(max_length=1), headers={"HX-Request": "true"})
    assert part.status_code == 422 and "Longest pair:" in part.content.decode()


def test_a_page_without_a_node_says_what_to_do(as_person):
    Node.objects.all().delete()
    assert "Start a worker with its queue" in as_person("grace").get(url("new")).content.decode()


def queries(client):
    with CaptureQueriesContext(connection) as seen:
        client.get(url("new"))
    return len(seen)


def test_many_nodes_bases_and_sets_take_no_more_queries(as_person):
    client = as_person("grace")
    make_node("node", gpus=1)
    few = queries(client)
    for number in range(10):
        make_node(f"node-{number}", gpus=2)
        make_model(f"model-{number}", weights=f"/models/{number}")
        make_preference_set(title=f"Set {number}")
    assert queries(client) == few


def waiting(**checked):
    """A run that was checked."""
    found = {"problems": [], "warnings": [], "estimate": {"steps": 12, "rows": 48, "tokens": 500, "seconds": None}}
    return make_training(state="waiting", checked=found | checked, preference_set_id=first_set())


@pytest.mark.parametrize(
    ("name", "fields", "after"),
    [
        ("launch", {"state": "waiting"}, ("queued", "train")),
        ("resume", {"state": "failed", "phase": "train", "reason": "why"}, ("queued", "train")),
        ("resume", {"state": "waiting"}, ("queued", "check")),
        ("finish", {"state": "running", "phase": "train"}, ("running", "train")),
        ("cancel", {"state": "running", "phase": "train"}, ("cancelled", "train")),
    ],
)
def test_a_button_moves_the_run_and_comes_back_to_its_page(as_person, name, fields, after):
    run = make_training(**fields)
    answer = as_person("grace").post(url(name, run.pk))
    run.refresh_from_db()
    assert (answer.url, (run.state, run.phase)) == (url("detail", run.pk), after)


def test_a_button_that_came_too_late_says_so(as_person):
    run = make_training(state="finished", phase="train")
    client = as_person("grace")
    client.post(url("cancel", run.pk))
    assert "Somebody was faster: it is already finished" in client.get(url("detail", run.pk)).content.decode()


def test_an_archived_run_leads_to_the_list(as_person):
    run = make_training(state="failed", reason="why", phase="train")
    assert as_person("grace").post(url("archive", run.pk)).url == url("list")
    run.refresh_from_db()
    assert run.archived_at


def checked_page(client, run):
    page = client.get(url("detail", run.pk)).content.decode()
    return page[page.index('id="training-checked"') :]


def test_a_checked_run_shows_its_amounts_and_the_button_to_launch_it(as_person):
    texts = {"counts": [3, 1] + [0] * 15, "n": 4, "mean": 50, "median": 40, "p95": 100, "max": 100}
    law = {"in": 6, "left": {"same_prompt": 1}, "there": 5, "looked": 4, "out": 3, "dropped": {"empty": 1}, "cut": 1}
    lengths = {"up_to": [64, 128], "looked": 4, "of": 5, "seed": 0, "tokens": 99.0, "texts": {"whole": texts}}
    run = waiting(rows={"train": law}, lengths=lengths, warnings=["Look at samples."])
    page = checked_page(as_person("grace"), run)
    assert url("launch", run.pk) in page and "Look at samples." in page
    assert "1 to 64" in page and "65 to 128" in page and "129" not in page
    assert "4 of 5 pairs, drawn by seed 0" in page
    # 6 pairs in all, one of them not drawn: 4 looked at and 1 left out before
    assert re.search(r"<b>5</b> <span>in</span> = <b>3</b> <span>out</span>", page)


def test_a_run_with_problems_says_them_and_has_no_button_to_launch(as_person):
    run = waiting(problems=["The base has no chat template."])
    page = checked_page(as_person("grace"), run)
    assert "It cannot be started like this" in page and "no chat template" in page
    assert url("launch", run.pk) not in page and url("resume", run.pk) in page


def test_what_a_check_found_is_escaped(as_person):
    run = waiting(problems=["<script>alert(1)</script>"])
    assert "<script>alert(1)" not in checked_page(as_person("grace"), run)


def test_a_reader_sees_the_check_and_no_button(as_person):
    page = checked_page(as_person("ada"), run := waiting())
    assert url("launch", run.pk) not in page and "The check" in page
