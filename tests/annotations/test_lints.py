"""Every lint of the folder keeps the promises of one; what each finds, and what it lets through."""

import inspect
import re
import tomllib
from collections import Counter
from pathlib import Path
from time import process_time

import pytest

from annotations import lints
from annotations.core import config_templates, folder
from annotations.core.config_text import Rule
from annotations.lints import Draft
from annotations.lints._text import in_policy
from tests.drafts import GOOD, POLICY, TRIED, found, with_policy, with_rule

DOC = Path(__file__).parents[2] / "docs" / "lints.md"

BAD = {
    "catch_all_clause": with_policy("We forbid theft and any other activity that violates laws."),
    "closed_by_floor": GOOD._replace(floor="No violence."),
    "empty_policy": GOOD._replace(policy=" \n"),
    "empty_rule": with_rule("disallow", "…"),
    "missing_audience": GOOD._replace(audience=""),
    "missing_use_case": GOOD._replace(use_case=" "),
    "opened_but_unsaid": GOOD._replace(allowed=frozenset({"violence", "privacy"})),
    "poses_as_frame": with_policy("Provider's floor: nothing is closed."),
    "rule_against_allowed": with_rule("disallow", "No violence."),
    "rule_without_prompt": GOOD._replace(prompts_by_rule={"r1": 1}),
    "rules_repeat": with_rule("allow", "No torture shown act by act and no severed limbs"),
    "unfilled_placeholder": with_policy("You work for [name of the studio]."),
    "unknown_rule_mentioned": with_policy("Maps may be drawn within the limits of r9."),
    "vague_words": with_policy("Keep the jokes appropriate."),
    "very_long_sentence": with_policy("War " * 46 + "ends."),
}
HOSTILE = (
    "a",
    ".",
    " ",
    "\n",
    "#",
    "*",
    '"',
    "[a",
    "any ",
    "any-",
    "no other ",
    "r9 ",
    "rule 1 of ",
    "- ",
    "a\n",
    "1. \n",
)
HOSTILE += ("a:\n", "any illegal or harmful, ", "violations of the any ", "no violence, ", "No violence. ", "not too ")
HOSTILE += (
    "all kinds of harm of ",
    "anything that may be ",
    "obey all ",
    "والعنف ",
    "غير ",
    "👩‍👩‍👧 ",
    "<b>&amp;</b> ",
    "\x00",
)


def test_a_good_draft_has_no_findings():
    assert lints.check(GOOD) == []


@pytest.mark.parametrize("name", lints.names())
def test_a_lint_says_what_it_is_and_why_with_an_example(name):
    label, why = lints.about(name)
    assert label.strip() and "Before: " in why and "After: " in why and 150 < len(why) < 600
    assert "  " not in why and why == why.strip()


@pytest.mark.parametrize("name", lints.names())
def test_a_lint_has_a_level_and_a_documented_check(name):
    lint = folder.module("annotations.lints", name)
    assert lint.LEVEL in ("warning", "note") and inspect.getdoc(lint.check)


@pytest.mark.parametrize("name", lints.names())
def test_a_lint_finds_its_own_bad_example_alone(name):
    found_there = lints.check(BAD[name])
    assert [finding.lint for finding in found_there] == [name]


@pytest.mark.parametrize("name", lints.names())
def test_a_finding_names_its_lint_and_says_what_to_do_shortly(name):
    [finding] = lints.check(BAD[name])
    assert finding.level == folder.module("annotations.lints", name).LEVEL
    assert 40 < len(finding.message) < 300 and finding.message.endswith(".") and len(finding.excerpt) <= 80


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_takes_no_time_anywhere(text):
    line = (text * 20_000)[:20_000]
    rules = tuple(Rule(f"r{n}", kind, line[:2000]) for n, kind in enumerate(["allow", "disallow", "odd"] * 3, 1))
    allowed = frozenset({"violence", "privacy", "other", "no such"})
    began = process_time()
    findings = lints.check(Draft(line, line, line, text[:35], line, rules, allowed, {}, line))
    assert process_time() - began < 1
    assert all(len(finding.message) < 500 and len(finding.excerpt) <= 80 for finding in findings)


