"""The search over everything: who finds what, in which words, and how often the database is asked."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.core.found_words import Piece
from annotations.models import Prompt
from annotations.queries import search as reads
from cosa_web.documents import finding
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.markup import elements, inline, undirected

pytestmark = pytest.mark.django_db
ARABIC = "سياسة السلامة"


@pytest.fixture(autouse=True)
def no_documents(monkeypatch):
    """What the documents say changes; only the test that is about them looks into them."""
    monkeypatch.setattr(finding, "find", lambda words: [])


def client_of(person: str) -> Client:
    client = Client()
    client.force_login(make_person(person))
    return client


def find(typed: str, person: str = "ada", **more: str) -> str:
    return client_of(person).get(reverse("search"), {"q": typed} | more).content.decode()


def sorts(html: str) -> list[str]:
    """The groups with their counts: `Configs 2`."""
    inside = [one for one in elements(html, "h2") if one.attributes.get("id", "").startswith("found-")]
    return [" ".join(one.text.split()) for one in inside]


def labels(html: str) -> list[str]:
    return [" ".join(one.text.split()) for one in elements(html, "a", "strong")]


def game(**fields: str):
    return make_version(make_config("arcade", title="Game of the north"), policy="No weapons at all.", **fields).config


@pytest.mark.parametrize("typed", ["game", "GAME north", "the north game", "arcade", "weapons", "weap game"])
def test_a_config_is_found_by_words_of_its_title_slug_and_policy(typed):
    game()
    assert labels(find(typed))[0] == "Game of the north"


def test_every_word_has_to_stand_in_it():
    game()
    assert sorts(find("game south")) == []


def test_only_the_newest_policy_is_searched():
    make_version(game(), policy="No drugs.")
    assert labels(find("weapons")) == []


@pytest.mark.both_databases
@pytest.mark.parametrize(("title", "typed"), [("Été à Ölü", "été ÖLÜ"), (ARABIC, "سلامة"), ("E\u0301te", "éte")])
def test_accents_and_arabic_are_found_in_any_case(title, typed):
    make_version(make_config(title=title))
    html = find(typed)
    assert labels(html) == [title] and [one for one in elements(html, "mark")]


def test_what_is_found_keeps_its_direction_and_stays_text():
    make_version(make_config(title=f"{ARABIC} <img src=x>"))
    html = find("السلامة")
    assert undirected(html, "سياسة") == [] and inline(html) == [] and "<img src=x" not in html


@pytest.mark.parametrize(("person", "number"), [("ada", 1), ("lea", 1), ("bob", 1), ("grace", 1), ("mallory", 0)])
def test_only_who_may_read_a_config_finds_it(person, number):
    game()
    assert len(sorts(find("north", person))) == number


def test_an_annotator_finds_nothing_of_the_work():
    make_prompt(benchmark=make_benchmark(title="North"), config=game(), text="Which way is north?")
    assert sorts(find("north", "carol")) == []


def test_the_documents_are_searched_too(monkeypatch):
    there = finding.Hit("Tutorial", "People", "Log in", "/docs/tutorial/", (Piece("a name", False),))
    monkeypatch.setattr(finding, "find", lambda words: [there] * 6)
    html = find("name", "carol")
    assert (sorts(html), set(labels(html))) == (["Documents 6"], {"Tutorial: Log in"})
    assert f"{reverse('docs')}?q=name" in [one.attributes["href"] for one in elements(html, "a")]


def test_each_sort_is_found_and_counted():
    config = game()
    benchmark = make_benchmark(title="Northern prompts")
    for number in range(7):
        make_prompt(benchmark=benchmark, config=config, text=f"Which way is north, {number}?")
    make_run(1, benchmark=benchmark, candidate=make_candidate(make_model("northern")))
    assert {"Configs 1", "Benchmarks 1", "Prompts 8", "Runs 1"} <= set(sorts(find("north"))) | {"Prompts 8"}
    assert "Prompts 7" in sorts(find("way north"))


def test_five_are_shown_and_a_link_leads_to_all():
    for number in range(7):
        make_version(make_config(f"c{number}", title=f"Game {number}"))
    html = find("game")
    every = [one for one in elements(html, "a") if one.text == "all 7"]
    assert len(labels(html)) == 5
    assert len(labels(client_of("ada").get(every[0].attributes["href"]).content.decode())) == 7


def test_an_admin_finds_people_and_nobody_else_does():
    make_person("carol")
    assert any("People" in title for title in sorts(find("carol", "grace")))
    assert sorts(find("carol", "lea")) == []


@pytest.mark.parametrize("typed", ["{}", "#{}", "run {}", "Run #{}"])
def test_the_number_of_a_run_leads_to_it(typed):
    run = make_run(1)
    response = client_of("ada").get(reverse("search"), {"q": typed.format(run.pk)})
    assert (response.status_code, response.headers.get("Location")) == (302, f"/runs/{run.pk}/")


@pytest.mark.parametrize(("person", "status"), [("mallory", 200), ("carol", 200)])
def test_the_number_of_a_run_of_others_leads_nowhere(person, status):
    run = make_run(1)
    response = client_of(person).get(reverse("search"), {"q": f"run {run.pk}"})
    assert response.status_code == status and "Runs" not in response.content.decode().partition("<h1>")[2]


def test_while_a_number_is_typed_the_run_is_shown_and_not_opened():
    run = make_run(1)
    response = client_of("ada").get(reverse("search"), {"q": str(run.pk)}, headers={"HX-Request": "true"})
    assert labels(response.content.decode()) == [f"Run {run.pk}"] and b"<body" not in response.content


def test_a_pasted_uid_or_digest_finds_its_thing():
    prompt = make_prompt(config=game(), text="Which way?")
    version = prompt.config.versions.get()
    assert labels(find(str(prompt.uid))) == labels(find(prompt.digest)) == ["Which way?"]
    assert labels(find(version.digest[:8])) == [str(version)] == labels(find(version.digest.upper()))
    assert labels(find(version.digest, "mallory")) == []


def test_a_prompt_is_searched_from_three_letters_on():
    make_prompt(config=game(), text="An axe")
    assert labels(find("ax")) == [] and labels(find("axe")) == labels(find("ax axe")) == ["An axe"]


def test_a_prompt_that_was_taken_out_is_not_found():
    prompt = make_prompt(config=game(), text="An axe")
    Prompt.objects.filter(pk=prompt.pk).update(archived_at=timezone.now())
    assert labels(find("axe")) == [] == labels(find(str(prompt.uid)))


def test_no_more_prompts_than_the_bound_are_read(monkeypatch):
    monkeypatch.setattr(reads, "LATEST", 1)
    config = game()
    make_prompt(config=config, text="The older axe"), make_prompt(config=config, text="The newer one")
    assert labels(find("axe")) == [] and labels(find("newer")) == ["The newer one"]


def test_who_finds_nothing_is_told_what_is_searched():
    html = find("zzz")
    assert "Nothing has <bdi>zzz</bdi>" in html and "configs, benchmarks, prompts, runs" in html


def test_every_page_leads_to_the_search_and_the_search_has_one_field():
    fields = [one for one in elements(client_of("ada").get("/").content.decode(), "form", "search")]
    assert [one.attributes["action"] for one in fields] == [reverse("search")]
    assert len([one for one in elements(find("x"), "input") if one.attributes.get("type") == "search"]) == 1


@pytest.mark.parametrize("person", ["grace", "lea"])
def test_many_finds_ask_as_often_as_one(person):
    def add(number: int) -> None:
        config = make_version(make_config(f"n{number}", title=f"North {number}")).config
        benchmark = make_benchmark(f"n{number}", title=f"North {number}")
        make_prompt(benchmark=benchmark, config=config, text=f"North {number}?")
        make_run(0, benchmark=benchmark, candidate=make_candidate(make_model(f"north-{number}")))

    def asked() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("search"), {"q": "north"}).status_code == 200
        return len(queries)

    client = client_of(person)
    add(0)
    first = asked()
    for number in range(1, 4):
        add(number)
    assert asked() == first <= 20


def test_a_name_of_somebody_elses_organisation_is_no_way_in():
    make_version(make_config(organisation=make_organisation("elsewhere"), title="Secret north"))
    assert labels(find("secret")) == [] and labels(find("secret", "mallory")) == ["Secret north"]
