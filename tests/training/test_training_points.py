"""Points of training runs as series: gathered in SQL on both databases, spikes kept, gaps counted, chunks cached."""

import pytest

from tests.factories import make_training
from training import training_points
from training.models import TrainingPoint
from training.training_points import Bucket, merged, read, width

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def logged(run, values, first=1, kind="log", **more):
    """A point for each of the values, one step after the other."""
    rows = [
        TrainingPoint(run=run, kind=kind, step=step, values={"loss": value} | more)
        for step, value in enumerate(values, start=first)
    ]
    TrainingPoint.objects.bulk_create(rows, batch_size=1000)


def series(run, last, name="loss"):
    return read([run], {run.pk: last})[run.pk].series.get(name, [])


@pytest.mark.parametrize(("steps", "wide"), [(0, 1), (149, 1), (150, 2), (299, 2), (300, 4), (100_000, 1024)])
def test_a_bucket_is_as_wide_as_it_takes_for_at_most_150(steps, wide):
    # steps 0 to 149 are 150 places; one more step takes buckets of two, and so on by powers of two
    assert width(steps) == wide and steps // wide + 1 <= 150


def test_a_short_run_is_read_step_by_step():
    run = make_training()
    logged(run, [0.7, 0.6])
    assert series(run, 2) == [Bucket(1, 1, 1, 0, 0.7, 0.7, 0.7), Bucket(2, 2, 1, 0, 0.6, 0.6, 0.6)]


def test_what_is_no_finite_number_is_counted_and_is_no_value():
    run = make_training()
    logged(run, [0.5, None, "NaN", 1])
    TrainingPoint.objects.create(run=run, kind="log", step=5, values={"train_loss": 0.1})  # says nothing of the loss
    assert [(one.first, one.n, one.bad, one.low, one.mean) for one in series(run, 5)] == [
        (1, 1, 0, 0.5, 0.5),
        (2, 0, 1, None, None),
        (3, 0, 1, None, None),
        (4, 1, 0, 1.0, 1.0),
    ]


def test_a_spike_among_many_steps_never_vanishes():
    run = make_training()
    logged(run, [9.0 if step == 201 else 1.0 for step in range(1, 301)])
    found = series(run, 300)  # buckets of four: 1-3, 4-7, …, 300
    assert len(found) == 76 and sum(one.n for one in found) == 300
    assert [one for one in found if one.high == 9.0] == [Bucket(200, 203, 4, 0, 1.0, 9.0, 12.0)]


def test_the_dev_set_the_machine_and_its_cards_have_their_own_series():
    run = make_training(gpus=2)
    TrainingPoint.objects.create(run=run, kind="eval", step=3, values={"eval_loss": 0.4})
    used = [{"number": 4, "use_percent": 90.0, "memory_bytes": 10}, {"number": 5, "use_percent": None}]
    TrainingPoint.objects.create(run=run, kind="machine", step=2, values={"cpu_percent": 150.5, "gpus": used})
    found = read([run], {run.pk: 3})[run.pk].series
    assert {name: [(one.first, one.mean, one.bad) for one in held] for name, held in found.items()} == {
        "eval_loss": [(3, 0.4, 0)],
        "cpu_percent": [(2, 150.5, 0)],
        "gpu0_use_percent": [(2, 90.0, 0)],
        "gpu0_memory_bytes": [(2, 10.0, 0)],
        "gpu1_use_percent": [(2, None, 1)],
    }


def test_buckets_of_the_same_steps_become_one():
    few = [Bucket(1, 1, 1, 0, 2.0, 2.0, 2.0), Bucket(2, 2, 0, 1, None, None, 0.0), Bucket(4, 4, 1, 0, 1.0, 1.0, 1.0)]
    assert list(merged(few, 4)) == [Bucket(1, 2, 1, 1, 2.0, 2.0, 2.0), Bucket(4, 4, 1, 0, 1.0, 1.0, 1.0)]


@pytest.fixture
def small(monkeypatch):
    """Chunks of 16 steps with buckets of 4, one chunk at a look, at most 8 buckets."""
    for name, value in {"CHUNK": 16, "BASE": 4, "FRESH": 1, "MOST": 8}.items():
        monkeypatch.setattr(training_points, name, value)


def test_a_long_run_is_read_a_part_at_each_look_and_is_whole_in_the_end(small):
    run = make_training(state="finished", phase="train")
    logged(run, [step / 10 for step in range(1, 41)])
    looks = [read([run], {run.pk: 40})[run.pk] for _ in range(3)]
    # steps 0-15 and 16-31 are full chunks, 32-40 is the tail; buckets of 8 steps
    assert [look.since for look in looks] == [16, 0, 0]
    assert [one.first for one in looks[0].series["loss"]] == [16, 24, 32, 40]
    assert [(one.first, one.last, one.low, one.high) for one in looks[1].series["loss"]] == [
        (1, 7, 0.1, 0.7),
        (8, 15, 0.8, 1.5),
        (16, 23, 1.6, 2.3),
        (24, 31, 2.4, 3.1),
        (32, 39, 3.2, 3.9),
        (40, 40, 4.0, 4.0),
    ]


def test_a_full_chunk_is_read_once_until_the_run_starts_anew(small, django_assert_num_queries):
    run = make_training(state="running", phase="train")
    logged(run, [1.0] * 20)
    assert series(run, 20)[0].high == 1.0
    run.points.filter(step=3).update(values={"loss": 7.0})
    with django_assert_num_queries(3):
        assert series(run, 20)[0].high == 1.0
    run.starts = 1
    assert series(run, 20)[0].high == 7.0


def test_several_runs_are_read_by_three_queries(small, django_assert_num_queries):
    runs = [make_training(state="finished", phase="train") for _ in range(3)]
    for at, run in enumerate(runs):
        logged(run, [float(at)] * 20)
    with django_assert_num_queries(3):
        found = read(runs, {run.pk: 20 for run in runs})
    assert [found[run.pk].series["loss"][-1].mean for run in runs] == [0.0, 1.0, 2.0]
