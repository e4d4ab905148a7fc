"""The pages of general capability: start, watch, read and stop."""

import pytest
from django.urls import reverse

from tests import fake_harness
from tests.factories import make_model, make_organisation, make_person
from tests.markup import elements
from training.models import CapabilityRun

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def model(tmp_path, settings):
    settings.CAPABILITY_PYTHON = fake_harness.install(tmp_path)
    return make_model("server", engine="openai_http", base_url="http://127.0.0.1:9/v1")


def new(model):
    return reverse("training:capability-new", args=[model.pk])


def at(name, run):
    return reverse(f"training:capability-{name}", args=[run.model_id, run.pk])


def make_run(model, **fields):
    made = {"tasks": ["cosa_facts"], "organisation": make_organisation()} | fields
    return CapabilityRun.objects.create(model=model, **made)


def test_an_admin_starts_a_run_of_our_tasks_and_others(as_person, model):
    answer = as_person("grace").post(new(model), {"tasks": ["cosa_facts"], "others": "ifeval, gsm8k", "limit": "5"})
    run = CapabilityRun.objects.get()
    assert (answer.status_code, answer.url) == (302, at("detail", run))
    assert (run.tasks, run.limit, run.state) == (["cosa_facts", "ifeval", "gsm8k"], 5, "queued")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "Choose at least one task."),
        ({"others": "../secret"}, "is no name of a task"),
        ({"tasks": ["cosa_facts"], "limit": "0"}, "greater than or equal to 1"),
        ({"tasks": ["unknown"]}, "not one of the available choices"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed(as_person, model, said, told):
    answer = as_person("grace").post(new(model), {"others": "kept", "limit": "7"} | said if said else {})
    html = answer.content.decode()
    typed = {one.attributes.get("name"): one.attributes.get("value") for one in elements(html, "input")}
    assert answer.status_code == 422 and told in html and not CapabilityRun.objects.exists()
    assert typed["others"] == ({"others": "kept"} | said)["others"] if said else True


def test_only_an_admin_sees_the_form(as_person, model):
    page = reverse("training:model-detail", args=[model.pk])
    shown = {who: new(model) in as_person(who).get(page).content.decode() for who in ("grace", "ada", "bob")}
    assert shown == {"grace": True, "ada": False, "bob": False}


def test_without_the_harness_the_page_says_how_to_install_it(as_person, settings, model):
    settings.CAPABILITY_PYTHON = "/nowhere/python"
    html = as_person("grace").get(reverse("training:model-detail", args=[model.pk])).content.decode()
    assert "requirements/capability.txt" in html and new(model) not in html


def test_a_model_without_an_address_says_why_not(as_person):
    html = as_person("grace").get(reverse("training:model-detail", args=[make_model().pk])).content.decode()
    assert "asks a server by its address" in html


def test_an_open_run_asks_for_itself_and_can_be_cancelled(as_person, model):
    run, grace = make_run(model, state="running", done=3, total=12), as_person("grace")
    html = grace.get(at("detail", run)).content.decode()
    assert "3 of 12 answers done" in html and 'hx-trigger="every 2s"' in html
    assert grace.post(at("cancel", run)).status_code == 302
    run.refresh_from_db()
    assert run.state == "cancelled"
    after = grace.get(at("detail", run), {"known": "running"}, headers=HTMX).content.decode()
    assert "<body" not in after and 'hx-trigger="every 2s"' not in after and "The run is cancelled." in after


def test_who_cancels_too_late_reads_that_somebody_was_faster(as_person, model):
    run, grace = make_run(model, state="finished"), as_person("grace")
    html = grace.post(at("cancel", run), follow=True).content.decode()
    assert "Somebody was faster" in html


def test_results_and_log_are_shown_and_escaped(as_person, model):
    metric = {"metric": "exact_match", "filter": "last", "value": 0.5, "stderr": None, "higher_is_better": True}
    told = {"cosa_facts": {"n": 12, "version": "1", "metrics": [metric]}}
    run = make_run(model, state="finished", results=told, log="<script>alert(1)</script>")
    html = as_person("grace").get(at("detail", run)).content.decode()
    assert "0.50" in html and "[0.25–0.75]" in html
    assert "<script>alert(1)" not in html and "&lt;script&gt;alert(1)" in html


def test_only_an_admin_reads_the_log(as_person, model):
    run = make_run(model, state="failed", reason="It ended.", log="a host of ours")
    shown = {
        who: "a host of ours" in as_person(who).get(at("detail", run)).content.decode() for who in ("grace", "ada")
    }
    assert shown == {"grace": True, "ada": False}


def test_a_run_of_another_model_is_not_there(as_person, model):
    run = make_run(make_model("other"))
    assert as_person("ada").get(reverse("training:capability-detail", args=[model.pk, run.pk])).status_code == 404


def test_strangers_read_a_run_without_the_name_of_who_asked_for_it(as_person, model):
    grace = make_person("grace")
    run = make_run(model, created_by=grace)
    for page in (at("detail", run), reverse("training:model-detail", args=[model.pk])):
        assert str(grace) not in elements(as_person("mallory").get(page).content.decode(), "main")[0].text
        assert str(grace) in elements(as_person("ada").get(page).content.decode(), "main")[0].text
