"""Lists in pages, and what may be asked of them."""

import pytest

from tests.factories import make_config, make_organisation, make_version
from tests.programs import Program

pytestmark = pytest.mark.django_db


def titles(page):
    return [row["title"] for row in page["results"]]


def follow(program, address):
    return program.client.get(address).json()


@pytest.fixture
def five():
    for title in ("c", "a", "b", "b", "d"):
        make_config(f"{title}-{make_organisation().configs.count()}", title=title)


def test_pages_follow_each_other_without_gap_or_repeat_and_lead_back(five):
    program = Program()
    first = program.get("configs/", page_size=2).json()
    second = follow(program, first["next"])
    third = follow(program, second["next"])
    assert [titles(page) for page in (first, second, third)] == [["a", "b"], ["b", "c"], ["d"]]
    assert (first["previous"], third["next"]) == (None, None)
    back = follow(program, third["previous"])
    assert (titles(back), titles(follow(program, back["previous"]))) == (["b", "c"], ["a", "b"])
    assert follow(program, back["previous"])["previous"] is None


def test_a_row_that_comes_meanwhile_moves_nothing(five):
    program = Program()
    first = program.get("configs/", page_size=2).json()
    make_config("new", title="A")
    make_config("newer", title="aa")
    assert titles(follow(program, first["next"])) == ["b", "c"]


def test_filters_go_along_to_the_next_page(five):
    make_config("other", title="bb")
    program = Program()
    first = program.get("configs/", page_size=2, title="b").json()
    assert titles(follow(program, first["next"])) == ["bb"]


def test_a_list_by_a_falling_number_is_paged_too():
    config = make_config()
    for _ in range(5):
        make_version(config)
    program, numbers = Program(), []
    page = program.get(f"configs/{config.pk}/versions/", page_size=2).json()
    while page:
        numbers += [row["number"] for row in page["results"]]
        page = follow(program, page["next"]) if page["next"] else None
    assert numbers == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": ""},
        {"cursor": "WzEsMl0:x"},
        {"cursor": "\0"},
        {"page_size": 0},
        {"page_size": 201},
        {"page_size": "x"},
        {"page_size": 10**30},
        {"organisation": "x"},
        {"organisation": -1},
        {"organisation": 2**63},
        {"title": "\0"},
        {"title": ""},
        {"nothing": 1},
        {"title": ["a", "b"]},
    ],
)
def test_a_query_that_makes_no_sense_is_a_problem_that_names_it(query):
    answer = Program().get("configs/", **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(query))


def test_a_cursor_of_another_list_is_refused(five):
    program = Program()
    cursor = program.get("configs/", page_size=2).json()["next"].partition("cursor=")[2].partition("&")[0]
    config = make_config()
    assert program.client.get(f"/api/v1/configs/{config.pk}/versions/?cursor={cursor}").status_code == 400


def test_a_filter_of_a_choice_takes_its_words_alone():
    config = make_version(state="draft").config
    make_version(config)
    listed = Program().get(f"configs/{config.pk}/versions/", state="draft").json()["results"]
    assert [row["number"] for row in listed] == [1]
    assert Program().get(f"configs/{config.pk}/versions/", state="lost").status_code == 400
