"""Demonstrations of a config: written, changed, put in order, taken out; what a run would keep of them."""

import pytest

from annotations.models import AuditEvent, Demonstration
from annotations.queries import demonstrations as queries
from annotations.services import demonstrations, preferences
from annotations.services.demonstrations import Content, DemonstrationChanged, DemonstrationProblem
from tests import pairs
from tests.factories import make_config, make_demonstration, make_person, make_version

pytestmark = pytest.mark.django_db
BOTH = "-Violence-Illegal Drug-Related Activities and Substance Abuse-"


def written(prompt="How high is a wall?", config=None, **fields):
    content = Content(**{"kind": "safe", "prompt": prompt, "response": "Four metres."} | fields)
    return demonstrations.add(config=config or make_config(), content=content, actor=make_person("ada"))


def order():
    return list(queries.current(make_config()).values_list("prompt", flat=True))


def move(demonstration, up):
    demonstrations.move(demonstration=demonstration, up=up, actor=make_person("ada"))


def revise(demonstration, seen=None, **fields):
    content = demonstrations.Content(*(getattr(demonstration, name) for name in Content._fields))._replace(**fields)
    return demonstrations.revise(demonstration=demonstration, content=content, actor=make_person("lea"), seen=seen)


def take_out(demonstration):
    demonstrations.take_out(demonstration=demonstration, actor=make_person("ada"))


def last_event():
    return AuditEvent.objects.latest("pk")


