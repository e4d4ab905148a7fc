"""The provider's floor: everybody who works reads it, admins write it, and what is published stays."""

import pytest
from django.urls import reverse

from annotations.models import FloorVersion
from annotations.services import floor
from tests.factories import make_person
from tests.markup import elements, inline, text
from tests.review_desk import ENDLESS, HOSTILE, UPSIDE_DOWN

pytestmark = pytest.mark.django_db
LIST, SAVE = reverse("annotations:floor-list"), reverse("annotations:floor-save")
FIRST = "Nobody is put at risk."


def draft(words=FIRST, note="", revision=None):
    return floor.save(text=words, note=note, revision=revision, actor=make_person("grace"))


def published(words=FIRST, note=""):
    return floor.publish(draft=draft(words, note), actor=make_person("grace"))


def page(client):
    return client.get(LIST).content.decode()


def area(html, name):
    return next(one.text for one in elements(html, "textarea") if one.attributes.get("name") == name)


def save(client, words, **fields):
    return client.post(SAVE, {"text": words} | fields)


def detail(number):
    return reverse("annotations:floor-detail", args=[number])


def test_before_the_first_one_the_page_says_so(as_person):
    html = page(as_person("ada"))
    assert "No floor is in force" in html and elements(html, "textarea") == []


@pytest.mark.parametrize("person", ["ada", "bob", "lea", "grace", "mallory"])
def test_everybody_who_works_reads_what_is_in_force(as_person, person):
    published()
    assert FIRST in page(as_person(person)) and as_person(person).get(detail(1)).status_code == 200


@pytest.mark.parametrize("url", [LIST, "/floor/v1/"])
def test_an_annotator_reads_no_floor(as_person, url):
    published()
    assert as_person("carol").get(url).status_code == 403


@pytest.mark.parametrize("person", ["ada", "bob", "carol", "lea", "mallory"])
def test_only_an_admin_writes_it(as_person, person):
    assert save(as_person(person), "Everything goes.").status_code == 403 and FloorVersion.objects.count() == 0


def test_others_do_not_see_the_draft(as_person):
    draft("A secret plan.")
    assert "A secret plan." not in page(as_person("bob")) and "A secret plan." in page(as_person("grace"))
    assert as_person("bob").get(LIST).context["draft"] is None


@pytest.mark.parametrize("number", [1, 2, 10**17, 10**30])
def test_a_draft_has_no_address_of_its_own(as_person, number):
    draft()
    assert as_person("grace").get(detail(number)).status_code == 404


def test_the_first_draft_is_kept_and_shown_again(as_person):
    grace = as_person("grace")
    response = save(grace, FIRST, note="The board asked for it.")
    html = page(grace)
    assert (response.status_code, response.url, floor.in_force()) == (302, LIST, None)
    assert (area(html, "text"), area(html, "note")) == (FIRST, "The board asked for it.")
    assert "Floor v1 is saved as a draft." in html


def test_a_draft_is_saved_again_and_then_published(as_person):
    grace = as_person("grace")
    save(grace, FIRST)
    response = save(grace, f"{FIRST} Ever.", revision="0", publish="1")
    html = page(grace)
    assert response.status_code == 302 and floor.in_force().text == f"{FIRST} Ever."
    assert "Floor v1 is in force for everything that starts from now on." in html
    assert (area(html, "text"), floor.in_force().published_by) == (f"{FIRST} Ever.", make_person("grace"))


def test_the_next_one_begins_with_the_words_in_force(as_person):
    published()
    html = page(as_person("grace"))
    assert area(html, "text") == FIRST and "revision" not in [one.attributes.get("name") for one in elements(html)]


def test_what_a_draft_changes_is_shown_before_it_is_published(as_person):
    published()
    draft(f"{FIRST} Ever.")
    assert [one.text.strip() for one in elements(page(as_person("grace")), "ins")] == ["Ever."]


