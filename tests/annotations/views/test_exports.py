"""Taking a benchmark's prompts away: the page that shows what one gets, and the file."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations import exports
from tests.exports.reading import rows_of, unzipped
from tests.factories import make_benchmark, make_config, make_prompt, make_version
from tests.markup import elements, inline, text, undirected

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "اكتب مشهداً"


def page_url():
    return reverse("annotations:benchmark-export", args=[make_benchmark().pk])


def page(client, **wanted):
    return client.get(page_url(), wanted)


def taken(client, **wanted):
    return client.get(reverse("annotations:prompt-export", args=[make_benchmark().pk]), wanted)


def content(response):
    return b"".join(response.streaming_content)


def rows(client, format="jsonl", **wanted):
    return list(rows_of(format, content(taken(client, format=format, **wanted))))


def cells(response):
    return [one.text for one in elements(response.content.decode(), "td", "clip")]


def columns(html):
    """The boxes in which columns are chosen."""
    return [one for one in elements(html, "input") if one.attributes.get("name") == "columns"]


def headings(response):
    html = response.content.decode()
    return [one.text for one in elements(html, "th") if one.attributes.get("scope") == "col"]


def test_the_page_shows_the_first_three_rows_and_how_many_there_are(as_person):
    for number in range(5):
        make_prompt(f"Question {number}?")
    response = page(as_person("ada"), columns=["text", "kind"])
    assert cells(response) == ["Question 0?", "safe", "Question 1?", "safe", "Question 2?", "safe"]
    (told,) = [one for one in elements(response.content.decode(), "div", "spread") if "Download" in one.text]
    assert " ".join(told.text.split()) == "5 prompts in 2 columns as CSV. Download"


def test_the_page_says_what_each_column_holds(as_person):
    make_prompt()
    html = page(as_person("bob")).content.decode()
    assert "slugs of the risks a harmful answer would carry" in html
    picked = [one.attributes["value"] for one in columns(html) if "checked" in one.attributes]
    assert picked[:4] == ["id", "config", "config_title", "text"] and "policy" not in picked


def test_an_official_shape_has_its_columns_and_no_choice(as_person):
    make_prompt()
    response = page(as_person("ada"), shape="cosapien", columns=["text"])
    assert headings(response)[:4] == ["split", "prompt", "scenario", "type"]
    assert columns(response.content.decode()) == []


def test_the_choice_is_not_asked_for_by_the_form_whose_button_fetches_the_file(as_person):
    make_prompt()
    html = page(as_person("ada")).content.decode()
    [form] = [one for one in re.findall(r"<form[^>]*>", html) if page_url() in one]
    assert "hx-get" not in form and 'hx-include="closest form"' in html


def test_htmx_gets_what_changes_alone(as_person):
    html = as_person("ada").get(page_url(), headers=HTMX).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "export"


@pytest.mark.parametrize("name", exports.names())
def test_every_format_holds_the_prompts(as_person, name):
    make_prompt("How, and “why”?", risks=["drugs"], language="en")
    response = taken(as_person("ada"), format=name)
    found = list(rows_of(name, content(response)))
    assert [row["text"] for row in found] == ["How, and “why”?"]
    assert response.headers["Content-Type"] == exports.load(name).CONTENT_TYPE
    suffix = re.escape(exports.load(name).SUFFIX)
    assert re.fullmatch(rf'attachment; filename="bench-\d{{4}}-\d\d-\d\d{suffix}"', response["Content-Disposition"])


def test_the_file_has_the_columns_and_the_prompts_that_were_chosen(as_person):
    other = make_config("film")
    make_prompt("a", kind="safe")
    make_prompt("b", kind="allowed", config=other)
    assert rows(as_person("ada"), columns=["kind", "text"], kind="allowed", config=other.pk) == [
        {"text": "b", "kind": "allowed"}
    ]


def test_a_folder_of_one_config_keeps_the_name_of_its_split(as_person):
    make_version(make_config("film-studio"))
    make_prompt("a", config=make_config("film-studio"))
    wanted = {"shape": "cosapien", "config": make_config("film-studio").pk}
    ada = as_person("ada")
    assert list(unzipped(content(taken(ada, format="hf_folder", **wanted)))) == ["film_studio"]
    assert list(rows(ada, **wanted)[0]) == ["prompt", "scenario", "type"]


def test_the_card_of_a_folder_says_what_it_is(as_person):
    make_benchmark(about="Forty questions.", licence="cc-by-4.0")
    make_prompt("a")
    data = content(taken(as_person("ada"), format="hf_folder"))
    assert (
        b"license: cc-by-4.0" in card(data) and b"Forty questions." in card(data) and b"`risks` | texts" in card(data)
    )


def card(data):
    import io
    import zipfile

    return zipfile.ZipFile(io.BytesIO(data)).read("README.md")


def test_a_formula_in_a_prompt_does_not_run_in_a_spreadsheet(as_person):
    make_prompt("=cmd|' /C calc'!A0")
    assert rows(as_person("ada"), "csv", columns=["text"]) == [{"text": "'=cmd|' /C calc'!A0"}]


@pytest.mark.parametrize(
    "wanted",
    [
        {"shape": "excel"},
        {"format": "xlsx"},
        {"kind": "fine"},
        {"config": "999999"},
        {"config": "x"},
        {"language": "tlh"},
        {"columns": "author"},
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_is_422_in_words(as_person, wanted):
    make_prompt()
    ada = as_person("ada")
    for response in (page(ada, **wanted), taken(ada, **wanted)):
        assert response.status_code == 422 and elements(response.content.decode(), css="error")


def test_nothing_to_take_away_is_said_and_no_file(as_person):
    make_prompt(kind="safe")
    ada = as_person("ada")
    assert "No prompt matches" in text(page(ada, kind="partial").content.decode(), "empty")
    response = taken(ada, kind="partial", format="parquet")
    assert response.status_code == 422 and "nothing to download" in response.content.decode()


def test_a_shape_for_categorical_configs_says_what_it_leaves_out(as_person):
    make_prompt()
    ada = as_person("ada")
    assert "None of the prompts that match" in text(page(ada, shape="cosalign_test").content.decode(), "empty")
    config = make_config("drugs", categorical=True)
    make_version(config, allowed=["drugs"])
    make_prompt(config=config, situation=1)
    assert "1 more matches, but is not under a categorical config" in page(ada, shape="cosalign_test").content.decode()


def test_texts_of_people_are_escaped_and_run_their_own_way(as_person):
    make_benchmark(title=HOSTILE)
    make_prompt(HOSTILE, config=make_config("hostile", title=HOSTILE), source=ARABIC)
    html = page(as_person("ada")).content.decode()
    assert HOSTILE not in html and inline(html) == []
    assert undirected(html, ARABIC) == []


def test_many_prompts_ask_as_often_as_few(as_person):
    ada, counts = as_person("ada"), []
    for number in (3, 30):
        for each in range(number):
            config = make_version(make_config(f"c{number}-{each}")).config
            make_prompt(config=config)
        with CaptureQueriesContext(connection) as asked:
            page(ada, shape="cosapien")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25


@pytest.mark.parametrize(("person", "status"), [("mallory", 404), ("carol", 403), ("bob", 200), ("grace", 200)])
def test_readers_of_the_benchmark_take_it_away(as_person, person, status):
    make_prompt()
    client = as_person(person)
    assert [page(client).status_code, taken(client).status_code] == [status, status]
