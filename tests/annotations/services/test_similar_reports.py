"""Reports on similar prompts: what they find, that they may be stopped and begun again, and what is refused."""

import pytest

from annotations.core import meaning
from annotations.core.minilm import BadWeights
from annotations.models import AuditEvent, SimilarityReport, TextVector
from annotations.services import chores, similar_reports, vectors
from annotations.tasks import do_now
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


def started(way="letters", wide=False, at_least=0.8, benchmark=None):
    place = benchmark or make_benchmark()
    asked = {"benchmark": place, "way": way, "wide": wide, "at_least": at_least}
    return similar_reports.start(actor=make_person("ada"), **asked)


def done(**asked):
    report = started(**asked).report
    do_now(report)
    report.refresh_from_db()
    return report


def test_a_report_has_the_pairs_of_its_benchmark_the_most_similar_first():
    book, _, poem, again = (make_prompt(text) for text in (QUESTION, SEA, POEM, f"{POEM}!"))
    make_prompt(QUESTION, benchmark=make_benchmark("other"))
    report = done()
    assert report.pairs == [[again.pk, poem.pk, 1.0], [poem.pk, book.pk, 0.878], [again.pk, book.pk, 0.878]]
    assert (report.state, report.found, report.compared, report.done, report.total) == ("finished", 3, 4, 4, 4)


def test_a_wide_report_compares_with_the_organisations_other_benchmarks_but_not_those_among_themselves():
    other = make_benchmark("other")
    there = [make_prompt(text, benchmark=other) for text in (QUESTION, QUESTION)]
    mine, home = make_prompt(QUESTION), make_organisation("elsewhere")
    make_prompt(QUESTION, benchmark=make_benchmark("theirs", home))
    report = done(wide=True)
    assert sorted(report.pairs) == [[mine.pk, there[0].pk, 1.0], [mine.pk, there[1].pk, 1.0]]
    assert report.compared == 3


def test_a_wide_report_leaves_training_prompts_out():
    make_training_prompts(QUESTION)
    make_prompt(QUESTION)
    report = done(wide=True)
    assert (report.pairs, report.compared, report.total) == ([], 1, 1)


def test_pairs_of_one_prompt_under_two_configs_do_not_crowd_out_the_others(monkeypatch):
    monkeypatch.setattr(similar_reports, "MOST_PAIRS", 1)
    monkeypatch.setattr(similar_reports, "MOST_FINE_PAIRS", 2)
    for number in range(3):
        for slug in ("game", "news"):
            make_prompt(f"{SEA} {'abc'[number] * 40}", config=make_config(slug))
    book, poem = make_prompt(QUESTION), make_prompt(POEM)
    report = done()
    assert [score for *_, score in report.pairs] == [1.0, 1.0, 0.878]
    assert (report.pairs[-1][:2], report.found) == ([poem.pk, book.pk], 4)


def test_a_small_report_is_done_at_once_a_large_one_is_for_a_worker(monkeypatch):
    make_prompt(QUESTION)
    assert started().small and not started(way="meaning").small
    monkeypatch.setattr(similar_reports, "AT_ONCE", 0)
    assert not started(at_least=0.9).small


def test_long_prompts_are_for_a_worker(monkeypatch):
    monkeypatch.setattr(similar_reports, "SIGNS_AT_ONCE", 10)
    make_prompt(QUESTION)
    assert not started().small


def test_by_meaning_the_missing_vectors_are_made_and_kept():
    raw, eggs = make_prompt("Can I eat raw eggs while I am pregnant?"), make_prompt(SEA)
    other = make_prompt("Is it safe to have uncooked eggs during pregnancy?")
    vectors.make({eggs.digest: eggs.text})
    report = done(way="meaning", at_least=0.7)
    assert [pair[:2] for pair in report.pairs] == [[other.pk, raw.pk]] and report.state == "finished"
    assert TextVector.objects.count() == 3


