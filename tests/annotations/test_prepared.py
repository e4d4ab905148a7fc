"""Queries whose SQL is made once: the same rows as the query itself, with other values each time."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, UUIDField
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotations.models import Assignment, Enrolment
from annotations.prepared import Given, Prepared, Saving
from tests.databases import at_once
from tests.rating_desk import enrol, make_campaign

BY_KEY = Prepared(lambda: Assignment.objects.filter(key=Given("key", UUIDField())))
TOGETHER = Prepared(lambda: Assignment.objects.filter(campaign=Given("campaign")).order_by("position"))
BEFORE = Prepared(lambda: Assignment.objects.filter(done_at__lt=Given("moment", DateTimeField())).order_by("pk"))


@pytest.mark.both_databases
@pytest.mark.django_db
def test_an_object_is_the_same_as_the_query_would_read() -> None:
    made = make_campaign(2).assignments.order_by("pk")
    made.update(rater=None, done_at=timezone.now(), active_seconds=1.5)
    for one in made:
        found = BY_KEY.first(key=one.key)
        assert found is not None
        assert {field.attname: getattr(found, field.attname) for field in Assignment._meta.concrete_fields} == {
            field.attname: getattr(one, field.attname) for field in Assignment._meta.concrete_fields
        }


@pytest.mark.both_databases
@pytest.mark.django_db
def test_values_are_told_each_time_and_moments_compare_as_moments() -> None:
    first, second = make_campaign(2), make_campaign(1)
    assert [len(TOGETHER.all(campaign=one.pk)) for one in (first, second)] == [2, 1]
    moment = timezone.now()
    Assignment.objects.update(done_at=moment)
    wait = timedelta(microseconds=1)
    assert [len(BEFORE.all(moment=one)) for one in (moment, moment + wait)] == [0, 3]


@pytest.mark.django_db
def test_it_asks_once_and_an_unknown_key_is_none() -> None:
    one = make_campaign(1).assignments.get()
    BY_KEY.first(key=one.key)
    with CaptureQueriesContext(connection) as seen:
        assert BY_KEY.first(key=timezone.now().strftime("%Y%m%d%H%M%S") + "0" * 18) is None
        assert BY_KEY.row(key=one.key) is not None
    assert len(seen) == 2


@pytest.mark.django_db
def test_fields_that_are_left_out_are_read_when_they_are_needed() -> None:
    few = Prepared(lambda: Assignment.objects.filter(pk=Given("pk")).only("item"))
    one = make_campaign(1).assignments.get()
    found = few.first(pk=one.pk)
    assert found is not None and found.get_deferred_fields() and found.key == one.key


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_over_its_own_connection() -> None:
    campaign = make_campaign(2)
    assert at_once(*[lambda: len(TOGETHER.all(campaign=campaign.pk)) for _ in range(3)]) == [2, 2, 2]


@pytest.mark.both_databases
@pytest.mark.django_db
def test_saving_writes_the_named_fields_of_one_row_and_says_whether_it_was_there() -> None:
    carol = enrol(make_campaign(0), "carol")
    other = enrol(make_campaign(0), "dan")
    carol.declined, carol.seen_at, carol.handed = ["drugs"], timezone.now(), 7
    saving = Saving(lambda: Enrolment.objects.filter(pk=Given("pk"), done=Given("done")), "declined", "seen_at")
    assert saving.save(carol)
    kept = Enrolment.objects.get(pk=carol.pk)
    assert (kept.declined, kept.seen_at, kept.handed) == (["drugs"], carol.seen_at, 0)
    other.refresh_from_db()
    assert other.declined == []
    carol.done = 3
    assert not saving.save(carol)
