"""What two people do to one text at the same moment: one order of things comes of it, and everybody is told."""

import pytest

from annotations.models import AuditEvent, ConfigVersion, FloorVersion, Organisation
from annotations.services import configs, floor
from annotations.services.config_content import Content, version_digest
from annotations.services.reviews import ReviewProblem
from tests.databases import at_once
from tests.factories import make_benchmark, make_candidate, make_judge, make_organisation, make_person
from tests.review_desk import another_reviewer, decide, waits
from tests.version_runs import make_prompts
from training.services import runs

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
ABOUT = {"title": "Harbour stories"}


def kinds(results):
    return [type(result).__name__ for result in results]


def anew(version):
    return ConfigVersion.objects.get(pk=version.pk)


@pytest.mark.parametrize("needed", [1, 2])
def test_of_a_withdrawal_and_two_approvals_either_counts_but_not_both(needed):
    version, people = waits(), [make_person("bob"), another_reviewer()]
    Organisation.objects.update(approvals_needed=needed)
    ada, mine = make_person("ada"), anew(version)
    approvals = [lambda person=person: decide(anew(version), reviewer=person) for person in people]
    withdrawn, *approved = at_once(lambda: configs.withdraw(version=mine, actor=ada), *approvals)
    state = anew(version).state
    won = [result for result in approved if not isinstance(result, Exception)]
    assert set(kinds([withdrawn, *approved])) <= {"ConfigVersion", "Review", "Conflict", "ReviewProblem", "Faster"}
    assert (state, isinstance(withdrawn, configs.Conflict)) in {("approved", True), ("set_aside", False)}
    assert len(won) == needed if state == "approved" else len(won) < needed
    assert AuditEvent.objects.filter(action="withdraw").count() == (state == "set_aside")


def test_a_reviewer_is_told_that_the_version_was_withdrawn():
    version = waits()
    configs.withdraw(version=anew(version), actor=make_person("ada"))
    with pytest.raises(ReviewProblem, match="v1 was withdrawn meanwhile"):
        decide(version)


@pytest.mark.parametrize("turn", range(3))
def test_a_text_that_is_handed_in_saved_and_tested_at_once_stays_one_text(turn):
    ada, lea = make_person("ada"), make_person("lea")
    draft = configs.create(organisation=make_organisation(), about=ABOUT, content=Content("Ada's.", [], []), actor=ada)
    make_prompts(draft.config)
    run = {"benchmark": make_benchmark(), "candidate": make_candidate(), "judges": [make_judge()], "actor": ada}
    save = {"revision": 0, "about": ABOUT, "content": Content("Lea's.", [], []), "actor": lea}
    submitted, saved, started = at_once(
        lambda: configs.submit(draft=anew(draft), note="", actor=ada, revision=0),
        lambda: configs.save(draft=anew(draft), **save),
        lambda: runs.start(version=anew(draft), **run),
    )
    assert set(kinds([submitted, saved, started])) <= {"ConfigVersion", "Conflict", "EvaluationRun"}
    tested = started.items.first().version
    kept = ConfigVersion.objects.filter(pk=tested.pk)
    assert {version_digest(one.policy, one.rules, one.allowed) == one.digest for one in kept} == {True}
    assert tested.frozen_at or tested.state == "submitted"
    handed = ConfigVersion.objects.filter(state="submitted").values_list("policy", flat=True)
    assert list(handed) == ([] if isinstance(submitted, Exception) else ["Ada's."])


@pytest.mark.parametrize("turn", range(3))
def test_of_floors_published_over_one_floor_at_once_one_is_in_force(turn):
    grace = make_person("grace")
    floor.publish(draft=floor.save(text="First.", note="", revision=None, actor=grace), actor=grace)

    def over_the_first(words):
        draft = floor.save(text=words, note="", revision=None, actor=grace, above=1)
        return floor.publish(draft=draft, actor=grace)

    results = at_once(*(lambda words=words: over_the_first(words) for words in ("Second.", "Other.", "Third.")))
    assert sorted(kinds(results)) == ["FloorProblem", "FloorProblem", "FloorVersion"]
    assert FloorVersion.objects.count() == 2
