"""Comments on a version: with and without JavaScript, answers, threads that are resolved, and refusals."""

import pytest

from annotations.models import Comment, ConfigVersion
from annotations.services import reviews
from tests.factories import make_config, make_person, make_version
from tests.markup import elements, inline
from tests.review_desk import ENDLESS, HOSTILE, UPSIDE_DOWN, address, say, waits

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def add(client, version, text="Which weapons?", headers=None, **fields):
    url = address("training:comment-add", version)
    return client.post(url, {"text": text} | fields, headers=headers or {})


def close(client, thread, open="0", headers=None):
    url = address("training:comment-resolve", thread.version, thread.pk)
    return client.post(url, {"open": open}, headers=headers or {})


def review(client, version, **query):
    return client.get(address("training:review-detail", version), query).content.decode()


def talk(html, anchor):
    return next(one.text for one in elements(html, css="talk") if one.attributes["id"] == f"talk-{anchor}")


def area(html, id):
    return next(one for one in elements(html, "textarea") if one.attributes.get("id") == id)


def test_a_comment_without_javascript_leads_back_to_its_line(as_person):
    version = waits()
    response = add(as_person("bob"), version, anchor="p3")
    assert (response.status_code, response.url) == (302, address("training:review-detail", version) + "#p3")
    comment = Comment.objects.get()
    assert (comment.anchor, comment.quote, comment.text) == ("p3", "Battles are shown.", "Which weapons?")


def test_a_comment_by_htmx_is_answered_with_that_talk_alone(as_person):
    version = waits()
    say(version, "Elsewhere.", anchor="p1")
    html = add(as_person("bob"), version, anchor="r1", headers=HTMX).content.decode()
    assert "<body" not in html and [one.attributes["id"] for one in elements(html, css="talk")] == ["talk-r1"]
    assert "Which weapons?" in html and "Elsewhere." not in html


def test_a_comment_on_a_line_shows_at_that_line(as_person):
    version, bob = waits(), as_person("bob")
    add(bob, version, anchor="p4")
    html = review(bob, version)
    assert "Which weapons?" in talk(html, "p4") and "1 open comment" in html


@pytest.mark.parametrize("anchor", ["p2", "p99", "p٤", "r9", "whole", "", "<b>", "p" + "9" * 50])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_comment_on_a_line_that_is_not_there_is_about_the_whole_version(as_person, anchor, headers):
    version, bob = waits(), as_person("bob")
    response = add(bob, version, anchor=anchor, headers=headers)
    html = review(bob, version)
    assert Comment.objects.get().anchor == "" and "Which weapons?" in talk(html, "whole")
    assert (response.content.decode().strip() if headers else response.url).count("whole") >= 1


def test_an_answer_hangs_on_its_thread(as_person):
    version, ada = waits(), as_person("ada")
    thread = say(version, anchor="p3")
    html = add(ada, version, "All of them.", parent=thread.pk, anchor="p1", headers=HTMX).content.decode()
    answer = Comment.objects.get(parent=thread)
    assert (answer.author, answer.anchor) == (make_person("ada"), "p3")
    assert "All of them." in talk(html, "p3") and len(elements(html, css="thread")) == 1


def test_an_answer_to_an_answer_hangs_on_the_thread_too(as_person):
    version = waits()
    thread = say(version)
    answer = say(version, "All.", "ada", parent=thread)
    add(as_person("bob"), version, "Then say so.", parent=answer.pk)
    assert list(thread.replies.values_list("text", flat=True)) == ["All.", "Then say so."]


@pytest.mark.parametrize("parent", ["0", "999", "x", "9" * 40, "-1"])
def test_an_answer_to_nothing_is_404(as_person, parent):
    assert add(as_person("bob"), waits(), parent=parent).status_code == 404


def test_an_answer_to_a_thread_of_another_version_is_404(as_person):
    other = say(waits(make_config("film")))
    assert add(as_person("bob"), waits(), parent=other.pk).status_code == 404


@pytest.mark.parametrize("text", ["", " \n ", "x" * 10_001], ids=["empty", "blank", "endless"])
def test_a_refused_comment_opens_its_form_again_with_what_was_typed(as_person, text):
    version = waits()
    response = add(as_person("bob"), version, text, anchor="p3")
    html = response.content.decode()
    assert response.status_code == 422 and "<body" in html and Comment.objects.count() == 0
    assert area(html, "say-p3").text == text and elements(html, css="field-error")


def test_a_refused_comment_by_htmx_is_the_fragment_with_what_was_typed(as_person):
    version, typed = waits(), "x" * 10_001
    response = add(as_person("bob"), version, typed, anchor="p3", headers=HTMX)
    html = response.content.decode()
    assert response.status_code == 422 and "<body" not in html
    assert area(html, "say-p3").text == typed and "at most 10,000 characters" in html


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_refused_answer_stays_an_answer(as_person, headers):
    version, typed = waits(), "x" * 10_001
    thread = say(version, anchor="p3")
    say(version, "Another thread at that line.", anchor="p3")
    response = add(as_person("ada"), version, typed, parent=thread.pk, headers=headers)
    html = response.content.decode()
    assert response.status_code == 422 and area(html, f"answer-{thread.pk}").text == typed
    assert [one for one in elements(html, "textarea") if one.attributes["id"].startswith("say-")] == []
    assert [one.text for one in elements(html, "textarea") if one.text.strip()] == [typed]


