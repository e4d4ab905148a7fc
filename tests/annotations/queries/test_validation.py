"""When a prompt is validated, disputed or open; what is counted, and how often the database is asked."""

import pytest

from annotations.models import PromptCheck
from annotations.queries import label_states, validation, validation_table
from annotations.services.checks import UNSURE
from tests.factories import make_benchmark, make_config
from tests.labelling import categorical, decide, edit, now, person, say, written

pytestmark = pytest.mark.django_db


def state(prompt):
    return now(prompt).validation


def test_a_prompt_without_labels_is_open():
    assert state(written()) == "open"


def test_so_many_alike_labels_validate_it():
    prompt = written("allowed")
    say(prompt, "omar", "allowed")
    assert state(prompt) == "open"
    say(prompt, "carol", "allowed")
    assert state(prompt) == "validated"


def test_how_many_it_takes_is_the_benchmarks():
    make_benchmark(checks_needed=1)
    prompt = written("allowed")
    say(prompt, "omar", "allowed")
    assert state(prompt) == "validated"


def test_one_other_label_disputes_it_at_once():
    prompt = written("allowed")
    say(prompt, "omar", "safe")
    assert (state(prompt), now(prompt).against) == ("disputed", 1)


def test_who_could_not_say_is_counted_apart():
    prompt = written("allowed")
    say(prompt, "omar", UNSURE, note="Who asks?")
    found = now(prompt)
    assert (found.labels, found.against, found.unsure, found.validation) == (0, 0, 1, "open")


def test_a_withdrawn_label_counts_no_more():
    prompt = written("allowed")
    made = say(prompt, "omar", "safe")
    PromptCheck.objects.filter(pk=made.pk).update(withdrawn_at=made.created_at)
    assert state(prompt) == "open"


def test_a_label_of_another_text_does_not_hold():
    prompt = written("allowed")
    say(prompt, "omar", "safe")
    edit(prompt, text="Another text.")
    assert (state(prompt), now(prompt).labels) == ("open", 0)


def test_an_author_who_comes_round_ends_the_dispute():
    prompt = written("allowed")
    say(prompt, "omar", "safe")
    say(prompt, "carol", "safe")
    edit(prompt, kind="safe")
    assert state(prompt) == "validated"


@pytest.mark.parametrize(("said", "against"), [(1, 1), (2, 0), (3, 1)])
def test_situations_are_compared(said, against):
    prompt = categorical(2)
    say(prompt, "omar", situation=said)
    assert now(prompt).against == against


def test_whoever_says_situation_1_does_not_tell_safe_from_allowed():
    prompt = categorical(1)
    say(prompt, "omar", situation=1)
    edit(prompt, risks=[], kind="safe")
    assert (now(prompt).kind, now(prompt).against) == ("safe", 0)
    edit(now(prompt), kind="partial")
    assert now(prompt).against == 1


def test_a_decided_situation_1_holds_for_safe_and_allowed():
    prompt = categorical(2)
    say(prompt, "omar", situation=1)
    decide(prompt, situation=1)
    edit(now(prompt), risks=["violence"])
    assert state(prompt) == "validated"
    edit(now(prompt), risks=[], kind="safe")
    assert state(prompt) == "validated"


# One validated, one disputed and one open prompt under the first config, one open one under the second.
def test_states_are_counted_by_config():
    first, second = make_config("a", title="A"), make_config("b", title="B")
    good, bad, _, _ = written(config=first), written(config=first), written(config=first), written(config=second)
    for who in ("omar", "carol"):
        say(good, who, "allowed")
    say(bad, "omar", "safe")
    rows = validation.states_by_config(make_benchmark())
    assert [(row.config, *row[1:], row.total) for row in rows] == [(first, 1, 1, 1, 3), (second, 0, 0, 1, 1)]
    assert validation.summed(rows) == (1, 1, 2)


def test_only_validated_ones_are_validated():
    good = written()
    written()
    for who in ("omar", "carol"):
        say(good, who, "allowed")
    assert label_states.ids(make_benchmark().pk, "validated") == {good.pk}


@pytest.mark.parametrize("what", ["label", "change", "decide", "reopen", "take out", "add"])
def test_the_word_of_a_state_changes_with_it(what):
    from annotations.services import checks, prompts

    prompt = written()
    mine = say(prompt, "omar", "safe")
    if what == "reopen":
        decide(prompt, "allowed")
    before = validation.word(make_benchmark())
    assert before == validation.word(make_benchmark())
    lea = person("lea")
    {
        "label": lambda: say(prompt, "carol", "safe"),
        "change": lambda: checks.change(check=mine, rater=mine.rater, kind="allowed"),
        "decide": lambda: decide(prompt, "allowed"),
        "reopen": lambda: checks.reopen(prompt=prompt, actor=lea),
        "take out": lambda: prompts.take_out(prompt=prompt, actor=lea),
        "add": written,
    }[what]()
    assert validation.word(make_benchmark()) != before


@pytest.mark.parametrize("many", [1, 8])
def test_the_list_asks_twice_however_long_it_is(many, django_assert_num_queries):
    ids = []
    for _ in range(many):
        prompt = written()
        say(prompt, "omar", "safe")
        ids.append(prompt.pk)
    with django_assert_num_queries(2):
        lines = validation_table.lines(ids)
        assert [(line.prompt.pk, line.labels[0].kind) for line in lines] == [(pk, "safe") for pk in ids]


def test_a_row_of_the_table_names_raters_by_number():
    prompt = written("allowed", text="Who goes there?")
    say(prompt, "omar", "safe")
    say(prompt, "carol", UNSURE, note="?")
    row = dict(zip(validation_table.COLUMNS, *validation_table.rows(make_benchmark(), [prompt.pk]), strict=True))
    assert row["labels_by_rater"] == {"rater 1": "safe", "rater 2": "unsure"} and row["prompt"] == str(prompt.uid)
    assert (row["state"], row["labels"], row["against"], row["unsure"]) == ("disputed", 1, 1, 1)


def test_prompts_beside_one_are_found_at_the_ends_too():
    first, last = written(), written()
    ids = [first.pk, last.pk]
    assert validation_table.beside(ids, first.pk) == (None, last.uid, 1, 2)
    assert validation_table.beside(ids, last.pk) == (first.uid, None, 2, 2)
    assert validation_table.beside(ids, 0) == (None, None, None, 2)
