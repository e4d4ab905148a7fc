"""The pages of demonstrations: read, added, edited, put in order, taken out."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Demonstration
from annotations.services import demonstrations
from tests.factories import make_config, make_demonstration, make_person, make_version
from tests.markup import elements

pytestmark = pytest.mark.django_db


def url(name, *more):
    return reverse(f"annotations:demonstration-{name}", args=[make_config().pk, *more])


def typed(**fields):
    return {"kind": "partial", "prompt": "A siege, and a real bomb?", "response": "The siege: …"} | fields


def cards(html):
    return [one for one in elements(html, "li") if one.attributes.get("id", "").startswith("demonstration-")]


def test_the_list_shows_them_in_their_order_with_kind_and_texts(as_person):
    make_version()
    for number in (1, 2):
        make_demonstration(prompt=f"Prompt {number}", response=f"Answer {number}", kind="partial", position=3 - number)
    shown = cards(as_person("bob").get(url("list")).content.decode())
    assert [" ".join(one.text.split()) for one in shown] == [
        "1 Ppartial Prompt 2 Answer 2",
        "2 Ppartial Prompt 1 Answer 1",
    ]


def test_who_may_not_write_sees_no_form_and_no_button(as_person):
    make_demonstration()
    html = as_person("bob").get(url("list")).content.decode()
    assert "textarea" not in html and "Take out" not in html and "Move" not in html


def test_an_empty_list_says_what_they_are_for(as_person):
    make_config()
    assert "nothing to show" in as_person("ada").get(url("list")).content.decode()
    assert "experts of its organisation" in as_person("bob").get(url("list")).content.decode()


def test_a_demonstration_is_added_as_the_last_one(as_person):
    make_demonstration(position=4)
    response = as_person("ada").post(url("list"), typed())
    made = Demonstration.objects.get(position=5)
    assert (made.kind, made.prompt, made.created_by) == ("partial", typed()["prompt"], make_person("ada"))
    assert response.url == f"{url('list')}#demonstration-{made.pk}"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": ""}, "Choose a kind."),
        ({"prompt": ""}, "Write what a user would ask."),
        ({"response": "   "}, "Write the answer it should get."),
        ({"prompt": "There already?"}, "among the demonstrations already"),
    ],
)
def test_a_refused_one_keeps_everything_typed(as_person, fields, said):
    make_demonstration(prompt="There already?")
    response = as_person("ada").post(url("list"), typed(**fields))
    html = response.content.decode()
    assert response.status_code == 422 and said in html and "The siege: …" in html or "response" in fields
    assert Demonstration.objects.count() == 1


def test_an_edit_shows_what_is_there_and_saves_it(as_person):
    made = make_demonstration(prompt="Why?", kind="allowed")
    client = as_person("ada")
    html = client.get(url("edit", made.pk)).content.decode()
    assert [one.text.strip() for one in elements(html, "textarea")] == ["Why?", "As high as it must be."]
    kinds = [one for one in elements(html, "input") if one.attributes.get("name") == "kind"]
    assert [one.attributes["value"] for one in kinds if "checked" in one.attributes] == ["allowed"]
    client.post(url("edit", made.pk), typed(seen=demonstrations.stamp(made)))
    made.refresh_from_db()
    assert (made.kind, made.prompt) == ("partial", typed()["prompt"])


def test_what_somebody_else_changed_is_shown_before_it_is_written_over(as_person):
    made = make_demonstration(prompt="Old?")
    seen = demonstrations.stamp(made)
    Demonstration.objects.filter(pk=made.pk).update(prompt="Theirs?")
    client = as_person("ada")
    response = client.post(url("edit", made.pk), typed(seen=seen))
    html = response.content.decode()
    assert response.status_code == 422 and "Theirs?" in html and typed()["prompt"] in html
    again = next(one.attributes["value"] for one in elements(html, "input") if one.attributes.get("name") == "seen")
    assert client.post(url("edit", made.pk), typed(seen=again)).status_code == 302
    made.refresh_from_db()
    assert made.prompt == typed()["prompt"]


def test_buttons_move_one_place_and_are_shut_at_the_ends(as_person):
    for number in (1, 2):
        made = make_demonstration(prompt=f"Prompt {number}")
    client = as_person("ada")
    client.post(url("move", made.pk), {"to": "up"})
    html = client.get(url("list")).content.decode()
    assert [one.text for one in elements(html, "div", "prompt")] == ["Prompt 2", "Prompt 1"]
    assert list(Demonstration.objects.values_list("prompt", flat=True)) == ["Prompt 2", "Prompt 1"]
    shut = [one.attributes["aria-label"] for one in elements(html, "button") if "disabled" in one.attributes]
    assert shut == ["Move demonstration 1 up", "Move demonstration 2 down"]


def test_one_that_was_taken_out_leaves_the_list_and_stays_readable(as_person):
    made = make_demonstration(prompt="Why at all?")
    client = as_person("ada")
    client.post(url("remove", made.pk))
    html = client.get(url("list")).content.decode()
    assert cards(html) == [] and "Taken out" in html and "Why at all?" in html
    assert client.get(url("edit", made.pk)).status_code == 302


def test_a_second_hand_at_the_same_button_is_told(as_person):
    made = make_demonstration()
    client = as_person("ada")
    client.post(url("remove", made.pk))
    for name in ("remove", "move"):
        response = client.post(url(name, made.pk), follow=True)
        assert "Somebody was faster" in response.content.decode()


def test_a_demonstration_of_another_config_is_not_found_here(as_person):
    other = make_demonstration(make_config("other"))
    make_config()
    assert as_person("ada").get(url("edit", other.pk)).status_code == 404


def test_the_list_asks_as_often_for_thirty_as_for_three(as_person):
    client, asked = as_person("ada"), []
    for more in (3, 27):
        for _ in range(more):
            make_demonstration()
        with CaptureQueriesContext(connection) as queries:
            client.get(url("list"))
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_the_page_of_the_config_leads_to_them(as_person):
    config = make_version().config
    make_demonstration(config)
    html = as_person("ada").get(reverse("annotations:config-detail", args=[config.pk])).content.decode()
    assert url("list") in html and "1 demonstration" in html