def test_a_published_one_shows_what_it_changed_and_why(as_person):
    published()
    published(f"{FIRST} Ever.", "A gap was found.")
    html = as_person("bob").get(detail(2)).content.decode()
    assert [one.text.strip() for one in elements(html, "ins")] == ["Ever."] and "A gap was found." in html
    assert elements(as_person("bob").get(detail(1)).content.decode(), "ins") == []


def test_the_history_is_newest_first(as_person):
    published(), published("Another.")
    links = [one.attributes.get("href", "") for one in elements(page(as_person("ada")), "a")]
    assert [link for link in links if link.startswith("/floor/v")] == [detail(2), detail(1)]


@pytest.mark.parametrize("words", ["", "  \n"])
def test_an_empty_floor_is_not_published(as_person, words):
    published()
    draft()
    response = save(as_person("grace"), words, revision="0", publish="1", note="Nothing is closed.")
    html = response.content.decode()
    assert response.status_code == 422 and "The floor is empty." in text(html, "error")
    assert (floor.in_force().number, area(html, "note")) == (1, "Nothing is closed.")


def test_the_words_in_force_are_not_published_again(as_person):
    published()
    response = save(as_person("grace"), FIRST, publish="1", above="1")
    assert response.status_code == 422 and "word for word the floor in force" in response.content.decode()


def test_an_endless_floor_is_refused_with_everything_typed(as_person):
    typed = "w" * 20_001
    response = save(as_person("grace"), typed, note="Long.")
    html = response.content.decode()
    assert response.status_code == 422 and "at most 20,000 characters" in text(html, "error")
    assert (area(html, "text"), area(html, "note"), FloorVersion.objects.count()) == (typed, "Long.", 0)


def test_who_was_slower_keeps_the_words_and_sees_what_the_draft_says_now(as_person):
    draft()
    draft("Nobody is harmed.", revision=0)
    response = save(as_person("grace"), "Nobody is hurt.", revision="0", note="Mine.")
    html = response.content.decode()
    assert response.status_code == 422 and "Somebody else changed or published" in text(html, "error")
    assert (area(html, "text"), area(html, "note")) == ("Nobody is hurt.", "Mine.")
    assert FloorVersion.objects.get().text == "Nobody is harmed."
    shown = next(one for one in elements(html, "details") if "harmed" in one.text)
    assert "open" in shown.attributes


def test_two_first_drafts_at_once_are_not_mixed(as_person):
    draft()
    response = save(as_person("grace"), "Nobody is hurt.")
    assert response.status_code == 422 and "Somebody else began a draft" in text(response.content.decode(), "error")
    assert FloorVersion.objects.get().text == FIRST


@pytest.mark.parametrize("revision", ["x", "9" * 40, "-1"])
def test_a_revision_that_is_none_changes_no_draft(as_person, revision):
    draft()
    assert save(as_person("grace"), "Nobody is hurt.", revision=revision).status_code == 422
    assert FloorVersion.objects.get().text == FIRST


@pytest.mark.parametrize("words", [HOSTILE, UPSIDE_DOWN, ENDLESS], ids=["html", "right-to-left", "endless"])
def test_a_text_of_any_kind_stays_text(as_person, words):
    published(f"Before. {words}", words), published(words, words), draft(f"{words} more", words)
    for html in (page(as_person("grace")), as_person("grace").get(detail(2)).content.decode()):
        assert inline(html) == [] and "<img src=x" not in html
        shown = [one for one in elements(html, css="text") if words in one.text]
        assert shown and {one.attributes["dir"] for one in shown} == {"auto"}


def test_a_draft_is_not_begun_over_a_floor_that_nobody_read(as_person):
    published()
    grace = as_person("grace")
    over = next(one for one in elements(page(grace), "input") if one.attributes.get("name") == "above")
    published(f"{FIRST} Nobody is cheated.")
    response = save(grace, f"{FIRST} Ever.", above=over.attributes["value"])
    html = response.content.decode()
    assert response.status_code == 422 and "v2 was published meanwhile." in html and FloorVersion.objects.count() == 2
    assert area(html, "text") == f"{FIRST} Ever."


def test_an_endless_note_is_refused(as_person):
    assert save(as_person("grace"), FIRST, note="w" * 20_001).status_code == 422
