"""Responses from files become items of a campaign: matched with prompts, each stored once however often it is sent."""

import pytest

from annotations.core.gold import Gold
from annotations.models import AuditEvent, Response
from annotations.services import import_files, prompts, response_files
from annotations.services.response_files import Look, ResponseFileProblem, Taken
from tests.factories import make_benchmark, make_config, make_person, make_version
from tests.import_desk import lines, table, uploaded
from tests.rating_desk import make_campaign

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> {response} $response"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path


def prompt(text: str = "How does a siege feel?", slug: str = "game"):
    config = make_config(slug)
    if not config.versions.exists():
        make_version(config)
    content = {"text": text, "kind": "safe"}
    return prompts.add_prompt(benchmark=make_benchmark(), config=config, actor=make_person("lea"), **content)


def looked(rows, source: str = "") -> Look:
    upload = uploaded(table(rows) if isinstance(rows, list) else rows)
    try:
        return response_files.look(upload=upload, benchmark=make_benchmark(), source=source)
    finally:
        import_files.remove(upload.folder)


def taken(campaign, rows, **fields) -> Taken:
    found = {"found": looked(rows, **fields), "upload": uploaded(b"x")}
    return response_files.take(campaign=campaign, benchmark=make_benchmark(), actor=make_person("lea"), **found)


def test_a_row_is_matched_by_id_or_by_text_and_stored_as_it_is():
    one, other, campaign = prompt(), prompt("How does it end?"), make_campaign(0)
    rows = [{"prompt_id": one.uid, "response": HOSTILE}, {"prompt": " How does it end?\r\n", "response": "Badly."}]
    assert taken(campaign, rows, source="Zorro") == (2, 0, 0)
    stored = Response.objects.order_by("pk").values_list("prompt", "text", "source", "candidate")
    assert list(stored) == [(one.pk, HOSTILE, "Zorro", None), (other.pk, "Badly.", "Zorro", None)]
    assert set(Response.objects.values_list("version__number", flat=True)) == {1} and campaign.items.count() == 2


def test_the_same_file_twice_adds_nothing():
    rows, campaign = [{"prompt_id": prompt().uid, "response": "So."}] * 2, make_campaign(0)
    assert looked(rows).twice == 1
    assert [taken(campaign, rows) for _ in range(2)] == [(1, 0, 0), (0, 1, 0)] and Response.objects.count() == 1


def test_another_campaign_takes_the_response_that_is_stored():
    rows = [{"prompt_id": prompt().uid, "response": "So.", "source": "Zorro"}]
    assert [taken(make_campaign(0), rows).new for _ in range(2)] == [1, 1] and Response.objects.count() == 1


def test_another_source_version_or_text_is_another_response():
    one = prompt()
    make_version(one.config)
    row, campaign = {"prompt_id": one.uid, "response": "So.", "source": "", "version": ""}, make_campaign(0)
    rows = [row, row | {"source": "Zorro"}, row | {"version": 1}, row | {"response": "So!"}, row | {"version": 2}]
    assert taken(campaign, rows).new == 4 and looked(rows).twice == 1  # without a version it is the newest, 2


def test_the_newest_approved_version_counts_and_a_draft_never():
    one = prompt()
    make_version(one.config), make_version(one.config, state="retired"), make_version(one.config, state="draft")
    row = {"prompt_id": one.uid, "response": "So."}
    taken(make_campaign(0), [row, row | {"version": "3"}])
    assert sorted(Response.objects.values_list("version__number", flat=True)) == [2, 3]
    assert "no version 4" in looked([row | {"version": "4"}]).problems[0].what


def test_a_config_without_an_approved_version_is_told():
    make_version(make_config("new"), state="draft")
    assert "approved" in looked([{"prompt_id": prompt("How?", "new").uid, "response": "So."}]).problems[0].what


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"prompt_id": "7"}, "no such prompt"),
        ({"prompt_id": "0" * 32}, "no such prompt"),
        ({"prompt": "What else?"}, "no such prompt"),
        ({"prompt": "How?", "config": "nobody"}, "no prompt for a config"),
        ({"prompt": "How?"}, "2 configs"),
    ],
)
def test_a_row_whose_prompt_is_not_found_says_why(row, what):
    prompt("How?"), prompt("How?", "other")
    found = looked([row | {"response": "So."}])
    assert not found.ready and found.problems[0].row == 2 and what in found.problems[0].what


def test_a_config_tells_two_equal_prompts_apart():
    prompt("How?"), (other := prompt("How?", "other"))
    assert looked([{"prompt": "How?", "config": "other", "response": "So."}]).ready[0].prompt == other.pk


def test_right_answers_come_with_new_items_alone():
    one, campaign = prompt(), make_campaign(0)
    gold = {"gold_low": 4, "gold_high": 5, "gold_follows": "yes", "gold_why": "It fits.", "practice": "yes"}
    row = {"prompt_id": one.uid, "response": "So."}
    taken(campaign, [row | gold])
    item = campaign.items.get()
    assert (item.gold_low, item.gold_high, item.gold_follows, item.gold_why, item.practice) == (
        4,
        5,
        True,
        "It fits.",
        1,
    )
    assert not item.assignments.exists()
    taken(campaign, [row | gold | {"gold_low": 0}])
    assert campaign.items.get().gold_low == 4
    assert looked([row | gold]).ready[0].gold == Gold(4, 5, True, "It fits.", True)


def test_a_response_that_names_its_source_is_marked():
    campaign = make_campaign(0)
    row = {"prompt_id": prompt().uid, "response": "I, Zorro9, say so.", "model": "Zorro9"}
    assert taken(campaign, [row]).naming == 1 and campaign.items.get().names_model == "Zorro9"


def test_an_upload_is_written_down():
    taken(make_campaign(0), [{"prompt_id": prompt().uid, "response": "So."}, {"prompt_id": "7", "response": "So."}])
    after = AuditEvent.objects.get(action="upload").after
    assert {name: after[name] for name in ("file", "responses", "new", "left_out")} == {
        "file": "rows.csv",
        "responses": 1,
        "new": 1,
        "left_out": 1,
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"prompt_id,response\n", "no rows"),
        (b"\xef\xbb\xbf", "white space"),
        (b"\x00\x01\x02\x03" * 9, "."),
        (b"a,b\n1,2\n", "has no column"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(content, words):
    with pytest.raises(ResponseFileProblem, match=words):
        looked(content)


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(response_files, "MOST_ROWS", 2)
    with pytest.raises(ResponseFileProblem, match="at most 2 rows"):
        looked(lines([{"prompt_id": "7", "response": "So."}] * 3))
