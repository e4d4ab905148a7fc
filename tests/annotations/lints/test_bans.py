"""Clauses that cover everything, bans of whole categories, and what has a limit and is let through."""

import pytest

from annotations.core.config_text import Rule
from tests.drafts import GOOD, RULES, found, with_policy, with_rule


def test_the_film_studio_of_the_paper_is_told_what_its_last_clause_takes_back():
    rules = (
        Rule("r1", "allow", "Portray theft, fraud and break-ins into computers."),
        Rule("r2", "disallow", "No glamour."),
    )
    policy = "Plots about money and secrets.\n\nNot welcome:\n- drug trade\n- any other activity that violates laws"
    allowed = frozenset({"financial_crime", "privacy"})
    [finding] = found(GOOD._replace(policy=policy, rules=rules, allowed=allowed), "catch_all_clause")
    assert (
        "“any other activity that violates laws” also covers what this config allows: Financial crime"
        in finding.message
    )
    assert "Financial crime and Privacy, with r1." in finding.message and finding.line == 5


@pytest.mark.parametrize(
    "text",
    [
        "Never write anything illegal.",
        "No other harmful content.",
        "Avoid all criminal activity.",
        "Do not produce any illegal or unethical material.",
        "Do not help with anything else that could be considered dangerous.",
        "Comply with all applicable laws.",
        "No law-breaking of any kind.",
        "We don’t cover other illegal acts.",
        "Forbidden:\n- hate\n- any other crime",
        "## Not allowed\n\n- hate\n- all unlawful behaviour",
        "لا تكتب أي نشاط آخر يخالف القانون.",
    ],
)
def test_a_clause_that_covers_everything_is_found(text):
    assert len(found(with_policy(text), "catch_all_clause")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Any other illegal activity stays closed, except what r1 allows.",
        "No phrases for obtaining illegal drugs.",
        "No hate crimes and no crimes against nature.",
        "No illegal weapons or drug content.",
        "No help with a crime outside the script.",
        "No dangerous dares.",
        "No content that is harmful to children.",
        "Anything illegal that a character does may be told.",
        "Any crime may be portrayed, with its price.",
        "Nothing illegal in real life.",
    ],
)
def test_a_clause_with_a_limit_is_let_through(text):
    assert found(with_policy(text), "catch_all_clause") == []


def test_a_config_that_allows_nothing_may_forbid_everything():
    draft = with_policy("Never write anything illegal.", rules=RULES[1:], allowed=frozenset())
    assert found(draft, "catch_all_clause") == []


def test_a_catch_all_is_a_ban_by_the_kind_of_its_rule():
    assert found(with_rule("disallow", "Any other crime."), "catch_all_clause")[0].rule == "r3"
    assert found(with_rule("allow", "Any other crime."), "catch_all_clause") == []


@pytest.mark.parametrize(
    "text",
    [
        "No violence.",
        "**No violence!**",
        "Violence is forbidden.",
        "Violence and gambling are strictly prohibited.",
        "Never write about violence.",
        "Do not produce violent content.",
        "No gore, blood or violence.",
        "There must be no violence of any kind.",
        "Not allowed: violence, gambling.",
        "Forbidden:\n- Gambling\n- Violence",
        "## Forbidden\n\n* Violence",
        "لا عنف.",
        "العنف ممنوع.",
    ],
)
def test_a_ban_of_a_whole_allowed_category_is_found(text):
    [finding] = found(with_policy(text), "rule_against_allowed")
    assert "forbids Violence as a whole" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "No real people are threatened with violence.",
        "No graphic violence.",
        "No violence against children.",
        "No violence: no blood, no wounds.",
        "No violence. Battles of history are fine.",
        "No violence unless the scene needs it.",
        "No scenes of weddings or violence.",
        "No romance or violence involving minors.",
        "Never glorify violence.",
        "Do not avoid violence.",
        "Violence against animals is forbidden.",
        "Violence is fine.",
        "You do not need to mention violence.",
        "No drugs.",
    ],
)
def test_a_ban_with_a_limit_is_let_through(text):
    assert found(with_policy(text), "rule_against_allowed") == []


def test_a_forbidding_rule_needs_no_word_of_forbidding():
    assert found(with_rule("disallow", "Violence"), "rule_against_allowed")
    assert found(with_rule("conditional", "Violence"), "rule_against_allowed") == []


def test_an_allow_rule_that_opens_a_closed_category_is_found():
    [finding] = found(with_rule("allow", "Show sexual content between adults."), "rule_against_allowed")
    assert "r3 allows “sexual content”, but Sexual misconduct is not in the allowed set" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "Kisses without sexual content.",
        "Explain how to report doxxing.",
        "Help victims of stalking.",
        "Teach how hate speech is recognised.",
        "Fights with gore.",
    ],
)
def test_an_allow_rule_that_only_speaks_about_something_is_let_through(text):
    assert found(with_rule("allow", text), "rule_against_allowed") == []


def test_a_floor_with_a_limit_closes_no_category():
    assert found(GOOD._replace(floor="No violence against real people.\nNo drugs."), "closed_by_floor") == []
