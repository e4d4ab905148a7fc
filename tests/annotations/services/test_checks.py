"""Labelling: who may, what is kept, and what an order tells (nothing)."""

import pytest

from annotations.models import AuditEvent, PromptCheck
from annotations.models.configs import APPROVED, DRAFT, SUBMITTED
from annotations.queries.checks import shuffled, turn, version_to_show
from annotations.services import checks, prompts
from annotations.services.checks import UNSURE, CheckProblem
from annotations.services.prompt_checks import PromptProblem
from tests.databases import at_once
from tests.factories import make_benchmark, make_config, make_version
from tests.labelling import categorical, decide, edit, now, person, say, written

pytestmark = pytest.mark.django_db


def refused(job, *args, **said):
    with pytest.raises(CheckProblem) as problem:
        job(*args, **said)
    return str(problem.value)


def waits(who):
    return turn(make_benchmark(), person(who)).prompt


def test_a_prompt_waits_for_everybody_but_its_author():
    prompt = written()
    assert [waits(who) for who in ("omar", "carol", "lea", "ada")] == [prompt, prompt, prompt, None]


def test_whoever_wrote_an_earlier_wording_is_an_author_too():
    edit(written(author="omar"), "ada", text="Another text.")
    assert (waits("omar"), waits("ada")) == (None, None) and waits("carol")


def test_an_imported_prompt_waits_for_whoever_imported_it():
    assert written(author=None) == waits("ada")


def test_a_labelled_prompt_waits_no_longer_for_its_rater():
    say(written(), "omar", "safe")
    assert waits("omar") is None and waits("carol")


def test_a_prompt_with_labels_enough_waits_for_nobody():
    prompt = written()
    say(prompt, "omar", "safe")
    say(prompt, "carol", "partial")
    assert waits("dan") is None


def test_somebody_who_could_not_say_does_not_count_as_a_label():
    prompt = written()
    say(prompt, "omar", UNSURE, note="Who asks?")
    say(prompt, "carol", "safe")
    assert waits("dan") == prompt


def test_a_decided_prompt_waits_for_nobody():
    prompt = written()
    say(prompt, "omar", "safe")
    decide(prompt, "allowed")
    assert waits("dan") is None


def test_a_prompt_that_was_taken_out_waits_for_nobody():
    prompts.take_out(prompt=written(), actor=person("ada"))
    assert waits("omar") is None


def test_a_new_text_waits_for_a_new_label():
    prompt = written()
    say(prompt, "omar", "safe")
    assert waits("omar") is None
    edit(prompt, text="Another text.")
    assert waits("omar").text == "Another text."


def test_a_label_holds_for_the_same_text_of_another_kind():
    prompt = written("allowed")
    say(prompt, "omar", "safe")
    edit(prompt, kind="safe")
    assert waits("omar") is None and now(prompt).against == 0


def test_the_order_is_a_persons_own_and_stays():
    for _ in range(12):
        written()
    orders = [shuffled(make_benchmark(), person(who)) for who in ("omar", "carol", "omar")]
    assert orders[0] == orders[2] != orders[1] and sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != sorted(orders[0])


def test_the_prompts_of_a_config_come_together():
    for number in range(12):
        written(config=make_config(f"c{number % 3}"))
    of = dict(make_benchmark().prompts.values_list("pk", "config"))
    order = [of[pk] for pk in shuffled(make_benchmark(), person("omar"))]
    assert sum(one != other for one, other in zip(order, order[1:], strict=False)) == 2


def test_a_disputed_prompt_keeps_its_place():
    made = [written() for _ in range(8)]
    before = shuffled(make_benchmark(), person("omar"))
    say(made[5], "carol", "disallowed")
    assert shuffled(make_benchmark(), person("omar")) == before


def test_a_label_keeps_the_version_that_was_read():
    prompt = written()
    old, new = prompt.config.versions.get(), make_version(prompt.config)
    assert (say(prompt, "omar", "safe").version, say(prompt, "carol", "safe", version=old).version) == (new, old)


def test_a_version_of_another_config_is_not_what_was_read():
    prompt, strange = written(), make_version(make_config("film"))
    assert say(prompt, "omar", "safe", version=strange).version == prompt.config.versions.get()


def test_the_newest_approved_version_is_shown_else_one_handed_in_else_the_draft():
    config = make_config()
    assert version_to_show(config) is None
    draft = make_version(config, state=DRAFT)
    assert version_to_show(config) == draft
    handed_in = make_version(config, state=SUBMITTED, number=2)
    make_version(make_config("other"))
    assert version_to_show(config) == handed_in
    approved = [make_version(config, state=APPROVED, number=number) for number in (3, 4)]
    assert version_to_show(config) == approved[1]


def test_a_label_is_written_down_without_its_note():
    made = say(written(), "omar", "safe", note="A secret note.")
    event = AuditEvent.objects.get()
    assert (event.action, event.object_id, event.after["kind"]) == ("label", made.pk, "safe")
    assert "secret" not in str(event.after)


def test_a_decided_prompt_takes_no_more_labels():
    prompt = written()
    say(prompt, "carol", "safe")
    decide(prompt, "allowed")
    assert "needs no more labels" in refused(say, prompt, "dan", "safe")