def test_sixty_rules_and_a_policy_of_20_000_characters_take_no_time():
    policy = "\n\n".join(f"In chapter {n} a storm, a feast or a quarrel may be told plainly." for n in range(300))[
        :20_000
    ]
    rules = tuple(
        Rule(f"r{n}", "disallow", f"No scene {'ab'[n % 2] * n} with a ghost and the number {n}.") for n in range(60)
    )
    draft = GOOD._replace(policy=policy, rules=rules)
    lints.check(draft)
    began = process_time()
    lints.check(draft._replace(policy=policy + "."))
    assert process_time() - began < 0.2


def test_the_lint_in_the_docs_is_one():
    source = re.search(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)[1]
    lint: dict = {}
    exec(compile(source, "shouting.py", "exec"), lint)  # noqa: S102
    [finding] = lint["check"](with_policy("NO ALCOHOL EVER."))
    assert (finding.lint, finding.level, finding.line) == ("shouting", lint["LEVEL"], 5)
    assert list(lint["check"](GOOD)) == []


def test_an_empty_draft_has_findings_and_no_accident():
    draft = Draft("", "", "", "", "", (), frozenset(), {})
    assert [finding.lint for finding in lints.check(draft)] == ["empty_policy", "missing_audience", "missing_use_case"]


def test_warnings_come_first_and_then_the_order_of_the_page():
    draft = with_rule("disallow", "No violence.", use_case="")
    draft = draft._replace(prompts_by_rule=TRIED, policy="Stay reasonable.\n\nKeep to r7.\n" + POLICY)
    assert [(one.lint, one.line, one.rule) for one in lints.check(draft)] == [
        ("missing_use_case", None, ""),
        ("unknown_rule_mentioned", 3, ""),
        ("rule_against_allowed", None, "r3"),
        ("vague_words", 1, ""),
        ("rule_without_prompt", None, "r3"),
    ]


def test_only_five_findings_of_a_lint_are_shown_and_the_rest_is_counted():
    draft = with_policy("Stay sensible.\n\n" + "Stay reasonable.\n\n" * 7)
    findings = found(draft, "vague_words")
    assert len(findings) == 5 and findings[4].message.endswith(" And 2 more of this kind.")
    assert "more of this kind" not in findings[3].message


def test_the_name_of_a_lint_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(LookupError, match="There is no 'spelling'.*vague_words"):
        lints.about("spelling")


@pytest.mark.parametrize("name", folder.names("annotations.data.benchmarks", ".toml"))
def test_the_demo_configs_have_no_findings(name):
    data = tomllib.loads(folder.text("annotations.data.benchmarks", f"{name}.toml"))
    config, counted = data["config"], Counter(prompt["rule"] for prompt in data["prompts"] if prompt["rule"])
    texts = (config[key] for key in ("title", "use_case", "audience", "language", "policy"))
    rules = tuple(Rule(**rule) for rule in data["rules"])
    assert lints.check(Draft(*texts, rules, frozenset(config["allowed"]), counted)) == []


@pytest.mark.parametrize("template", config_templates.all(), ids=lambda template: template.name)
def test_a_config_template_has_gaps_to_fill_and_no_other_findings(template):
    tried = {rule.id: 1 for rule in template.rules}
    findings = lints.check(Draft(*template[3:7], template.policy, template.rules, template.allowed, tried))
    assert {finding.lint for finding in findings} <= {"unfilled_placeholder"}


def test_a_sentence_knows_its_line_its_paragraph_and_what_it_stands_under():
    cut = list(in_policy("# Limits\r\n\r\nOne.  Two\ngoes on. Three.\n\nNever:\n- four\n  and more\n2. five\n\nSix.\n"))
    assert [(one.line, one.lead, one.text) for one in cut] == [
        (1, "", "# Limits"),
        (3, "# Limits", "One."),
        (3, "# Limits", "Two goes on."),
        (4, "# Limits", "Three."),
        (6, "# Limits", "Never:"),
        (7, "Never:", "four and more"),
        (9, "Never:", "five"),
        (11, "# Limits", "Six."),
    ]
    assert cut[2].block == "One. Two goes on. Three."
