"""Training prompts: tables of texts become a set, each text once, whole or not at all."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import tasks
from annotations.models import Benchmark, Prompt, PromptImport, SafetyConfig
from annotations.services import chores, import_files, imports, training_prompts
from annotations.services.prompt_checks import LONGEST
from tests.factories import make_organisation, make_person
from tests.import_desk import files_of, lines, table, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uploads_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def started(content, name="rows.csv", **fields):
    made = {"organisation": make_organisation(), "title": "Questions", "actor": make_person("ada")} | fields
    return training_prompts.start(upload=uploaded(content, name), **made)


def read(content, name="rows.csv", **fields):
    row = started(content, name, **fields)
    tasks.do_now(row)
    row.refresh_from_db()
    return row


def texts(row):
    return list(row.benchmark.prompts.current().values_list("text", flat=True))


def test_a_table_becomes_a_set_of_prompts_without_a_kind():
    rows = [
        {"id": 7, "prompt": " Why do tides come? ", "lang": "en", "origin": "a desk"},
        {"id": "b", "prompt": "لماذا؟", "lang": "ar", "origin": ""},
    ]
    row = read(table(rows), source="a shelf")
    assert (row.state, row.read, row.good, row.added, row.bad) == ("finished", 2, 2, 2, 0)
    one, two = row.benchmark.prompts.current()
    assert (one.text, one.kind, one.language, one.source, one.extra) == (
        "Why do tides come?",
        "",
        "en",
        "a desk",
        {"id": "7"},
    )
    assert (two.language, two.source, two.position) == ("ar", "a shelf", 2)
    assert row.benchmark.purpose == "training" and files_of(row) == []


def test_training_prompts_stand_under_one_archived_config_of_their_organisation():
    first, second = read(table([{"prompt": "One?"}])), read(table([{"prompt": "One?"}]))
    (place,) = SafetyConfig.objects.filter(slug="training-prompts")
    assert place.archived_at and place.categorical
    assert {prompt.config_id for prompt in Prompt.objects.all()} == {place.pk}
    assert texts(first) == texts(second) == ["One?"]


def parquet(rows):
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize("column", ["text", "prompt", "Question", "INSTRUCTION", "user prompt", "whatever"])
@pytest.mark.parametrize(("make", "name"), [(table, "r.csv"), (lines, "r.jsonl"), (parquet, "r.parquet")])
def test_the_column_of_the_prompts_is_found_out_in_every_kind_of_file(column, make, name):
    beside = {} if column == "whatever" else {"harm": "none", "answer": "x"}
    assert texts(read(make([{column: "How far is it?"} | beside]), name)) == ["How far is it?"]


def test_a_person_can_name_the_column():
    rows = [{"prompt": "not this", "asked": "How deep is a lake?"}]
    assert texts(read(table(rows), column="asked")) == ["How deep is a lake?"]


@pytest.mark.parametrize(
    ("rows", "column", "words"),
    [
        ([{"a": "x", "b": "y"}], "", "there are a, b. Name the one of the prompts"),
        ([{"a": "x", "b": "y"}], "c", "has no column “c”; it has a, b"),
        ([{"prompt": "  "}], "", "No prompt could be taken in. The text is empty"),
    ],
    ids=["none fits", "not there", "all empty"],
)
def test_files_without_a_prompt_are_refused_in_words_and_nothing_comes_in(rows, column, words):
    row = read(table(rows), column=column)
    assert row.state == "failed" and words in row.reason
    assert not Prompt.objects.exists() and files_of(row) == []


@pytest.mark.parametrize("content", [b"", b"\n\n", b"prompt\n"], ids=["nothing", "blank", "heading"])
def test_an_empty_file_is_refused_in_words(content):
    row = read(content)
    assert row.state == "failed" and row.reason.endswith(".") and "error of this application" not in row.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_unicode_encoding_is_read(encoding):
    assert texts(read("prompt\nWohin führt der Weg?\n".encode(encoding))) == ["Wohin führt der Weg?"]


def test_rows_that_are_empty_too_long_or_broken_stay_out_and_say_why_by_row():
    long = "a" * (LONGEST + 1)
    rows = [{"prompt": text} for text in ("Good?", "", long, "half \ud800", "nul \0", ["a", "list"], 5)]
    row = read(lines(rows), "rows.jsonl")
    said = {number: what for number, _, what, _ in row.problems}
    assert (row.state, row.read, row.good, row.bad) == ("finished", 7, 1, 6)
    assert "empty" in said[2] and "20,001 characters; a prompt has at most 20,000" in said[3]
    assert "half of a character" in said[4] and "NUL" in said[5] and "a list" in said[6] and "a number" in said[7]
    assert texts(row) == ["Good?"]


def test_a_text_that_comes_again_comes_in_once_and_is_counted():
    # four rows: one text in three spellings of its white space, and another one
    rows = [{"prompt": text} for text in ("One?", " One?\r\n", "One?", "Two?")]
    row = read(lines(rows), "rows.jsonl")
    assert (row.read, row.good, row.twice, row.bad) == (4, 2, 2, 0) and texts(row) == ["One?", "Two?"]


def test_a_language_that_is_no_tag_is_kept_beside_the_prompt():
    (prompt,) = read(table([{"prompt": "One?", "language": "English (UK)"}]), language="de").benchmark.prompts.all()
    assert prompt.language == "de" and prompt.extra == {"language": "English (UK)"}


def test_an_import_that_is_cancelled_in_the_middle_leaves_nothing(monkeypatch):
    monkeypatch.setattr("annotations.services.import_load.SLICE", 2)
    row = started(lines([{"prompt": f"Part {number}?"} for number in range(6)]), "rows.jsonl")
    taken, take = [], training_prompts.Reader._drafted

    def drafted(self, one):
        taken.append(one)
        if len(taken) == 4:
            assert Prompt.objects.filter(benchmark=row.benchmark, pending=True).count() == 2
            training_prompts.give_up(row=PromptImport.objects.get(pk=row.pk), actor=make_person("ada"))
        return take(self, one)

    monkeypatch.setattr(training_prompts.Reader, "_drafted", drafted)
    tasks.do_now(row)
    row.refresh_from_db()
    assert row.state == "cancelled" and len(taken) == 4 and not Prompt.objects.exists() and files_of(row) == []
    assert Benchmark.objects.get(pk=row.benchmark_id).archived_at is not None


def test_a_worker_that_died_leaves_nothing_twice(monkeypatch):
    row = started(table([{"prompt": "One?"}, {"prompt": "Two?"}]))
    died = chores.claim(PromptImport, row.pk, "a worker")
    staged = training_prompts.import_load.publish
    monkeypatch.setattr(training_prompts.import_load, "publish", lambda *_: None)
    training_prompts.load(died)
    assert Prompt.objects.filter(pending=True).count() == 2
    monkeypatch.setattr(training_prompts.import_load, "publish", staged)
    PromptImport.objects.filter(pk=row.pk).update(until=None, state="queued")
    tasks.do_now(row)
    assert texts(row) == ["One?", "Two?"] and not Prompt.objects.filter(pending=True).exists()


def test_files_that_are_gone_are_said_to_be_gone():
    row = started(table([{"prompt": "One?"}]))
    import_files.remove(row.folder)
    tasks.do_now(row)
    row.refresh_from_db()
    assert row.state == "failed" and "files of this import are gone" in row.reason


def test_json_and_zip_files_are_read_too():
    assert texts(read(json.dumps({"train": [{"prompt": "One?"}], "dev": [{"prompt": "Two?"}]}).encode(), "r.json")) == [
        "One?",
        "Two?",
    ]


def test_an_import_into_a_benchmark_is_checked_as_before():
    assert imports._step(PromptImport(benchmark=Benchmark(purpose="evaluation"))).__name__ == "check"
