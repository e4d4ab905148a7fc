"""Responses made elsewhere become a run: each row matched or named with its reason, nothing lost on the way."""

import pytest

from annotations.core.manifest import Number
from annotations.models import AuditEvent, LanguageModel, Response
from annotations.services import import_files, prompts, releases
from tests.factories import make_benchmark, make_config, make_judge, make_model, make_person, make_version
from tests.import_desk import lines, uploaded
from tests.stage import play
from training.models import EvaluationRun
from training.services import run_imports
from training.services.run_imports import Look
from training.services.runs import RunProblem, start

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


def looked(rows, release=None) -> Look:
    upload = uploaded(lines(rows), "rows.jsonl") if isinstance(rows, list) else uploaded(rows)
    try:
        return run_imports.look(upload=upload, benchmark=make_benchmark(), release=release)
    finally:
        import_files.remove(upload.folder)


def elsewhere(slug: str = "far") -> LanguageModel:
    return make_model(slug, engine="elsewhere", base_url="", plumbing=False)


def taken(rows, **fields) -> EvaluationRun:
    candidate = run_imports.candidate(model=elsewhere(), strategy="plain", label=fields.pop("label", ""))
    values = {"candidate": candidate, "judges": [make_judge()], "actor": make_person("ada")} | fields
    return run_imports.take(
        found=looked(rows), upload=uploaded(b"x", "far.jsonl"), benchmark=make_benchmark(), **values
    )


