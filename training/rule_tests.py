"""A version's tests: its rules by kind of prompt, with what came of each prompt last. Without a database."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from annotations.core.taxonomy import KINDS


class PromptTest(NamedTuple):
    """A prompt that tests a version, and the last verdict on it: `outcome` is "" while no run has judged it."""

    kind: str
    rule: str
    benchmark: int
    benchmark_title: str
    outcome: str = ""
    run: int | None = None
    heuristic: bool = False


class Share(NamedTuple):
    """How many prompts of a cell one benchmark has."""

    benchmark: int
    title: str
    prompts: int


class Cell(NamedTuple):
    """The prompts of one rule and one kind, by benchmark, with their last outcomes and the runs each comes from."""

    kind: str
    prompts: int
    shares: tuple[Share, ...]
    outcomes: Mapping[str, int]
    runs: Mapping[str, frozenset[int | None]]
    not_run: int


class RuleRow(NamedTuple):
    """One row of the matrix. `rule` is "" for prompts without a rule; `missing` when the version has no such rule."""

    rule: str
    text: str
    missing: bool
    cells: tuple[Cell, ...]
    prompts: int


class Matrix(NamedTuple):
    """The rule tests of a version; every prompt is in exactly one cell, and prompts = judged + unscored + not_run."""

    rows: tuple[RuleRow, ...]
    prompts: int
    judged: int
    unscored: int
    not_run: int
    heuristic: bool


def matrix(rules: Mapping[str, str], tests: Sequence[PromptTest]) -> Matrix:
    """The version's `rules` (id → text, in order), then rules that only prompts name, then prompts without a rule."""
    by_rule: dict[str, list[PromptTest]] = {rule: [] for rule in rules}
    for test in sorted(tests, key=lambda test: (test.rule == "", test.rule)):
        by_rule.setdefault(test.rule, []).append(test)
    rows = [_rule_row(rule, rules.get(rule, ""), rule not in rules, found) for rule, found in by_rule.items()]
    outcomes = Counter(test.outcome for test in tests)
    return Matrix(
        rows=tuple(rows),
        prompts=len(tests),
        judged=len(tests) - outcomes["unscored"] - outcomes[""],
        unscored=outcomes["unscored"],
        not_run=outcomes[""],
        heuristic=any(test.heuristic for test in tests),
    )


def _rule_row(rule: str, text: str, missing: bool, tests: Sequence[PromptTest]) -> RuleRow:
    cells = tuple(_cell(kind, [test for test in tests if test.kind == kind]) for kind in KINDS)
    return RuleRow(rule, text, missing and bool(rule), cells, len(tests))


def _cell(kind: str, tests: Sequence[PromptTest]) -> Cell:
    outcomes = Counter(test.outcome for test in tests if test.outcome)
    shares = Counter((test.benchmark, test.benchmark_title) for test in tests)
    return Cell(
        kind=kind,
        prompts=len(tests),
        shares=tuple(Share(*benchmark, number) for benchmark, number in sorted(shares.items())),
        outcomes=dict(outcomes),
        runs={name: frozenset(test.run for test in tests if test.outcome == name) for name in outcomes},
        not_run=sum(not test.outcome for test in tests),
    )
