"""The pages about similar prompts: while one is typed, and as a report."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core import meaning
from annotations.models import SimilarityReport
from annotations.services import chores, similar_reports
from annotations.tasks import do_now
from tests.factories import make_benchmark, make_config, make_organisation, make_person, make_prompt

pytestmark = pytest.mark.django_db
QUESTION = "How old must a reader be to buy this book?"
POEM = "How old must a reader be to buy this poem?"
TYPING = "/similar-prompts/"
HTMX = {"HTTP_HX_REQUEST": "true"}


def typed(browser, text=POEM, **said):
    return browser.post(reverse("annotations:similar-prompts"), {"text": text} | said, **HTMX)


def url(name, *arguments):
    return reverse(f"annotations:similar-{name}", args=arguments)


def queued(**more):
    asked = {"benchmark": make_benchmark(), "way": "letters", "wide": False, "at_least": 0.8} | more
    return similar_reports.start(actor=make_person("ada"), **asked).report


def done(**more):
    report = queued(**more)
    do_now(report)
    return report


def page(browser, report, query=""):
    return browser.get(url("detail", report.benchmark_id, report.pk) + query)


def test_a_similar_prompt_is_shown_with_its_score_and_the_words_that_differ(as_person):
    prompt = make_prompt(QUESTION)
    answer = typed(as_person("ada"), benchmark=prompt.benchmark_id, config=prompt.config_id)
    html = answer.content.decode()
    assert answer.status_code == 200 and "<body" not in html
    assert "0.88" in html and "<del>book</del><ins>poem</ins>" in html
    assert reverse("annotations:prompt-detail", args=[prompt.benchmark_id, prompt.uid]) in html


def test_the_same_prompt_under_another_config_is_quietly_fine(as_person):
    prompt = make_prompt(QUESTION)
    news = make_config("news")
    html = typed(as_person("ada"), QUESTION, benchmark=prompt.benchmark_id, config=news.pk).content.decode()
    assert "same prompt, other config: fine" in html


def test_the_prompt_that_is_edited_is_left_out_and_says_where_it_stands(as_person):
    prompt = make_prompt(QUESTION)
    other = make_prompt(QUESTION, config=make_config("news"))
    html = typed(as_person("ada"), QUESTION, uid=str(prompt.uid)).content.decode()
    assert "1 similar prompt<" in html and str(other.uid) in html and "same prompt, other config: fine" in html


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_is_said_about_an_empty_text(as_person, text):
    make_prompt(QUESTION)
    assert typed(as_person("ada"), text).content == b""


def test_a_text_like_nothing_says_so(as_person):
    assert "Nothing has nearly the same words." in typed(as_person("ada")).content.decode()


def test_without_javascript_the_answer_is_a_page(as_person):
    prompt = make_prompt(QUESTION)
    html = as_person("ada").post(reverse("annotations:similar-prompts"), {"text": POEM}).content.decode()
    assert "<body" in html and str(prompt.uid) in html


@pytest.mark.parametrize("named", ["benchmark", "config"])
def test_what_belongs_to_others_cannot_be_named(as_person, named):
    home = make_organisation("elsewhere")
    theirs = {"benchmark": make_benchmark("theirs", home), "config": make_config("theirs", home)}
    answers = [typed(as_person(name), **{named: theirs[named].pk}).status_code for name in ("ada", "mallory")]
    assert answers == [404, 200]


def test_prompts_of_others_do_not_show_up(as_person):
    make_prompt(QUESTION)
    assert "Nothing has nearly the same words." in typed(as_person("mallory")).content.decode()


@pytest.mark.parametrize("said", [{"config": "x" * 30}, {"benchmark": "9" * 30}, {"uid": "no"}, {"meaning": "2"}])
def test_what_makes_no_sense_is_passed_over(as_person, said):
    make_prompt(QUESTION)
    assert "1 similar prompt<" in typed(as_person("ada"), **said).content.decode()


def test_a_text_of_a_million_signs_with_nul_is_cut_to_what_a_prompt_may_have(as_person):
    assert typed(as_person("ada"), "\0 sea" * 200_000).status_code == 200


def test_texts_are_escaped_and_run_their_own_way(as_person):
    make_prompt("<script>alert(1)</script> هل يجوز للقارئ أن يسأل؟", language="ar")
    html = typed(as_person("ada"), "<script>alert(2)</script> هل يجوز للقارئ أن يسأل؟").content.decode()
    assert "<script>" not in html and '<div class="diff-words" dir="auto" lang="ar">' in html


def test_by_meaning_on_request(as_person):
    prompt = make_prompt("Can I eat raw eggs while I am pregnant?")
    said = {"benchmark": prompt.benchmark_id, "meaning": "1"}
    html = typed(as_person("ada"), "Is it safe to have uncooked eggs during pregnancy?", **said).content.decode()
    assert "<b>1 by meaning</b>" in html and "checked" in html


def test_what_was_found_by_letters_is_not_said_twice(as_person):
    prompt = make_prompt(QUESTION)
    html = typed(as_person("ada"), benchmark=prompt.benchmark_id, meaning="1").content.decode()
    assert html.count(str(prompt.uid)) == 1 and "by meaning</b>" not in html


def test_without_the_model_its_sentence_stands_there_and_letters_still_count(as_person, monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "It is not installed.")
    make_prompt(QUESTION)
    html = typed(as_person("ada"), meaning="1").content.decode()
    assert "It is not installed." in html and "1 similar prompt<" in html and "checkbox" not in html


def test_broken_weights_are_said_and_letters_still_count(as_person, monkeypatch):
    def broken(texts):
        raise meaning.BadWeights("The model is broken.")

    make_prompt(QUESTION)
    monkeypatch.setattr(meaning, "encode", broken)
    html = typed(as_person("ada"), meaning="1").content.decode()
    assert "The model is broken." in html and "1 similar prompt<" in html


def test_a_small_report_is_there_at_once(as_person):
    make_prompt(QUESTION), make_prompt(POEM)
    answer = as_person("ada").post(url("new", make_benchmark().pk), {"way": "letters"}, follow=True)
    html = answer.content.decode()
    assert "1 pair among 2 prompts" in html and "<del>book</del>" in html and "<ins>poem</ins>" in html


def test_a_large_report_waits_for_a_worker_and_can_be_cancelled(as_person, monkeypatch):
    monkeypatch.setattr(similar_reports, "AT_ONCE", 1)
    make_prompt(QUESTION), make_prompt(POEM)
    browser = as_person("ada")
    html = browser.post(url("new", make_benchmark().pk), {"way": "letters"}, follow=True).content.decode()
    report = SimilarityReport.objects.get()
    assert "waits for a worker" in html and 'hx-trigger="every 2s"' in html and "0 of 2 prompts done" in html
    html = browser.post(url("cancel", report.benchmark_id, report.pk), follow=True).content.decode()
    assert "cancelled" in html and "hx-trigger" not in html
    html = browser.post(url("cancel", report.benchmark_id, report.pk), follow=True).content.decode()
    assert "Somebody was faster: it is already cancelled." in html


def test_the_page_follows_a_report_with_a_fragment_and_stops_when_it_is_done(as_person):
    make_prompt(QUESTION), make_prompt(POEM)
    report, browser = queued(), as_person("ada")
    address = url("detail", report.benchmark_id, report.pk)
    waiting = browser.get(f"{address}?known=queued", **HTMX).content.decode()
    do_now(report)
    after = browser.get(f"{address}?known=queued", **HTMX).content.decode()
    assert "<body" not in waiting + after
    assert ("hx-get" in waiting, "hx-swap-oob" in waiting) == (True, False)
    assert ("hx-get" in after, "hx-swap-oob" in after, "0.88" in after) == (False, True, True)


def test_a_report_without_a_way_comes_back(as_person):
    answer = as_person("ada").post(url("new", make_benchmark().pk), {"at_least": "0.9"})
    assert answer.status_code == 422 and 'value="0.9"' in answer.content.decode()


def test_a_report_by_meaning_without_the_model_comes_back_with_the_reason(as_person, monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "It is not installed.")
    answer = as_person("ada").post(url("new", make_benchmark().pk), {"way": "meaning"})
    assert answer.status_code == 422 and "It is not installed." in answer.content.decode()


def test_the_same_prompt_under_two_configs_can_be_left_out(as_person):
    make_prompt(QUESTION, config=make_config("game")), make_prompt(QUESTION, config=make_config("news"))
    browser, report = as_person("ada"), done()
    assert "same prompt, other config: fine" in page(browser, report).content.decode()
    hidden = page(browser, report, "?fine=hide").content.decode()
    assert "which is fine." in hidden and "other config: fine" not in hidden


def test_a_prompt_that_changed_since_the_report_is_marked(as_person):
    prompt, _ = make_prompt(QUESTION), make_prompt(POEM)
    report = done()
    type(prompt).objects.filter(pk=prompt.pk).update(archived_at="2026-01-01T00:00Z")
    assert "changed or taken out since" in page(as_person("ada"), report).content.decode()


def test_pairs_with_prompts_of_an_archived_benchmark_are_not_shown(as_person):
    other = make_benchmark("other")
    make_prompt(QUESTION, benchmark=other), make_prompt(QUESTION)
    report = done(wide=True)
    type(other).objects.filter(pk=other.pk).update(archived_at="2026-01-01T00:00Z")
    assert "1 not shown" in page(as_person("ada"), report).content.decode()


def test_a_report_is_reached_by_its_own_benchmark_alone(as_person):
    report, other = done(), make_benchmark("other")
    browser = as_person("ada")
    assert browser.get(url("detail", other.pk, report.pk)).status_code == 404
    assert browser.post(url("cancel", other.pk, report.pk)).status_code == 404


def test_a_report_that_failed_says_why(as_person):
    report = queued()
    chores.claim(SimilarityReport, report.pk, "w")
    SimilarityReport.objects.update(state="failed", reason="The model is broken.")
    assert "The model is broken." in page(as_person("ada"), report).content.decode()


@pytest.mark.parametrize("name", ["list", "detail"])
def test_a_page_asks_as_often_for_many_rows_as_for_few(as_person, name):
    browser = as_person("ada")

    def asked():
        report = SimilarityReport.objects.latest("pk")
        address = url(name, report.benchmark_id, *([report.pk] if name == "detail" else []))
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        return len(queries)

    make_prompt(f"{QUESTION} a"), make_prompt(f"{QUESTION} b")
    done()
    first = asked()
    for number in range(30):
        make_prompt(f"{QUESTION} {number}", config=make_config(f"c{number}"))
        done()
    counted = name == "list"  # how many there are is asked when they do not fit on one page
    assert asked() == first + counted <= 15


def test_the_list_has_every_report(as_person):
    report = done()
    html = as_person("bob").get(url("list", report.benchmark_id)).content.decode()
    assert url("detail", report.benchmark_id, report.pk) in html and "Compare the prompts" not in html
