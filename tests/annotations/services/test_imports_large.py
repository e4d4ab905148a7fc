"""Imports of size: a worker does them, a kill between slices leaves nothing, and memory stays where it is."""

import gzip
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations import tasks
from annotations.models import AuditEvent, Prompt, SafetyConfig
from annotations.services import chores, import_check, import_files, import_load, imports
from annotations.services.chores import Hold
from tests.databases import at_once
from tests.factories import make_benchmark, make_config, make_person, make_version
from tests.import_desk import again, checked, files_of, lines, loaded, press, row, started, table

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_slices(settings, tmp_path, monkeypatch):
    settings.UPLOADS_DIR = tmp_path / "uploads"
    monkeypatch.setattr(import_load, "SLICE", 10)
    monkeypatch.setattr(import_load, "FORGET_SLICE", 7)


class Killed(BaseException):
    """What a kill is to the code: nothing that it could catch."""


def killed_after(monkeypatch, slices):
    """A worker that dies when it begins the slice after so many."""
    beat, beats = Hold.beat, []

    def dying(hold, done, total=None, *, now=False):
        beats.append(done)
        if len(beats) > slices:
            raise Killed
        beat(hold, done, total, now=now)

    monkeypatch.setattr(Hold, "beat", dying)
    return lambda: monkeypatch.setattr(Hold, "beat", beat)


def leases_run_out(found):
    type(found).objects.filter(pk=found.pk).update(until=timezone.now() - timedelta(seconds=1))


def films(number):
    scene = {"scenario": "Only films.", "type": "safe"}
    return lines({"prompt": f"Scene {n} of the film?"} | scene for n in range(number))


@pytest.mark.both_databases
def test_a_worker_killed_between_slices_leaves_nothing_that_anybody_sees(monkeypatch):
    found = press(checked(films(35), "film.jsonl"))
    revive = killed_after(monkeypatch, 2)
    with pytest.raises(Killed):
        tasks.do_now(found)
    assert (Prompt.objects.count(), Prompt.objects.current().count()) == (20, 0)
    assert not SafetyConfig.objects.filter(archived_at=None, slug__contains="film").exists()
    revive()
    leases_run_out(found)
    tasks.do_now(found)
    assert (again(found).added, Prompt.objects.count(), Prompt.objects.current().count()) == (35, 35, 35)
    assert SafetyConfig.objects.filter(slug__contains="-import-").count() == 0
    assert AuditEvent.objects.filter(action="import").count() == 1


@pytest.mark.both_databases
def test_what_was_staged_goes_when_the_import_is_cancelled(monkeypatch):
    found = press(checked(films(35), "film.jsonl"))
    revive = killed_after(monkeypatch, 3)
    with pytest.raises(Killed):
        tasks.do_now(found)
    revive()
    imports.give_up(row=again(found), actor=make_person("ada"))
    assert (Prompt.objects.count(), SafetyConfig.objects.filter(slug__contains="film").count()) == (0, 0)
    assert not SafetyConfig.objects.filter(slug__contains="-import-").exists() and files_of(found) == []


@pytest.mark.both_databases
def test_an_import_cancelled_while_it_works_stops_and_leaves_nothing(monkeypatch):
    found = press(checked(table(row(n) for n in range(35))))
    good = import_load._good

    def cancelled_meanwhile(*args):
        for number, outcome in enumerate(good(*args)):
            if number == 25:
                imports.give_up(row=again(found), actor=make_person("ada"))
            yield outcome

    monkeypatch.setattr(import_load, "_good", cancelled_meanwhile)
    with pytest.raises(chores.Stopped):
        imports.job(chores.claim(type(found), found.pk, "worker"))
    assert (again(found).state, Prompt.objects.count()) == ("cancelled", 0)


