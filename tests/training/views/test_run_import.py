"""Importing responses on the page: the file, its problems by row, the run it becomes."""

import io

import pytest
from django.urls import reverse

from annotations.models import LanguageModel
from annotations.services import prompts
from tests.factories import make_benchmark, make_config, make_model, make_person, make_version
from tests.import_desk import lines
from tests.markup import inline
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
PAGE = reverse("training:run-import")
HOSTILE = "<script>alert(1)</script> {response}"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def prompt(text: str = "How does a siege feel?"):
    make_version(make_config()) if not make_config().versions.exists() else None
    written = {"config": make_config(), "actor": make_person("lea"), "text": text, "kind": "safe"}
    return prompts.add_prompt(benchmark=make_benchmark(), **written)


def far() -> LanguageModel:
    return make_model("far", engine="elsewhere", base_url="", plumbing=False)


def sent(client, rows, **fields):
    file = io.BytesIO(lines(rows) if isinstance(rows, list) else rows)
    file.name = "far.jsonl"
    values = {"benchmark": make_benchmark().pk, "strategy": "plain", "wrong": "all", "judges": ["heuristic"]}
    return client.post(PAGE, values | {"tables": file} | fields)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_good_rows_become_a_run_that_says_where_it_comes_from(as_person, settings):
    rows = [{"prompt_id": str(prompt().uid), "response": HOSTILE, "model": "far-7b"}]
    ada = as_person("ada")
    response = sent(ada, rows, model=far().pk, label="step 400")
    run = EvaluationRun.objects.get()
    assert response.url == reverse("training:run-detail", args=[run.pk])
    page = ada.get(response.url)
    assert "1 response came in" in words(page) and "far.jsonl" in words(page) and "step 400" in words(page)
    assert "Sampling" in words(page) and "What the model was told</dt>" not in words(page)
    assert list(settings.UPLOADS_DIR.glob("*")) == []


def test_one_problem_stops_all_and_stands_beside_its_row(as_person):
    rows = [{"prompt_id": str(prompt().uid), "response": "So."}, {"prompt": "Nobody asked.", "response": "So."}]
    response = sent(as_person("ada"), rows, model=far().pk, label="kept")
    assert response.status_code == 422 and not EvaluationRun.objects.exists()
    assert "no such prompt now" in words(response) and "kept" in words(response)
    assert inline(response.content.decode()) == []


def test_the_good_ones_are_taken_if_that_is_asked(as_person):
    rows = [{"prompt_id": str(prompt().uid), "response": "So."}, {"prompt": "Nobody asked.", "response": "So."}]
    response = sent(as_person("ada"), rows, model=far().pk, wrong="good")
    run = EvaluationRun.objects.get()
    assert response.status_code == 200 and f"run {run.pk}" in words(response) and run.items.count() == 1
    detail = as_person("ada").get(reverse("training:run-detail", args=[run.pk]))
    assert "<b>2</b> <span>rows</span> = <b>1</b> <span>items</span> + <b>1</b> <span>prompt</span>" in words(detail)


def test_an_admin_may_name_a_new_model_and_others_may_not(as_person):
    rows = [{"prompt_id": str(prompt().uid), "response": "So."}]
    assert sent(as_person("ada"), rows, new_model="Far 7B").status_code == 422
    assert sent(as_person("grace"), rows, new_model="Far 7B").status_code == 302
    assert LanguageModel.objects.get(engine="elsewhere").slug == "far-7b"


def test_a_refused_import_leaves_no_model_behind(as_person):
    rows = [{"prompt_id": str(prompt().uid), "response": "So."}]
    told = {"new_model": "Far", "judges": ["helpfulness"], "judge_model": [make_model().pk], "budget_dollars": "1"}
    response = sent(as_person("grace"), rows, **told)
    assert response.status_code == 422 and "No price is known of Echo" in words(response)
    assert not LanguageModel.objects.filter(engine="elsewhere").exists() and not EvaluationRun.objects.exists()


def test_the_form_can_be_sent_by_a_browser(as_person):
    prompt(), far()
    assert 'name="csrfmiddlewaretoken"' in words(as_person("ada").get(PAGE)).split('enctype="multipart/form-data"')[1]


def test_without_a_model_that_answers_elsewhere_the_page_says_who_registers_one(as_person):
    prompt()
    assert "An admin registers one by its name" in words(as_person("ada").get(PAGE))


@pytest.mark.parametrize("content", [b"", b"{", b"\x00\x01"])
def test_a_file_that_is_none_is_refused_in_words(as_person, content):
    prompt()
    response = sent(as_person("ada"), content, model=far().pk)
    assert response.status_code == 422 and 'id="id_tables_error"' in response.content.decode()


def test_a_file_that_is_too_big_is_refused_in_words(as_person, settings):
    settings.UPLOAD_MEGABYTES = 0.0001
    response = sent(as_person("ada"), [{"prompt_id": str(prompt().uid), "response": "So " * 200}], model=far().pk)
    assert response.status_code == 422 and "An upload has at most" in words(response)
