"""Deciding about versions: four eyes, evidence, one decision that counts; comments."""

import pytest

from annotations.models import AuditEvent, ConfigVersion, Review
from annotations.services import configs, reviews
from annotations.services.reviews import Decision, ReviewProblem
from tests.databases import at_once
from tests.factories import make_organisation, make_person, make_version

pytestmark = pytest.mark.django_db
EVIDENCE = [{"run": 7, "cosa_score": 0.4}]


def waiting(author="ada"):
    version = make_version(state="submitted")
    version.authors.add(make_person(author))
    return version


def another_reviewer(username="rita"):
    return make_person(username, "reviewer", make_organisation())


def decide(version, decision="approve", reviewer=None, **given):
    given = {"evidence": EVIDENCE, "reasons": "Read it."} | given
    said = Decision(decision, **given)
    return reviews.decide(version=version, reviewer=reviewer or make_person("bob"), said=said)


def state(version):
    return ConfigVersion.objects.get(pk=version.pk).state


@pytest.mark.parametrize(
    ("decision", "after"), [("approve", "approved"), ("return", "returned"), ("reject", "rejected")]
)
def test_a_decision_moves_the_version(decision, after):
    version = waiting()
    decide(version, decision)
    assert state(version) == after


def test_an_author_cannot_decide_about_the_own_version():
    version = waiting()
    reviewer = another_reviewer()
    version.authors.add(reviewer)
    with pytest.raises(ReviewProblem, match="You wrote in this version"):
        decide(version, reviewer=reviewer)
    assert state(version) == "submitted"


def test_who_handed_it_in_cannot_decide_either():
    version = make_version(state="draft")
    reviewer = another_reviewer()
    configs.submit(draft=version, note="", actor=reviewer)
    with pytest.raises(ReviewProblem, match="You wrote in this version"):
        decide(version, reviewer=reviewer)


def test_an_approval_keeps_the_evidence_it_rests_on():
    review = decide(waiting(), checklist=["floor", "evidence", "nonsense"])
    assert (review.evidence, review.checklist) == (EVIDENCE, ["floor", "evidence"])


def test_an_approval_without_any_evaluation_is_refused():
    version = waiting()
    with pytest.raises(ReviewProblem, match="No run has evaluated exactly this version"):
        decide(version, evidence=[], without_evidence="  ")
    assert (state(version), Review.objects.count()) == ("submitted", 0)


def test_an_approval_without_any_evaluation_says_why():
    version = waiting()
    assert decide(version, evidence=[], without_evidence="Only a typing error.").without_evidence
    assert state(version) == "approved"


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_sending_back_without_reasons_is_refused(decision):
    with pytest.raises(ReviewProblem, match="Say why"):
        decide(waiting(), decision, reasons=" ")


def test_an_unknown_decision_is_refused():
    with pytest.raises(ReviewProblem, match="Choose one"):
        decide(waiting(), "maybe")


def test_an_organisation_that_asks_for_two_gets_two_approvals():
    make_organisation(approvals_needed=2)
    version = waiting()
    decide(version)
    assert state(version) == "submitted"
    decide(version, reviewer=another_reviewer())
    assert state(version) == "approved"


def test_one_person_does_not_count_twice():
    make_organisation(approvals_needed=2)
    version = waiting()
    decide(version)
    with pytest.raises(ReviewProblem, match="decided about this version already"):
        decide(version)
    assert state(version) == "submitted"


def test_the_second_of_two_may_still_return_it():
    make_organisation(approvals_needed=2)
    version = waiting()
    decide(version)
    decide(version, "return", another_reviewer())
    assert state(version) == "returned"


def test_a_later_decision_is_told_who_was_faster():
    version = waiting()
    decide(version)
    with pytest.raises(ReviewProblem, match="Bob decided meanwhile: v1 is approved"):
        decide(version, "reject", another_reviewer())
    assert Review.objects.count() == 1


def test_a_decision_is_written_down_with_its_runs():
    decide(waiting())
    event = AuditEvent.objects.get(action="approve")
    assert (event.before, event.after["state"], event.after["runs"]) == ({"state": "submitted"}, "approved", [7])


def test_an_approved_version_is_retired_with_a_reason():
    version = make_version()
    reviews.retire(version=version, actor=make_person("bob"), reasons="The film is finished.")
    assert state(version) == "retired"
    assert AuditEvent.objects.get(action="retire").after["reasons"] == "The film is finished."


@pytest.mark.parametrize(("before", "reasons"), [("approved", " "), ("submitted", "Old."), ("retired", "Old.")])
def test_nothing_else_is_retired(before, reasons):
    version = make_version(state=before)
    with pytest.raises(ReviewProblem):
        reviews.retire(version=version, actor=make_person("bob"), reasons=reasons)
    assert state(version) == before


def test_an_answer_hangs_on_the_thread_and_its_line():
    bob, version = make_person("bob"), waiting()
    first = reviews.comment(version=version, author=bob, text="Which weapons?", anchor="p3", quote="No weapons.")
    answer = reviews.comment(version=version, author=make_person("ada"), text="All.", parent=first)
    last = reviews.comment(version=version, author=bob, text="Then say so.", parent=answer)
    assert [(row.parent, row.anchor, row.quote) for row in (answer, last)] == [(first, "p3", "No weapons.")] * 2


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
def test_an_empty_or_endless_comment_is_refused(text):
    with pytest.raises(ReviewProblem):
        reviews.comment(version=waiting(), author=make_person("bob"), text=text)


def test_a_thread_is_resolved_once_and_opened_again():
    bob = make_person("bob")
    thread = reviews.comment(version=waiting(), author=bob, text="Which weapons?")
    assert [reviews.resolve(comment=thread, actor=bob) for _ in range(2)] == [True, False]
    assert [reviews.reopen(comment=thread) for _ in range(2)] == [True, False]


def pressing(version, decision, reviewer):
    """Somebody about to press a button; back comes the decision, or what the person is told."""
    return lambda: decide(version, decision, reviewer).decision


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
def test_of_decisions_at_the_same_moment_one_wins_and_the_others_are_told(turn):
    version = waiting()
    buttons = ["approve", "return", "reject", "return"]
    people = [another_reviewer(f"reviewer{number}") for number, _ in enumerate(buttons)]
    results = at_once(*(pressing(version, *pair) for pair in zip(buttons, people, strict=True)))
    won = [result for result in results if isinstance(result, str)]
    told = [str(result) for result in results if isinstance(result, ReviewProblem) and "faster" in str(result)]
    assert (len(won), len(told)) == (1, 3)
    assert state(version) == reviews.LEADS_TO[won[0]] and Review.objects.get().decision == won[0]
