"""What the database refuses about reviews and comments."""

import pytest
from django.utils import timezone

from annotations.models import Comment, Review
from annotations.services.guards import DECISIONS_NEVER_CHANGE
from tests.factories import make_person, make_version
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_review(**fields):
    values = {"decision": "return", "reasons": "Say what r1 means."} | fields
    version = values.pop("version", None) or make_version(state="submitted")
    return Review.objects.create(version=version, reviewer=make_person("bob"), **values)


def make_comment(**fields):
    return Comment.objects.create(version=make_version(), author=make_person("bob"), **{"text": "Why?"} | fields)


def test_a_reviewer_who_decides_twice_is_refused():
    review = make_review()
    with refused("review_once_per_reviewer"):
        make_review(version=review.version)


def test_a_decision_that_nobody_knows_is_refused():
    with refused("review_decision_known"):
        make_review(decision="perhaps")


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_a_version_is_never_sent_back_without_reasons(decision):
    with refused("review_return_says_why"):
        make_review(decision=decision, reasons="")


def test_an_approval_without_evidence_or_a_word_why_is_refused():
    with refused("review_approval_has_evidence"):
        make_review(decision="approve", reasons="")


@pytest.mark.parametrize("ground", [{"evidence": [{"run": 1}]}, {"without_evidence": "A typing error only."}])
def test_an_approval_with_one_of_them_is_taken(ground):
    assert make_review(decision="approve", reasons="", **ground).pk


def test_a_decision_never_changes():
    review = make_review()
    with refused_with(DECISIONS_NEVER_CHANGE):
        Review.objects.filter(pk=review.pk).update(decision="approve")


def test_an_empty_comment_is_refused():
    with refused("comment_not_empty"):
        make_comment(text="")


def test_a_thread_resolved_by_nobody_is_refused():
    with refused("comment_resolved_by"):
        make_comment(resolved_at=timezone.now())
