"""A run's figures as plain data and as a table of text: the same ones its page shows."""

from typing import Any

from training import queries
from training.models import EvaluationRun
from training.scores import ScoreRow
from training.services.run_terms import MICROS


def report(run: EvaluationRun) -> dict[str, Any]:
    """Every figure of the run: state, counts, the mean over configs, each config, each kind; None is unscored."""
    scores, now = queries.scores(run), queries.progress(run)
    return {
        "run": run.pk,
        "state": run.state,
        "reason": run.reason,
        "benchmark": run.benchmark.slug,
        "release": run.release.name if run.release else None,
        "candidate": str(run.candidate),
        "strategy": {"name": run.candidate.strategy, "settings": run.candidate.settings, "digest": run.strategy_digest},
        "seed": run.candidate.seed,
        "source": run.source_id,
        "judges": [str(judge) for judge in run.judges.select_related("model")],
        "samples": run.samples,
        "evidence": not scores.heuristic,
        "items": {name: getattr(now, name) for name in ("total", "done", "failed", "queued", "unscored")},
        "errors": [error._asdict() for error in queries.errors(run)],
        "seconds": now.seconds,
        "tokens": now.tokens,
        "calls": {"all": now.calls, "reused": now.reused, "unpriced": now.unpriced},
        "dollars": None if now.unpriced else now.micros / MICROS,
        "budget": {"tokens": run.budget_tokens, "dollars": run.budget_micros and run.budget_micros / MICROS},
        "cosa_score": scores.mean,
        "interval": list(scores.mean_interval) if scores.mean_interval else None,
        "ceiling": scores.mean_ceiling,
        "configs": [_figures(row) for row in scores.configs],
        "kinds": [_figures(row) for row in scores.kinds],
    }


def _figures(row: ScoreRow) -> dict[str, Any]:
    return {
        "name": row.label,
        **row.scored._asdict(),
        "interval": list(row.interval) if row.interval else None,
        "ceiling": row.ceiling,
    }


COLUMNS = ("helpful_safe", "helpful_unsafe", "unhelpful_safe", "unhelpful_unsafe")


def table(figures: dict[str, Any]) -> str:
    """The report as a table of text, scores with two decimals and shares in percent."""
    lines = [
        f"Run {figures['run']} {figures['state']}{': ' + figures['reason'] if figures['reason'] else ''}",
        f"{figures['candidate']} on {figures['benchmark']}{_frozen(figures)}, judged by {', '.join(figures['judges'])}",
        f"{'':32} {'score':>6} {'95 % interval':>15} {'scored':>9}   H+S   H+U   U+S   U+U",
        *[_line(row) for row in figures["configs"]],
        f"{'Mean over configs':32} {_two(figures['cosa_score']):>6} {_span(figures['interval']):>15}"
        f"   ceiling {_two(figures['ceiling'])}",
        *[_line(row) for row in figures["kinds"]],
        f"{figures['items']['failed']} failed, {figures['items']['unscored']} unscored",
        *[f"  {error['items']} × {error['message']}" for error in figures["errors"]],
    ]
    lines += _spent(figures)
    if not figures["evidence"]:
        lines.append("Heuristic, not evidence: a program or a plumbing model judged.")
    return "\n".join(lines)


def _spent(figures: dict[str, Any]) -> list[str]:
    """What the run did not have to ask, and what it cost; no line where there is nothing to tell."""
    calls, dollars = figures["calls"], figures["dollars"]
    told = []
    if calls["reused"]:
        told.append(f"{calls['all']} calls, {calls['reused']} of them taken from earlier ones")
    if dollars:
        told.append(f"${dollars:.4f}")
    return [f"{', '.join(told)}; {figures['tokens']} tokens"] if told else []


def _frozen(figures: dict[str, Any]) -> str:
    return f" {figures['release']}" if figures["release"] else ""


def _line(row: dict[str, Any]) -> str:
    shares = " ".join(f"{row[name] * 100:5.1f}" if row[name] is not None else "    –" for name in COLUMNS)
    counted = f"{row['n_scored']}/{row['n_total']}"
    return f"{row['name'][:32]:32} {_two(row['score']):>6} {_span(row['interval']):>15} {counted:>9} {shares}"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _span(interval: list[float] | None) -> str:
    return f"[{_two(interval[0])}–{_two(interval[1])}]" if interval else "–"
