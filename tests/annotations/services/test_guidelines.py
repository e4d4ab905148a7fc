"""Versions of a guideline: written once, each over the one before it."""

import pytest
from django.db import DatabaseError, transaction

from annotations.models import Guideline
from annotations.services import guidelines
from annotations.services.guidelines import GuidelineProblem
from tests.databases import at_once
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign, rate

pytestmark = pytest.mark.django_db


def add(campaign, text="Read three times.", note="Once more.", **fields):
    return guidelines.add(campaign=campaign, text=text, note=note, actor=make_person("lea"), **fields)


def test_the_next_version_holds_for_later_answers_and_the_earlier_ones_keep_theirs():
    carol = enrol(campaign := make_campaign(2))
    first = rate(carol)
    made = add(campaign)
    assert (first.guideline.number, rate(carol).guideline, made.number) == (1, made, 2)


def test_a_version_that_is_there_never_changes():
    make_campaign(0)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Guideline.objects.update(text="Guess.")
    assert Guideline.objects.get().text == "Read twice."


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": " \r\n"}, "text"),
        ({"text": "Read twice."}, "text"),
        ({"text": "x" * 30_001}, "text"),
        ({"note": ""}, "note"),
        ({"above": 0}, ""),
    ],
)
def test_what_no_version_may_be_is_refused_at_its_field(fields, field):
    campaign = make_campaign(0)
    with pytest.raises(GuidelineProblem) as refused:
        add(campaign, **fields)
    assert refused.value.field == field and campaign.guidelines.count() == 1


def test_a_closed_campaign_gets_no_other_version():
    with pytest.raises(GuidelineProblem, match="closed"):
        add(make_campaign(0, state="closed"))


def test_the_default_says_what_each_number_of_helpfulness_means():
    assert all(f"**{points}**" in guidelines.default() for points in range(6))


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_write_over_the_same_version_one_is_told():
    campaign = make_campaign(0)
    made = at_once(*[lambda text=text: add(campaign, text=text, above=1) for text in ("Skim it.", "Read it aloud.")])
    refused = [str(one) for one in made if isinstance(one, GuidelineProblem)]
    assert len(refused) == 1 and "Somebody was faster" in refused[0] and campaign.guidelines.count() == 2