def test_a_new_one_is_the_last():
    made = [written("One?"), written("Two?"), written(" Three?\r\nReally? ")]
    assert order() == ["One?", "Two?", "Three?\nReally?"]
    assert [each.position for each in made] == [1, 2, 3] and made[0].created_by == make_person("ada")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "harmless"}, "kind"),
        ({"prompt": " \n"}, "prompt"),
        ({"response": ""}, "response"),
        ({"prompt": "x" * 20_001}, "prompt"),
        ({"response": "x" * 20_001}, "response"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field(fields, field):
    with pytest.raises(DemonstrationProblem) as problem:
        written(**fields)
    assert problem.value.field == field and not Demonstration.objects.exists()


def test_a_prompt_stands_once_in_a_config():
    written("Why?")
    with pytest.raises(DemonstrationProblem, match="already"):
        written(" Why? ")
    written("Why?", make_config("other"))


def test_one_that_was_taken_out_may_come_back_in_other_words():
    take_out(written("Why?"))
    assert written("Why?", response="So.").position == 1


def test_a_config_has_at_most_fifty(monkeypatch):
    monkeypatch.setattr(demonstrations, "MOST", 2)
    written("One?"), written("Two?")
    with pytest.raises(DemonstrationProblem, match="at most 2"):
        written("Three?")


def test_a_change_keeps_its_place_and_is_written_down():
    written("One?"), revise(written("Two?"), kind="partial", prompt="Three?")
    assert order() == ["One?", "Three?"]
    event = last_event()
    assert (event.action, event.before["kind"], event.after["kind"]) == ("edit", "safe", "partial")
    assert "Three?" not in str(event.after) and event.before["prompt"] != event.after["prompt"]


def test_nothing_changed_is_nothing_written_down():
    made = written()
    before = last_event()
    assert revise(made, prompt=f" {made.prompt} ").prompt == made.prompt and last_event() == before


def test_what_somebody_else_changed_meanwhile_is_not_overwritten():
    made = written("One?")
    seen = demonstrations.stamp(made)
    revise(made, prompt="Two?")
    with pytest.raises(DemonstrationChanged, match="meanwhile"):
        revise(made, seen=seen, prompt="Three?")
    assert order() == ["Two?"]


def test_what_was_taken_out_meanwhile_is_gone_for_every_hand():
    made = written()
    take_out(made)
    for late in (lambda: revise(made, prompt="Two?"), lambda: move(made, True), lambda: take_out(made)):
        with pytest.raises(DemonstrationChanged, match="Somebody was faster"):
            late()


def test_they_move_one_place_up_or_down_and_not_beyond_the_ends():
    one, two, three = written("One?"), written("Two?"), written("Three?")
    move(three, up=True)
    assert order() == ["One?", "Three?", "Two?"]
    move(one, up=False)
    assert order() == ["Three?", "One?", "Two?"]
    before = last_event()
    move(three, up=True), move(two, up=False)
    assert order() == ["Three?", "One?", "Two?"] and last_event() == before
    assert (before.action, before.before, before.after) == ("move", {"place": 1}, {"place": 2})


def test_a_move_passes_by_what_was_taken_out():
    written("One?"), take_out(written("Two?"))
    move(written("Three?"), up=True)
    assert order() == ["Three?", "One?"]


def test_of_written_ones_the_first_are_chosen_in_their_order():
    version = make_version()
    for number in (1, 2, 3):
        make_demonstration(version.config, prompt=f"{number}?", kind="allowed")
    chosen = demonstrations.chosen(version, 2, 0, 0)
    assert chosen == [{"kind": "allowed", "prompt": f"{n}?", "response": "As high as it must be."} for n in (1, 2)]
    assert len(demonstrations.chosen(version, 15, 0, 0)) == 3


def test_without_written_ones_the_reason_is_said():
    take_out(make_demonstration(make_version(make_config()).config))
    with pytest.raises(DemonstrationProblem, match="“Config game” has no demonstrations yet"):
        demonstrations.chosen(make_config().versions.get(), 5, 0, 0)


def make_pairs(*rows):
    return pairs.read(pairs.make_set({"train.jsonl": pairs.lines(list(rows))}))


def drugs_and_violence():
    return make_version(allowed=["drugs", "violence"])


def test_of_a_set_the_pairs_with_the_same_allowed_set_are_chosen_whatever_its_order():
    other = "-Illegal Drug-Related Activities and Substance Abuse-Violence-"
    source = make_pairs(
        pairs.make_pair(1, spec_i=BOTH, spec_j="-Violence-Privacy Violations-"),
        pairs.make_pair(2, spec_i=other, spec_j="-Violence-"),
        pairs.make_pair(3, spec_i="-Violence-"),
        pairs.make_pair(4, spec_i="--"),
        pairs.make_pair(5, spec_i=other, spec_j="-Privacy Violations-"),
    )
    chosen = demonstrations.chosen(drugs_and_violence(), 5, source.pk, 0)
    assert {row["prompt"][-2]: row["kind"] for row in chosen} == {"1": "partial", "2": "allowed", "5": "disallowed"}
    assert {row["response"] for row in chosen} == {"The moon pulls at the water."}


def test_the_same_seed_gives_the_same_pool_and_another_one_another(monkeypatch):
    monkeypatch.setattr(queries, "POOL", 5)
    source, version = make_pairs(*(pairs.make_pair(number) for number in range(60))), drugs_and_violence()
    first = demonstrations.chosen(version, 5, source.pk, 0)
    again = make_pairs(*(pairs.make_pair(number) for number in reversed(range(60))))
    assert demonstrations.chosen(version, 5, source.pk, 0) == first == demonstrations.chosen(version, 5, again.pk, 0)
    assert len(first) == 5 and demonstrations.chosen(version, 5, source.pk, 1) != first


def test_a_prompt_of_several_pairs_is_in_the_pool_once_with_the_same_answer_in_any_order():
    answers = [pairs.make_pair(1, chosen_response=f"Answer {number}.") for number in range(4)]
    version, there = drugs_and_violence(), (make_pairs(*answers), make_pairs(*reversed(answers)))
    (first,), (again,) = (demonstrations.chosen(version, 5, source.pk, 0) for source in there)
    assert first == again


def test_a_set_that_cannot_be_drawn_from_is_refused_in_words():
    version, source = make_version(allowed=["privacy"]), make_pairs(pairs.make_pair())
    with pytest.raises(DemonstrationProblem, match="no pair whose config allows just what “Config game” allows"):
        demonstrations.chosen(version, 5, source.pk, 0)
    with pytest.raises(DemonstrationProblem, match="no preference set 9999"):
        demonstrations.chosen(version, 5, 9999, 0)
    preferences.path(source).unlink()
    with pytest.raises(DemonstrationProblem, match="is gone"):
        demonstrations.chosen(version, 5, source.pk, 0)


def test_a_set_that_is_not_read_yet_is_no_source():
    with pytest.raises(DemonstrationProblem, match="There is no preference set"):
        demonstrations.chosen(make_version(), 5, pairs.make_set().pk, 0)
