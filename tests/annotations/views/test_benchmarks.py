"""The pages of benchmarks: coverage, filters, pages, and the fragment htmx asks for."""

import pytest
from django.urls import reverse

from tests.factories import make_benchmark, make_check, make_config, make_organisation, make_person, make_prompt
from tests.markup import elements, next_page

pytestmark = pytest.mark.django_db
LIST = reverse("annotations:benchmark-list")
HTMX = {"HX-Request": "true"}


def detail(benchmark, query=""):
    return reverse("annotations:benchmark-detail", args=[benchmark.pk]) + query


def shown(response):
    """The prompts a page shows."""
    return [one.text for one in elements(response.content.decode(), "div", "text")]


@pytest.fixture
def benchmark():
    """Three prompts: a safe one and a partial one of a game, a partial one of a film."""
    made, game, film = make_benchmark(), make_config("game", title="Game"), make_config("film", title="Film")
    make_prompt("Tell me a story.", benchmark=made, config=game, kind="safe")
    make_prompt("Describe the Siege.", benchmark=made, config=game, kind="partial")
    make_prompt("اكتب مشهداً قصيراً", benchmark=made, config=film, kind="partial", language="ar")
    return made


def test_the_list_counts_prompts_configs_and_kinds(as_person, benchmark):
    row = elements(as_person("ada").get(LIST).content.decode(), "td", "number")
    # configs, all prompts, safe, allowed, partial, disallowed, validated
    assert [cell.text for cell in row] == ["2", "3", "1", "0", "2", "0", "0 of 3"]


def test_the_list_holds_only_benchmarks_of_the_own_organisation(as_person, benchmark):
    make_benchmark("theirs", make_organisation("elsewhere"), title="Theirs")
    assert "Theirs" not in as_person("ada").get(LIST).content.decode()


def test_an_empty_list_says_what_a_benchmark_is(as_person):
    assert "No benchmark belongs to your organisation yet" in as_person("ada").get(LIST).content.decode()


def test_the_page_shows_every_prompt_in_its_order(as_person, benchmark):
    response = as_person("ada").get(detail(benchmark))
    assert shown(response) == ["Tell me a story.", "Describe the Siege.", "اكتب مشهداً قصيراً"]


def test_each_row_leads_to_its_prompt(as_person, benchmark):
    html = as_person("ada").get(detail(benchmark)).content.decode()
    links = [one.attributes["href"] for one in elements(html, "a", "row-link")]
    uids = benchmark.prompts.order_by("position").values_list("uid", flat=True)
    assert links == [reverse("annotations:prompt-detail", args=[benchmark.pk, uid]) for uid in uids]


def test_an_endless_prompt_is_cut_in_the_list(as_person, benchmark):
    make_prompt("x" * 20_000, benchmark=benchmark)
    assert len(shown(as_person("ada").get(detail(benchmark)))[-1]) == 400


@pytest.mark.parametrize(("person", "writes"), [("ada", True), ("lea", True), ("grace", True), ("bob", False)])
def test_who_may_write_finds_the_writer(as_person, benchmark, person, writes):
    html = as_person(person).get(detail(benchmark)).content.decode()
    assert (reverse("annotations:prompt-new", args=[benchmark.pk]) in html) == writes


def test_an_empty_benchmark_offers_the_writer_to_who_may_write(as_person):
    empty = make_benchmark()
    assert "Write the first one" in as_person("ada").get(detail(empty)).content.decode()
    assert "Write the first one" not in as_person("bob").get(detail(empty)).content.decode()


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?language=ar", ["اكتب مشهداً قصيراً"]),
        ("?risk=drugs", ["Drugs."]),
        ("?risk=violence", ["Drugs."]),
        ("?risk=weapons", []),
        ("?risk=none&kind=safe", ["Tell me a story."]),
        ("?rule=r1", ["Drugs."]),
        ("?rule=none&kind=safe", ["Tell me a story."]),
        ("?validation=disputed", ["Describe the Siege."]),
        ("?validation=validated", ["Tell me a story."]),
        ("?validation=open&kind=partial", ["اكتب مشهداً قصيراً"]),
    ],
)
def test_each_filter_leaves_what_it_names(as_person, benchmark, query, found):
    make_prompt(
        "Drugs.",
        benchmark=benchmark,
        config=make_config("game"),
        kind="allowed",
        risks=["drugs", "violence"],
        rule="r1",
    )
    story, siege = benchmark.prompts.order_by("position")[:2]
    make_check(siege, kind="safe")
    make_check(story), make_check(story, make_person("lea"))
    assert shown(as_person("ada").get(detail(benchmark, query))) == found