@pytest.mark.both_databases
def test_an_error_of_ours_leaves_nothing_and_says_so(monkeypatch):
    found = press(checked(table(row(n) for n in range(35))))
    monkeypatch.setattr(import_load, "publish", lambda *args: 1 / 0)
    tasks.do_now(found)
    assert (again(found).state, Prompt.objects.count(), files_of(found)) == ("failed", 0, [])
    assert "error of this application" in again(found).reason


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_one_import_taken_up_by_two_workers_at_once_comes_in_once():
    found = press(checked(table(row(n) for n in range(35))))
    results = at_once(*[lambda: tasks.do_now(found)] * 2)
    assert results == [None, None]
    assert (again(found).added, Prompt.objects.count()) == (35, 35)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(2))
def test_the_same_file_in_two_imports_at_once_comes_in_once(turn):
    rows = [press(checked(films(35), "film.jsonl")) for _ in range(2)]
    results = at_once(*(lambda one=one: tasks.do_now(one) for one in rows))
    assert results == [None, None]
    assert [again(one).state for one in rows] == ["finished"] * 2
    assert sorted(again(one).added for one in rows) == [0, 35]
    assert (Prompt.objects.count(), Prompt.objects.current().count()) == (35, 35)
    assert list(SafetyConfig.objects.filter(slug="film").values_list("archived_at", flat=True)) == [None]
    assert not SafetyConfig.objects.filter(slug__contains="-import-").exists()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_a_decision_and_a_cancellation_at_once_one_counts():
    found = press(checked(table(row(n) for n in range(35))))
    ada = make_person("ada")
    at_once(lambda: tasks.do_now(found), lambda: imports.give_up(row=again(found), actor=ada))
    now = again(found)
    assert (now.state, Prompt.objects.count()) in {("finished", 35), ("cancelled", 0)}
    assert now.added == Prompt.objects.count()


def test_a_small_import_is_quick_and_a_large_one_is_for_a_worker(monkeypatch):
    monkeypatch.setattr("annotations.services.import_check.SMALL", 30)
    small, large = started(table(row(n) for n in range(30))), started(table(row(n) for n in range(31)))
    assert (imports.is_quick(small), imports.is_quick(large)) == (True, False)


def test_long_texts_in_a_small_file_are_for_a_worker(monkeypatch):
    monkeypatch.setattr(import_check, "SMALL_BYTES", 10_000)
    texts = [row(number, why="x" * 4_000) for number in range(4)]
    assert not imports.is_quick(started(gzip.compress(table(texts)), "rows.csv.gz"))


def test_a_broken_file_is_quick_so_that_a_person_reads_why_at_once():
    assert imports.is_quick(started(b"PAR1", "rows.parquet"))


def test_no_more_than_a_thousand_problems_are_kept():
    found = checked(table(row(n, kind="purple") for n in range(1_100)))
    assert (found.bad, len(found.problems), found.problems[-1][0]) == (1_100, 1_000, 1_001)


def test_many_rows_with_three_bad_ones(monkeypatch):
    # The readers take 100,000 rows in tests/imports; bench/transfer.py brings so many in.
    monkeypatch.setattr(import_load, "SLICE", 250)
    monkeypatch.setattr(import_load, "FORGET_SLICE", 1_250)
    bad = {5: {"kind": "purple"}, 1_500: {"prompt": " "}, 2_999: {"config": "nowhere"}}
    found = checked(table(row(n, **bad.get(n, {})) for n in range(3_000)))
    assert (found.read, found.good, found.bad) == (3_000, 2_997, 3)
    # Row 1 is the heading, so that the row of number 5 is the seventh.
    assert [problem[:2] for problem in found.problems] == [[7, "kind"], [1_502, "prompt"], [3_001, "config"]]
    assert loaded(found).added == Prompt.objects.current().count() == 2_997


def test_uploads_that_somebody_broke_off_are_removed_after_a_day(settings):
    kept = started(table([row(1)]))
    stray, foreign = import_files.Taking(), settings.UPLOADS_DIR / "somebody-elses"
    foreign.mkdir()
    for place in (stray.place, foreign, settings.UPLOADS_DIR / kept.folder):
        os.utime(place, (1, 1))
    make_version(make_config())
    imports.start(benchmark=make_benchmark(), upload=None, hub_name="owner/name", actor=None)
    assert (stray.place.exists(), foreign.exists(), len(files_of(kept))) == (False, True, 1)
