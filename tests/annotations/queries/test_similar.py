"""Similar prompts while one is typed: which are found, for whom, and what the marks say."""

import time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.core import meaning, similarity
from annotations.models import Benchmark, Prompt, TextVector
from annotations.queries import similar, similar_index
from annotations.services import vectors
from tests.databases import at_once
from tests.factories import (
    make_benchmark,
    make_config,
    make_organisation,
    make_person,
    make_prompt,
    make_training_prompts,
)

pytestmark = pytest.mark.django_db
QUESTION = "How old must a reader be to buy this book?"
POEM = "How old must a reader be to buy this poem?"
SEA = "Which novel is about the sea?"


def found(text=QUESTION, person="ada", **where):
    return similar.similar(make_person(person), text, **where).hits


def ids(text=QUESTION, person="ada", **where):
    return [hit.prompt.pk for hit in found(text, person, **where)]


def elsewhere(text=QUESTION):
    """A prompt of Mallory's organisation."""
    home = make_organisation("elsewhere")
    return make_prompt(text, benchmark=make_benchmark("theirs", home), config=make_config("theirs", home))


def test_a_prompt_with_one_other_word_is_found_with_its_score():
    prompt = make_prompt(QUESTION)
    make_prompt(SEA)
    # Each text has 41 runs of three characters, of which the last word changes five: 2 * 36 / (41 + 41) is 0.878.
    assert [(hit.prompt, round(hit.score, 3)) for hit in found(POEM)] == [(prompt, 0.878)]


def test_the_same_text_is_known_though_case_and_signs_differ():
    make_prompt(QUESTION)
    assert [(hit.score, hit.same_text) for hit in found("how OLD must a reader be, to buy this book")] == [(1.0, True)]


def test_the_same_prompt_under_another_config_is_fine():
    make_prompt(QUESTION, config=make_config("game"))
    (hit,) = found(config=make_config("news"))
    assert (hit.other_config, hit.fine) == (True, True)


def test_training_prompts_take_no_room_among_the_prompts_that_are_compared(monkeypatch):
    monkeypatch.setattr(similar_index, "MOST", 2)
    prompt = make_prompt(QUESTION)
    make_training_prompts(*(f"{SEA} {number}" for number in range(4)))
    assert [hit.prompt for hit in found(POEM)] == [prompt]


def test_a_similar_prompt_under_another_config_is_not_marked_as_fine():
    make_prompt(QUESTION, config=make_config("game"))
    (hit,) = found(POEM, config=make_config("news"))
    assert (hit.other_config, hit.fine) == (True, False)


def test_a_prompt_of_another_benchmark_is_found():
    other = make_prompt(QUESTION, benchmark=make_benchmark("other"))
    assert [hit.prompt for hit in found(benchmark=make_benchmark())] == [other]


def test_what_a_person_may_not_read_never_shows_up():
    mine, theirs = make_prompt(QUESTION), elsewhere()
    assert (ids(), ids(person="mallory")) == ([mine.pk], [theirs.pk])


def test_a_reviewer_finds_the_prompts_of_every_organisation():
    assert ids(person="bob") == [] and [make_prompt(QUESTION).pk, elsewhere().pk] == ids(person="bob")


def test_prompts_of_an_archived_benchmark_are_not_found():
    make_prompt(QUESTION)
    assert len(ids()) == 1
    Benchmark.objects.update(archived_at=timezone.now())
    assert ids() == []


def test_a_prompt_that_was_taken_out_is_not_found_any_more():
    prompt = make_prompt(QUESTION)
    assert ids() == [prompt.pk]
    Prompt.objects.filter(pk=prompt.pk).update(archived_at=timezone.now())
    assert ids() == []


def test_wordings_that_were_replaced_do_not_crowd_out_the_present_one():
    present = make_prompt(POEM)
    old = [make_prompt(f"{QUESTION[:-1]} {'!' * number}") for number in range(1, 120)]
    assert len(ids()) == 5
    Prompt.objects.filter(pk__in=[prompt.pk for prompt in old]).update(archived_at=timezone.now())
    assert ids() == [present.pk]


def test_pending_prompts_are_found_only_once_they_are_in():
    prompt = make_prompt(QUESTION, pending=True, archived_at=timezone.now())
    assert ids() == []
    Prompt.objects.filter(pk=prompt.pk).update(pending=False, archived_at=None)
    assert ids() == [prompt.pk]


