"""The page that composes a test set: a preset, changed line by line, looked at, built."""

import pytest

from annotations.models import Benchmark
from tests.factories import make_benchmark, make_organisation, make_person, make_prompt

pytestmark = pytest.mark.django_db
URL = "/test-sets/new/"
LINE = {"group": ["test"], "allowed": ["violence"], "risks": ["violence"], "number": ["2"]}


@pytest.fixture
def ada(as_person):
    for _ in range(3):
        make_prompt(risks=["violence"])
    return as_person("ada")


def typed(**changes):
    home = make_organisation("lantern").pk
    made = {"title": "A set", "organisation": home, "sources": [make_benchmark().pk], "seed": 0, "do": "build"}
    return made | LINE | changes


def test_the_page_begins_empty_or_with_a_preset(ada):
    assert "The plan is empty" in ada.get(URL).text
    page = ada.get(f"{URL}?preset=cosalign_test").text
    assert "3\u202f200 prompts: 1\u202f210 fully allowed, 728 partly, 1\u202f262 not at all" in page


@pytest.mark.parametrize("preset", ["../floor", "nothing", "\0"])
def test_a_preset_that_is_not_there_is_an_empty_plan(ada, preset):
    assert "The plan is empty" in ada.get(URL, {"preset": preset}).text


def test_a_plan_is_built_and_the_page_says_what_came_of_it(ada):
    answer = ada.post(URL, typed(number=["5"]), follow=True)
    made = Benchmark.objects.get(title="A set")
    assert answer.redirect_chain == [(f"/benchmarks/{made.pk}/", 302)]
    assert "Built with 3 prompts, 2 were not to be had." in answer.text


def test_looking_shows_what_there_is_and_builds_nothing(ada):
    answer = ada.post(URL, typed(do="look", title="", number=["5"]))
    assert answer.status_code == 200 and "2 missing" in answer.text and "This field is required" not in answer.text
    assert not Benchmark.objects.filter(title="A set").exists()


def test_a_line_is_added_and_the_rest_kept(ada):
    more = {"new_allowed": ["drugs"], "new_risks": ["drugs", "violence"], "new_number": "7", "new_group": ""}
    page = ada.post(URL, typed(do="add", **more)).text
    assert 'value="7"' in page and "Allows drugs" in page and 'value="A set"' in page and "Allows violence" in page


@pytest.mark.parametrize("number", ["", "many", "0", "9999999"])
def test_a_line_without_a_number_is_refused(ada, number):
    answer = ada.post(URL, typed(do="add", new_number=number))
    assert answer.status_code == 422 and 'value="A set"' in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": [""]}, "The plan is empty"),
        ({"number": ["many"]}, "Line 1: “many” is no whole number"),
        ({"allowed": ["arson"]}, "no risk category &#x27;arson&#x27;"),
        ({"title": ""}, "This field is required"),
        ({"sources": []}, "This field is required"),
        ({"risks": ["drugs"], "allowed": ["drugs"]}, "None of the prompts has the categories"),
    ],
)
def test_what_cannot_be_built_is_said_and_nothing_typed_is_lost(ada, change, words):
    answer = ada.post(URL, typed(**change))
    assert answer.status_code == 422 and words in answer.text
    assert Benchmark.objects.count() == 1


@pytest.mark.both_databases
def test_a_group_is_cut_and_holds_nothing_that_no_database_takes(ada):
    assert ada.post(URL, typed(group=["se\0en" * 20])).status_code == 302
    group = Benchmark.objects.get(title="A set").prompts.first().extra["group"]
    assert len(group) == 40 and "\0" not in group


def test_benchmarks_of_others_are_not_drawn_from(ada):
    secret = make_benchmark("secret", make_organisation("elsewhere"))
    answer = ada.post(URL, typed(sources=[secret.pk]))
    assert answer.status_code == 422 and "secret" not in ada.get(URL).text


def test_a_test_set_is_built_for_the_own_organisation_alone(ada):
    elsewhere = make_organisation("elsewhere").pk
    assert ada.post(URL, typed(organisation=elsewhere)).status_code == 422


def test_only_those_who_write_compose_test_sets(as_person):
    make_person("bob")
    assert {as_person(name).get(URL).status_code for name in ("bob", "carol", "grace")} == {403}


@pytest.mark.both_databases
@pytest.mark.parametrize("strange", [2**63, "9" * 40, "one", "-1"])
def test_a_benchmark_that_no_database_could_hold_is_refused_in_words(ada, strange):
    answer = ada.post(URL, typed(sources=[strange]))
    assert answer.status_code == 422 and "is not one of the available choices" in answer.text
