"""Large benchmarks are looked through part by part, and what the parts say of a person is what each prompt says."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotations.access import benchmarks_to_check
from annotations.queries import checks, label_spans
from annotations.queries.label_states import WHOLE, Span, waiting_of
from tests.databases import kept_for_a_file
from tests.factories import make_benchmark
from tests.labelling import decide, edit, person, say, written
from tests.markup import elements

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LISTS = [("home", "li"), ("annotations:check-list", "td")]


@pytest.fixture(scope="module", autouse=True)
def _world(django_db_setup, django_db_blocker):
    """Twelve prompts of Ada's, of which some are labelled, decided or worded anew, and one of Omar's behind them."""
    with kept_for_a_file(django_db_blocker):
        made = [written() for _ in range(12)]
        for who in ("omar", "carol"):
            say(made[4], who, "allowed")
        say(made[5], "omar", "safe")
        decide(made[5], "allowed")
        edit(made[7], text="Another text.")
        say(made[8], "dan", "allowed")
        written(author="omar")
        make_benchmark("few")
        yield


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(label_spans, "AT_ONCE", 4)


def told(who, *, wait):
    return checks.told(person(who), benchmarks_to_check(person(who)), wait=wait)


@pytest.mark.parametrize("who", ["ada", "omar", "carol", "dan"])
def test_the_parts_say_together_what_the_whole_says(who):
    benchmark = make_benchmark()
    ends = [-1, *benchmark.prompts.current().order_by("position").values_list("position", flat=True)[3::4], WHOLE.upto]
    parts = [waiting_of(person(who).pk, [benchmark.pk], Span(*ends[at : at + 2])) for at in range(len(ends) - 1)]
    assert sum(part[benchmark.pk] for part in parts) == waiting_of(person(who).pk, [benchmark.pk])[benchmark.pk] > 0


def test_the_first_part_is_counted_and_no_further():
    tallies = told("carol", wait=False).soon
    assert [(one.benchmark.slug, one.done, one.waiting, one.plus) for one in tallies] == [
        ("bench", 1, 4, "+"),
        ("few", 0, 0, ""),
    ]


def test_own_prompts_are_passed_at_once(django_assert_max_num_queries):
    ada, benchmark = person("ada").pk, make_benchmark().pk
    assert label_spans.left(ada, benchmark, wait=False)[:2] == (0, True)
    with django_assert_max_num_queries(5):
        assert label_spans.left(ada, benchmark)[:2] == (1, False)
    with django_assert_max_num_queries(2):
        assert label_spans.left(ada, benchmark, wait=False)[:2] == (1, False), "where nothing was found is remembered"


def test_only_who_waits_is_told_of_a_benchmark_that_begins_with_nothing():
    soon, slow, later = told("ada", wait=False)
    assert [one.benchmark.slug for one in soon] == ["few"] and not slow and later
    soon, slow, later = told("ada", wait=True)
    assert [(one.benchmark.slug, one.waiting, one.plus) for one in slow] == [("bench", 1, "")] and not later


def test_the_next_prompt_comes_from_that_part():
    turn = checks.turn(make_benchmark(), person("ada"))
    assert turn.prompt.created_by == person("omar") and turn[1:] == (0, 1, "")
    turn = checks.turn(make_benchmark(), person("dan"))
    assert turn[1:] == (1, 4, "+") and turn.prompt in make_benchmark().prompts.order_by("position")[:4]


@pytest.mark.parametrize(("page", "part"), LISTS)
def test_pages_show_what_is_known_and_ask_for_the_rest(as_person, page, part):
    ada = as_person("ada")
    html = ada.get(reverse(page)).content.decode()
    assert "What waits for you in large benchmarks is being worked out" in html and "Benchmark bench" not in html
    cache.clear()
    html = ada.get(f"{reverse(page)}?figures=1").content.decode()
    assert "being worked out" not in html and "Benchmark bench" in html and 'id="large-benchmarks"' in html
    assert elements(html, part)


def test_a_number_that_is_counted_no_further_says_so(as_person):
    carol = as_person("carol")
    html = carol.get(reverse("home")).content.decode()
    assert "Label 4+ prompts of" in html and "counted no further" in html
    chips = [one.text for one in elements(html, "a", css="chip")]
    assert chips == ["4+ prompts to label"]
    assert (
        "1 of 5+ labelled" in carol.get(reverse("annotations:check-next", args=[make_benchmark().pk])).content.decode()
    )
