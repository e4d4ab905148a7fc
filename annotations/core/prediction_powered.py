"""A mean that people know of some items and a judge of all: the prediction-powered estimate, with its interval."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core.intervals import Interval
from annotations.core.rating_table import Floats, Places
from annotations.core.student import quantile, share_interval

FEWEST, FEWEST_IN_ALL = 5, 10
"""With fewer labels a config has no interval, and with fewer in all the mean over configs has none."""
DOUBT = 0.5
"""Added to the squared errors of a judge that is followed: two more labels, off by half a point to either side."""
_WHOLE, _NOTHING = 1 - 1e-9, 1e-12
NOBODY = "Nothing is scored here."
FEW = "Fewer than {fewest} values give no interval."
ALIKE = "All values are the same, which does not tell how far others are from them."

Flags = NDArray[np.bool_]


class Sample(NamedTuple):
    """Items of one figure as arrays of one length: the value people and a judge give each, nan where it is unscored.

    `config` and `cluster` (the prompt) are places from 0 on, none of them left out. A `settled` item has its value
    without being asked of anybody: it stands in `judge`, and what is in `people` does not count.
    """

    people: Floats
    judge: Floats
    settled: Flags
    config: Places
    cluster: Places


class Estimate(NamedTuple):
    """A mean and its 95 % interval, from n labels. Without a value, or without an interval, `why` says the reason."""

    value: float | None
    interval: Interval | None
    n: int
    why: str = ""


class Estimates(NamedTuple):
    """The estimate of each config, by place, and of their unweighted mean; `weight` 0..1 is the judge's."""

    of_config: tuple[Estimate, ...]
    mean: Estimate
    weight: float


class _Data(NamedTuple):
    """A sample with no gap in the judge's values, and what is counted of each config.

    `places` are those of the labelled items, `people` and `judge` their values less the mean of these in the config.
    `total` counts all items, `labels` the labelled ones; `share` 0..1 are the items that are not settled.
    """

    sample: Sample
    filled: Floats
    places: Places
    config: Places
    people: Floats
    judge: Floats
    total: Floats
    labels: Floats
    share: Floats


class _Weight(NamedTuple):
    """The judge's weight, and of each label how much it makes up of what it is compared with: 0..1, its leverage."""

    value: float
    leverage: Floats


class _Spread(NamedTuple):
    """Variance and degrees of freedom of each config's estimate, and last of their mean."""

    variance: Floats
    freedom: Floats


def estimate(sample: Sample, *, weight: float | None = None, rate: bool = False) -> Estimates:
    """The mean of what people would say of all items of each config, and the unweighted mean over the configs.

    Of a config: mean(y of the labelled) + weight * (mean(f of all) - mean(f of the labelled)), y being people's value
    and f the judge's. The labelled items have to be a random sample of the config's. A `weight` of None is tuned: the
    one for which the estimated variance of the mean over configs is smallest, held in 0..1; 0 is people alone. An item
    the judge left unscored gets the mean of its other values in the config, which moves nothing. Configs without a
    label have no estimate, and the mean is over the others. The values of a `rate` are 0 and 1.
    Raises ValueError without any item.
    Source: Angelopoulos, Duchi and Zrnic 2023 (PPI++, arXiv 2311.01453), Example 6.1. The judge's values are compared
    with those of all items, not of the unlabelled: our weight is theirs times 1 + n / N, which is Cov(y, f) / Var(f).
    The variance: every label's error as if that label had been left out (jackknife; Efron and Stein 1981), summed by
    cluster; Student's t, for the mean with the degrees of freedom of Satterthwaite 1946.
    """
    if not len(sample.config):
        raise ValueError("There are no items to estimate from.")
    data = _data(sample)
    fit = _weight(data, weight)
    guesses = _guesses(data, fit.value)
    values = np.bincount(sample.config, guesses) / data.total
    known = (data.labels > 0) | (data.share == 0)
    spread = _spread(data, fit, guesses - values[sample.config], known)
    found = [_estimate(data, at, float(value), spread, rate, bool(known[at])) for at, value in enumerate(values)]
    return Estimates(tuple(found), _mean(data, values, spread, rate, known), fit.value)


def _data(sample: Sample) -> _Data:
    configs = int(sample.config.max()) + 1
    total = np.bincount(sample.config, minlength=configs).astype(float)
    kept = np.bincount(sample.config[~sample.settled], minlength=configs)
    places = np.flatnonzero(~sample.settled & ~np.isnan(sample.people))
    config = sample.config[places]
    filled = _filled(sample, configs)
    people, judge = sample.people[places], filled[places]
    people, judge = (values - _means(values, config, configs)[config] for values in (people, judge))
    labels = np.bincount(config, minlength=configs).astype(float)
    return _Data(sample, filled, places, config, people, judge, total, labels, kept / total)


def _means(values: Floats, config: Places, configs: int) -> Floats:
    """The mean in each config, 0 where it has no value."""
    return np.bincount(config, values, configs) / np.maximum(np.bincount(config, minlength=configs), 1)


def _filled(sample: Sample, configs: int) -> Floats:
    known = ~np.isnan(sample.judge) & ~sample.settled
    means = _means(sample.judge[known], sample.config[known], configs)
    return np.where(np.isnan(sample.judge), means[sample.config], sample.judge)


