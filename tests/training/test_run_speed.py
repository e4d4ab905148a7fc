"""How fast a run was, counted by the database from the moments of its items."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotations.queries import kept
from annotations.queries.kept import Later
from tests.factories import make_run
from tests.outcomes import answer, fail, finish, finished_run
from training.models import EvaluationRun, RunItem
from training.run_speed import speed

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
START = datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC)


def run_at(*seconds, failed=()):
    """A finished run with an item so many seconds after the start each."""
    cache.clear()
    run = make_run(len(seconds))
    for at, (item, after) in enumerate(zip(run.items.order_by("position"), seconds, strict=True)):
        fail(item) if at in failed else answer(item)
        RunItem.objects.filter(pk=item.pk).update(finished_at=START + timedelta(seconds=after))
    return finish(run)


def test_items_are_counted_by_step_with_those_that_failed_apart():
    # 9 items in 25 s make at most six steps: of 5 s
    found = speed(run_at(0, 1, 2, 9, 21, 22, 23, 24, 25, failed=(3,)))
    assert [(bar.step.done, bar.step.failed) for bar in found.chart.bars] == [
        (3, 0), (0, 1), (0, 0), (0, 0), (4, 0), (1, 0)
    ]  # fmt: skip
    # 9 items in 25 s are 21.6 a minute; the first step has 3 in 5 s, 36 a minute
    assert (round(found.per_minute, 1), found.chart.bars[0].step.per_minute) == (21.6, 36.0)


def test_a_long_run_is_counted_by_the_minute():
    found = speed(run_at(0, 700, 1400, 2100, 2800, 3500, 4200, 4900, 5600))
    assert found.chart.seconds == 1800 and sum(bar.step.done for bar in found.chart.bars) == 9


def test_a_run_of_a_moment_and_one_without_items_have_no_picture():
    assert speed(run_at(0, 0, 0)) is None and speed(make_run(2)) is None


def test_a_run_that_took_over_answers_has_none():
    run = run_at(0, 20, 40, 60)
    run.source = EvaluationRun(pk=run.pk)
    assert speed(run) is None


def test_many_items_come_later_and_are_counted_once(monkeypatch, django_assert_num_queries):
    run = run_at(0, 20, 40, 60, 80, 100, 120, 140, 160)
    monkeypatch.setattr(kept, "AT_ONCE", 3)
    with pytest.raises(Later):
        speed(run, wait=False)
    speed(run)
    with django_assert_num_queries(0):
        assert speed(run, wait=False) is not None


def test_the_page_shows_it_or_says_that_it_comes(as_person, monkeypatch):
    run = run_at(0, 20, 40, 60, 80, 100, 120, 140, 160)
    url = reverse("training:run-detail", args=[run.pk])
    monkeypatch.setattr(kept, "AT_ONCE", 3)
    page = as_person("ada").get(url).content.decode()
    assert 'id="run-speed"' in page and "being worked out" in page
    later = as_person("ada").get(f"{url}?figures=1", headers={"HX-Request": "true"}).content.decode()
    assert "How fast was it over its time?" in later and "<body" in later
    assert (
        "How fast was it"
        not in as_person("ada").get(url.replace(str(run.pk), str(finished_run(0).pk))).content.decode()
    )
