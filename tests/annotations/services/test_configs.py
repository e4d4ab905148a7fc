"""Drafts and versions: what is stored, what is refused, and what becomes of two people who write at once."""

import pytest

from annotations.models import AuditEvent, ConfigVersion, SafetyConfig
from annotations.services import configs
from annotations.services.configs import ConfigProblem, Conflict, Content
from tests.editing import ABOUT, begun, frozen, rule, said, saved, submitted
from tests.factories import make_config, make_organisation, make_person, make_prompt, make_version

pytestmark = pytest.mark.django_db


# What a config may say


def test_line_ends_nul_and_rules_without_a_text_are_tidied():
    content = said(" a\r\nb\rc\0 ", [rule(1), rule(2, text="  ")], ["violence"])
    assert content == Content("a\nb\nc\N{REPLACEMENT CHARACTER}", [rule(1)], ["violence"])


def test_the_open_categories_stand_in_the_order_of_the_taxonomy():
    assert said(allowed=["weapons", "violence"]).allowed == ["violence", "weapons"]


@pytest.mark.parametrize(
    ("policy", "rules", "allowed", "sentence", "field"),
    [
        ("a" * 100_001, [], [], "at most 100,000 characters; this one has 100,001", "policy"),
        ("", [rule(text="a" * 4001)], [], "Rule r1 is too long", "rules"),
        ("", [rule(), rule()], [], "Two rules are called r1", "rules"),
        ("", [rule(n) for n in range(1, 202)], [], "at most 200 rules; this one has 201", "rules"),
        ("", [rule(id="r0")], [], "r0 is no rule number", "rules"),
        ("", [rule(id="<b>")], [], "<b> is no rule number", "rules"),
        ("", [rule(kind="maybe")], [], "Choose for r1 one of allow, disallow, conditional", "rules"),
        ("", [], ["other"], "No config can open 'other'", "allowed"),
        ("", [], ["magic"], "No config can open 'magic'", "allowed"),
    ],
)
def test_what_no_config_can_say_is_refused_in_a_sentence(policy, rules, allowed, sentence, field):
    with pytest.raises(ConfigProblem, match=sentence) as refused:
        configs.content(policy, rules, allowed)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("title", "  ", "Give the config a title"),
        ("title", "a" * 301, "at most 300 characters; this has 301"),
        ("use_case", "a" * 4001, "Use case: at most 4,000"),
        ("language", "english please", "as a tag, such as en"),
        ("language", "e" * 40, "as a tag, such as en"),
    ],
)
def test_what_a_config_is_for_is_checked(field, text, sentence):
    draft = begun()
    with pytest.raises(ConfigProblem, match=sentence) as refused:
        saved(draft, **{field: text})
    assert refused.value.field == field


def test_without_a_language_it_is_english():
    assert saved(begun(), language="").config.language == "en"


def test_equal_contents_have_equal_digests_and_the_order_of_rules_counts():
    one, two = said(rules=[rule(1), rule(2)]), said(rules=[rule(2), rule(1)])
    assert one.digest == said(rules=[rule(1), rule(2)]).digest != two.digest


# Beginning


def test_a_new_config_begins_as_draft_1_of_its_author():
    draft = begun("Be kind.")
    assert (draft.number, draft.state, draft.policy) == (1, "draft", "Be kind.")
    assert [author.username for author in draft.authors.all()] == [
        "ada"
    ] and draft.config.created_by == draft.created_by
    assert AuditEvent.objects.get(object_type="safetyconfig").action == "create"


def test_two_configs_of_one_title_have_two_addresses():
    assert [begun().config.slug, begun().config.slug, begun().config.slug] == ["game", "game-2", "game-3"]


def test_a_title_without_latin_letters_is_a_title():
    about = ABOUT | {"title": "سياسة"}
    made = configs.create(organisation=make_organisation(), about=about, content=said(), actor=make_person())
    assert (made.config.title, made.config.slug) == ("سياسة", "config")


def test_the_next_draft_says_what_the_newest_version_says():
    version = make_version(policy="The first.")
    draft = configs.draft_of(config=version.config, actor=make_person())
    assert (draft.number, draft.policy, draft.base, draft.state) == (2, "The first.", version, "draft")


def test_there_is_one_draft_for_everybody():
    config = make_version().config
    drafts = [configs.draft_of(config=config, actor=make_person(name)) for name in ("ada", "lea")]
    assert drafts[0] == drafts[1] and config.versions.count() == 2


