"""Training runs beside each other: differences, caveats, last figures with intervals, curves by steps and tokens."""

import pytest

from tests.factories import make_model, make_preference_set, make_training
from training import training_beside as beside
from training import training_queries
from training.models import TrainingPoint, TrainingRun
from training.recipes.settings import PRESETS, plain
from training.training_points import Bucket

pytestmark = pytest.mark.django_db
DPO = plain(PRESETS["tiny_cpu"].dpo)


def with_points(*, tokens=100, **fields):
    """A run of two steps, and a look at the dev set after the second."""
    run = make_training(state="finished", phase="train", done=2, total=2, **fields)
    for step in (1, 2):
        values = {"loss": 1.0 / step, "num_tokens": tokens * step, "rewards/margins": 0.1 * step}
        TrainingPoint.objects.create(run=run, kind="log", step=step, values=values)
    looked = {"eval_loss": 0.4, "eval_rewards/accuracies": 0.5, "eval_rewards/margins": 0.2}
    TrainingPoint.objects.create(run=run, kind="eval", step=2, values=looked)
    return run


def latest(*runs):
    found = training_queries.with_latest(TrainingRun.objects.all()).in_bulk([run.pk for run in runs])
    return [found[run.pk] for run in runs]


def test_settings_that_differ_are_told_apart_from_those_that_do_not():
    runs = latest(with_points(settings=DPO), with_points(settings=DPO | {"beta": 0.2}))
    rows = {row.label: row for row in beside.facts(runs)}
    assert [row.values for row in rows.values() if row.differs] == [("0.1", "0.2")]
    assert rows["Kind"].values == ("DPO", "DPO")


def test_a_setting_that_a_kind_has_not_is_a_dash():
    rows = {row.label: row.values for row in beside.facts([make_training("sft"), make_training("dpo")])}
    assert rows["β"] == ("–", "0.1")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({}, {}, ""),
        ({}, {"preference_set": True}, "different pairs"),
        ({}, {"base": True}, "different bases"),
        ({"kind": "sft"}, {}, "different kinds"),
        ({}, {"settings": DPO | {"beta": 0.5}}, "β"),
        ({}, {"settings": DPO | {"max_length": 99}}, "different lengths"),
    ],
)
def test_runs_that_do_not_compare_are_told_why(first, second, words):
    shared = {"base": make_model("b"), "preference_set": make_preference_set(), "settings": DPO}
    fresh = {"preference_set": make_preference_set, "base": lambda: make_model("c")}
    second = {name: fresh[name]() if value is True else value for name, value in second.items()}
    said = beside.caveats([make_training(**shared | first), make_training(**shared | second)])
    assert [words in sentence for sentence in said] == ([True] if words else [])


def test_the_share_of_dev_pairs_has_wilsons_interval_where_their_number_is_known():
    rows = {"dev": {"in": 8, "out": 4, "dropped": {"beyond_eval_rows": 4}, "cut": 0}}
    known, unknown = latest(with_points(record={"rows": rows}), with_points())
    first, second = beside.endings([known, unknown], beside.read([known, unknown]))
    # 2 of 4 by Wilson: (2 + z²/2) / (4 + z²) ± z·√(2·2/4 + z²/4) / (4 + z²) with z = 1.96 is 0.5 ± 0.35
    assert (first.pairs, first.dev_accuracy) == (4, 0.5)
    assert first.interval == pytest.approx((0.1500, 0.8500), abs=1e-3)
    assert (second.pairs, second.interval) == (0, None)


def test_the_loss_at_the_end_is_a_mean_that_says_of_how_many_steps():
    (run,) = latest(with_points())
    (ending,) = beside.endings([run], beside.read([run]))
    assert (ending.loss, ending.loss_n, ending.tokens, ending.dev_loss) == (0.75, 2, 200, 0.4)


def test_tokens_are_even_between_those_that_are_known():
    at = beside.tokens_at([Bucket(9, 10, 2, 0, 90.0, 100.0, 190.0), Bucket(20, 20, 1, 0, 300.0, 300.0, 300.0)])
    assert [at(step) for step in (0, 5, 10, 15, 20, 30)] == [0, 50, 100, 200, 300, 300]


def test_curves_go_by_steps_or_by_tokens_and_what_nobody_has_is_no_chart():
    runs = latest(with_points(tokens=100), with_points(tokens=50))
    found = beside.read(runs)
    by_steps, by_tokens = (beside.charts(runs, found, by)[0] for by in ("steps", "tokens"))
    assert [curve.dots[-1][0] for curve in by_steps.curves] == [100, 100]
    assert [curve.dots[-1][0] for curve in by_tokens.curves] == [100, 50]
    assert [chart.slug for chart in beside.charts(runs, found, "steps")] == ["loss", "dev", "margins"]
