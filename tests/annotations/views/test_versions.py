"""The versions of a config, and any two of them beside each other."""

import pytest
from django.urls import reverse

from annotations.models.configs import VERSION_STATES
from tests.factories import make_config, make_person, make_version
from tests.markup import elements, inline, next_page
from tests.review_desk import ENDLESS, HOSTILE, UPSIDE_DOWN, decide, waits

pytestmark = pytest.mark.django_db
ADDRESSES = [("version-list", []), ("version-compare", []), ("version-diff", [1, 2])]


def url(name, config, *more):
    return reverse(f"annotations:{name}", args=[config.pk, *more])


def pair(**fields):
    """A config with two versions; `fields` are those of the second."""
    rules = [{"id": f"r{n}", "kind": "allow", "text": f"Rule {n}.", "example": ""} for n in (1, 2)]
    config = make_version(make_config(), policy="One.\nTwo.\nThree.", rules=rules, allowed=["violence"]).config
    values = {"policy": "One.\nTwo words.\nThree.", "rules": rules[1:], "allowed": ["drugs"]} | fields
    make_version(config, "draft", **values)
    return config


def diff(client, config, old=1, new=2, **query):
    response = client.get(url("version-diff", config, old, new), query)
    assert response.status_code == 200
    return response.content.decode()


def chosen(html, name):
    found = [one for one in elements(html, "select") if one.attributes.get("name") == name]
    options = [one for one in elements(html, "option") if one.parents[-1].attributes.get("name") == name]
    assert len(found) == 1
    return [one.attributes["value"] for one in options if "selected" in one.attributes]


@pytest.mark.parametrize(("name", "more"), ADDRESSES)
@pytest.mark.parametrize(("person", "status"), [("mallory", 404), ("carol", 403)])
def test_who_may_not_read_it_is_refused(as_person, name, more, person, status):
    assert as_person(person).get(url(name, pair(), *more)).status_code == status


def test_the_list_has_every_version_newest_first_with_who_and_when(as_person):
    config = make_config()
    first = make_version(config, created_by=make_person("ada"))
    second = waits(config, created_by=make_person("lea"), base=first)
    decide(second, "return")
    html = as_person("ada").get(url("version-list", config)).content.decode()
    rows = [" ".join(row.text.split()) for row in elements(html, "tr")[1:]]
    assert ["v2 returned" in rows[0], "v1 approved" in rows[1], len(rows)] == [True, True, 2]
    assert "Lea," in rows[0] and "Bob: returned" in rows[0] and "v1" in rows[0].split("returned", 1)[1]
    assert second.digest[:8] in rows[0]


def test_the_list_offers_the_newest_two_to_compare(as_person):
    html = as_person("ada").get(url("version-list", pair())).content.decode()
    radios = [one.attributes for one in elements(html, "input") if one.attributes.get("type") == "radio"]
    assert [(one["name"], one["value"]) for one in radios if "checked" in one] == [("new", "2"), ("old", "1")]


def test_a_single_version_has_nothing_to_be_compared_with(as_person):
    html = as_person("ada").get(url("version-list", make_version().config)).content.decode()
    assert "Show what changed" not in html and elements(html, css="badge")


def test_a_config_without_versions_has_a_list(as_person):
    html = as_person("ada").get(url("version-list", make_config())).content.decode()
    assert "No version" in html


def test_many_versions_come_in_pages(as_person):
    config = make_config()
    for _ in range(51):
        make_version(config, "set_aside")
    ada, listed = as_person("ada"), url("version-list", config)
    html = ada.get(listed + next_page(ada.get(listed).content.decode())).content.decode()
    assert [one.text for one in elements(html, css="badge")] == ["⇢v1 set aside"]


def test_a_choice_of_two_leads_to_their_own_address(as_person):
    config = pair()
    response = as_person("ada").get(url("version-compare", config), {"old": "2", "new": "1"})
    assert (response.status_code, response.url) == (302, url("version-diff", config, 2, 1))


@pytest.mark.parametrize("query", [{}, {"old": "1"}, {"old": "1", "new": "x"}, {"old": "9" * 40, "new": "1"}])
def test_half_a_choice_leads_back_to_the_list(as_person, query):
    config = pair()
    assert as_person("ada").get(url("version-compare", config), query).url == url("version-list", config)


