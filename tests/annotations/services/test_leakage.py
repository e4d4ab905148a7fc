"""Prompts of a set that stand in benchmarks: every one is found, none is taken for clean that was not compared."""

import pytest
from django.utils import timezone

from annotations.core.manifest import Number
from annotations.models import PreferenceSet
from annotations.services import leakage, pair_files, releases
from tests.annotations.services.test_freezing import pair
from tests.factories import (
    make_benchmark,
    make_organisation,
    make_person,
    make_prompt,
    make_training_prompts,
    make_version,
)

pytestmark = pytest.mark.django_db
SIEGE = "How did the people inside a besieged town get water in a dry summer?"


def check(tmp_path, *texts, **patches):
    rows = [pair(number, prompt=text) for number, text in enumerate(texts)]
    pair_files.write(tmp_path / "part", rows)
    return leakage.check(tmp_path / "part", make_organisation().pk, lambda done, total: None)


def test_the_same_prompt_is_found_whatever_its_case_and_signs(tmp_path):
    stands = make_prompt(SIEGE)
    report = check(tmp_path, "Who won?", SIEGE.upper() + "!!", SIEGE.upper() + "!!")
    assert (report["state"], report["exact"], report["near"], report["prompts"], report["pairs"]) == (
        "done",
        1,
        0,
        2,
        2,
    )
    (first,) = report["first"]
    assert (first["number"], first["pairs"], first["prompt"], first["exact"]) == (2, 2, stands.pk, True)
    assert report["against"] == [
        {"benchmark": stands.benchmark_id, "title": "Benchmark bench", "prompts": 1, "releases": []}
    ]


def test_nearly_the_same_prompt_is_found_with_its_score(tmp_path):
    make_prompt(SIEGE)
    report = check(tmp_path, SIEGE.replace("dry", "hot"), "How tall is a mill?")
    assert (report["exact"], report["near"]) == (0, 1)
    assert 0.8 <= report["first"][0]["score"] < 1


def test_a_prompt_that_only_a_release_holds_is_found(tmp_path):
    make_version()
    prompt = make_prompt(SIEGE, kind="safe")
    releases.freeze(benchmark=prompt.benchmark, number=Number(1, 0), actor=make_person("lea"))
    type(prompt).objects.filter(pk=prompt.pk).update(archived_at=timezone.now())
    report = check(tmp_path, SIEGE)
    assert report["exact"] == 1 and report["against"][0]["releases"] == ["v1.0"]


def test_prompts_taken_out_before_any_release_training_prompts_and_other_houses_do_not_count(tmp_path):
    make_prompt(SIEGE, archived_at=timezone.now())
    make_training_prompts(SIEGE)
    make_prompt(SIEGE, benchmark=make_benchmark("theirs", make_organisation("elsewhere")))
    report = check(tmp_path, SIEGE)
    assert (report["exact"], report["near"], report["against_prompts"]) == (0, 0, 0)


def test_prompts_come_in_rounds_and_the_most_similar_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(leakage, "AT_ONCE", 1)
    make_prompt(SIEGE.replace("dry", "hot"))
    same, told = make_prompt(SIEGE), []
    pair_files.write(tmp_path / "part", [pair(1, prompt=SIEGE), pair(2, prompt="Who won?")])
    report = leakage.check(tmp_path / "part", make_organisation().pk, lambda *args: told.append(args))
    assert (report["exact"], report["near"], report["first"][0]["prompt"]) == (1, 0, same.pk)
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_at_most_two_hundred_are_listed_the_same_ones_first(tmp_path, monkeypatch):
    monkeypatch.setattr(leakage, "MOST_LISTED", 1)
    make_prompt(SIEGE)
    report = check(tmp_path, SIEGE.replace("dry", "hot"), SIEGE)
    assert (report["exact"], report["near"]) == (1, 1) and [one["number"] for one in report["first"]] == [2]


def test_a_file_that_cannot_be_read_is_no_clean_one(tmp_path):
    make_prompt(SIEGE)
    (tmp_path / "part").write_bytes(b"PAR1 and nothing")
    report = leakage.check(tmp_path / "part", make_organisation().pk, lambda done, total: None)
    assert report["state"] == "failed" and "broke off" in report["why"]
    assert "not known" in leakage.words(PreferenceSet(leaks=report))


def test_signs_alone_are_like_nothing(tmp_path):
    make_prompt("!!!")
    assert check(tmp_path, "???")["exact"] == 0