def test_a_new_prompt_is_found_at_once():
    first = make_prompt(QUESTION)
    assert ids() == [first.pk]
    second = make_prompt(POEM)
    assert ids(POEM) == [second.pk, first.pk]


def test_a_prompt_whose_transaction_ended_later_than_a_younger_one_is_found():
    late, young = make_prompt(QUESTION, archived_at=timezone.now(), pending=True), make_prompt(SEA)
    assert (ids(), ids(SEA)) == ([], [young.pk])
    # As if it had been committed only now, below the highest id that was seen.
    Prompt.objects.filter(pk=late.pk).update(archived_at=None, pending=False)
    assert ids() == [late.pk]


def test_a_text_that_was_never_committed_is_not_found_under_the_id_of_another():
    with pytest.raises(KeyError), transaction.atomic():
        make_prompt(QUESTION)
        assert len(ids()) == 1
        raise KeyError
    make_prompt(SEA)  # SQLite gives it the same id
    assert ids() == []


def test_the_prompt_that_is_being_edited_is_left_out():
    prompt = make_prompt(QUESTION)
    assert ids(without=prompt.uid) == []


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "\u200f"])
def test_a_text_with_nothing_in_it_is_like_nothing(text):
    make_prompt("?!…")
    assert similar.similar(make_person("ada"), text) == ([], [])


def test_arabic_is_compared_without_its_vowel_signs():
    prompt = make_prompt("هل يجوز للقارئ أن يسأل عن كتاب الطب؟", language="ar")
    assert ids("هَل يجوز للقارئ أن يسأل عن كِتاب الطب") == [prompt.pk]


def test_texts_of_twenty_thousand_characters_are_compared_whole():
    long = "".join(f"The {number}th chapter is about the sea. " for number in range(700))[:20_000]
    prompt = make_prompt(long)
    hits = found(long[:-200] + "x" * 200)
    assert [(hit.prompt, hit.same_text) for hit in hits] == [(prompt, False)]
    ((_, differs),) = similar.shown(long[:-200] + "x" * 200, hits)
    assert differs.cut and len(differs.old) < 1_300


def test_the_database_is_asked_as_often_for_many_prompts_as_for_one():
    person = make_person("bob")
    make_prompt(QUESTION)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            similar.similar(person, QUESTION)
        return len(queries)

    asked()
    warm = asked()
    for number in range(30):
        make_prompt(f"{QUESTION} {number}")
        elsewhere(f"{QUESTION} {number}!")
    asked()
    assert asked() == warm <= 4


def test_of_too_many_prompts_the_newest_are_compared_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(similar_index, "MOST", 2)
    for text in (QUESTION, SEA, POEM):
        make_prompt(text)
    result = similar.similar(make_person("ada"), QUESTION)
    assert [hit.prompt.text for hit in result.hits] == [POEM] and result.notes == [similar.NOT_ALL]


def test_of_too_long_prompts_the_newest_are_compared(monkeypatch):
    monkeypatch.setattr(similar_index, "MOST_SIGNS", 50)
    for text in (QUESTION, SEA):
        make_prompt(text)
    assert (ids(), ids(SEA)) == ([], [Prompt.objects.get(text=SEA).pk])
    assert similar.similar(make_person("ada"), SEA).notes == [similar.NOT_ALL]


def test_the_own_organisation_comes_first_where_there_are_too_many_in_all(monkeypatch):
    monkeypatch.setattr(similar, "MOST_IN_ALL", 1)
    elsewhere()
    mine = make_prompt(QUESTION)
    result = similar.similar(make_person("bob"), QUESTION, benchmark=mine.benchmark)
    assert [hit.prompt for hit in result.hits] == [mine] and result.notes == [similar.NOT_EVERYONE]


def test_an_index_in_which_too_much_is_gone_is_made_anew(monkeypatch):
    monkeypatch.setattr(similar_index, "_SPARE", 0)
    prompts = [make_prompt(f"{QUESTION} {number}") for number in range(9)]
    found()
    Prompt.objects.exclude(pk=prompts[0].pk).update(archived_at=timezone.now())
    assert ids() == [prompts[0].pk]
    (shelf,) = similar_index.shelves([prompts[0].benchmark.organisation_id])
    assert len(shelf) == 1


