"""What a pasted list would come to, with its problems by number, and adding the good ones."""

import pytest

from annotations.core.pasted import LINES, pieces
from annotations.models import Prompt
from annotations.services import pasting
from annotations.services.prompt_checks import LONGEST, PromptProblem
from annotations.services.prompts import Content, add_prompt
from tests.factories import make_benchmark, make_config, make_person, make_version

pytestmark = pytest.mark.django_db
COMMON = Content("", "allowed", risks=("violence",))


def look(text, common=COMMON):
    found = pieces(text, LINES)
    return pasting.look(benchmark=make_benchmark(), config=make_config(), pieces=found, common=common)


def add(found, common=COMMON):
    place = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    return pasting.add(found=found, common=common, **place)


def problem(*args, **fields):
    with pytest.raises(PromptProblem) as caught:
        look(*args, **fields)
    return caught.value


def test_good_ones_have_no_problem_and_nothing_is_stored():
    assert [(each.number, each.line, each.text, each.problem) for each in look("a\n\nb")] == [
        (1, 1, "a", ""),
        (2, 3, "b", ""),
    ]
    assert not Prompt.objects.exists()


def test_a_double_inside_the_paste_names_the_first_one():
    assert [each.problem for each in look("a\nb\na")] == ["", "", "The same as number 1."]


def test_one_that_is_there_already_leads_to_it():
    place = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    there = add_prompt(text="a", kind="safe", **place)
    found = look("a\nb")
    assert (found[0].problem, found[0].twin, found[1].problem) == (
        "The benchmark already has it for this config.",
        there,
        "",
    )


def test_the_same_text_under_another_config_is_no_double():
    add_prompt(text="a", kind="safe", benchmark=make_benchmark(), config=make_config("film"), actor=make_person("ada"))
    assert look("a")[0].problem == ""


def test_an_overlong_one_is_a_problem_of_its_own():
    found = look(f"a\n{'x' * (LONGEST + 1)}")
    assert found[0].problem == "" and "at most 20,000 characters" in found[1].problem


def test_what_is_wrong_with_all_of_them_is_said_once():
    make_version()
    wrong = problem("a\nb", common=COMMON._replace(rule="r9"))
    assert "has no rule r9" in str(wrong) and wrong.field == "rule"


def test_nothing_pasted_is_a_problem():
    assert "no prompt in it" in str(problem(" \n"))


def test_too_many_are_refused_with_both_numbers():
    text = "\n".join(map(str, range(pasting.MOST + 1)))
    assert "At most 1,000 prompts at once; these are 1,001." in str(problem(text))


def test_the_good_ones_are_added_with_the_common_labels():
    assert add(look("a\nb\na")) == 2
    rows = Prompt.objects.values_list("text", "kind", "risks", "position")
    assert list(rows) == [("a", "allowed", ["violence"], 1), ("b", "allowed", ["violence"], 2)]


def test_one_that_came_in_meanwhile_stops_them_all():
    found = look("a\nb")
    add_prompt(text="b", kind="safe", benchmark=make_benchmark(), config=make_config(), actor=make_person("lea"))
    with pytest.raises(PromptProblem, match="already has this prompt"):
        add(found)
    assert Prompt.objects.count() == 1


def test_a_thousand_lines_ask_the_database_a_fixed_number_of_times(django_assert_max_num_queries):
    make_version()
    text = "\n".join(map(str, range(pasting.MOST)))
    with django_assert_max_num_queries(12):
        look(text, common=COMMON._replace(rule="r1"))
