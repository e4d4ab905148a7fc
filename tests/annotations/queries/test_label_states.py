"""Whole benchmarks are told at once what each of their prompts is told alone."""

from collections import Counter

import pytest

from annotations.models import Prompt, PromptCheck
from annotations.queries import label_states, validation
from annotations.queries.checks import to_label
from annotations.services.checks import UNSURE
from tests.databases import kept_for_a_file
from tests.factories import make_benchmark, make_config
from tests.labelling import categorical, decide, edit, person, say, written

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(scope="module", autouse=True)
def _world(django_db_setup, django_db_blocker):
    with kept_for_a_file(django_db_blocker):
        _some_of_everything()
        yield


def _some_of_everything():
    """Prompts of each kind and situation with all sorts of labels, decisions and wordings, in two benchmarks."""
    sayings = (
        ["allowed"],
        ["safe"],
        ["safe", "safe"],
        ["safe", "disallowed"],
        [UNSURE],
        [UNSURE, "allowed", "allowed"],
    )
    for kind in ("safe", "allowed", "partial"):
        for said in sayings:
            prompt = written(kind)
            for who, label in zip(("omar", "carol", "dan"), said, strict=False):
                say(prompt, who, label, note="Who asks?")
            if len(said) == 2:
                edit(prompt, kind="safe" if kind != "safe" else "allowed")
    for meant in (1, 2, 3):
        for ruling in (None, 1, 2):
            prompt = categorical(meant)
            say(prompt, "omar", situation=1 if meant == 2 else 2)
            say(prompt, "carol", situation=2)
            if ruling:
                decide(prompt, situation=ruling)
    within = categorical(1)
    say(within, "omar", situation=1)
    edit(within, risks=[], kind="safe")
    gone, again = written(), written("allowed")
    say(gone, "omar", "safe")
    edit(gone, text="Another text.")
    made = say(again, "omar", "safe")
    PromptCheck.objects.filter(pk=made.pk).update(withdrawn_at=made.created_at)


def test_whole_benchmarks_are_told_what_each_prompt_is_told():
    benchmark, prompts = make_benchmark(), make_benchmark().prompts.current()
    of = {one.pk: one.validation for one in validation.with_validation(prompts)}
    assert set(of.values()) == {"validated", "disputed", "open"}
    for state in validation.STATES:
        found = prompts.filter(pk__in=label_states.in_state(benchmark.pk, state)).values_list("pk", flat=True)
        assert set(found) == {pk for pk, told in of.items() if told == state} == label_states.ids(benchmark.pk, state)
    told = Counter((one.benchmark_id, one.config_id, one.kind, of[one.pk]) for one in prompts)
    assert {tuple(row[:4]): row.number for row in label_states.counted([benchmark.pk])} == told
    counted, ids = label_states.with_ids(benchmark.pk, "disputed")
    assert {tuple(row[:4]): row.number for row in counted} == told
    assert sorted(ids) == sorted(pk for pk, state in of.items() if state == "disputed")


@pytest.mark.parametrize("who", ["omar", "carol", "ada"])
def test_what_waits_for_a_person_is_what_each_prompt_says(who):
    written(author="ada"), written(author="omar")
    waits = set(to_label(person(who), [make_benchmark()]).values_list("pk", flat=True))
    empty = make_benchmark("empty")
    counts = label_states.waiting_of(person(who).pk, [make_benchmark().pk, empty.pk])
    assert counts == {make_benchmark().pk: len(waits), empty.pk: 0} and label_states.waiting_of(1, []) == {}
    every = validation.with_validation(make_benchmark().prompts.current())
    needed = make_benchmark().checks_needed
    for one in every:
        same = validation.labels_of(one.uid, one.digest)
        wrote = Prompt.objects.filter(uid=one.uid, created_by=person(who)).exists()
        own = same.filter(rater=person(who)).exists()
        assert (one.pk in waits) == (not (wrote or own or one.ruled) and one.labels < needed)
    assert waits


def test_states_are_counted_once_until_something_changes(django_assert_num_queries):
    first, second = written(), written(config=make_config("b"), benchmark=make_benchmark("two"))
    both = [make_benchmark(), make_benchmark("two")]
    with django_assert_num_queries(4):
        before = validation.counted(both)
    with django_assert_num_queries(3):
        assert validation.counted(both) == before
    say(second, "omar", "allowed")
    say(second, "carol", "allowed")
    with django_assert_num_queries(4):
        found = validation.counted(both)
    assert found[first.benchmark_id] == before[first.benchmark_id]
    assert [one.state for one in found[second.benchmark_id]] != [one.state for one in before[second.benchmark_id]]
