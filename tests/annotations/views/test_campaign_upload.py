"""Responses from a file into a campaign: all or the good ones, every problem by its row, nothing left behind."""

import io

import pytest
from django.urls import reverse

from annotations.models import Response
from annotations.services import prompts
from tests.factories import make_benchmark, make_config, make_organisation, make_person, make_version
from tests.import_desk import table
from tests.markup import inline
from tests.rating_desk import make_campaign

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {response}"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def prompt():
    make_version(make_config()) if not make_config().versions.exists() else None
    written = {"config": make_config(), "actor": make_person("lea"), "text": "How does a siege feel?", "kind": "safe"}
    return prompts.add_prompt(benchmark=make_benchmark(), **written)


def sent(client, campaign, content, name="rows.csv", **fields):
    file = io.BytesIO(table(content) if isinstance(content, list) else content)
    file.name = name
    values = {"benchmark": make_benchmark().pk, "source": "", "wrong": "all", "tables": file} | fields
    return client.post(reverse("annotations:campaign-upload", args=[campaign.pk]), values)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def left(settings) -> list:
    return list(settings.UPLOADS_DIR.glob("*")) if settings.UPLOADS_DIR.exists() else []


def test_good_rows_become_items(as_person, settings):
    campaign, lea = make_campaign(0), as_person("lea")
    uid = prompt().uid
    rows = [{"prompt_id": uid, "response": one} for one in (HOSTILE, "I am Qwen, a model.")]
    response = sent(lea, campaign, rows, source="Zorro")
    assert response.url == reverse("annotations:campaign-items", args=[campaign.pk])
    page = words(lea.get(response.url))
    assert "2 responses added. 1 names the model" in page and "Zorro" in page and "<script>alert" not in page
    sent(lea, campaign, rows, source="Zorro")
    assert "0 responses added. 2 in the campaign already." in words(lea.get(response.url)) and left(settings) == []


def test_without_a_file_the_form_says_so(as_person):
    campaign, fields = make_campaign(0), {"benchmark": make_benchmark().pk, "source": "Zorro", "wrong": "all"}
    response = as_person("lea").post(reverse("annotations:campaign-upload", args=[campaign.pk]), fields)
    assert response.status_code == 422 and "Choose a file." in words(response) and "Zorro" in words(response)


def test_with_a_bad_row_nothing_is_taken_and_it_is_told_by_its_number(as_person, settings):
    campaign = make_campaign(0)
    rows = [{"prompt_id": prompt().uid, "response": "So."}, {"prompt_id": HOSTILE, "response": "So."}]
    response = sent(as_person("lea"), campaign, rows, source="Typed once")
    assert response.status_code == 422 and not Response.objects.exists() and left(settings) == []
    for said in ("1 row has a problem", "Nothing was taken; 1 could be", "no such prompt", "Typed once"):
        assert said in words(response)
    assert inline(response.content.decode()) == []


def test_the_good_ones_are_taken_if_that_is_asked(as_person):
    campaign = make_campaign(0)
    rows = [{"prompt_id": prompt().uid, "response": "So."}, {"prompt_id": "7", "response": "So."}]
    response = sent(as_person("lea"), campaign, rows, wrong="good")
    assert response.status_code == 200 and campaign.items.count() == 1
    assert "1 response added." in words(response) and "The other 1 were taken." in words(response)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "has no column"),
        (b"prompt_id,response\n", "no rows"),
        (b"\xff\xfe\x00\x00", ""),
        (b"PK\x03\x04nothing", ""),
        (b'{"a": [1, ', ""),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(as_person, settings, content, said):
    response = sent(as_person("lea"), make_campaign(0), content)
    assert response.status_code == 422 and said in words(response) and "field-error" in words(response)
    assert left(settings) == []


def test_only_good_rows_and_none_of_them_is_no_success(as_person):
    response = sent(as_person("lea"), make_campaign(0), [{"prompt_id": "7", "response": "So."}], wrong="good")
    assert response.status_code == 422 and "Nothing was taken; 0 could be" in words(response)


def test_items_with_risks_into_an_open_campaign_without_a_contact_are_refused(as_person):
    campaign, one = make_campaign(0, support_contact=""), prompt()
    risky = {"text": "A darker scene?", "kind": "partial", "risks": ["violence"], "rule": "r1"}
    more = prompts.add_prompt(benchmark=make_benchmark(), config=one.config, actor=make_person("lea"), **risky)
    response = sent(as_person("lea"), campaign, [{"prompt_id": more.uid, "response": "So."}])
    assert response.status_code == 422 and "support contact" in words(response) and not Response.objects.exists()


def test_a_benchmark_of_somebody_else_is_not_offered(as_person):
    theirs = make_benchmark("theirs", make_organisation("elsewhere"))
    response = sent(as_person("lea"), make_campaign(0), [{"prompt_id": "7", "response": "So."}], benchmark=theirs.pk)
    assert response.status_code == 422 and not Response.objects.exists()


def test_without_a_token_nothing_is_taken(settings):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person("lea"))
    response = sent(client, make_campaign(0), [{"prompt_id": prompt().uid, "response": "So."}])
    assert response.status_code == 403 and not Response.objects.exists() and left(settings) == []