@pytest.mark.parametrize("numbers", [(1, 3), (3, 1), (0, 1), (1, 10**17), (1, 10**30)])
def test_a_version_that_is_not_there_is_404(as_person, numbers):
    assert as_person("ada").get(url("version-diff", pair(), *numbers)).status_code == 404


def test_inline_shows_what_came_and_what_went(as_person):
    html = diff(as_person("ada"), pair())
    words = next(one for one in elements(html, css="diff-words"))
    assert words.text.strip() == "One.\nTwo words.\nThree."
    assert [one.text.strip() for one in elements(html, "ins") if words in one.parents] == ["words"]
    assert "1 rule removed; policy: 1 word added; opens drugs, closes violence." in html.lower()


def test_side_by_side_pairs_the_lines(as_person):
    html = diff(as_person("ada"), pair(), view="side")
    rows = [row for row in elements(html, css="sides-row") if "rule-sides" not in row.classes]
    assert ["changed" in row.classes for row in rows] == [False, True, False]
    assert " ".join(rows[1].text.split()) == "2Two. 2Two words."


def test_rules_are_matched_by_their_id(as_person):
    html = diff(as_person("ada"), pair())
    rows = [(row.text.split()[0], "changed" in row.classes) for row in elements(html, "li", "lined-row")]
    assert rows == [("r1", True), ("r2", False)]


def test_categories_that_open_and_close_are_marked(as_person):
    html = diff(as_person("ada"), pair())
    chips = [(one.tag, one.text) for one in elements(html, css="chip")]
    assert chips == [("ins", "+ Drugs"), ("del", "− Violence")]


@pytest.mark.parametrize("view", ["", "upside-down", "<script>"])
def test_an_unknown_view_is_the_one_within_the_line(as_person, view):
    assert elements(diff(as_person("ada"), pair(), view=view), css="sides-row") == []


@pytest.mark.parametrize("view", ["inline", "side"])
def test_a_version_beside_itself_says_that_nothing_changed(as_person, view):
    html = diff(as_person("ada"), pair(), 2, 2, view=view)
    assert "Nothing changed." in html and elements(html, "del") == elements(html, "ins") == []


@pytest.mark.parametrize("view", ["inline", "side"])
def test_a_version_without_a_text_beside_one_with(as_person, view):
    html = diff(as_person("ada"), pair(policy="", rules=[], allowed=[]), view=view)
    assert "2 rules removed" in html


def test_another_pair_is_chosen_without_losing_the_view(as_person):
    html = diff(as_person("ada"), pair(), view="side")
    assert (chosen(html, "old"), chosen(html, "new")) == (["1"], ["2"])
    kept = [one.attributes.get("value") for one in elements(html, "input") if one.attributes.get("name") == "view"]
    assert kept == ["side"]


def test_the_choice_keeps_the_view(as_person):
    config = pair()
    found = as_person("ada").get(url("version-compare", config), {"old": "1", "new": "2", "view": "side"})
    assert found.url == url("version-diff", config, 1, 2) + "?view=side"


@pytest.mark.parametrize("state", VERSION_STATES)
def test_every_state_stands_in_the_list(as_person, state):
    config = make_version(state=state).config
    assert as_person("bob").get(url("version-list", config)).status_code == 200


@pytest.mark.parametrize("words", [HOSTILE, UPSIDE_DOWN, ENDLESS], ids=["html", "right-to-left", "endless"])
@pytest.mark.parametrize("view", ["inline", "side"])
def test_a_text_of_any_kind_stays_text(as_person, words, view):
    rules = [{"id": "r1", "kind": "allow", "text": words, "example": words}]
    config = pair(policy=words, rules=rules)
    config.title = words[:300]
    config.save()
    html = diff(as_person("ada"), config, view=view)
    assert inline(html) == [] and "<img src=x" not in html
    shown = [one for one in elements(html, css="diff-words") if words in one.text]
    assert shown and {one.attributes["dir"] for one in shown} == {"auto"}
    assert inline(as_person("ada").get(url("version-list", config)).content.decode()) == []


def test_side_by_side_shows_each_rule_as_it_was_beside_as_it_is(as_person):
    rules = [{"id": "r2", "kind": "disallow", "text": "Rule two.", "example": ""}]
    html = diff(as_person("ada"), pair(rules=rules), view="side")
    rows = [" ".join(row.text.split()) for row in elements(html, css="rule-sides")]
    assert rows == ["r1 allow Rule 1. removed in v2", "r2 allow Rule 2. r2 disallow Rule two."]
