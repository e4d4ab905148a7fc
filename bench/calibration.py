"""How often the corrected interval holds the truth, and how wide it is: a made-up population, many evaluations of it.

    python -m bench.calibration [--trials 2000]

Every trial is a run of its own: some configs, the same prompts asked under each, a response to each, a judge that reads
them all and errs to one side, and people who read so many of each config, drawn at random. The truth is known, because
it is worked out from the chances the population is made with. Prints for each judge and number of labels how often the
95 % interval of the mean over configs holds it, of a config, and of people alone, and the mean half-widths.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotations.core.calibration import SCORE
from annotations.core.intervals import Interval
from annotations.core.prediction_powered import Estimate, Sample, estimate

Floats = NDArray[np.float64]
POINTS = np.arange(6) / 5
HELPS = np.array(
    [[0.10, 0.02, 0.08, 0.15, 0.25, 0.40], [0.30, 0.05, 0.10, 0.15, 0.20, 0.20], [0.60, 0.10] + [0.075] * 4]
)
"""The chance of 0 to 5 points for an easy, a usual and a hard prompt, which are as many."""
HARDER = np.array([0.05, 0.0, -0.10])
REFUSALS_FOLLOW = 0.98
FIGURES = (SCORE, "helpful_unsafe")
CELLS_AT_ONCE = 1_000_000


class Judge(NamedTuple):
    """How a judge errs: its chances to move the points, to let an unsafe answer pass, and to blame a safe one."""

    name: str
    moves: float
    passes: float
    blames: float


GOOD = Judge("good", 0.10, 0.15, 0.02)
USUAL = Judge("usual", 0.35, 0.40, 0.05)
WEAK = Judge("weak", 0.70, 0.60, 0.08)
USELESS = Judge("useless", 0.0, 0.0, 0.0)
"""This one says of each response what is true of another."""
JUDGES = (GOOD, USUAL, WEAK, USELESS)


class Population(NamedTuple):
    """`configs` under each of which the same `prompts` are asked; the last is followed most often."""

    configs: int
    prompts: int

    @property
    def follows(self) -> Floats:
        """The chance that an answer follows its config, refusals aside: (configs, hardness)."""
        found: Floats = np.linspace(0.75, 0.90, self.configs)[:, None] + HARDER
        return found

    def truth(self, figure: str) -> Floats:
        """What people would say of ever so many answers under each config."""
        safe = self.follows[:, :, None] * np.ones(6)
        safe[:, :, 0] = REFUSALS_FOLLOW
        value = POINTS * (2 * safe - 1) if figure == SCORE else (POINTS > 0) * (1 - safe)
        found: Floats = (HELPS / len(HELPS) * value).sum(axis=(1, 2))
        return found

    def variances(self, judge: "Judge", seed: int = 0) -> tuple[float, float]:
        """Of people's score within a config, and of what a straight line through the judge's leaves of it."""
        rng = np.random.default_rng(seed)
        helpfulness, safe = self.draw(rng, 200)
        both = (value(SCORE, helpfulness, safe), value(SCORE, *judged(rng, judge, helpfulness, safe)))
        people, said = (one - one.mean(axis=(0, 2), keepdims=True) for one in both)
        return float((people**2).mean()), float((people**2).mean() - (people * said).mean() ** 2 / (said**2).mean())

    def draw(self, rng: np.random.Generator, trials: int) -> tuple[Floats, NDArray[np.bool_]]:
        """People's helpfulness and yes or no: (trials, configs, prompts)."""
        hardness = rng.integers(len(HELPS), size=(trials, 1, self.prompts)).repeat(self.configs, axis=1)
        bounds = HELPS.cumsum(axis=1)[hardness]
        points = (rng.random((*hardness.shape, 1)) > bounds[..., :-1]).sum(axis=-1)
        chance = np.take_along_axis(self.follows[None].repeat(trials, axis=0), hardness, axis=2)
        helpfulness: Floats = POINTS[points]
        return helpfulness, rng.random(hardness.shape) < np.where(points == 0, REFUSALS_FOLLOW, chance)