def test_the_validation_of_each_prompt_stands_in_its_row(as_person, benchmark):
    make_check(benchmark.prompts.get(text="Describe the Siege."), kind="safe")
    cells = elements(as_person("ada").get(detail(benchmark)).content.decode(), "td")
    states = [cell.text.strip() for cell in cells if cell.text.strip().endswith(("open", "disputed", "validated"))]
    assert states == ["◌open", "▲disputed", "◌open"]


def test_a_config_filter_leaves_its_prompts(as_person, benchmark):
    response = as_person("ada").get(detail(benchmark, f"?config={make_config('film').pk}"))
    assert shown(response) == ["اكتب مشهداً قصيراً"]


def test_a_kind_filter_leaves_its_prompts(as_person, benchmark):
    assert shown(as_person("ada").get(detail(benchmark, "?kind=safe"))) == ["Tell me a story."]


@pytest.mark.parametrize("words", ["siege", "SIEGE", " Siege "])
def test_words_are_found_whatever_their_case(as_person, benchmark, words):
    assert shown(as_person("ada").get(detail(benchmark), {"words": words})) == ["Describe the Siege."]


@pytest.mark.both_databases
def test_words_that_no_database_holds_are_not_found(as_person, benchmark):
    assert shown(as_person("ada").get(detail(benchmark), {"words": "Siege\x00"})) == []


def test_arabic_words_are_found(as_person, benchmark):
    assert shown(as_person("ada").get(detail(benchmark), {"words": "مشهد"})) == ["اكتب مشهداً قصيراً"]


@pytest.mark.parametrize(
    "query",
    [
        "?kind=harmless",
        "?risk=dragons",
        "?validation=maybe",
        "?config=abc",
        "?config=²",
        "?config=" + "9" * 5000,
        "?kind=&config=&words=",
        "?page=none",
    ],
)
def test_a_filter_that_makes_no_sense_filters_nothing(as_person, benchmark, query):
    assert len(shown(as_person("ada").get(detail(benchmark, query)))) == 3


def test_filters_without_a_match_say_so(as_person, benchmark):
    assert "No prompt matches" in as_person("ada").get(detail(benchmark, "?kind=disallowed")).content.decode()


def test_the_filters_stay_as_they_were_chosen(as_person, benchmark):
    html = as_person("ada").get(detail(benchmark), {"kind": "partial", "words": 'a "siege"'}).content.decode()
    chosen = [one.text for one in elements(html, "option") if "selected" in one.attributes]
    words = next(one for one in elements(html, "input") if one.attributes.get("name") == "words")
    assert (chosen, words.attributes["value"]) == (["partial"], 'a "siege"')


def test_a_long_list_comes_in_pages_that_keep_the_filter(as_person, benchmark):
    for _ in range(60):
        make_prompt(benchmark=benchmark, config=make_config("game"), kind="safe")
    ada = as_person("ada")
    response = ada.get(detail(benchmark, next_page(ada.get(detail(benchmark, "?kind=safe")).content.decode())))
    back = [
        one.attributes["href"]
        for one in elements(response.content.decode(), "a")
        if one.attributes.get("rel") == "prev"
    ]
    assert len(shown(response)) == 11 and back[0].startswith("?kind=safe&before=")


@pytest.mark.parametrize("asked", ["page=2", "page=99", "after=abc", "before=abc", "after="])
def test_a_page_that_this_list_did_not_name_is_the_first(as_person, asked):
    benchmark = make_benchmark()
    first, *_ = [make_prompt(benchmark=benchmark) for _ in range(51)]
    response = as_person("ada").get(detail(benchmark, f"?{asked}"))
    assert len(shown(response)) == 50 and first.text in response.content.decode()


def test_htmx_gets_the_prompts_alone(as_person, benchmark):
    html = as_person("ada").get(detail(benchmark, "?kind=safe"), headers=HTMX).content.decode()
    assert "<body" not in html and html.lstrip().startswith('<div id="prompts"')


def test_a_restored_history_gets_the_whole_page(as_person, benchmark):
    headers = HTMX | {"HX-History-Restore-Request": "true"}
    assert "<body" in as_person("ada").get(detail(benchmark), headers=headers).content.decode()
