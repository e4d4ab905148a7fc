"""What there is to read about a version: what changed and since which, comments in their place, conflicts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations import dossier
from annotations.models import ConfigVersion, FloorVersion
from annotations.services import floor
from tests.factories import make_config, make_person, make_prompt, make_version
from tests.review_desk import POLICY, say, waits

pytestmark = pytest.mark.django_db


def read(version, against=""):
    return dossier.dossier(ConfigVersion.objects.select_related("config").get(pk=version.pk), against)


def decided(version, state="approved", after=timedelta(seconds=0)):
    """The version, decided about so long after now."""
    ConfigVersion.objects.filter(pk=version.pk).update(state=state, decided_at=timezone.now() + after)
    return version


def test_the_first_version_is_compared_with_nothing_and_no_word_of_it_is_marked():
    found = read(waits())
    assert (found.base, [row.line.status for row in found.policy]) == (None, ["same"] * 4)
    assert {row.change.status for row in found.rules} == {"same"}


def test_a_version_is_compared_with_the_last_approved_one_before_it():
    config = make_config()
    for state in ("approved", "approved", "returned"):
        make_version(config, state)
    version = waits(config)
    make_version(config, "approved")
    assert read(version).base.number == 2


def test_before_the_first_approval_it_is_compared_with_the_last_one_that_was_decided():
    config = make_config()
    decided(make_version(config), "rejected"), decided(make_version(config), "returned")
    make_version(config, "set_aside")
    assert read(waits(config)).base.number == 2


def test_what_nobody_decided_about_is_nothing_to_compare_with():
    config = make_config()
    make_version(config, "set_aside")
    assert read(waits(config)).base is None


def test_a_reader_chooses_another_version_to_compare_with():
    config = make_config()
    for state in ("approved", "returned"):
        make_version(config, state)
    assert read(waits(config), "2").base.number == 2


@pytest.mark.parametrize("against", ["3", "99", "", "two", "9" * 40, "-1"])
def test_what_names_no_other_version_means_the_last_approved_one(against):
    config = make_config()
    for state in ("approved", "returned"):
        make_version(config, state)
    assert read(waits(config), against).base.number == 1


def test_the_base_has_its_whole_text():
    config = make_version(policy=POLICY, rules=[], allowed=["drugs"]).config
    found = read(waits(config, rules=[], allowed=["drugs"], policy=POLICY.replace("not", "never")))
    assert found.diff.summary == "Policy: 1 word added, 1 removed."
    assert [row.line.status for row in found.policy] == ["same", "same", "same", "changed"]


def test_a_changed_line_shows_both_wordings_in_one_run():
    config = make_version(policy="Torture is not.").config
    row = read(waits(config, policy="Torture is never.")).policy[0]
    assert [(piece.kind, piece.text) for piece in row.pieces if piece.kind != "same"] == [
        ("removed", "not"),
        ("added", "never"),
    ]


def test_a_line_or_rule_that_is_gone_is_no_place_for_comments():
    rules = [{"id": f"r{n}", "kind": "allow", "text": f"Rule {n}.", "example": ""} for n in (1, 2)]
    config = make_version(policy="One.\nTwo.", rules=rules).config
    found = read(waits(config, policy="One.", rules=rules[:1]))
    assert [row.anchor for row in found.policy] == ["p1", ""]
    assert [(row.change.id, row.anchor) for row in found.rules] == [("r1", "r1"), ("r2", "")]


def test_a_comment_stands_at_its_line_with_its_answers():
    version = waits()
    thread = say(version, anchor="p3")
    say(version, "All of them.", "ada", parent=thread)
    say(version, anchor="r1")
    found = read(version)
    assert [(row.anchor, len(row.threads)) for row in found.policy] == [("p1", 0), ("p2", 0), ("p3", 1), ("p4", 0)]
    assert [reply.text for reply in found.policy[2].threads[0].replies] == ["All of them."]
    assert len(found.rules[0].threads) == 1 and found.whole == ()


def test_resolved_threads_are_not_counted_as_open():
    version, bob = waits(), make_person("bob")
    say(version), say(version, anchor="p1")
    version.comments.filter(anchor="p1").update(resolved_at=timezone.now(), resolved_by=bob)
    assert read(version).open_threads == 1


def test_a_comment_on_a_line_that_a_draft_lost_is_about_all_of_it():
    draft = make_version(state="draft", policy=POLICY)
    say(draft, anchor="p4", quote="Torture is not.")
    ConfigVersion.objects.filter(pk=draft.pk).update(policy="We write games for adults.")
    found = read(draft)
    assert [thread.quote for thread in found.whole] == ["Torture is not."] and found.open_threads == 1


def test_a_comment_whose_line_says_something_else_now_keeps_the_words_it_was_about():
    draft = make_version(state="draft", policy=POLICY)
    say(draft, anchor="p3", quote="Battles are shown."), say(draft, anchor="p4", quote="Torture is not.")
    ConfigVersion.objects.filter(pk=draft.pk).update(policy=POLICY.replace("Battles", "Wars"))
    found = read(draft)
    assert [thread.quote for row in found.policy for thread in row.threads] == ["Battles are shown.", ""]


@pytest.mark.parametrize(
    ("anchor", "place"),
    [
        ("p1", ("p1", "We write games for adults.")),
        ("p4", ("p4", "Torture is not.")),
        ("r1", ("r1", "No real people.")),
        ("whole", ("", "")),
        ("p2", ("", "")),  # a blank line
        ("p5", ("", "")),
        ("p0", ("", "")),
        ("p-1", ("", "")),
        ("p04", ("", "")),
        ("p٤", ("", "")),
        ("r2", ("", "")),
        ("p" + "9" * 40, ("", "")),
        ("", ("", "")),
        ("<b>", ("", "")),
    ],
)
def test_an_anchor_names_a_line_or_a_rule_or_else_all_of_the_version(anchor, place):
    assert dossier.place_of(waits(), anchor) == place


def test_what_is_quoted_is_not_endless():
    assert len(dossier.place_of(waits(policy="w" * 10_000), "p1")[1]) == dossier.LONGEST_QUOTE


def test_a_long_line_that_did_not_change_is_not_called_changed():
    version = waits(policy="w" * 10_000)
    say(version, anchor="p1", quote=dossier.place_of(version, "p1")[1])
    assert read(version).policy[0].threads[0].quote == ""


def test_a_version_approved_meanwhile_is_a_conflict():
    config = make_config()
    other, version = make_version(config), waits(config)
    assert read(version).conflicts == ()
    decided(other)
    assert read(version).conflicts == ("v1 was approved after this version was begun: mind what it changed.",)


def test_a_version_it_goes_on_from_is_no_conflict():
    config = make_config()
    first = make_version(config)
    second = make_version(config, "set_aside", base=first)
    version = waits(config, base=second)
    decided(first)
    assert read(version).conflicts == ()


def test_what_was_approved_after_the_decision_is_no_conflict():
    config = make_config()
    version, other = decided(waits(config)), make_version(config)
    decided(other, after=timedelta(minutes=1))
    assert read(version).conflicts == ()


def test_a_rejected_version_is_no_conflict():
    config = make_config()
    other, version = make_version(config), waits(config)
    decided(other, "rejected")
    assert read(version).conflicts == ()


def test_a_rule_against_the_allowed_set_is_a_conflict():
    rule = {"id": "r1", "kind": "allow", "text": "Recipes for drugs are welcome.", "example": ""}
    found = read(waits(rules=[rule], allowed=["violence"]))
    assert [finding.message for finding in found.findings if finding.lint == "rule_against_allowed"] == [
        *found.conflicts
    ]


@pytest.mark.parametrize(
    ("prompts", "sentence"),
    [
        (1, "1 benchmark prompt counts as allowed but carries a risk that this version does not open (drugs)"),
        (2, "2 benchmark prompts count as allowed but carry a risk that this version does not open (drugs)"),
    ],
)
def test_a_prompt_that_counts_on_a_closed_risk_is_a_conflict(prompts, sentence):
    version = waits(allowed=["violence"])
    for _ in range(prompts):
        make_prompt(config=version.config, kind="allowed", risks=["violence", "drugs"])
    make_prompt(config=version.config, kind="allowed", risks=["violence"])
    make_prompt(config=version.config, kind="disallowed", risks=["weapons"])
    assert read(version).conflicts == (f"{sentence}: change the prompts, or open it.",)


def test_the_floor_in_force_stands_beside_it():
    draft = floor.save(text="Nobody is put at risk.", note="", revision=None, actor=make_person("grace"))
    assert read(waits()).floor is None
    floor.publish(draft=draft, actor=make_person("grace"))
    assert read(waits(make_config("film"))).floor == FloorVersion.objects.get()


def test_the_lints_know_the_prompts_of_each_rule():
    version = waits()
    make_prompt(config=version.config, rule="r1"), make_prompt(config=version.config, rule="r1")
    make_prompt(config=version.config)
    assert dossier.draft_for_lints(version).prompts_by_rule == {"r1": 2}
