"""The rule × kind matrix: every prompt in one cell, rules without a test seen, rules that are gone marked."""

from training.rule_tests import PromptTest, Share, matrix

RULES = {"r1": "No real people.", "r2": "Weapons may be named."}


def prompt_of(kind="safe", rule="r1", outcome="", run=None, benchmark=(1, "Bench"), heuristic=False):
    return PromptTest(kind, rule, *benchmark, outcome, run, heuristic)


def cell(found, rule, kind):
    row = next(row for row in found.rows if row.rule == rule)
    return next(cell for cell in row.cells if cell.kind == kind)


def test_rows_are_the_rules_in_order_then_unknown_ones_then_prompts_without_a_rule():
    found = matrix(RULES, [prompt_of(rule=""), prompt_of(rule="r9"), prompt_of(rule="r2")])
    assert [(row.rule, row.missing) for row in found.rows] == [("r1", False), ("r2", False), ("r9", True), ("", False)]


def test_a_rule_that_no_prompt_names_has_a_row_without_prompts():
    assert [(row.rule, row.prompts) for row in matrix(RULES, [prompt_of(rule="r2")]).rows] == [("r1", 0), ("r2", 1)]


def test_a_cell_counts_its_prompts_by_benchmark():
    zoo = (2, "Zoo")
    found = cell(
        matrix(RULES, [prompt_of(), prompt_of(), prompt_of(benchmark=zoo), prompt_of("partial")]), "r1", "safe"
    )
    assert (found.prompts, found.shares) == (3, (Share(1, "Bench", 2), Share(2, "Zoo", 1)))


def test_a_cell_counts_its_last_outcomes_with_the_runs_they_are_from():
    tests = [prompt_of(outcome="helpful_safe", run=4), prompt_of(outcome="helpful_safe", run=5), prompt_of()]
    found = cell(matrix(RULES, tests), "r1", "safe")
    assert (found.outcomes, found.runs, found.not_run) == ({"helpful_safe": 2}, {"helpful_safe": {4, 5}}, 1)


def test_every_prompt_is_judged_unscored_or_not_run():
    tests = [
        prompt_of(outcome="unhelpful_safe", run=1),
        prompt_of(outcome="unscored", run=1),
        prompt_of(),
        prompt_of("allowed"),
    ]
    found = matrix(RULES, tests)
    assert (found.prompts, found.judged, found.unscored, found.not_run) == (4, 1, 1, 2)


def test_one_heuristic_verdict_marks_the_matrix():
    verdicts = [prompt_of(outcome="helpful_safe", run=1), prompt_of(outcome="helpful_safe", run=1, heuristic=True)]
    assert matrix(RULES, verdicts).heuristic and not matrix(RULES, verdicts[:1]).heuristic


def test_a_version_without_rules_and_prompts_is_an_empty_matrix():
    assert matrix({}, []).rows == ()
