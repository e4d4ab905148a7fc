"""The house as rules: which floor a module is on, what it imports, and which imports go up the stairs."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
APPS = {"annotations": 0, "training": 1, "cosa_web": 2}
PURE_FOLDERS = (
    "annotations.core",
    "annotations.exports",
    "annotations.imports",
    "annotations.lints",
    "training.engines",
    "training.strategies",
    "training.judges",
    "training.recipes",
    "training.clustering",
)
FLOORS = {
    **dict.fromkeys(("core", "data"), 0),
    **dict.fromkeys(("engines", "strategies", "judges", "recipes", "exports", "imports", "lints"), 1),
    **dict.fromkeys(("marks", "scores", "troubles", "evidence", "rule_tests"), 1),
    **dict.fromkeys(("hub",), 1),
    **dict.fromkeys(("compare", "comparable", "gate", "leaderboard"), 1),
    **dict.fromkeys(("compare_queries", "compare_charts", "change_reader", "leaderboard_queries"), 3),
    **dict.fromkeys(("attacks", "panel_words"), 1),
    **dict.fromkeys(("judge_queries",), 3),
    **dict.fromkeys(("human", "human_checks"), 1),
    **dict.fromkeys(("recipe_queries", "recipe_words"), 3),
    **dict.fromkeys(("models", "migrations"), 2),
    **dict.fromkeys(("prepared", "index_beside"), 2),
    **dict.fromkeys(
        ("services", "queries", "access", "charts", "dossier", "lineage", "roster", "trail", "trail_words"), 3
    ),
    **dict.fromkeys(("heat", "lines", "bars"), 3),
    **dict.fromkeys(("version_scores", "run_speed"), 3),
    **dict.fromkeys(("campaign_access", "evidence_queries", "room"), 3),
    **dict.fromkeys(("human_queries", "human_charts", "human_reader"), 3),
    **dict.fromkeys(("run_queries", "candidate_words"), 3),
    **dict.fromkeys(("capability", "refusals"), 1),
    **dict.fromkeys(("clustering",), 1),
    **dict.fromkeys(("proposal_words",), 1),
    **dict.fromkeys(("map_queries",), 3),
    **dict.fromkeys(("model_queries", "model_charts"), 3),
    **dict.fromkeys(("correction", "correction_queries"), 3),
    **dict.fromkeys(("pair_preview", "pair_queries"), 3),
    **dict.fromkeys(("stage_items",), 3),
    **dict.fromkeys(("label_queries",), 3),
    **dict.fromkeys(("checkpoint_queries",), 3),
    **dict.fromkeys(("training_checks",), 3),
    **dict.fromkeys(("loop_queries",), 3),
    **dict.fromkeys(("node_queries", "worker_queries"), 3),
    **dict.fromkeys(("training_queries", "training_points", "training_charts", "training_facts"), 3),
    **dict.fromkeys(("training_beside", "training_metrics", "training_figures"), 3),
    **dict.fromkeys(("latency",), 1),
    **dict.fromkeys(("deployment_words", "snippets"), 1),
    **dict.fromkeys(("deployment_queries", "traffic_queries", "traffic_charts", "key_queries"), 3),
    **dict.fromkeys(("metric_files",), 1),
    **dict.fromkeys(("metrics_queries", "search_queries", "home_queries"), 3),
    **dict.fromkeys(("api", "gateway", "keyset"), 4),
    **dict.fromkeys(("views", "tasks", "management", "admin", "forms", "urls", "apps", "web", "templatetags"), 4),
}
LONGEST_FILE, LONGEST_FUNCTION = 300, 30


def modules() -> dict[str, Path]:
    """Every module of the three apps by its dotted name, migrations left out."""
    found = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


class Told(NamedTuple):
    """What a source says of itself: its imports, and each function's name and number of lines."""

    imports: list[ast.Import]
    froms: list[ast.ImportFrom]
    functions: list[tuple[str, int]]


@cache
def told(source: str) -> Told:
    """What stands anywhere in a source, which is read once for all rules."""
    found = Told([], [], [])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.imports.append(node)
        elif isinstance(node, ast.ImportFrom):
            found.froms.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.functions.append((node.name, (node.end_lineno or node.lineno) - node.lineno + 1))
    return found


def imported(module: str, source: str, known: frozenset[str], package: bool = False) -> set[str]:
    """The modules a source imports anywhere in it; `from a import b` is a.b where there is such a module, else a."""
    found = {alias.name for node in told(source).imports for alias in node.names}
    for node in told(source).froms:
        base = _absolute(module, node, package)
        inside = {f"{base}.{alias.name}" for alias in node.names}
        found |= inside & known or {base}
        found |= {base} if inside - known else set()
    return found


def _absolute(module: str, node: ast.ImportFrom, package: bool) -> str:
    above = module.split(".")[: None if package else -1]
    parts = above[: len(above) - node.level + 1] if node.level else []
    return ".".join([*parts, *([node.module] if node.module else [])])


def floor(module: str) -> int | None:
    """The floor inside its app, 0 at the bottom; the shell's modules are all at the top; None for an unknown place."""
    app, _, rest = module.partition(".")
    if app == "cosa_web" or not rest:
        return 4
    return FLOORS.get(rest.partition(".")[0])


def goes_up(module: str, target: str) -> bool:
    """True when `module` may not import `target`: another app above it, or a higher floor of any app."""
    app, other = module.partition(".")[0], target.partition(".")[0]
    if other not in APPS or target == app:
        return False
    return APPS[other] > APPS[app] or (floor(target) or 0) > (floor(module) or 0)


def climbing(module: str, source: str, known: frozenset[str], package: bool = False) -> list[str]:
    """The imports of a source that go up."""
    return sorted(target for target in imported(module, source, known, package) if goes_up(module, target))


def long_functions(source: str, most: int = LONGEST_FUNCTION) -> Iterator[str]:
    """The functions of a source that have more lines than `most`, with their length."""
    for name, lines in told(source).functions:
        if lines > most:
            yield f"{name}: {lines} lines"


def binds_the_apps_name(source: str) -> bool:
    """True for `from __future__ import annotations`, which hides the app of that name in its module."""
    return any(node.module == "__future__" for node in told(source).froms)


def reading(package: str) -> str:
    """A program that imports every module of a package and fails when Django or Celery came along."""
    return f"""
import importlib, pkgutil, sys
package = importlib.import_module({package!r})
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
came = {{"django", "celery"}} & set(sys.modules)
sys.exit("came along: " + ", ".join(sorted(came)) if came else 0)
"""
