import random
import time

import pytest

from annotations.core import agreement, intervals, rating_table
from annotations.core.agreement import Resampling, fleiss_kappa, krippendorff_alpha, percent_agreement
from annotations.core.intervals import Interval


def rows_of(*units):
    """Rows of units given as the values of rater 0, 1, …"""
    return [(unit, rater, value) for unit, values in enumerate(units) for rater, value in enumerate(values)]


def marks(seed, units):
    rng = random.Random(seed)  # noqa: S311
    return rows_of(*([rng.randint(0, 5) for _ in range(3)] for _ in range(units)))


def test_two_units_reach_from_the_one_to_the_other():
    # Draws: both the first .25 (1.0), both the second .25 (0.0), one of each .5 (0.5).
    rows = rows_of("yy", "yn")
    assert percent_agreement(rows, Resampling()).interval == Interval(0.0, 1.0)
    assert percent_agreement(rows, Resampling(level=0.2)).interval == Interval(0.5, 0.5)


def test_resamples_without_a_second_value_are_left_out_and_counted():
    # Half of the draws take one of the two units twice; the standard deviation of their number is sqrt(2000 / 4) = 22.
    found = krippendorff_alpha(rows_of("yy", "nn"), resampling=Resampling())
    assert found.interval == Interval(1.0, 1.0)
    assert found.n_left_out == pytest.approx(1_000, abs=110)


def test_equal_numbers_are_equal_whatever_their_last_digits():
    # 0.1 + 0.1 + 0.1 is not 0.3 in binary: rounding must be taken neither for a disagreement nor for a second value.
    rows = rows_of(*([value] * 3 for value in (0.1, 0.7, 1 / 3, 1.9)))
    found, plain = (krippendorff_alpha(rows, kind, Resampling()) for kind in ("interval", "nominal"))
    assert found.value == 1.0
    assert found.interval == Interval(1.0, 1.0)
    assert found.n_left_out == plain.n_left_out > 0


@pytest.mark.parametrize("units", [20, 400], ids=["drawn one by one", "drawn by pattern"])
def test_the_interval_is_that_of_resampled_units(units):
    rows = rows_of(*["yyn", "yyy", "ynn", "nnn", "nnn"] * (units // 5))
    alike = [1 / 3, 1, 1 / 3, 1, 1] * (units // 5)
    slow = intervals.bootstrap(alike, range(units), resamples=20_000)
    fast = percent_agreement(rows, Resampling(resamples=20_000)).interval
    assert fast == pytest.approx(slow, abs=0.02 if units == 20 else 0.004)


def test_one_unit_has_a_figure_and_no_interval():
    found = krippendorff_alpha(rows_of("yynn"), resampling=Resampling())
    assert found.value is not None and found.interval is None


def test_the_seed_decides_the_interval():
    rows = marks(6, 30)
    first, again, other = (fleiss_kappa(rows, resampling=Resampling(seed=seed)).interval for seed in (1, 1, 2))
    assert first == again != other
    assert first.low < fleiss_kappa(rows).value < first.high


def test_ten_thousand_units_take_no_time_to_wait_for():
    rows = marks(8, 10_000)
    start = time.process_time()
    krippendorff_alpha(rows, "ordinal", Resampling())
    # Measured 0.06 s; the room is for a busy machine.
    assert time.process_time() - start < 2


def test_whole_clusters_are_drawn():
    # Two clusters of four equal units each, all agreeing in one and none in the other. Drawn whole, a quarter of the
    # resamples is all of the first and a quarter all of the second: the middle 95 % reach from 0 to 1.
    rows = [((cluster, unit), who, who * cluster) for cluster in (0, 1) for unit in range(4) for who in (0, 1)]
    by_cluster = Resampling(cluster_of=lambda unit: unit[0])
    assert percent_agreement(rows, by_cluster).interval == (0, 1)
    low, high = percent_agreement(rows, Resampling()).interval
    assert 0 < low < high < 1


def test_one_cluster_has_no_interval():
    rows = [(unit, who, who * (unit % 2)) for unit in range(4) for who in (0, 1)]
    found = krippendorff_alpha(rows, resampling=Resampling(cluster_of=lambda unit: "all"))
    assert found.value is not None and found.interval is None


def all_at_once(rows):
    table = rating_table.read(rows)
    return [agreement.percent(table), agreement.alpha(table, "ordinal"), agreement.fleiss(table, "quadratic")]


def test_figures_made_together_are_those_made_alone():
    rows = marks(9, 300)
    both = agreement.together(all_at_once(rows), Resampling())
    alone = [
        percent_agreement(rows, Resampling()),
        krippendorff_alpha(rows, "ordinal", Resampling()),
        fleiss_kappa(rows, "quadratic", Resampling()),
    ]
    assert [one[:7] for one in both] == [one[:7] for one in alone]
    # Drawn from another stream, so that the ends differ by what 2,000 resamples leave to chance.
    ends = [end for one in both for end in one.interval]
    assert ends == pytest.approx([end for one in alone for end in one.interval], abs=0.03)


def test_figures_made_together_count_units_with_one_rating_where_they_did_alone():
    rows = [*marks(9, 60), *((f"alone {unit}", 0, unit % 6) for unit in range(60))]
    both = agreement.together(all_at_once(rows), Resampling())
    assert both[1].value == krippendorff_alpha(marks(9, 60), "ordinal").value
    assert both[2].value == fleiss_kappa(rows, "quadratic").value
    assert all(one.interval.low < one.value < one.interval.high for one in both)


def test_an_undefined_figure_among_others_stays_undefined():
    table = rating_table.read(rows_of("yy", "yy"))
    percent, kappa = agreement.together([agreement.percent(table), agreement.cohen(table)], Resampling())
    assert percent.interval == Interval(1.0, 1.0)
    assert kappa.value is None and kappa.interval is None and kappa.undefined


def test_some_units_alone_are_as_if_the_others_were_never_read():
    rows = marks(4, 20)
    part = rating_table.only(rating_table.read(rows), set(range(5)))
    assert krippendorff_alpha(part) == krippendorff_alpha(marks(4, 20)[:15])
    assert part.units == list(range(5)) and part.n_missing == 0