def test_whoever_labelled_a_prompt_does_not_give_it_that_kind():
    prompt = written("safe")
    say(prompt, "omar", "allowed")
    assert "You have labelled this prompt" in refused_edit(prompt, "omar", kind="allowed")
    assert edit(prompt, "omar", rule="", why="Somebody asked.").why == "Somebody asked."
    detour = edit(edit(prompt, "omar", text="Another text."), "omar", kind="allowed")
    assert "You have labelled this prompt" in refused_edit(detour, "omar", text=prompt.text)


def test_a_lead_who_labelled_a_prompt_decides_and_puts_right_what_follows():
    prompt = categorical(1)
    say(prompt, "lea", situation=3)
    decide(prompt, situation=3)
    assert edit(now(prompt), "lea", risks=["drugs"]).situation == 3 and now(prompt).validation == "validated"


def refused_edit(prompt, who, **changed):
    with pytest.raises(PromptProblem) as problem:
        edit(prompt, who, **changed)
    return str(problem.value)


def test_an_author_labels_no_own_prompt():
    assert "You wrote this prompt" in refused(say, written(), "ada", "safe")


def test_a_second_label_is_refused():
    prompt = written()
    say(prompt, "omar", "safe")
    assert "labelled this prompt already" in refused(say, prompt, "omar", "partial")


def test_a_second_label_on_the_next_wording_of_the_same_text_is_refused():
    prompt = written("safe")
    say(prompt, "omar", "safe")
    assert "labelled this prompt already" in refused(say, edit(prompt, kind="partial"), "omar", "partial")


def test_a_text_that_was_changed_meanwhile_takes_no_label():
    prompt = written()
    edit(prompt, text="Another text.")
    assert "changed or taken out meanwhile" in refused(say, prompt, "omar", "safe")


def test_a_kind_that_was_changed_meanwhile_is_no_hindrance():
    prompt = written("safe")
    newer = edit(prompt, kind="partial")
    assert say(prompt, "omar", "partial").prompt == newer


@pytest.mark.parametrize("kind", ["", "harmful", "1"])
def test_an_unknown_kind_is_refused(kind):
    assert "Choose the kind" in refused(say, written(), "omar", kind)


def test_who_cannot_say_writes_why():
    assert "Say in a note" in refused(say, written(), "omar", UNSURE, note=" \n")
    assert say(written(), "carol", UNSURE, note="Who asks?").kind == ""


@pytest.mark.parametrize("situation", [None, 0, 4])
def test_a_categorical_config_takes_a_situation(situation):
    assert "Choose the situation" in refused(say, categorical(), "omar", "allowed", situation=situation)


# The kind follows: 1 is allowed where the prompt has a risk and safe where it has none, 2 partial, 3 disallowed.
@pytest.mark.parametrize(
    ("risks", "situation", "kind"),
    [(["violence"], 1, "allowed"), ([], 1, "safe"), (["drugs"], 2, "partial"), (["drugs"], 3, "disallowed")],
)
def test_the_kind_follows_from_the_situation(risks, situation, kind):
    made = say(categorical(risks=risks), "omar", situation=situation)
    assert (made.kind, made.situation) == (kind, situation)


def test_a_long_note_is_refused():
    assert "at most 2,000" in refused(say, written(), "omar", "safe", note="x" * 2001)


def changed(check, who="omar", kind="partial", **said):
    return checks.change(check=check, rater=person(who), kind=kind, **said)


def test_a_changed_label_keeps_the_old_one():
    old = say(written(), "omar", "safe")
    new = changed(old, note="On second thoughts.")
    old.refresh_from_db()
    assert old.withdrawn_at and (old.kind, new.kind, new.withdrawn_at) == ("safe", "partial", None)
    assert AuditEvent.objects.filter(action="relabel").get().before["kind"] == "safe"


def test_a_label_said_again_stays_itself():
    old = say(written(), "omar", "safe")
    assert changed(old, kind="safe") == old and PromptCheck.objects.count() == 1


def test_nobody_changes_the_label_of_another():
    assert "changed this label already" in refused(changed, say(written(), "omar", "safe"), "carol")


def test_a_withdrawn_label_is_not_changed_again():
    old = say(written(), "omar", "safe")
    changed(old)
    assert "in another window" in refused(changed, old, kind="disallowed")


def test_a_label_stays_once_a_lead_has_decided():
    prompt = written()
    mine = say(prompt, "omar", "safe")
    decide(prompt, "allowed")
    assert "A lead has decided" in refused(changed, mine)


def test_a_label_of_an_old_text_is_not_changed():
    prompt = written()
    mine = say(prompt, "omar", "safe")
    edit(prompt, text="Another text.")
    assert "changed or taken out" in refused(changed, mine)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_three_times_gives_one_label():
    prompt, omar = written(), person("omar")
    results = at_once(*[lambda: checks.label(prompt=prompt, rater=omar, kind="safe")] * 3)
    assert sorted(type(one).__name__ for one in results) == ["CheckProblem", "CheckProblem", "PromptCheck"]
    assert PromptCheck.objects.count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_a_decision_and_a_changed_label_at_once_the_label_never_moves_after_the_decision():
    prompt, lea = written(), person("lea")
    mine, omar = say(prompt, "omar", "safe"), person("omar")
    ruling, label = at_once(
        lambda: checks.decide(prompt=prompt, kind="allowed", reason="So.", actor=lea),
        lambda: checks.change(check=mine, rater=omar, kind="allowed"),
    )
    either = {type(ruling).__name__, type(label).__name__}
    assert either in ({"PromptRuling", "CheckProblem"}, {"CheckProblem", "PromptCheck"})