def test_shelves_that_were_not_used_for_long_are_given_up(monkeypatch):
    monkeypatch.setattr(similar_index, "MOST_IN_ALL", 1)
    elsewhere(), make_prompt(QUESTION)
    assert len(ids(person="mallory")) == len(ids()) == 1
    assert len(ids()) == 1 and list(similar_index._shelves) == [make_organisation().pk]


def test_who_waits_too_long_for_the_first_reading_is_told(monkeypatch):
    monkeypatch.setattr(similar_index, "WAIT_SECONDS", 0.01)
    prompt = make_prompt(QUESTION)
    (shelf,) = similar_index.shelves([prompt.benchmark.organisation_id])
    with shelf._lock:
        assert similar.similar(make_person("ada"), QUESTION) == ([], [similar.READING])
    assert ids() == [prompt.pk]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_twelve_threads_read_the_prompts_once(monkeypatch):
    texts, plain = [], similarity.Index.add

    def slowly(index, key, text):
        time.sleep(0.002)  # long enough for a thread that does not wait to begin reading too
        texts.append(text)
        plain(index, key, text)

    monkeypatch.setattr(similarity.Index, "add", slowly)
    for number in range(40):
        make_prompt(f"{QUESTION} {number}")
    ada = make_person("ada")
    results = at_once(*[lambda: [hit.prompt.pk for hit in similar.similar(ada, QUESTION).hits]] * 12)
    assert len(texts) == 40
    assert [len(result) for result in results] == [5] * 12 and results == [results[0]] * 12


@pytest.mark.both_databases
def test_prompts_are_found_by_meaning_once_they_have_vectors():
    cake = make_prompt("Can I eat raw eggs while I am pregnant?")
    make_prompt(SEA)
    ada = make_person("ada")
    text = "Is it safe to have uncooked eggs during pregnancy?"
    before = similar.like(ada, text)
    assert (before.hits, before.notes[0][:40]) == ([], "2 of 2 prompts have not been read for th")
    vectors.make_some(similar.readable(ada))
    after = similar.like(ada, text)
    assert [hit.prompt for hit in after.hits] == [cake] and after.notes == []


def test_the_vector_of_a_stored_text_is_not_made_again(monkeypatch):
    prompt = make_prompt(QUESTION, digest=similar.digest(QUESTION))
    vectors.make_some(similar.readable(make_person("ada")))
    monkeypatch.setattr(meaning, "encode", None)
    (hit,) = similar.like(make_person("ada"), QUESTION).hits
    assert hit.prompt == prompt and hit.score == pytest.approx(1, abs=1e-5)


def test_by_meaning_nobody_finds_what_they_may_not_read():
    theirs, mine = elsewhere(QUESTION), make_prompt(POEM)
    vectors.make_some(Prompt.objects.current())
    hits = [[hit.prompt for hit in similar.like(make_person(name), QUESTION).hits] for name in ("ada", "mallory")]
    assert hits == [[mine], [theirs]]


def test_vectors_of_training_prompts_take_no_room_among_those_that_are_compared(monkeypatch):
    monkeypatch.setattr(similar_index, "MOST", 2)
    prompt = make_prompt(QUESTION)
    vectors.make_some(Prompt.objects.current())
    make_training_prompts(*(f"{SEA} {number}" for number in range(4)))
    vectors.make_some(Prompt.objects.current())
    assert [hit.prompt for hit in similar.like(make_person("ada"), POEM).hits] == [prompt]


def test_without_the_model_nothing_is_found_by_meaning_and_the_reason_is_given(monkeypatch):
    make_prompt(QUESTION)
    monkeypatch.setattr(meaning, "available", lambda: "It is not there.")
    vectors.make_some(Prompt.objects.current())
    assert similar.like(make_person("ada"), QUESTION) == ([], ["It is not there."])
    assert not TextVector.objects.exists()


def test_vectors_are_little_endian_floats_by_digest_and_model():
    prompt = make_prompt(QUESTION)
    vectors.make_some(Prompt.objects.current())
    row = TextVector.objects.get()
    assert (row.digest, row.model, len(row.vector)) == (prompt.digest, meaning.MODEL, 4 * 384)
    assert float(similar.numbers(row.vector) @ similar.numbers(row.vector)) == pytest.approx(1, abs=1e-5)
