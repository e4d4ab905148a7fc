"""Differences of two runs, by hand, beside the plain bootstrap, and beside SciPy's worked out once."""

import random
from time import process_time

import pytest

from annotations.core.intervals import Interval, bootstrap
from annotations.core.paired import Differences, Pair, Rated, differences

FULL, REFUSED, HARM = Rated(1.0, True), Rated(0.0, True), Rated(0.8, False)


def pair(before: Rated, now: Rated, config: str = "x", kind: str = "safe", cluster: object = None) -> Pair:
    return Pair(config, kind, cluster if cluster is not None else next(numbers), before, now)


numbers = iter(range(10**9))


def grid(n: int, configs: int = 5, shared: bool = False, seed: int = 1) -> list[Pair]:
    """Pairs with verdicts of six steps, two in three of them unmoved."""
    rng, found = random.Random(seed), []  # noqa: S311
    for at in range(n):
        before = Rated(rng.randrange(6) / 5, rng.random() < 0.8)
        now = before if rng.random() < 2 / 3 else Rated(rng.randrange(6) / 5, rng.random() < 0.85)
        found.append(Pair(at % configs, "sapd"[at // configs % 4], at // 2 if shared else at, before, now))
    return found


def test_without_pairs_there_is_no_difference():
    assert differences([]) == Differences(None, {}, {})


def test_the_figures_of_four_pairs_by_hand():
    # Values before 1, 0, -0.8, 1 (mean 0.3), now 1, 1, 0, -0.8 (mean 0.3): changes 0, 1, 0.8, -1.8, mean 0.
    # Helpful and safe: 2 of 4 before, 2 of 4 now. Helpful and unsafe: 1 of 4 before, 1 of 4 now.
    pairs = [pair(FULL, FULL), pair(REFUSED, FULL), pair(HARM, REFUSED), pair(FULL, HARM)]
    found = differences(pairs).mean
    assert (found.score.before, found.score.now) == (pytest.approx(0.3), pytest.approx(0.3))
    assert found.score.delta == pytest.approx(0)
    assert (found.helpful_safe.before, found.helpful_safe.delta, found.helpful_unsafe.delta) == (0.5, 0, 0)
    assert (found.pairs, found.prompts, found.risen, found.fallen) == (4, 4, 2, 1)
    assert (found.to_unsafe, found.from_unsafe, found.unsafe_p) == (1, 1, 1.0)
    # Three moved, one of them down: 2 * (1 + 3) / 8 = 1.
    assert found.sign_p == 1.0


def test_the_mean_over_configs_does_not_weigh_them_by_their_prompts():
    # Config x: one item, +1. Config y: three items, 0, 0, 0.6, mean 0.2. Mean of both 0.6, of the items 0.4.
    pairs = [pair(REFUSED, FULL), *[pair(FULL, FULL, "y")] * 2, pair(REFUSED, Rated(0.6, True), "y")]
    found = differences(pairs)
    assert found.mean.score.delta == pytest.approx(0.6)
    assert {config: one.pairs for config, one in found.configs.items()} == {"x": 1, "y": 3}
    assert found.configs["y"].score.delta == pytest.approx(0.2)


def test_kinds_are_means_of_their_items_over_all_configs():
    # Kind safe: +1 in x, 0 and 0 in y, mean 1/3; kind partial: one fall by 1.
    pairs = [pair(REFUSED, FULL), pair(FULL, FULL, "y"), pair(FULL, FULL, "y"), pair(FULL, REFUSED, "y", "partial")]
    found = differences(pairs).kinds
    assert {kind: one.score.delta for kind, one in found.items()} == {"safe": pytest.approx(1 / 3), "partial": -1}


def test_a_prompt_of_several_configs_is_counted_once_in_the_tests():
    # One prompt rises under three configs, another falls under one: one rise, one fall.
    rise = [pair(REFUSED, FULL, config, cluster="p") for config in "xyz"]
    found = differences([*rise, pair(FULL, REFUSED, "x", cluster="q")]).mean
    assert (found.pairs, found.prompts, found.risen, found.fallen) == (4, 2, 1, 1)


def test_a_prompt_that_rises_under_one_config_and_falls_as_much_under_another_has_not_moved():
    pairs = [pair(REFUSED, FULL, "x", cluster="p"), pair(FULL, REFUSED, "y", cluster="p")]
    found = differences(pairs).mean
    assert (found.risen, found.fallen, found.sign_p, found.score.interval) == (0, 0, None, Interval(0.0, 0.0))


def test_flips_to_harm_are_tested_by_themselves():
    # Six items become helpful and unsafe, none the other way: 2 / 2^6.
    found = differences([pair(REFUSED, HARM) for _ in range(6)]).mean
    assert (found.to_unsafe, found.from_unsafe, found.unsafe_p) == (6, 0, pytest.approx(2 / 64))
    assert found.helpful_unsafe.delta == 1 and found.helpful_unsafe.interval == Interval(1.0, 1.0)


def test_a_difference_that_is_the_same_everywhere_has_no_width_and_no_known_spread():
    found = differences([pair(Rated(0.2, True), Rated(0.6, True)) for _ in range(5)]).mean
    assert found.score.interval == pytest.approx((0.4, 0.4)) and found.smallest is None


def test_two_prompts_reach_from_the_one_to_the_other():
    # Each of the four draws aa ab ba bb has chance 1/4, so 2.5 % and 97.5 % fall on all-a and all-b.
    assert differences([pair(FULL, FULL), pair(REFUSED, FULL)]).mean.score.interval == Interval(0.0, 1.0)


def test_the_smallest_difference_of_pairs_by_hand():
    # Changes 0, 1, 1, 0: s^2 = 1/3, error sqrt(1/12) = 0.288675, times 2.801585.
    found = differences([pair(FULL, FULL), pair(REFUSED, FULL), pair(REFUSED, FULL), pair(FULL, FULL)]).mean
    assert found.smallest == pytest.approx(0.8087480, abs=1e-6)


def test_the_interval_is_that_of_the_plain_bootstrap_of_the_changes():
    pairs = grid(400, 3, shared=True)
    value = [(h.helpfulness if h.follows_config else -h.helpfulness) for p in pairs for h in (p.before, p.now)]
    changes = [now - before for before, now in zip(value[::2], value[1::2], strict=True)]
    plain = bootstrap(changes, [p.cluster for p in pairs], groups=[p.config for p in pairs])
    assert differences(pairs).mean.score.interval == pytest.approx(plain, abs=0.01)


def test_the_interval_is_that_of_another_library():
    # The sample of test_paired_tests as one config: SciPy 1.17.1, percentile, 100,000 resamples of its 250 clusters.
    rng, pairs = random.Random(7), []  # noqa: S311
    for at in range(300):
        value = rng.randrange(-5, 6) / 5
        pairs.append(pair(Rated(0.0, True), Rated(abs(value), value >= 0), cluster=at // 2 if at < 100 else at))
    found = differences(pairs).mean.score.interval
    assert found == pytest.approx((-0.07315436241610737, 0.06258590337093284), abs=0.004)


def test_the_same_seed_gives_the_same_interval_and_another_one_nearly_so():
    pairs = grid(200)
    one, same, other = (differences(pairs, seed=seed).mean.score.interval for seed in (3, 3, 4))
    assert one == same != other and one == pytest.approx(other, abs=0.02)


def test_swapping_the_runs_turns_every_figure_round():
    pairs = grid(200)
    there = differences(pairs).mean
    back = differences([one._replace(before=one.now, now=one.before) for one in pairs]).mean
    assert back.score.delta == pytest.approx(-there.score.delta)
    assert back.score.interval == pytest.approx((-there.score.interval.high, -there.score.interval.low), abs=0.01)
    assert (back.risen, back.to_unsafe, back.sign_p) == (there.fallen, there.from_unsafe, there.sign_p)


def test_a_wider_level_gives_a_wider_interval():
    narrow, wide = (differences(grid(200), level=level).mean.score.interval for level in (0.8, 0.99))
    assert wide.low < narrow.low and narrow.high < wide.high


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}])
def test_a_resampling_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match="Use at least 1 resample"):
        differences([pair(FULL, FULL)], **options)


def test_two_thousand_items_with_shared_prompts_take_less_than_two_seconds():
    pairs, started = grid(2000, 8, shared=True), process_time()
    differences(pairs)
    assert process_time() - started < 2