def test_a_refused_answer_to_an_answer_stays_with_the_thread(as_person):
    thread = say(waits(), anchor="p3")
    answer = say(thread.version, "All.", "ada", parent=thread)
    html = add(as_person("bob"), thread.version, "x" * 10_001, parent=answer.pk, headers=HTMX).content.decode()
    assert area(html, f"answer-{thread.pk}").text == "x" * 10_001


def test_the_form_opens_at_the_line_that_is_asked_for(as_person):
    version = waits()
    html = review(as_person("bob"), version, comment="p3")
    assert [one.attributes["id"] for one in elements(html, "textarea") if "say-" in one.attributes["id"]] == ["say-p3"]


@pytest.mark.parametrize("anchor", ["p77", "<script>", "", "x" * 9000])
def test_a_form_for_a_line_that_is_not_there_is_not_opened(as_person, anchor):
    html = review(as_person("bob"), waits(), comment=anchor)
    assert [one for one in elements(html, "textarea") if "say-" in one.attributes["id"]] == []


def test_a_resolved_thread_is_folded_and_opens_again(as_person):
    version, bob = waits(), as_person("bob")
    thread = say(version, anchor="p3")
    html = close(bob, thread, headers=HTMX).content.decode()
    assert "<body" not in html and elements(html, "article", "resolved") and "open" not in folds(html)[0].attributes
    assert folds(html)[0].text.strip().startswith("✓ resolved by Bob: Which weapons?")
    html = close(bob, thread, "1", headers=HTMX).content.decode()
    assert elements(html, "article", "resolved") == [] and "Which weapons?" in html


def folds(html):
    return [one for one in elements(html, "details") if one.parents and one.parents[-1].tag == "article"]


def test_resolving_without_javascript_leads_back_to_the_line(as_person):
    thread = say(waits(), anchor="p3")
    response = close(as_person("ada"), thread)
    assert response.status_code == 302 and response.url.endswith("#p3")
    thread.refresh_from_db()
    assert thread.resolved_by == make_person("ada")


def test_a_refused_answer_to_a_resolved_thread_is_not_folded_away(as_person):
    thread = say(waits(), anchor="p3")
    reviews.resolve(comment=thread, actor=make_person("bob"))
    html = add(as_person("bob"), thread.version, " ", parent=thread.pk, headers=HTMX).content.decode()
    assert ["open" in one.attributes for one in folds(html)] == [True]


def test_an_answer_cannot_be_resolved_on_its_own(as_person):
    thread = say(waits())
    answer = say(thread.version, "All.", "ada", parent=thread)
    assert close(as_person("bob"), answer).status_code == 404


def test_a_thread_of_another_version_is_404(as_person):
    other = say(waits(make_config("film")))
    url = address("training:comment-resolve", waits(), other.pk)
    assert as_person("bob").post(url).status_code == 404


@pytest.mark.parametrize(("person", "status"), [("mallory", 404), ("grace", 403), ("carol", 403)])
def test_who_neither_writes_nor_reviews_says_nothing(as_person, person, status):
    thread = say(waits())
    client = as_person(person)
    assert (add(client, thread.version).status_code, close(client, thread).status_code) == (status, status)
    assert Comment.objects.get().resolved_at is None


def test_a_reader_without_the_right_gets_no_forms(as_person):
    version = waits()
    say(version, anchor="p1")
    html = review(as_person("grace"), version, comment="p1")
    assert "Which weapons?" in html and elements(html, "textarea") == elements(html, css="lined-comment") == []


def test_a_rule_that_is_gone_offers_no_comment(as_person):
    config = make_version().config
    version = waits(config, rules=[])
    row = next(one for one in elements(review(as_person("bob"), version), "li", "lined-row"))
    assert "No real people." in row.text and "id" not in row.attributes
    links = [one.attributes["href"] for one in elements(review(as_person("bob"), version), css="lined-comment")]
    assert links and "?comment=r1#r1" not in links


def test_a_thread_whose_line_is_gone_stays_with_the_whole_version_when_answered(as_person):
    draft = make_version(state="draft", policy="One.\nTwo.")
    thread = say(draft, anchor="p2", quote="Two.")
    say(draft, "About all of it.")
    ConfigVersion.objects.filter(pk=draft.pk).update(policy="One.")
    html = add(as_person("ada"), draft, "Gone.", parent=thread.pk, headers=HTMX).content.decode()
    assert "About all of it." in talk(html, "whole") and "Gone." in html
    assert [(one.text, one.attributes["dir"]) for one in elements(html, "q")] == [("Two.", "auto")]


def test_a_thread_whose_line_is_gone_is_resolved_with_the_whole_version(as_person):
    draft = make_version(state="draft", policy="One.\nTwo.")
    thread = say(draft, anchor="p2", quote="Two.")
    ConfigVersion.objects.filter(pk=draft.pk).update(policy="One.")
    assert "resolved by Bob" in talk(close(as_person("bob"), thread, headers=HTMX).content.decode(), "whole")


@pytest.mark.parametrize("words", [HOSTILE, UPSIDE_DOWN, ENDLESS], ids=["html", "right-to-left", "endless"])
def test_a_comment_of_any_kind_stays_text(as_person, words):
    version = waits()
    html = add(as_person("bob"), version, words, anchor="p1", headers=HTMX).content.decode()
    shown = next(one for one in elements(html, css="text"))
    assert inline(html) == [] and (shown.text, shown.attributes["dir"]) == (words, "auto")


def test_a_comment_with_what_no_database_can_store_is_kept_without_it(as_person):
    add(as_person("bob"), waits(), "Which\x00 weapons?")
    assert "\x00" not in Comment.objects.get().text
