"""Versions that leave the draft: handed in, withdrawn, restored; who counts as an author; two people at once."""

import pytest

from annotations.models import AuditEvent, ConfigVersion
from annotations.services import configs, reviews
from annotations.services.configs import ConfigProblem, Conflict
from tests.databases import at_once
from tests.editing import begun, frozen, said, saved, submitted
from tests.factories import make_organisation, make_person, make_version

pytestmark = pytest.mark.django_db


# Handing in, withdrawing, restoring


def test_a_submitted_version_waits_with_its_note():
    version = submitted(begun(), note=" Please look at r2. ")
    assert (version.state, version.note, version.submitted_by.username) == ("submitted", "Please look at r2.", "ada")
    event = AuditEvent.objects.get(action="submit")
    assert event.before == {"state": "draft"} and event.after["digest"] == version.digest


def test_an_empty_version_is_not_handed_in():
    with pytest.raises(ConfigProblem, match="empty"):
        submitted(begun(policy=""))


def test_a_second_version_does_not_wait_beside_the_first():
    first = submitted(begun())
    second = saved(configs.draft_of(config=first.config, actor=make_person()), said("Second."))
    with pytest.raises(ConfigProblem, match="still waits"):
        submitted(second)
    configs.withdraw(version=first, actor=make_person())
    assert submitted(second).state == "submitted"


def test_what_is_approved_word_for_word_is_not_handed_in_again():
    version = make_version()
    with pytest.raises(ConfigProblem, match="word for word what v1 says"):
        submitted(configs.draft_of(config=version.config, actor=make_person()))


def test_what_the_person_did_not_see_is_not_handed_in():
    draft = begun()
    saved(draft, said("Changed in another window."), actor="lea")
    draft.refresh_from_db()
    with pytest.raises(Conflict, match="changed or was submitted meanwhile"):
        configs.submit(draft=draft, note="", actor=make_person(), revision=0)


def test_a_note_of_a_novel_is_refused():
    with pytest.raises(ConfigProblem, match="at most 4,000 characters"):
        submitted(begun(), note="a" * 4001)


def test_a_withdrawn_version_is_set_aside_and_cannot_be_withdrawn_twice():
    version = configs.withdraw(version=submitted(begun()), actor=make_person())
    assert version.state == "set_aside"
    with pytest.raises(Conflict, match="set aside already: somebody was faster"):
        configs.withdraw(version=version, actor=make_person())


def test_restoring_sets_the_draft_aside_and_begins_from_the_old_text():
    version = make_version(policy="Old.")
    draft = saved(configs.draft_of(config=version.config, actor=make_person()), said("New."))
    restored = configs.restore(version=version, actor=make_person())
    draft.refresh_from_db()
    assert (draft.state, draft.policy) == ("set_aside", "New.")
    assert (restored.number, restored.policy, restored.base) == (3, "Old.", version)


def test_a_draft_is_not_restored_over_itself():
    with pytest.raises(ConfigProblem, match="the draft itself"):
        configs.restore(version=begun(), actor=make_person())


# Four eyes


def test_who_wrote_in_a_tested_draft_cannot_approve_what_goes_on_from_it():
    lea = make_person("lea")
    following = saved(frozen(saved(begun(), said("Lea's."), actor="lea")), said("Lea's, and Ada's."))
    assert reviews.obstacle(version=submitted(following), reviewer=lea) == reviews.OWN_VERSION


def test_who_wrote_in_a_returned_version_cannot_approve_the_next():
    version = submitted(saved(begun(), said("Lea's."), actor="lea"))
    said_no = reviews.Decision("return", reasons="Say more.")
    reviews.decide(version=version, reviewer=make_person("bob"), said=said_no)
    draft = configs.draft_of(config=version.config, actor=make_person())
    assert reviews.obstacle(version=submitted(draft), reviewer=make_person("lea")) == reviews.OWN_VERSION


def test_who_wrote_in_an_approved_version_may_approve_the_next_of_somebody_else():
    version = make_version()
    version.authors.add(make_person("lea"))
    draft = saved(configs.draft_of(config=version.config, actor=make_person()), said("Ada's."))
    assert reviews.obstacle(version=submitted(draft), reviewer=make_person("lea")) == ""


# Races


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_windows_that_save_at_one_moment_one_is_told():
    draft = begun()
    make_person("lea")
    answers = at_once(
        lambda: saved(draft, said("Ada's."), revision=0), lambda: saved(draft, said("Lea's."), "lea", revision=0)
    )
    kept = ConfigVersion.objects.get()
    assert {type(answer) for answer in answers} == {ConfigVersion, Conflict}
    assert kept.revision == 1 and kept.policy in {"Ada's.", "Lea's."}


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_windows_that_edit_a_tested_draft_one_makes_the_next_version():
    draft = frozen(begun())
    make_person("lea")
    answers = at_once(
        lambda: saved(draft, said("Ada's."), revision=0), lambda: saved(draft, said("Lea's."), "lea", revision=0)
    )
    assert {type(answer) for answer in answers} == {ConfigVersion, Conflict}
    assert list(ConfigVersion.objects.order_by("number").values_list("number", "state")) == [
        (1, "set_aside"),
        (2, "draft"),
    ]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_people_who_begin_a_draft_at_one_moment_share_it():
    config, people = make_version().config, [make_person("ada"), make_person("lea")]
    one, two = at_once(*(lambda person=person: configs.draft_of(config=config, actor=person) for person in people))
    assert one == two and config.versions.count() == 2


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_draft_is_submitted_once_and_a_save_at_that_moment_is_not_lost_silently():
    draft = begun()
    answers = at_once(lambda: submitted(draft), lambda: saved(draft, said("Later."), revision=0))
    version = ConfigVersion.objects.get()
    told = [answer for answer in answers if isinstance(answer, Conflict)]
    assert len(told) == 1 and (version.state, version.policy) in {("submitted", "Be helpful."), ("draft", "Later.")}


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_configs_of_one_title_at_one_moment_both_get_an_address():
    make_organisation(), make_person()
    answers = at_once(begun, begun)
    assert sorted(answer.config.slug for answer in answers) == ["game", "game-2"]
