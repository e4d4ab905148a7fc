"""A prompt's next wording, its remarks, leaving the benchmark and coming back: no row ever changes, nothing is lost."""

import pytest

from annotations.models import AuditEvent, Prompt
from annotations.services import prompts
from annotations.services.prompt_checks import PromptProblem
from annotations.services.prompts import Content, PromptChanged, add_prompt, put_back, revise, take_out
from tests.factories import make_benchmark, make_config, make_person, make_version

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def written(text="How tall may a siege tower be?", **fields):
    values = {"benchmark": make_benchmark(), "config": make_config(), "kind": "safe", "actor": make_person("ada")}
    return add_prompt(text=text, **values | fields)


def said(prompt, **fields):
    return Content(*(getattr(prompt, name) for name in Content._fields))._replace(**fields)


def revised(prompt, seen=None, actor="lea", **fields):
    return revise(prompt=prompt, content=said(prompt, **fields), actor=make_person(actor), seen=seen)


def actions():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def test_an_edit_is_a_new_row_in_the_place_of_the_old_one():
    old = written()
    new = revised(old, text="How wide?", kind="partial")
    old.refresh_from_db()
    assert (new.pk != old.pk, new.uid, new.position, new.previous) == (True, old.uid, old.position, old)
    assert (old.text, old.kind, old.archived_at is None) == ("How tall may a siege tower be?", "safe", False)
    assert list(Prompt.objects.current()) == [new] and new.created_by.username == "lea"


def test_an_edit_is_written_down_with_what_it_was():
    revised(written(), kind="partial")
    event = AuditEvent.objects.first()
    assert (event.action, event.before["kind"], event.after["kind"]) == ("edit", "safe", "partial")


def test_a_remark_is_put_right_in_place():
    old = written(why="Because.")
    new = revised(old, why="Because it is dull.")
    assert (new.pk, new.why, new.archived_at) == (old.pk, "Because it is dull.", None)
    assert AuditEvent.objects.first().before == {"why": "Because."}


def test_an_edit_that_changes_nothing_leaves_no_trace():
    old = written()
    assert (revised(old).pk, actions()) == (old.pk, ["create"])


def test_what_an_edit_may_not_be_is_refused_as_when_writing():
    old = written()
    with pytest.raises(PromptProblem, match="empty") as problem:
        revised(old, text=" ")
    assert problem.value.field == "text" and Prompt.objects.count() == 1


def test_the_text_of_another_prompt_of_the_config_is_refused():
    written("One"), written("Two", config=make_config("film"))
    two = written("Three")
    with pytest.raises(PromptProblem, match="already has this prompt"):
        revised(two, text="One")
    assert revised(two, text="Two").text == "Two"


def test_a_wording_that_was_replaced_cannot_be_edited_again():
    old = written()
    revised(old, text="Theirs")
    with pytest.raises(PromptChanged, match="Somebody else changed"):
        revised(old, text="Mine")
    assert Prompt.objects.current().get().text == "Theirs"


def test_a_remark_that_somebody_else_changed_is_not_overwritten_unseen():
    old = written()
    seen = prompts.stamp(old)
    revised(old, why="Theirs.")
    with pytest.raises(PromptChanged):
        revised(old, seen, why="Mine.")
    old.refresh_from_db()
    assert old.why == "Theirs."


def test_who_saw_the_newest_may_edit_it():
    old = written()
    seen = prompts.stamp(revised(old, why="Theirs."))
    assert revised(old, seen, why="Mine.").why == "Mine."


def test_a_prompt_that_is_taken_out_keeps_its_row():
    prompt = written()
    take_out(prompt=prompt, actor=make_person("lea"))
    assert not Prompt.objects.current().exists() and Prompt.objects.count() == 1
    assert actions() == ["create", "take_out"]


def test_a_prompt_is_taken_out_once():
    prompt = written()
    take_out(prompt=prompt, actor=make_person("lea"))
    with pytest.raises(PromptChanged, match="Somebody was faster"):
        take_out(prompt=prompt, actor=make_person("ada"))


def test_who_saw_another_wording_does_not_take_it_out():
    old = written()
    seen = prompts.stamp(old)
    new = revised(old, text="Theirs")
    with pytest.raises(PromptChanged, match="Look at it"):
        take_out(prompt=new, actor=make_person("ada"), seen=seen)
    assert Prompt.objects.current().exists()


def test_a_prompt_comes_back_at_the_end_with_everything_it_had():
    prompt = written(kind="partial", risks=["drugs"], why="Half of it.", source="A letter")
    take_out(prompt=prompt, actor=make_person("lea"))
    written("Another")
    again = put_back(prompt=prompt, actor=make_person("lea"))
    assert (again.uid, again.previous, again.position) == (prompt.uid, prompt, 2)
    assert (again.text, again.kind, again.risks) == (prompt.text, "partial", ["drugs"])
    assert (again.why, again.source, actions()[-1]) == ("Half of it.", "A letter", "put_back")


def test_a_prompt_whose_wording_is_in_the_benchmark_cannot_come_back():
    old = written()
    revised(old, text="New")
    with pytest.raises(PromptProblem, match="Edit that one"):
        put_back(prompt=old, actor=make_person("ada"))


def test_a_prompt_cannot_come_back_beside_its_double():
    prompt = written("One")
    take_out(prompt=prompt, actor=make_person("lea"))
    written("One")
    with pytest.raises(PromptProblem, match="already has this prompt"):
        put_back(prompt=prompt, actor=make_person("ada"))


def test_the_situation_of_a_categorical_config_follows_the_risks():
    config = make_version(make_config(categorical=True), allowed=["violence"]).config
    prompt = written(config=config, risks=["violence", "drugs"], kind="partial")
    assert (prompt.situation, revised(prompt, risks=["violence"]).situation) == (2, 1)


@pytest.mark.parametrize("language", ["e", "en_GB", "<b>", "x" * 36])
def test_a_language_that_is_no_tag_is_refused(language):
    with pytest.raises(PromptProblem, match="as a tag") as problem:
        written(language=language)
    assert problem.value.field == "language"


def test_many_are_added_all_or_none():
    told = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    with pytest.raises(PromptProblem, match="empty"):
        prompts.add_prompts(contents=[Content("One", "safe"), Content(" ", "safe")], **told)
    assert not Prompt.objects.exists() and not AuditEvent.objects.exists()


def test_one_text_twice_among_many_is_refused():
    told = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    with pytest.raises(PromptProblem, match="already has this prompt"):
        prompts.add_prompts(contents=[Content("One", "safe"), Content("One ", "partial")], **told)


def test_many_stand_in_the_order_they_were_given():
    written("First")
    told = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    prompts.add_prompts(contents=[Content("b", "safe"), Content("a", "safe")], **told)
    assert list(Prompt.objects.values_list("position", "text")) == [(1, "First"), (2, "b"), (3, "a")]