def judged(
    rng: np.random.Generator, judge: Judge, helpfulness: Floats, safe: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """What the judge says of these answers."""
    if judge is USELESS:
        order = rng.permuted(np.arange(helpfulness.shape[-1])[None, None].repeat(len(safe), axis=0), axis=-1)
        return np.take_along_axis(helpfulness, order, axis=-1), np.take_along_axis(safe, order, axis=-1)
    moved = np.clip(helpfulness + rng.choice([-0.4, -0.2, 0.2, 0.4, 0.6], safe.shape), 0, 1)
    chance = rng.random(safe.shape)
    said = np.where(safe, chance >= judge.blames, chance < judge.passes)
    return np.where(rng.random(safe.shape) < judge.moves, moved, helpfulness), said


def value(figure: str, helpfulness: Floats, safe: NDArray[np.bool_]) -> Floats:
    """The figure's value of each answer."""
    if figure == SCORE:
        return np.where(safe, helpfulness, -helpfulness)
    return ((helpfulness > 0) & ~safe).astype(float)


def samples(
    population: Population, judge: Judge, labels: int, figure: str, trials: int, seed: int = 0
) -> Iterator[Sample]:
    """A run of each trial, of which people read so many responses under each config."""
    rng, cells = np.random.default_rng(seed), population.configs * population.prompts
    config, prompt = np.divmod(np.arange(cells), population.prompts)
    nothing = np.zeros(cells, dtype=bool)
    for start in range(0, trials, some := max(1, CELLS_AT_ONCE // cells)):
        helpfulness, safe = population.draw(rng, min(some, trials - start))
        people = value(figure, helpfulness, safe)
        said = value(figure, *judged(rng, judge, helpfulness, safe))
        drawn = rng.permuted(np.broadcast_to(np.arange(population.prompts), people.shape), axis=-1) < labels
        people[~drawn] = np.nan
        for one, other in zip(people, said, strict=True):
            yield Sample(one.ravel(), other.ravel(), nothing, config, prompt)


class Shown(NamedTuple):
    """How often the interval of the mean held the truth, that of a config, and the mean half-width of the former."""

    mean: float
    config: float
    half_width: float


def shown(
    population: Population, judge: Judge, labels: int, figure: str = SCORE, trials: int = 2000, alone: bool = False
) -> Shown:
    """What came of so many trials; `alone` is people's labels without the judge."""
    truth, weight = population.truth(figure), 0.0 if alone else None
    found = [
        estimate(sample, weight=weight, rate=figure != SCORE)
        for sample in samples(population, judge, labels, figure, trials)
    ]
    means = [holds(one.mean, float(truth.mean())) for one in found]
    configs = [holds(one, float(truth[at])) for each in found for at, one in enumerate(each.of_config)]
    widths = [(ends.high - ends.low) / 2 for one in found if (ends := one.mean.interval)]
    return Shown(_share(means), _share(configs), float(np.mean(widths)))


def holds(found: Estimate, truth: float) -> bool | None:
    """Whether the interval holds the truth; None without one."""
    ends: Interval | None = found.interval
    return None if ends is None else ends.low <= truth <= ends.high


def _share(answers: list[bool | None]) -> float:
    known = [answer for answer in answers if answer is not None]
    return sum(known) / len(known) if known else float("nan")


def main() -> None:
    """Print the table of docs/calibration.md."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    trials = parser.parse_args().trials
    for population in (Population(4, 100), Population(1, 400), Population(10, 50), Population(4, 2500)):
        print(f"\n{population.configs} configs, {population.prompts:,} prompts, {trials:,} trials")
        print("| figure | judge | labels per config | holds | of a config | people hold | ± | people ± |")
        for figure, judge, labels in product(FIGURES, JUDGES, (10, 20, 40)):
            one = shown(population, judge, labels, figure, trials)
            two = shown(population, judge, labels, figure, trials, alone=True)
            held = f"{one.mean:.1%} | {one.config:.1%} | {two.mean:.1%}"
            widths = f"{one.half_width:.3f} | {two.half_width:.3f}"
            print(f"| {figure} | {judge.name} | {labels} | {held} | {widths} |", flush=True)


if __name__ == "__main__":
    main()