# Saving


def test_saving_counts_up_the_revision_and_names_the_author():
    draft = saved(begun(), said("More."), actor="lea")
    assert (draft.number, draft.revision, draft.policy, draft.digest) == (1, 1, "More.", said("More.").digest)
    assert {author.username for author in draft.authors.all()} == {"ada", "lea"}


def test_who_saves_without_a_change_is_no_author():
    assert [author.username for author in saved(begun(), actor="lea").authors.all()] == ["ada"]


def test_saving_from_an_older_revision_is_a_conflict_and_changes_nothing():
    draft = begun()
    saved(draft, said("Mine."), revision=0)
    with pytest.raises(Conflict, match="another window"):
        saved(draft, said("Yours."), revision=0)
    draft.refresh_from_db()
    assert (draft.policy, draft.revision) == ("Mine.", 1)


def test_an_answer_that_was_lost_can_be_asked_for_again():
    draft = begun()
    first = saved(draft, said("Mine."), revision=0)
    again = saved(draft, said("Mine."), revision=0)
    assert (again.pk, again.revision) == (first.pk, 1)


def test_a_new_title_alone_counts_as_a_change_and_is_written_down():
    draft = saved(begun(), title="Game 2")
    event = AuditEvent.objects.get(action="describe")
    assert (draft.revision, draft.config.title) == (1, "Game 2")
    assert (event.before, event.after) == ({"title": "Game"}, {"title": "Game 2"})


def test_a_window_with_an_old_title_does_not_take_a_new_one_back():
    draft = begun()
    saved(draft, title="Game 2", revision=0)
    with pytest.raises(Conflict):
        saved(draft, said("More."), title="Game", revision=0)
    assert SafetyConfig.objects.get().title == "Game 2"


def test_what_was_tested_stays_and_the_edit_goes_on_as_the_next_version():
    draft = frozen(begun("Tested."))
    following = saved(draft, said("Changed."))
    draft.refresh_from_db()
    assert (draft.state, draft.policy) == ("set_aside", "Tested.")
    assert (following.number, following.policy, following.state, following.base) == (2, "Changed.", "draft", draft)


def test_the_lost_answer_to_the_first_edit_after_a_test_can_be_asked_for_again():
    draft = frozen(begun())
    following = saved(draft, said("Changed."), revision=0)
    assert saved(draft, said("Changed."), revision=0) == following and ConfigVersion.objects.count() == 2


def test_a_tested_draft_may_get_another_title_without_a_new_version():
    draft = saved(frozen(begun()), title="Game 2")
    assert (draft.number, draft.revision, draft.config.versions.count()) == (1, 1, 1)


@pytest.mark.parametrize("state", ["submitted", "approved", "returned", "rejected", "retired", "set_aside"])
def test_what_is_no_draft_is_not_saved(state):
    version = make_version(make_config(**ABOUT), state=state)
    with pytest.raises(Conflict, match=f"v1 is {state.replace('_', ' ')} and never changes"):
        saved(version, said("Changed."))


def test_after_a_submission_one_goes_on_with_what_was_typed():
    version = submitted(begun())
    draft = configs.go_on(config=version.config, about=ABOUT, content=said("Typed."), actor=make_person())
    assert (draft.number, draft.policy, draft.state) == (2, "Typed.", "draft")


def test_nobody_goes_on_beside_a_draft():
    with pytest.raises(Conflict, match="began the next draft meanwhile"):
        configs.go_on(config=begun().config, about=ABOUT, content=said("Typed."), actor=make_person())


# Numbers of rules


def test_a_new_rule_gets_the_number_above_all_that_were_used():
    version = make_version(rules=[rule(2), rule(7)])
    make_version(version.config, rules=[rule(3)])
    assert configs.next_rule(version.config) == 8 and configs.next_rule(None) == 1


def test_a_number_that_left_the_draft_is_never_given_again():
    draft = begun(rules=[rule(1), rule(2)])
    saved(draft, said(rules=[rule(1)]))
    assert draft.config.versions.get().rules == [rule(1)] and configs.next_rule(draft.config) == 3


def test_a_number_that_only_prompts_name_is_not_given_again():
    config = begun().config
    make_prompt(config=config, rule="r4")
    assert configs.next_rule(config) == 5
