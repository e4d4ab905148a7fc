"""The pages of raters: one prompt after the other, and not a sign of what anybody said of it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Prompt, PromptCheck
from annotations.services.checks import UNSURE
from tests.factories import make_benchmark, make_config, make_version
from tests.labelling import categorical, decide, edit, now, person, say, written
from tests.markup import elements, inline, undirected

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" {{ x }}"""


def url(name, *more):
    return reverse(f"annotations:check-{name}", args=[make_benchmark().pk, *more])


@pytest.fixture
def omar(as_person):
    person("omar")
    return as_person("omar")


def form(prompt, said="", **more):
    return {"prompt": prompt.uid, "text": prompt.digest, "said": said} | more


def chosen(response):
    """The answers that the page has chosen already."""
    radios = [
        one.attributes for one in elements(response.content.decode(), "input") if one.attributes.get("name") == "said"
    ]
    return [one["value"] for one in radios if "checked" in one]


CHANGING = ("Set-Cookie", "X-Request-ID")


def bare(response):
    """Page and headers without what changes with every request."""
    html = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', r"\1", response.content.decode())
    return html, {name: value for name, value in response.headers.items() if name not in CHANGING}


def test_the_list_says_how_many_wait_and_how_many_are_done(omar):
    say(written(), "omar", "safe")
    written()
    written(author="omar")
    row = elements(omar.get(reverse("annotations:check-list")).content.decode(), "td")
    assert [one.text for one in row if one.attributes.get("data-label")] == ["1", "1"]


def test_the_list_asks_as_often_for_many_benchmarks(omar):
    def asked(benchmarks):
        for number in range(benchmarks):
            written(benchmark=make_benchmark(f"b{number}"))
        with CaptureQueriesContext(connection) as queries:
            omar.get(reverse("annotations:check-list"))
        return len(queries)

    assert asked(3) == asked(30)


def test_an_annotator_is_shown_a_prompt_beside_its_config(as_person):
    prompt = written()
    html = as_person("carol").get(url("next")).content.decode()
    assert elements(html, css="prompt")[0].text == prompt.text
    assert "We write games for adults." in html and "No real people." in html


def test_a_stranger_finds_no_benchmark(as_person):
    written()
    assert {as_person("mallory").get(url(name)).status_code for name in ("next", "undo")} == {404}


def test_the_text_of_the_newest_approved_version_is_shown(omar):
    make_version(written().config, policy="The newest approved text.")
    make_version(make_config(), state="draft", policy="A draft.")
    html = omar.get(url("next")).content.decode()
    assert "The newest approved text." in html and "A draft." not in html


# What an author, a place or other people could tell: a page for two prompts that differ in all of it is the same.
def test_the_page_is_the_same_whatever_is_known_of_the_prompt(omar):
    first = written("allowed", text="The one text.")
    before = bare(omar.get(url("next")))
    Prompt.objects.filter(pk=first.pk).update(archived_at=first.created_at)
    told = {"kind": "disallowed", "risks": ["drugs"], "rule": "r1", "why": "SECRET-WHY", "source": "SECRET-SOURCE"}
    told |= {"uid": first.uid, "position": 900, "extra": {"SECRET": "EXTRA"}, "situation": 3}
    second = written(text="The one text.", author=None, **told)
    say(second, "carol", UNSURE, note="SECRET-NOTE")
    say(second, "dan", "partial")
    assert bare(omar.get(url("next"))) == before


def test_nothing_that_is_known_of_a_prompt_is_in_a_page_its_form_or_its_fragment(omar):
    told = {"why": "SECRET-WHY", "source": "SECRET-SOURCE", "risks": ["weapons"], "extra": {"SECRET": "EXTRA"}}
    prompts = [written("partial", position=70_000 + number, pk=80_000 + number, **told) for number in range(3)]
    say(prompts[0], "carol", "disallowed", note="SECRET-NOTE")
    say(prompts[0], "omar", "safe", note="my own")
    answers = [omar.get(url("next")), omar.get(url("next"), headers=HTMX), omar.get(url("undo"))]
    answers += [omar.post(url("label"), form(prompts[1], "nonsense")), omar.post(url("label"), {})]
    answers.append(omar.post(url("label"), form(prompts[1], "safe"), headers=HTMX))
    answers.append(omar.get(reverse("annotations:check-list")))
    for answer in answers:
        said = answer.content.decode() + str(answer.headers)
        assert not re.search(r"SECRET|[78]0[, ]?00\d|weapons|Weapons|carol|Carol|disputed", said)
        assert chosen(answer) == (["safe"] if answer is answers[2] else [])


def test_a_categorical_prompt_asks_for_its_situation_alone(omar):
    categorical(2)
    html = omar.get(url("next")).content.decode()
    values = [one.attributes["value"] for one in elements(html, "input") if one.attributes.get("type") == "radio"]
    assert values == ["1", "2", "3", "unsure"] and "The kind follows from the situation" in html


