"""Pasting many prompts: seen before they are stored, problems by number, the good ones or nothing, nothing lost."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from annotations.models import AuditEvent, Prompt
from annotations.services import pasting
from annotations.services.prompt_checks import LONGEST
from annotations.services.prompts import add_prompt
from tests.annotations.views.test_prompt_writer import errors, form_of
from tests.factories import make_benchmark, make_config, make_person, make_version
from tests.markup import elements

pytestmark = pytest.mark.django_db


def url(query=""):
    return reverse("annotations:prompt-paste", args=[make_benchmark().pk]) + query


def typed(text="One\nTwo\n\nThree", **fields):
    if not make_config().versions.exists():
        make_version()
    return {"config": make_config().pk, "kind": "partial", "way": "lines", "text": text} | fields


def preview(response):
    """The lines of the preview: number, line, text, problem."""
    rows = elements(response.content.decode(), "tr")
    cells = elements(response.content.decode(), "td")
    return [tuple(cell.text.strip() for cell in cells if row in cell.parents) for row in rows[1:]]


def texts():
    return list(Prompt.objects.order_by("position").values_list("text", flat=True))


def test_the_longest_paste_comes_through_in_any_script(as_person):
    text = "\n".join(["𓀀" * 1_000] * 990)
    response = as_person("ada").post(url(), urlencode(typed(text)), content_type="application/x-www-form-urlencoded")
    assert len(text) > 990_000 and response.status_code == 200


def test_a_look_stores_nothing(as_person):
    response = as_person("ada").post(url(), typed())
    assert response.status_code == 200 and not Prompt.objects.exists()
    assert [row[:3] for row in preview(response)] == [("1", "1", "One"), ("2", "2", "Two"), ("3", "4", "Three")]
    assert "Add the 3 good ones" in response.content.decode()


def test_the_good_ones_are_added_in_their_order(as_person):
    response = as_person("ada").post(url(), typed(add="3", risks=["violence"], rule="r1", language="de", source="X"))
    assert response.url == reverse("annotations:benchmark-detail", args=[make_benchmark().pk])
    assert texts() == ["One", "Two", "Three"]
    assert set(Prompt.objects.values_list("kind", "rule", "language", "source")) == {("partial", "r1", "de", "X")}
    assert AuditEvent.objects.filter(action="create").count() == 3


def test_problems_stand_first_with_their_numbers(as_person):
    add_prompt(text="Two", kind="safe", benchmark=make_benchmark(), config=make_config(), actor=make_person("ada"))
    response = as_person("ada").post(url(), typed(f"One\nTwo\nOne\n{'x' * (LONGEST + 1)}\nSix"))
    rows = [(row[0], row[3].removeprefix("✕").strip()) for row in preview(response)]
    assert rows == [
        ("2", "The benchmark already has it for this config. See it"),
        ("3", "The same as number 1."),
        ("4", "A prompt has at most 20,000 characters; this one has 20,001."),
        ("1", ""),
        ("5", ""),
    ]
    assert "2 good, 3 with a problem" in response.content.decode()


def test_what_was_not_added_stays_in_the_field(as_person):
    response = as_person("ada").post(url(), typed("One\nTwo\nOne", add="2"))
    assert (response.status_code, texts(), form_of(response)["text"]) == (200, ["One", "Two"], "One")
    assert "2 prompts added" in response.content.decode()


def test_a_page_sent_twice_adds_nothing_twice(as_person):
    ada = as_person("ada")
    ada.post(url(), typed(add="3"))
    response = ada.post(url(), typed(add="3"))
    assert (response.status_code, len(texts())) == (422, 3)
    assert "changed after you looked" in response.content.decode()


def test_a_text_that_changed_after_the_look_is_shown_again_first(as_person):
    response = as_person("ada").post(url(), typed("One\nTwo", add="3"))
    assert (response.status_code, texts()) == (422, [])
    assert form_of(response)["text"] == "One\nTwo" and "Add the 2 good ones" in response.content.decode()


def test_one_that_came_in_between_look_and_adding_stops_them_all(as_person, monkeypatch):
    told, place = typed(add="3"), {"benchmark": make_benchmark(), "config": make_config()}
    plain = pasting.add_prompts

    def somebody_was_faster(**fields):
        monkeypatch.setattr(pasting, "add_prompts", plain)
        add_prompt(text="Two", kind="safe", actor=make_person("lea"), **place)
        return plain(**fields)

    monkeypatch.setattr(pasting, "add_prompts", somebody_was_faster)
    response = as_person("ada").post(url(), told)
    assert (response.status_code, texts()) == (422, ["Two"])
    assert "Add the 2 good ones" in response.content.decode()


def test_blocks_keep_their_lines(as_person):
    as_person("ada").post(url(), typed("One\r\n two\r\n\r\nThree", way="blocks", add="2"))
    assert texts() == ["One\n two", "Three"]


def test_blocks_between_hyphens_may_be_empty_and_that_is_a_problem(as_person):
    response = as_person("ada").post(url(), typed("One\n---\n---\nThree", way="rules"))
    assert ("2", "3", "", "✕ The prompt is empty. Write what a user would ask.") in preview(response)


def test_hostile_and_foreign_lines_come_in_as_written(as_person):
    lines = ["<script>alert(1)</script>", "{response} $config {{ x }}", "اكتب مشهداً", "a\0b"]
    response = as_person("ada").post(url(), typed("\n".join(lines)))
    assert "<script>alert" not in response.content.decode()
    as_person("ada").post(url(), typed("\n".join(lines), add="4"))
    assert texts() == [*lines[:3], "a\ufffdb"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "required"),
        ({"text": " \n "}, "no prompt in it"),
        ({"kind": ""}, "Choose a kind."),
        ({"rule": "r77"}, "has no rule r77"),
        ({"text": "x" * 1_000_001}, "At most 1,000,000 characters at once; these are 1,000,001."),
        ({"text": "\n".join(map(str, range(1001)))}, "At most 1,000 prompts at once; these are 1,001"),
    ],
)
def test_a_wrong_form_comes_back_with_the_reason_and_everything_typed(as_person, fields, words):
    told = typed(**fields)
    response = as_person("ada").post(url(), told)
    assert response.status_code == 422 and words in errors(response)[0]
    assert form_of(response)["text"].strip() == told["text"].strip() and not Prompt.objects.exists()


def test_a_thousand_lines_are_one_transaction_of_little_time(as_person):
    response = as_person("ada").post(url(), typed("\n".join(f"Number {n}" for n in range(1000)), add="1000"))
    assert (response.status_code, Prompt.objects.count()) == (302, 1000)


def test_the_address_fills_the_form(as_person):
    config = make_version().config
    form = form_of(as_person("ada").get(url(f"?config={config.pk}&kind=safe&risk=drugs")))
    assert (form["config"], form["kind"], form["risks"]) == (str(config.pk), ["safe"], ["drugs"])


def test_without_scripts_a_button_shows_the_rules_and_keeps_what_was_typed(as_person):
    response = as_person("ada").post(url(), typed(do="rules", way="blocks"))
    form = form_of(response)
    assert (response.status_code, form["text"], form["way"]) == (200, "One\nTwo\n\nThree", ["blocks"])