def test_a_report_that_is_cancelled_writes_nothing_and_keeps_its_vectors(monkeypatch):
    monkeypatch.setattr(vectors, "SLICE", 2)
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0)
    for number in range(6):
        make_prompt(f"{QUESTION} {number}")
    report, plain = started(way="meaning", at_least=0.7).report, vectors.make

    def make_and_cancel(texts):
        plain(texts)
        chores.cancel(row=report, actor=make_person("ada"))

    monkeypatch.setattr(vectors, "make", make_and_cancel)
    do_now(report)
    report.refresh_from_db()
    assert (report.state, report.pairs, TextVector.objects.count()) == ("cancelled", [], 2)


def test_a_report_that_was_killed_begins_again_and_makes_only_the_vectors_that_are_missing(monkeypatch):
    monkeypatch.setattr(vectors, "SLICE", 2)
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0)
    for number in range(6):
        make_prompt(f"{QUESTION} {number}")
    report, plain, made = started(way="meaning", at_least=0.7).report, vectors.make, []

    def make_and_die(texts):
        if made:
            raise KeyboardInterrupt
        made.append(len(texts))
        plain(texts)

    monkeypatch.setattr(vectors, "make", make_and_die)
    with pytest.raises(KeyboardInterrupt):
        do_now(report)
    SimilarityReport.objects.update(until="2020-01-01T00:00Z")
    monkeypatch.setattr(vectors, "make", lambda texts: (made.append(len(texts)), plain(texts)))
    do_now(report)
    report.refresh_from_db()
    assert (report.state, report.found, made) == ("finished", 15, [2, 2, 2])


def test_done_twice_it_finds_the_same():
    make_prompt(QUESTION), make_prompt(POEM)
    report = done()
    SimilarityReport.objects.update(state="queued")
    do_now(report)
    assert SimilarityReport.objects.get().pairs == report.pairs


def test_broken_weights_are_the_reason_of_a_failed_report(monkeypatch):
    def broken(texts):
        raise BadWeights("The model is broken; install it again.")

    make_prompt(QUESTION)
    monkeypatch.setattr(meaning, "encode", broken)
    report = done(way="meaning")
    assert (report.state, report.reason) == ("failed", "The model is broken; install it again.")


def test_a_worker_without_the_model_says_so(monkeypatch):
    make_prompt(QUESTION)
    report = started(way="meaning").report

    def missing(texts):
        raise meaning.NotInstalled("The model is not there.")

    monkeypatch.setattr(meaning, "encode", missing)
    do_now(report)
    report.refresh_from_db()
    assert (report.state, report.reason) == ("failed", "The model is not there.")


def test_a_report_by_meaning_is_refused_without_the_model(monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "It is not there.")
    with pytest.raises(similar_reports.SimilarProblem, match="It is not there"):
        started(way="meaning")


@pytest.mark.parametrize("asked", [{"way": "colour"}, {"at_least": 0.2}, {"at_least": 1.1}, {"at_least": float("nan")}])
def test_what_cannot_be_compared_is_refused(asked):
    with pytest.raises(similar_reports.SimilarProblem, match="Choose"):
        started(**asked)


def test_the_same_report_is_not_made_twice_at_a_time():
    started()
    with pytest.raises(similar_reports.SimilarProblem, match="already"):
        started()
    started(wide=True)


def test_who_asked_for_a_report_is_on_record():
    report = started().report
    event = AuditEvent.objects.get(object_type="similarityreport")
    assert (event.object_id, event.action, event.after["way"]) == (report.pk, "start", "letters")


def test_a_benchmark_without_a_prompt_has_a_report_without_a_pair():
    report = done()
    assert (report.state, report.pairs, report.compared) == ("finished", [], 0)


def test_of_too_many_prompts_the_newest_are_compared_the_own_ones_first(monkeypatch):
    monkeypatch.setattr(similar_reports, "MOST_PROMPTS", 2)
    other = make_benchmark("other")
    for text in (QUESTION, POEM):
        make_prompt(text)
    mine = [make_prompt(QUESTION), make_prompt(POEM)]
    make_prompt(QUESTION, benchmark=other)
    report = done(wide=True)
    assert [pair[:2] for pair in report.pairs] == [[mine[1].pk, mine[0].pk]] and report.compared == 2
