"""Each person's home: what waits, what runs, and the newest scores."""

import pytest
from django.urls import reverse

from annotations.services import configs
from tests.factories import (
    make_benchmark,
    make_check,
    make_config,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.markup import elements, inline
from tests.outcomes import answer, finish, finished_run
from tests.review_desk import ENDLESS, HOSTILE, UPSIDE_DOWN, address, decide, say, waits
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db


def run_url(run):
    return reverse("training:run-detail", args=[run.pk])


def home(client):
    return client.get("/").content.decode()


def links(html):
    return [one.attributes.get("href", "") for one in elements(html, "a")]


def test_an_expert_is_asked_to_start_something(as_person):
    html = home(as_person("ada"))
    assert "Hello, Ada" in html and reverse("training:run-new") in links(html)


def test_an_annotator_is_told_that_nothing_waits(as_person):
    make_run(1, benchmark=make_benchmark("far", make_organisation("elsewhere")))
    html = home(as_person("carol"))
    assert "Nothing waits for you." in html and not [url for url in links(html) if url.startswith("/runs/")]


@pytest.mark.parametrize("name", ["carol", "lea"])
def test_prompts_that_wait_for_a_label_are_on_the_home_of_who_may_give_it(as_person, name):
    prompts = [make_prompt() for _ in range(3)]
    make_check(prompts[0], make_person(name))
    html = home(as_person(name))
    assert "Label 2 prompts of" in html and "1 labelled by you" in html
    assert reverse("annotations:check-next", args=[prompts[0].benchmark_id]) in links(html)


def test_a_run_that_stopped_itself_waits_with_its_reason(as_person):
    run = make_run(1)
    EvaluationRun.objects.update(state="paused", reason="The key has no money left.")
    html = home(as_person("ada"))
    assert run_url(run) in links(html) and "The key has no money left." in html


def test_a_working_run_shows_how_far_it_is(as_person):
    run = make_run(4)
    answer(run.items.first())
    html = home(as_person("ada"))
    assert run_url(run) in links(html) and "1 of 4" in html


def test_the_newest_score_of_a_config_leads_to_its_items(as_person):
    finished_run(4)
    newest = finished_run(0)
    html = home(as_person("ada"))
    assert [url for url in links(html) if url.startswith(reverse("training:item-list", args=[newest.pk]) + "?config=")]


def test_a_run_without_a_score_does_not_hide_an_older_one(as_person):
    scored, unscored = finished_run(4), make_run(0)
    for item in unscored.items.all():
        answer(item, helpfulness=None)
    finish(unscored)
    html = home(as_person("ada"))
    assert [url for url in links(html) if url.startswith(reverse("training:item-list", args=[scored.pk]))]


def test_nothing_of_another_organisation_is_shown(as_person):
    run = finished_run(2)
    assert not [url for url in links(home(as_person("mallory"))) if f"/runs/{run.pk}/" in url]


def waiting(client):
    """What stands in the card of what waits: each row's link and words."""
    rows = [one for one in elements(home(client), "li") if card_of(one) == "waits"]
    return [" ".join(row.text.split()) for row in rows]


def card_of(element):
    return next((one.attributes.get("aria-labelledby") for one in element.parents if "card" in one.classes), None)


def test_a_version_waits_on_a_reviewers_home_until_it_is_decided(as_person):
    version = waits()
    assert waiting(as_person("bob"))[0].startswith("Review Config game v1")
    assert address("training:review-detail", version) in links(home(as_person("bob")))
    decide(version)
    assert waiting(as_person("bob")) == []


@pytest.mark.parametrize("person", ["ada", "lea", "grace"])
def test_a_review_waits_only_on_a_reviewers_home(as_person, person):
    waits(author="bob")
    assert waiting(as_person(person)) == []


def test_a_reviewers_own_version_does_not_wait_there(as_person):
    version = waits()
    version.authors.add(make_person("bob"))
    assert [row for row in waiting(as_person("bob")) if row.startswith("Review")] == []


def test_a_returned_version_waits_for_its_author_until_the_next_is_begun(as_person):
    version = waits()
    decide(version, "return")
    assert waiting(as_person("ada"))[0].startswith("Config game v1 came back")
    configs.draft_of(config=version.config, actor=make_person("ada"))
    assert waiting(as_person("ada")) == ["Config game ◇v2 draft"]


def test_a_comment_waits_for_the_author_until_it_is_answered(as_person):
    version = waits()
    thread = say(version)
    ada = as_person("ada")
    assert waiting(ada) == ["Answer 1 comment on Config game v1 the last from Bob: Which weapons?"]
    assert f"{address('training:review-detail', version)}#comment-{thread.pk}" in links(home(ada))
    say(version, "All of them.", "ada", parent=thread)
    assert waiting(ada) == []


def test_the_last_word_of_a_thread_is_shown_and_leads_to_its_thread(as_person):
    version = waits()
    thread = say(version, "Is this enough?", "ada")
    say(version, "No.", parent=thread)
    assert waiting(as_person("ada")) == ["Answer 1 comment on Config game v1 the last from Bob: No."]
    assert f"{address('training:review-detail', version)}#comment-{thread.pk}" in links(home(as_person("ada")))


def test_the_own_draft_leads_to_the_editor(as_person):
    draft = make_version(state="draft")
    draft.authors.add(make_person("ada"))
    assert reverse("annotations:config-edit", args=[draft.config_id]) in links(home(as_person("ada")))


def test_who_has_nothing_to_do_is_told_what_would_stand_there(as_person):
    words = "Reviews, comments, drafts, prompts to label, responses to rate and runs that stop themselves"
    assert words in home(as_person("ada"))


@pytest.mark.parametrize("words", [HOSTILE, UPSIDE_DOWN, ENDLESS], ids=["html", "right-to-left", "endless"])
def test_a_text_of_any_kind_stays_text_on_the_home(as_person, words):
    one, other = waits(make_config("a", title=words[:300])), waits(make_config("b", title=words[:300]))
    say(one, words), decide(other, "return", reasons=words)
    for person in ("ada", "bob"):
        html = home(as_person(person))
        shown = [each for each in elements(html) if words[:60] in "".join(each.own)]
        assert inline(html) == [] and "<img src=x" not in html
        assert shown and all(any(at.isolates for at in (each, *each.parents)) for each in shown)


def test_what_was_submitted_waits_for_reviewers_on_its_authors_home(as_person):
    version = waits()
    html = home(as_person("ada"))
    assert "Waits for reviewers" in html and address("training:review-detail", version) in links(html)
    assert "Nothing. Reviews, comments, drafts" in html


def test_a_very_long_title_is_cut(as_person):
    waits(make_config(title="w" * 300))
    assert "w" * 99 + "…" in home(as_person("bob")) and "w" * 101 not in home(as_person("bob"))
