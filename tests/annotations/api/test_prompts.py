"""Prompts of a benchmark, and labels of them, through the API."""

from uuid import uuid4

import pytest

from annotations.models import Prompt, PromptCheck
from annotations.services import checks, prompts
from tests.asked import asked
from tests.factories import make_benchmark, make_check, make_config, make_person, make_prompt, make_ruling, make_version
from tests.labelling import categorical
from tests.programs import Program

pytestmark = pytest.mark.django_db


def written(**said):
    """A prompt of Bob's, who is a reviewer and rates nothing."""
    version = make_version() if not make_config().versions.exists() else make_config().versions.first()
    return prompts.add_prompt(
        benchmark=make_benchmark(),
        config=version.config,
        actor=make_person("bob"),
        **{"text": f"How high is a wall? {uuid4()}", "kind": "safe"} | said,
    )


def at(prompt, *more):
    return "/".join([f"benchmarks/{prompt.benchmark_id}/prompts/{prompt.uid}", *more, ""])


def test_a_list_is_filtered_as_on_the_page():
    one = written(kind="partial", risks=["violence"], rule="r1", text="Sieges of old?")
    written(language="ar")
    program, address = Program(), f"benchmarks/{one.benchmark_id}/prompts/"
    for said in (
        {"kind": "partial"}, {"risk": "violence"}, {"rule": "r1"}, {"words": "sieges"}, {"language": "en"},
    ):  # fmt: skip
        assert [row["uid"] for row in program.get(address, **said).json()["results"]] == [str(one.uid)], said
    for said, number in (({"config": one.config_id}, 2), ({"config": 2**62}, 0), ({"validation": "validated"}, 0)):
        assert len(program.get(address, **said).json()["results"]) == number
    assert program.get(address, risk="none").json()["results"][0]["language"] == "ar"
    assert program.get(address, kind="odd").status_code == program.get(address, knid="safe").status_code == 400


def test_a_list_goes_on_by_its_cursor():
    for _ in range(3):
        one = written()
    program, address = Program(), f"benchmarks/{one.benchmark_id}/prompts/"
    first = program.get(address, page_size=2).json()
    rest = program.client.get(first["next"]).json()
    assert [row["position"] for row in (*first["results"], *rest["results"])] == [1, 2, 3]
    assert rest["next"] is None


def test_a_prompt_is_written_at_the_end_of_its_benchmark():
    version, bench = make_version(), make_benchmark()
    said = {"config": version.config_id, "text": "How do walls stand?", "kind": "safe", "why": "Nothing in it."}
    made = Program().send(f"benchmarks/{bench.pk}/prompts/", said)
    told = made.json()
    assert (made.status_code, told["position"], told["wordings"], told["validation"]) == (201, 1, 1, "open")
    assert (told["created_by"]["name"], told["language"], told["labels"]) == ("Ada", "en", 0)
    again = Program().send(f"benchmarks/{bench.pk}/prompts/", said)
    assert (again.status_code, list(again.json()["errors"])) == (422, ["text"])
    assert Program("bob").send(f"benchmarks/{bench.pk}/prompts/", said).status_code == 403
    assert Program("mallory").send(f"benchmarks/{bench.pk}/prompts/", said).status_code == 404


@pytest.mark.parametrize("wrong", [{"kind": "odd"}, {"rule": "r9"}, {"risks": ["spells"]}, {"language": "!"}])
def test_what_a_prompt_cannot_be_is_refused_by_its_field(wrong):
    said = {"config": make_version().config_id, "text": "How?", "kind": "safe"} | wrong
    told = Program().send(f"benchmarks/{make_benchmark().pk}/prompts/", said)
    assert (told.status_code, next(iter(told.json()["errors"])).split(".")[0]) == (422, next(iter(wrong)))


def test_an_edit_is_the_next_wording_and_the_old_one_stays_readable():
    one, program = written(text="First"), Program()
    seen = program.get(at(one)).json()["seen"]
    told = program.send(at(one), {"text": "Second", "seen": seen}, method="patch").json()
    assert (told["text"], told["kind"], told["wordings"]) == ("Second", "safe", 2)
    rows = program.get(at(one, "wordings")).json()["results"]
    assert [(row["text"], row["archived_at"] is None) for row in rows] == [("First", False), ("Second", True)]


def test_an_edit_over_somebody_elses_is_a_conflict_and_one_without_a_look_is_refused():
    one, program = written(text="First"), Program()
    seen = program.get(at(one)).json()["seen"]
    program.send(at(one), {"text": "Second", "seen": seen}, method="patch")
    late = program.send(at(one), {"text": "Third", "seen": seen}, method="patch")
    assert (late.status_code, Prompt.objects.current().get(uid=one.uid).text) == (409, "Second")
    assert program.send(at(one), {"text": "Third"}, method="patch").status_code == 422
    assert Program("bob").send(at(one), {"seen": seen}, method="patch").status_code == 403