def test_a_label_is_stored_and_the_next_prompt_comes(omar):
    prompt = written()
    answer = omar.post(url("label"), form(prompt, "partial", note="Both."))
    check = PromptCheck.objects.get()
    assert (answer.status_code, answer.url) == (302, url("next"))
    assert (check.prompt, check.kind, check.note, check.rater.username) == (prompt, "partial", "Both.", "omar")


def test_htmx_gets_the_next_prompt_as_a_fragment(omar):
    first, second = written(), written()
    answer = omar.post(url("label"), form(first, "safe"), headers=HTMX)
    html = answer.content.decode()
    assert "<body" not in html and second.text in html and "1 of 2 labelled by you" in html
    assert answer.headers["HX-Replace-Url"] == url("next")


def test_a_situation_is_stored(omar):
    prompt = categorical(2)
    omar.post(url("label"), form(prompt, "3"))
    assert PromptCheck.objects.values_list("kind", "situation").get() == ("disallowed", 3)


def test_the_version_before_the_reader_is_kept(omar):
    prompt = written()
    make_version(prompt.config)
    omar.post(url("label"), form(prompt, "safe", version="1"))
    assert PromptCheck.objects.get().version.number == 1


@pytest.mark.parametrize(("said", "words"), [("", "Choose the kind"), ("3", "Choose the kind"), ("unsure", "Say what")])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_incomplete_label_comes_back_with_what_was_typed(omar, said, words, headers):
    prompt = written()
    note = "" if said == "unsure" else "Kept as typed."
    answer = omar.post(url("label"), form(prompt, said, note=note), headers=headers)
    html = answer.content.decode()
    assert answer.status_code == 422 and words in html and prompt.text in html and note in html
    assert ("<body" in html) == (not headers) and not PromptCheck.objects.exists()


def test_a_text_that_changed_meanwhile_is_told_and_the_next_comes(omar):
    prompt = written()
    edit(prompt, text="Another text.")
    answer = omar.post(url("label"), form(prompt, "safe"))
    html = answer.content.decode()
    assert answer.status_code == 422 and "changed or taken out meanwhile" in html and "Another text." in html


def test_an_own_prompt_is_refused(as_person):
    prompt = written()
    answer = as_person("ada").post(url("label"), form(prompt, "safe"))
    assert answer.status_code == 422 and "You wrote this prompt" in answer.content.decode()


@pytest.mark.parametrize("sent", [{}, {"prompt": "x"}, {"prompt": "0" * 32, "text": "a\0b"}])
def test_an_unknown_prompt_is_a_sentence(omar, sent):
    assert omar.post(url("label"), sent).status_code == 422


def test_the_last_label_comes_back_to_be_changed(omar):
    first, second = written(), written()
    say(first, "omar", "safe")
    say(second, "omar", "partial", note="Both.")
    html = omar.get(url("undo")).content.decode()
    assert second.text in html and chosen(omar.get(url("undo"))) == ["partial"] and "Both." in html
    check = PromptCheck.objects.get(prompt=second)
    assert first.text in omar.get(url("undo"), {"before": check.pk}).content.decode()
    omar.post(url("label"), form(second, "disallowed", changes=check.pk))
    kinds = PromptCheck.objects.filter(prompt=second).values_list("kind", flat=True)
    assert list(kinds) == ["partial", "disallowed"] and now(second).labels == 1


def test_the_label_of_another_is_not_changed(omar):
    prompt = written()
    theirs = say(prompt, "carol", "safe")
    omar.post(url("label"), form(prompt, "partial", changes=theirs.pk))
    theirs.refresh_from_db()
    assert theirs.withdrawn_at is None and PromptCheck.objects.get(rater__username="omar").kind == "partial"


def test_a_decided_label_does_not_come_back(omar):
    prompt = written()
    say(prompt, "omar", "safe")
    decide(prompt, "allowed")
    assert omar.get(url("undo")).url == url("next")


def test_an_empty_benchmark_says_that_nothing_waits(omar):
    assert "No prompt of this benchmark waits" in omar.get(url("next")).content.decode()


def test_hostile_texts_stay_text(omar):
    make_version(make_config(title=HOSTILE), policy=HOSTILE)
    prompt = written(text=HOSTILE)
    for html in (omar.get(url("next")).content.decode(), omar.post(url("label"), form(prompt)).content.decode()):
        assert inline(html) == [] and "<img src=x" not in html
        assert elements(html, css="prompt")[0].text == HOSTILE


def test_arabic_texts_run_their_own_way(omar):
    arabic = "اكتب مشهداً"
    rule = {"id": "r1", "kind": "allow", "text": arabic, "example": arabic}
    make_version(make_config(title=arabic, language="ar"), policy=arabic, rules=[rule])
    written(text=arabic, language="ar")
    html = omar.get(url("next")).content.decode()
    assert undirected(html, arabic) == [] and elements(html, css="prompt")[0].attributes["lang"] == "ar"


def test_a_benchmark_of_many_prompts_is_asked_as_often_as_one_of_few(omar):
    def asked(number):
        for _ in range(number):
            say(written(), "carol", "safe")
        with CaptureQueriesContext(connection) as queries:
            assert omar.get(url("next")).status_code == 200
        return len(queries)

    assert asked(3) == asked(30) <= 20
