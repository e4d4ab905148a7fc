"""The writer: prefilled by its address, one prompt after the other, what stays the same kept, everything typed kept."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Prompt
from annotations.services.prompts import add_prompt
from tests.factories import make_benchmark, make_config, make_organisation, make_person, make_prompt, make_version
from tests.markup import elements

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(query=""):
    return reverse("annotations:prompt-new", args=[make_benchmark().pk]) + query


def typed(**fields):
    config = make_version().config if not make_config().versions.exists() else make_config()
    return {"config": config.pk, "text": "How tall is a siege tower?", "kind": "allowed", "rule": "r1"} | fields


def form_of(response):
    """What the fields of the page say, by name; of ticked boxes a list."""
    html, found = response.content.decode(), {}
    for one in elements(html):
        name = one.attributes.get("name", "")
        if one.tag == "textarea":
            found[name] = one.text.removeprefix("\n")
        elif one.tag == "option" and "selected" in one.attributes:
            found[one.parents[-1].attributes["name"]] = one.attributes["value"]
        elif one.tag == "input" and name and "checked" in one.attributes:
            found.setdefault(name, []).append(one.attributes["value"])
        elif one.tag == "input" and one.attributes["type"] == "text":
            found[name] = one.attributes.get("value", "")
    return found


def errors(response):
    return [one.text for one in elements(response.content.decode(), "ul", "field-error")]


def test_a_prompt_is_saved_and_the_next_begins_with_its_labels(as_person):
    response = as_person("ada").post(url(), typed(risks=["violence", "drugs"], language="ar", why="Because."))
    config = make_config().pk
    query = f"?config={config}&kind=allowed&rule=r1&language=ar&risk=violence&risk=drugs"
    assert (response.status_code, response.url) == (302, url(query))
    prompt = Prompt.objects.get()
    assert (prompt.kind, prompt.rule, prompt.risks) == ("allowed", "r1", ["drugs", "violence"])
    assert (prompt.language, prompt.why, prompt.created_by.username) == ("ar", "Because.", "ada")


def test_the_address_fills_the_form(as_person):
    config = make_version().config
    query = f"?config={config.pk}&kind=partial&rule=r1&risk=drugs&risk=weapons&language=de"
    form = form_of(as_person("ada").get(url(query)))
    assert (form["config"], form["kind"], form["rule"]) == (str(config.pk), ["partial"], "r1")
    assert (form["risks"], form["language"], form["text"]) == (["drugs", "weapons"], "de", "")


@pytest.mark.parametrize(
    "query", ["?config=x&kind=y&rule=z&risk=u", "?config=999999", f"?config={'9' * 4000}", "?rule=%00&language=%00"]
)
def test_an_address_that_makes_no_sense_still_opens_the_writer(as_person, query):
    make_version()
    assert as_person("ada").get(url(query)).status_code == 200


@pytest.mark.parametrize("others, chosen", [(0, True), (1, False)])
def test_the_only_config_is_chosen(as_person, others, chosen):
    only = make_version().config
    for number in range(others):
        make_config(f"other-{number}")
    assert (form_of(as_person("ada").get(url())).get("config") == str(only.pk)) is chosen


def test_the_config_one_wrote_for_last_is_chosen(as_person):
    make_version(), make_version(make_config("film"))
    add_prompt(text="a", kind="safe", benchmark=make_benchmark(), config=make_config("film"), actor=make_person("ada"))
    assert form_of(as_person("ada").get(url()))["config"] == str(make_config("film").pk)


def test_a_config_of_somebody_else_is_not_offered(as_person):
    theirs = make_config("theirs", make_organisation("elsewhere"))
    response = as_person("ada").post(url(), typed(config=theirs.pk))
    assert (response.status_code, Prompt.objects.exists()) == (422, False)


def test_policy_and_rules_stand_beside_the_form(as_person):
    config = make_version(policy="Be kind to <b>dragons</b>.").config
    html = as_person("ada").get(url(f"?config={config.pk}")).content.decode()
    beside = next(one for one in elements(html) if one.attributes.get("id") == "writer-config")
    assert "Be kind to" in beside.text and "No real people." in beside.text and "<b>dragons" not in html


def test_htmx_gets_the_rules_of_another_config(as_person):
    config = make_version().config
    html = as_person("ada").get(url(f"?config={config.pk}"), headers=HTMX).content.decode()
    assert "<body" not in html and 'id="writer-config"' in html and 'id="rule-box" hx-swap-oob="true"' in html


def test_without_scripts_a_button_shows_the_rules_and_keeps_what_was_typed(as_person):
    response = as_person("ada").post(url(), typed(do="rules", kind="", risks=["drugs"]))
    form = form_of(response)
    assert (response.status_code, form["text"], form["risks"]) == (200, "How tall is a siege tower?", ["drugs"])
    assert errors(response) == [] and not Prompt.objects.exists()


def test_a_refused_prompt_comes_back_with_everything_typed(as_person):
    told = typed(text="  {response} <script>x</script>\nاكتب ", kind="", rule="r1", risks=["drugs"], why="Because.")
    response = as_person("ada").post(url(), told)
    form = form_of(response)
    assert (response.status_code, form["text"].strip(), form["why"]) == (422, told["text"].strip(), "Because.")
    assert (form["rule"], form["risks"]) == ("r1", ["drugs"])
    assert errors(response) == ["Choose a kind."]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": " \n "}, "The prompt is empty"),
        ({"text": "x" * 20_001}, "at most 20,000 characters; this one has 20,001"),
        ({"rule": "r77"}, "has no rule r77"),
        ({"language": "<b>"}, "as a tag"),
        ({"risks": ["dragons"]}, "dragons"),
    ],
)
def test_the_reason_stands_beside_the_field(as_person, fields, words):
    response = as_person("ada").post(url(), typed(**fields))
    assert response.status_code == 422 and words in errors(response)[0]
    assert form_of(response)["text"].strip() == typed(**fields)["text"].strip()


def test_a_rule_that_is_not_there_any_more_stays_visible_in_the_form(as_person):
    assert form_of(as_person("ada").post(url(), typed(rule="r77", kind="")))["rule"] == "r77"


def test_a_double_is_refused_beside_the_text(as_person):
    ada = as_person("ada")
    ada.post(url(), typed())
    response = ada.post(url(), typed(text=" How tall is a siege tower?\r\n"))
    assert response.status_code == 422 and "already has this prompt" in errors(response)[0]


def test_a_sign_that_no_database_takes_is_replaced(as_person):
    as_person("ada").post(url(), typed(text="a\0b", why="c\0"))
    assert (Prompt.objects.get().text, Prompt.objects.get().why) == ("a\ufffdb", "c\ufffd")


def test_htmx_gets_the_list_of_what_was_written_and_empty_notes(as_person):
    response = as_person("ada").post(url(), typed(), headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 200 and response.headers["HX-Trigger-After-Settle"] == "prompt-written"
    assert "<body" not in html and "1 written in this sitting" in html
    assert 'id="notes-text" hx-swap-oob="true"' in html and "field-error" not in html


def test_htmx_gets_the_reasons_for_their_fields(as_person):
    response = as_person("ada").post(url(), typed(text=" "), headers=HTMX)
    assert response.status_code == 422 and "HX-Trigger-After-Settle" not in response.headers
    assert "<body" not in response.content.decode() and "The prompt is empty" in errors(response)[0]


def test_the_newest_ones_are_listed_with_links(as_person):
    ada = as_person("ada")
    for number in range(10):
        ada.post(url(), typed(text=f"Number {number}"))
    html = ada.get(url()).content.decode()
    rows = [one.text for one in elements(html, "a", "row-link")]
    assert "10 written in this sitting" in html and rows == [f"Number {9 - n}" for n in range(8)]


def test_without_any_config_the_page_says_what_to_do(as_person):
    assert "Write a config" in as_person("ada").get(url()).content.decode()


@pytest.mark.parametrize(
    ("person", "code"), [("lea", 200), ("grace", 200), ("bob", 403), ("carol", 403), ("mallory", 404)]
)
def test_only_who_writes_for_the_organisation_gets_the_writer(as_person, person, code):
    assert as_person(person).get(url()).status_code == code


def test_the_writer_asks_as_often_for_many_prompts_as_for_few(as_person):
    ada = as_person("ada")
    counts = []
    for number in (3, 27):
        for _ in range(number):
            make_prompt(created_by=make_person("ada"), config=make_version().config)
        with CaptureQueriesContext(connection) as asked:
            ada.get(url())
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25