def test_a_prompt_is_taken_out_once_and_put_back():
    one, program = written(), Program()
    stale = program.send(at(one, "take-out"), {"seen": "of another one"})
    out = program.send(at(one, "take-out"))
    twice = program.send(at(one, "take-out"))
    assert [stale.status_code, out.status_code, twice.status_code] == [409, 200, 409]
    assert out.json()["archived_at"] and program.get(at(one)).json()["archived_at"]
    back = program.send(at(one, "put-back"))
    assert (back.status_code, back.json()["wordings"]) == (200, 2)
    assert program.send(at(one, "put-back")).status_code == 422
    told = [Program(who).send(at(one, "take-out")).status_code for who in ("bob", "carol", "mallory")]
    assert told == [403, 403, 404]


def test_a_list_asks_as_much_for_thirty_prompts_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            make_check(make_prompt(config=make_config(f"c{number}-{n}")))
        found += asked(Program(), f"benchmarks/{make_benchmark().pk}/prompts/")
    assert (few[0], many[0]) == (3, 30) and few[1] == many[1]


# labels


def test_a_rater_reads_the_next_prompt_without_a_sign_of_what_others_say():
    one = written(kind="disallowed", risks=["drugs"], why="PUMA-WHY", source="PUMA-SOURCE")
    make_check(one, make_person("ada"), kind="partial", note="LYNX")
    carol = Program("carol")
    told = carol.get(f"checks/{one.benchmark_id}/next/")
    assert told.json()["prompt"] == {"uid": str(one.uid), "text": one.text, "digest": one.digest, "language": "en"}
    assert told.json()["config"]["rules"][0]["id"] == "r1"
    listed = carol.get("checks/")
    body = told.content.decode() + listed.content.decode()
    assert not [word for word in ("disallowed", "partial", "drugs", "PUMA", "LYNX", "Bob") if word in body]
    assert (listed.json()["results"][0]["waiting"], listed.json()["results"][0]["done"]) == (1, 0)


def label(row, **said):
    said = {"prompt": str(row.uid), "digest": row.digest, "kind": "safe"} | said
    return Program("carol").send(f"checks/{row.benchmark_id}/labels/", said)


def test_a_label_is_given_read_and_changed():
    one, carol = written(), Program("carol")
    made = label(one, kind="unsure", note="Which wall?")
    address = f"checks/{one.benchmark_id}/labels/"
    assert (made.status_code, carol.get(address).json()["results"]) == (201, [made.json()])
    assert (made.json()["kind"], made.json()["note"], made.json()["version"]) == ("unsure", "Which wall?", 1)
    changed = carol.send(f"{address}{made.json()['id']}/", {"kind": "allowed"}, method="put")
    assert (changed.status_code, changed.json()["kind"]) == (200, "allowed")
    assert PromptCheck.objects.filter(withdrawn_at=None).get().kind == "allowed"
    late = carol.send(f"{address}{made.json()['id']}/", {"kind": "safe"}, method="put")
    assert late.status_code == 409


@pytest.mark.parametrize("number", [1, 3])
def test_a_situation_is_given_back_without_the_kind_that_follows_of_the_authors_risks(number):
    # with risks situation 1 is allowed, without any it is safe: the kind would tell which
    one, carol = categorical(number), Program("carol")
    address = f"checks/{one.benchmark_id}/labels/"
    made = carol.send(address, {"prompt": str(one.uid), "digest": one.digest, "situation": number})
    other = carol.send(f"{address}{made.json()['id']}/", {"situation": 2}, method="put")
    listed = carol.get(address).json()["results"][0]
    assert [row["kind"] for row in (made.json(), other.json(), listed)] == [None] * 3
    assert [row["situation"] for row in (made.json(), other.json(), listed)] == [number, 2, 2]
    unsure = carol.send(f"{address}{listed['id']}/", {"kind": "unsure", "note": "Which wall?"}, method="put").json()
    assert (unsure["kind"], unsure["situation"]) == ("unsure", None)


def test_a_second_label_an_old_text_and_a_decided_prompt_are_told():
    one = written()
    assert label(one, kind="unsure").status_code == label(one, kind="odd").status_code == 422
    assert label(one, digest="0" * 64).status_code == label(one, prompt=str(uuid4())).status_code == 409
    assert [label(one).status_code for _ in range(2)] == [201, 409]
    decided = written()
    make_ruling(decided)
    assert label(decided).status_code == 422


def test_a_stranger_labels_nothing_and_nobody_changes_anothers_label():
    one = written()
    mine = checks.label(prompt=one, rater=make_person("ada"), kind="safe")
    address = f"checks/{one.benchmark_id}/labels/"
    assert Program("mallory").get(f"checks/{one.benchmark_id}/next/").status_code == 404
    assert Program("bob").get(f"checks/{one.benchmark_id}/next/").status_code == 403
    assert Program("carol").send(f"{address}{mine.pk}/", {"kind": "partial"}, method="put").status_code == 404
    assert Program("carol").get(address).json()["results"] == []


def test_lists_of_labels_ask_as_much_for_thirty_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            make_check(make_prompt(), make_person("carol"))
            make_prompt(benchmark=make_benchmark(f"b{number}-{n}"))
        found += asked(Program("carol"), f"checks/{make_benchmark().pk}/labels/")
        found += asked(Program("carol"), "checks/")
    assert (few[::2], many[::2]) == ([3, 4], [30, 31]) and few[1::2] == many[1::2]
