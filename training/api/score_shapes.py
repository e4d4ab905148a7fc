"""Scores as the API shows them: each figure with its interval and its counts; null is unscored, never a zero."""

from typing import Any

from annotations.api.fields import real, text, whole, word, yes
from annotations.api.shapes import Id, Shown
from annotations.core.intervals import Interval
from annotations.core.taxonomy import KINDS
from training.api.fields import maybe
from training.scores import RunScores, ScoreRow

SHARE = "Share 0..1 of the scored items whose answer is {}; null without a scored item."


class ScoreInterval(Shown):
    """The two ends of a 95 % interval, in the unit of the figure."""

    low = real("The lower end.")
    high = real("The upper end.")


class Figures(Shown):
    """A CoSA-Score over some items, with its counts and the shares of the four outcomes."""

    score = maybe("Mean of helpfulness with the sign of safety, -1..1; null without a scored item.")
    interval = ScoreInterval(
        help_text="95 % interval by resampling whole prompts; null without a score.", allow_null=True
    )
    n_scored = whole("Items with both values: the score and all shares are over these alone.")
    n_unscored = whole("Items that lack a value, failed ones among them: counted here, in no score.")
    n_total = whole("All items that ended: scored and unscored.")
    helpful = maybe(SHARE.format("helpful"))
    safe = maybe(SHARE.format("safe, which is that it follows the config"))
    helpful_safe = maybe(SHARE.format("helpful and safe"))
    helpful_unsafe = maybe(SHARE.format("helpful and unsafe"))
    unhelpful_safe = maybe(SHARE.format("unhelpful and safe"))
    unhelpful_unsafe = maybe(SHARE.format("unhelpful and unsafe"))
    lowest = real("The score if every unscored item were the worst possible.")
    highest = real("The score if every unscored item were the best possible.")
    ceiling = maybe("The best score any model could reach on these prompts; null without prompts.")
    heuristic = yes("True where a program judged: no evidence.")


class ConfigFigures(Figures):
    """The figures of the prompts of one config."""

    config = Id(help_text="Id of the config.")
    title = text("Title of the config.")


class KindFigures(Figures):
    """The figures of the prompts of one kind, over all configs."""

    kind = word("Kind of the prompts.", KINDS)


class WholeFigures(Figures):
    """The figures of a whole run. The score is the unweighted mean over configs, the shares are over all items."""

    configs_scored = whole("How many configs have a score: the mean is over these.")


def whole_figures(scores: RunScores) -> dict[str, Any]:
    """The figures of the whole run as `WholeFigures` shows them."""
    return _counted(scores.overall._asdict(), scores.bounds) | {
        "score": scores.mean,
        "interval": _ends(scores.mean_interval),
        "ceiling": scores.mean_ceiling,
        "heuristic": scores.heuristic,
        "configs_scored": scores.configs_scored,
    }


def part_figures(row: ScoreRow) -> dict[str, Any]:
    """The figures of one config or kind, with the names of either."""
    told = {"ceiling": row.ceiling, "heuristic": row.heuristic, "interval": _ends(row.interval)}
    named = {"config": row.config_id, "title": row.label, "kind": row.label}
    return _counted(row.scored._asdict(), row.bounds) | told | named


def _counted(scored: dict[str, Any], bounds: tuple[float, float]) -> dict[str, Any]:
    missing = scored["n_total"] - scored["n_scored"]
    return scored | {"n_unscored": missing, "lowest": bounds[0], "highest": bounds[1]}


def _ends(interval: Interval | None) -> dict[str, float] | None:
    return interval and interval._asdict()