def _weight(data: _Data, given: float | None) -> _Weight:
    """Cov / Var of the labels within configs, each config counting by how much of its variance a judge can take."""
    number = np.maximum(data.labels, 1)
    leverage = 1 / number[data.config]
    kept = np.maximum(data.share * data.total, 1)
    counting = (data.share**2 * (1 / number - 1 / kept) / np.maximum(number - 1, 1))[data.config]
    squares = counting * data.judge**2
    if given is not None or squares.sum() <= _NOTHING * counting.sum():
        return _Weight(given or 0.0, leverage)
    tuned = float((counting * data.judge * data.people).sum() / squares.sum())
    if not 0 < tuned < 1:
        return _Weight(min(max(tuned, 0.0), 1.0), leverage)
    return _Weight(tuned, leverage + squares / squares.sum())


def _guesses(data: _Data, weight: float) -> Floats:
    """What each item is taken for: the settled for their value, the others for the judge's, moved to where people are.

    Their mean in a config is the estimate.
    """
    sample, configs = data.sample, len(data.labels)
    people = _means(sample.people[data.places], data.config, configs)
    judge = _means(data.filled[data.places], data.config, configs)
    moved = people[sample.config] + weight * (data.filled - judge[sample.config])
    return np.where(sample.settled, data.filled, moved)


def _spread(data: _Data, fit: _Weight, apart: Floats, known: Flags) -> _Spread:
    """From how far each item pulls its config's estimate: squared by itself, and by cluster for the mean."""
    sample, number = data.sample, np.maximum(data.labels, 1)
    errors = _errors(data, fit)
    pull = apart / np.sqrt(data.total * np.maximum(data.total - 1, 1))[sample.config]
    pull[data.places] += (data.share / number)[data.config] * errors
    mute, freedom = _mute(data, errors)
    doubt = (DOUBT if fit.value else 0.0) * (data.share / number) ** 2
    of_config = np.bincount(sample.config, pull**2) + mute + doubt
    whole = np.bincount(sample.cluster, np.where(known[sample.config], pull, 0.0))
    configs = max(int(known.sum()), 1)
    more = mute[known].sum() + doubt[known].sum() / configs
    mean = ((whole**2).sum() + more) / configs**2
    parts = (of_config[known] ** 2 / np.maximum(freedom[known], 1)).sum()
    mean_freedom = of_config[known].sum() ** 2 / parts if parts > 0 else freedom[known].sum()
    return _Spread(np.append(of_config, mean), np.append(freedom, mean_freedom))


def _errors(data: _Data, fit: _Weight) -> Floats:
    """What is left of people's values when the judge's are taken into account, as if each label had been left out."""
    left = np.where(fit.leverage < _WHOLE, 1 - fit.leverage, np.inf)
    scale = np.sqrt(1 - 1 / np.maximum(data.labels, 1))
    return (data.people - fit.value * data.judge) / left * scale[data.config]


def _mute(data: _Data, errors: Floats) -> tuple[Floats, Floats]:
    """Variance for configs whose labels cannot tell any, because they are one or all alike: that of all; freedom."""
    squares = np.bincount(data.config, errors**2, len(data.labels))
    tells, freedom = squares > _NOTHING, np.maximum(data.labels - 1, 0)
    usual = squares.sum() / max(data.labels[freedom > 0].sum(), 1)
    mute = np.where(tells | (data.labels == 0), 0.0, data.share**2 * usual / np.maximum(data.labels, 1))
    freedom = np.where(tells, freedom, max(freedom.sum(), 1))
    return mute, np.where(data.share > 0, freedom, np.maximum(data.total - 1, 1))


def _estimate(data: _Data, at: int, value: float, spread: _Spread, rate: bool, known: bool) -> Estimate:
    n, asked = int(data.labels[at]), data.share[at] > 0
    if not known:
        return Estimate(None, None, 0, NOBODY)
    if asked and n < FEWEST:
        return Estimate(_held(value, rate), None, n, FEW.format(fewest=FEWEST))
    alike = bool(asked and not np.ptp(data.sample.people[data.places[data.config == at]]))
    return _with_interval(value, n, float(n if asked else data.total[at]), spread, at, rate, alike)


def _mean(data: _Data, values: Floats, spread: _Spread, rate: bool, known: Flags) -> Estimate:
    n = int(data.labels.sum())
    if not known.any():
        return Estimate(None, None, 0, NOBODY)
    value = float(values[known].mean())
    asked = bool((data.share[known] > 0).any())
    if asked and n < FEWEST_IN_ALL:
        return Estimate(_held(value, rate), None, n, FEW.format(fewest=FEWEST_IN_ALL))
    size = known.sum() ** 2 / (1 / np.where(data.share > 0, data.labels, data.total)[known]).sum()
    return _with_interval(value, n, float(size), spread, -1, rate, asked and not np.any(data.people))


def _with_interval(value: float, n: int, size: float, spread: _Spread, at: int, rate: bool, alike: bool) -> Estimate:
    variance, t = float(spread.variance[at]), quantile(float(spread.freedom[at]))
    held = _held(value, rate)
    if rate:
        inside = 0 < value < 1 and variance > _NOTHING
        return Estimate(held, share_interval(held, value * (1 - value) / variance if inside else size, t), n)
    if alike or variance <= _NOTHING:
        return Estimate(held, None, n, ALIKE)
    half = t * variance**0.5
    return Estimate(held, Interval(max(-1.0, value - half), min(1.0, value + half)), n)


def _held(value: float, rate: bool) -> float:
    """The value on its scale, which a correction may lead out of."""
    return min(max(value, 0.0 if rate else -1.0), 1.0)