def test_a_row_is_matched_by_id_or_by_text_and_kept_as_it_is():
    one, other = prompt(), prompt("How does it end?")
    rows = [
        {"prompt": " How does it end?\r\n", "response": "Badly.", "prompt_tokens": 9, "completion_tokens": 2},
        {"prompt_id": str(one.uid), "response": HOSTILE, "model": "far-7b"},
    ]
    run = taken(rows)
    fields = ("prompt", "response__text", "response__identity", "response__tokens_in", "response__tokens_out", "state")
    assert list(run.items.values_list(*fields)) == [
        (one.pk, HOSTILE, "far-7b", None, None, "queued"),
        (other.pk, "Badly.", "", 9, 2, "queued"),
    ]
    assert list(run.items.values_list("position", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_its_judges_read_it_and_no_model_is_called():
    prompt()
    run = play(taken([{"prompt": "How does a siege feel?", "response": "Long and hungry."}]))
    assert (run.state, run.calls, run.items.get().follows_config) == ("finished", 0, True)


def test_what_comes_in_and_what_does_not_add_up_to_the_rows():
    one, other = prompt(), prompt("How does it end?")
    rows = [
        {"prompt_id": str(one.uid), "response": "So."},
        {"prompt_id": str(one.uid), "response": "So."},
        {"prompt_id": str(one.uid), "response": "Otherwise."},
        {"prompt": "Nobody asked this.", "response": "So."},
        {"prompt_id": str(other.uid), "response": ""},
        {"prompt_id": str(other.uid), "response": "Badly."},
    ]
    found = looked(rows)
    assert (found.rows, len(found.ready), found.twice, len(found.problems)) == (6, 2, 1, 3)
    assert [(problem.row, problem.what.split(".")[0]) for problem in found.problems] == [
        (3, "Row 1 answers this prompt already"),
        (4, "“Benchmark bench” has no such prompt now"),
        (5, "The text is empty"),
    ]
    taken(rows)
    told = AuditEvent.objects.get(action="import").after
    assert told["rows"] == 6 == told["items"] + sum(told["left_out"].values())


def test_a_text_under_two_configs_asks_for_the_one_meant():
    prompt(), prompt(slug="film")
    row = {"prompt": "How does a siege feel?", "response": "So."}
    assert "there for 2 configs" in looked([row]).problems[0].what
    assert len(looked([row | {"config": "film"}]).ready) == 1


def test_all_answers_under_a_config_are_under_one_version():
    one, other = prompt(), prompt("How does it end?")
    make_version(make_config(), policy="Second.")
    rows = [{"prompt_id": str(each.uid), "response": "So."} for each in (one, other)]
    assert {row.version for row in looked(rows).ready} == {make_config().versions.get(number=2).pk}
    rows[0]["version"] = 1
    assert [problem.row for problem in looked(rows).problems] == [2]
    rows[1]["version"] = "v1"
    assert {row.version for row in looked(rows).ready} == {make_config().versions.get(number=1).pk}


def test_a_release_offers_its_own_prompts_and_versions():
    one = prompt()
    release = releases.freeze(benchmark=make_benchmark(), number=Number(1, 0), actor=make_person("lea"))
    later = prompt("How does it end?")
    make_version(make_config(), policy="Second.")
    found = looked([{"prompt_id": str(each.uid), "response": "So."} for each in (one, later)], release)
    assert [row.version for row in found.ready] == [make_config().versions.get(number=1).pk]
    assert [problem.row for problem in found.problems] == [2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"prompt,answered\nWhy?,So.\n", "has no column “response”"),
        (b"response\nSo.\n", "has no column “prompt_id”"),
        (b"prompt,response\n", "heading and no rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(content, words):
    with pytest.raises(RunProblem, match=words):
        looked(content)


def test_a_byte_order_mark_does_no_harm_and_nul_is_named():
    prompt(), prompt("How does it end?")
    said = {"How does a siege feel?": "Long.", "How does it end?": "B\0"}
    rows = [{"prompt": text, "response": answer} for text, answer in said.items()]
    upload = uploaded(b"\xef\xbb\xbf" + lines(rows), "rows.jsonl")
    found = run_imports.look(upload=upload, benchmark=make_benchmark())
    assert [row.text for row in found.ready] == ["Long."]
    assert [(problem.row, "NUL" in problem.what) for problem in found.problems] == [(2, True)]


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(run_imports, "MOST_ROWS", 1)
    one = prompt()
    with pytest.raises(RunProblem, match="at most 1 rows"):
        looked([{"prompt_id": str(one.uid), "response": f"{number}"} for number in range(2)])


def test_nothing_is_made_without_a_judge_or_a_row():
    one = prompt()
    with pytest.raises(RunProblem, match="Choose at least one judge"):
        taken([{"prompt_id": str(one.uid), "response": "So."}], judges=[])
    with pytest.raises(RunProblem, match="No row of the file can come in"):
        taken([{"prompt": "Nobody asked this.", "response": "So."}])
    assert not EvaluationRun.objects.exists() and not Response.objects.exists()


def test_the_candidate_is_the_model_with_the_words_of_whoever_imports():
    made = run_imports.candidate(model=elsewhere(), strategy="few_shot", label=" step  400 ")
    assert (made.strategy, made.settings) == ("few_shot", {"label": "step 400"})


@pytest.mark.parametrize(("slug", "strategy"), [("echo", "plain"), ("far", "cascade_oracle"), ("far", "nothing")])
def test_a_model_that_answers_here_and_a_filter_are_refused(slug, strategy):
    model = make_model() if slug == "echo" else elsewhere()
    with pytest.raises(RunProblem):
        run_imports.candidate(model=model, strategy=strategy)


def test_a_model_is_registered_by_its_name_once():
    model = run_imports.register(name="  Far  away 7B ", actor=make_person("grace"))
    assert (model.slug, model.name, model.engine) == ("far-away-7b", "Far away 7B", "elsewhere")
    for name in ("Far away 7b", "…"):
        with pytest.raises(RunProblem):
            run_imports.register(name=name, actor=make_person("grace"))


def test_a_model_that_answers_elsewhere_cannot_be_started():
    prompt()
    candidate = run_imports.candidate(model=elsewhere(), strategy="plain")
    with pytest.raises(RunProblem, match="answers elsewhere. Import its responses"):
        start(benchmark=make_benchmark(), candidate=candidate, judges=[make_judge()], actor=None)
