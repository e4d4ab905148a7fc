"""A lead decides where raters differ, once, with a cause; what was said stays."""

from uuid import uuid4

import pytest
from django.utils import timezone

from annotations.models import Adjudication, AuditEvent, CampaignItem, Rating
from annotations.queries import adjudication as queries
from annotations.services import adjudication, ratings, slots
from annotations.services.adjudication import AGREED, CHANGED, FASTER, OUT, REOPENED, AdjudicationProblem, Decision
from tests.databases import at_once
from tests.differing import SPLIT, decide, letter_of, rated
from tests.factories import make_person
from tests.rating_desk import answer, enrol, make_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def item():
    return make_campaign(1, overlap=3).items.get()


def test_an_answer_that_is_taken_over_is_the_value_as_it_was_given(item):
    _, second = rated(item, *SPLIT, broken_rules=["r1"])
    made = decide(item, letter_of(second))
    assert (made.rating, made.points, made.follows_config, made.broken_rules) == (second, 1, False, ["r1"])
    assert (made.cause, made.created_by.username) == ("slip", "lea")


def test_the_answers_stay_as_they_are(item):
    rated(item, *SPLIT)
    before = list(Rating.objects.values())
    decide(item)
    assert list(Rating.objects.values()) == before


def test_an_own_answer_that_somebody_gave_needs_no_note(item):
    rated(item, *SPLIT)
    made = decide(item, own=answer(1, False, broken_rules=("r1",)))
    assert (made.rating, made.points, made.broken_rules) == (None, 1, ["r1"])


def test_what_nobody_said_needs_a_note(item):
    rated(item, *SPLIT)
    with pytest.raises(AdjudicationProblem, match="Nobody said that") as problem:
        decide(item, own=answer(1, True))
    assert problem.value.field == "note" and not Adjudication.objects.exists()
    assert decide(item, own=answer(1, True), note="It quotes the rule.").note == "It quotes the rule."


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"cause": ""}, "cause"),
        ({"cause": "weather"}, "cause"),
        ({"cause": "other"}, "note"),
        ({"take": "Z"}, "take"),
        ({"note": "x" * 10_001}, "note"),
    ],
)
def test_a_decision_that_is_not_whole_is_refused_where_it_is_wrong(item, said, field):
    rated(item, *SPLIT)
    with pytest.raises(AdjudicationProblem) as problem:
        decide(item, **said)
    assert problem.value.field == field and not Adjudication.objects.exists()


@pytest.mark.parametrize("said", [[], [(4, True)], [(4, True), (4, True)]], ids=["none", "one", "alike"])
def test_where_nobody_differs_there_is_nothing_to_decide(item, said):
    rated(item, *said)
    with pytest.raises(AdjudicationProblem, match=AGREED):
        decide(item)


def test_a_decided_item_is_decided_once(item):
    rated(item, *SPLIT)
    decide(item)
    with pytest.raises(AdjudicationProblem, match=FASTER):
        decide(item)


def test_a_lead_who_read_other_answers_reads_them_again(item):
    first, _ = rated(item, *SPLIT)
    seen = queries.seen(queries.answers(item))
    Rating.objects.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    with pytest.raises(AdjudicationProblem, match=CHANGED):
        decide(item, seen=seen)


def test_an_item_that_was_taken_out_is_not_decided(item):
    rated(item, *SPLIT)
    CampaignItem.objects.filter(pk=item.pk).update(taken_out_at=timezone.now())
    with pytest.raises(AdjudicationProblem, match=OUT):
        decide(item)


def test_a_reopened_decision_is_kept_and_another_may_come(item):
    rated(item, *SPLIT)
    first = decide(item)
    adjudication.reopen(item=item, actor=make_person("lea"))
    second = decide(item, cause="hard_case")
    assert list(Adjudication.objects.filter(withdrawn_at=None)) == [second]
    assert list(Adjudication.objects.exclude(withdrawn_at=None)) == [first]


def test_what_is_not_decided_cannot_be_reopened(item):
    with pytest.raises(AdjudicationProblem, match=REOPENED):
        adjudication.reopen(item=item, actor=make_person("lea"))


def test_deciding_and_reopening_are_on_the_record(item):
    rated(item, *SPLIT)
    made = decide(item, note="Read r1.")
    adjudication.reopen(item=item, actor=make_person("lea"))
    events = AuditEvent.objects.filter(object_type="adjudication", object_id=made.pk).order_by("pk")
    assert list(events.values_list("action", "actor__username")) == [("decide", "lea"), ("reopen", "lea")]
    assert events[0].after["note"] == "Read r1." and events[1].before["points"] == made.points


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_leads_at_once_one_decides():
    item = make_campaign(1, overlap=2).items.get()
    rated(item, *SPLIT)
    leads = [make_person("lea"), make_person("lou", role="lead")]
    seen = queries.seen(queries.answers(item))
    told = at_once(*[lambda one=one: decide(item, seen=seen, actor=one) for one in leads])
    assert sorted(type(one).__name__ for one in told) == ["Adjudication", "AdjudicationProblem"]
    assert Adjudication.objects.count() == 1


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_changed_at_the_same_moment_is_changed_before_or_not_at_all():
    carol = enrol(make_campaign(1, overlap=2))
    key = slots.turn(carol).assignment.key
    sent = ratings.submit(carol, key=key, answer=answer(5, True), token=uuid4()).rating
    rated(sent.item, (1, False))
    seen, lea = queries.seen(queries.answers(sent.item)), make_person("lea")
    said = Decision(letter_of(sent), None, "slip")
    decided, changed = at_once(
        lambda: adjudication.decide(item=sent.item, decision=said, seen=seen, actor=lea),
        lambda: ratings.submit(carol, key=key, answer=answer(0, False), token=uuid4(), replaces=sent.token),
    )
    refused = [isinstance(decided, AdjudicationProblem), isinstance(changed, slots.Conflict)]
    assert sorted(refused) == [False, True]
