"""The benchmark files that ship with the application keep the format the importer and the tutorials rely on."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "annotations" / "data" / "benchmarks"
FILES = sorted(FOLDER.glob("*.toml"))
SHOWN = FOLDER.parent / "demonstrations"
ORGANISATIONS = {"game_studio", "public_prosecutor", "childrens_books", "language_learning", "film_production"}

RISKS = {"financial_crime", "discrimination", "violence", "drugs", "privacy", "sexual", "weapons", "other"}
KINDS = ["safe", "allowed", "partial", "disallowed"]
RULE_KINDS = {"allow", "disallow", "conditional"}

TOP_KEYS = {"licence", "organisation", "config", "rules", "prompts"}
ORGANISATION_KEYS = {"slug", "name", "about"}
CONFIG_KEYS = {"slug", "title", "use_case", "audience", "language", "allowed", "policy"}
RULE_KEYS = {"id", "kind", "text", "example"}
PROMPT_KEYS = {"text", "kind", "language", "risks", "rule", "why"}

SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def _read(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _plain(text):
    return " ".join(text.lower().split())


def _rule_kinds(data):
    return {rule["id"]: rule["kind"] for rule in data["rules"]}


def _prompts(data, *kinds):
    return [prompt for prompt in data["prompts"] if prompt["kind"] in kinds]


def _strings(data):
    tables = [data["organisation"], data["config"], *data["rules"]]
    values = [value for table in tables for value in table.values()]
    values += [prompt[key] for prompt in data["prompts"] for key in ("text", "why")]
    return [value for value in values if not isinstance(value, list)]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def data(request):
    return _read(request.param)


def test_the_five_demo_organisations_are_there():
    assert ORGANISATIONS - {path.stem for path in FILES} == set()


def test_the_licence_of_the_folder_is_written_down_beside_the_files():
    assert "CC-BY-4.0" in (FOLDER / "LICENCE.md").read_text(encoding="utf-8")


def test_the_licence_is_named(data):
    assert data["licence"] == "CC-BY-4.0"


def test_the_tables_have_exactly_the_agreed_keys(data):
    assert set(data) - {"proposal"} == TOP_KEYS
    assert set(data["organisation"]) == ORGANISATION_KEYS
    assert set(data["config"]) == CONFIG_KEYS


def test_each_rule_has_exactly_the_agreed_keys(data):
    rules = data["rules"] + data.get("proposal", {}).get("rules", [])
    assert [rule for rule in rules if set(rule) != RULE_KEYS] == []


def test_a_proposal_is_a_note_and_the_rules_that_change(data):
    assert set(data.get("proposal", {})) in (set(), {"note", "rules"})


def test_each_prompt_has_exactly_the_agreed_keys(data):
    assert [prompt for prompt in data["prompts"] if set(prompt) != PROMPT_KEYS] == []


def test_no_text_is_empty_and_every_text_is_a_string(data):
    assert [value for value in _strings(data) if not isinstance(value, str) or not value.strip()] == []


def test_slugs_can_stand_in_an_address(data):
    slugs = [data["organisation"]["slug"], data["config"]["slug"]]
    assert [slug for slug in slugs if not SLUG.fullmatch(slug)] == []


def test_languages_are_language_tags(data):
    tags = {data["config"]["language"], *(prompt["language"] for prompt in data["prompts"])}
    assert [tag for tag in tags if not LANGUAGE_TAG.fullmatch(tag)] == []


def test_policy_and_rules_together_have_150_to_450_words(data):
    words = " ".join([data["config"]["policy"], *(rule["text"] for rule in data["rules"])]).split()
    assert 150 <= len(words) <= 450


def test_the_config_opens_known_risks_and_never_other(data):
    allowed = data["config"]["allowed"]
    assert set(allowed) <= RISKS - {"other"}
    assert len(allowed) == len(set(allowed))


def test_rule_ids_count_up_from_r1(data):
    expected = [f"r{number}" for number in range(1, len(data["rules"]) + 1)]
    assert [rule["id"] for rule in data["rules"]] == expected


def test_there_are_7_to_10_rules_of_known_kinds(data):
    kinds = list(_rule_kinds(data).values())
    assert 7 <= len(kinds) <= 10
    assert set(kinds) <= RULE_KINDS


def test_at_least_two_rules_open_something_and_four_forbid(data):
    forbidding = list(_rule_kinds(data).values()).count("disallow")
    assert forbidding >= 4
    assert len(data["rules"]) - forbidding >= 2


def test_there_are_40_prompts_ten_of_each_kind_in_order(data):
    assert [prompt["kind"] for prompt in data["prompts"]] == [kind for kind in KINDS for _ in range(10)]


def test_prompt_risks_are_known_and_named_once(data):
    wrong = [p["text"] for p in data["prompts"] if len(set(p["risks"]) & RISKS) != len(p["risks"])]
    assert wrong == []


def test_a_safe_prompt_carries_no_risk(data):
    assert [prompt["text"] for prompt in _prompts(data, "safe") if prompt["risks"]] == []


def test_an_allowed_prompt_carries_only_risks_the_config_opens(data):
    opened = set(data["config"]["allowed"])
    wrong = [p["text"] for p in _prompts(data, "allowed") if not p["risks"] or not set(p["risks"]) <= opened]
    assert wrong == []


def test_a_safe_or_allowed_prompt_names_no_rule_or_one_that_grants(data):
    rules = {"": "allow", **_rule_kinds(data)}
    grants = {"allow", "conditional"}
    wrong = [p["text"] for p in _prompts(data, "safe", "allowed") if rules.get(p["rule"]) not in grants]
    assert wrong == []


def test_a_partial_or_disallowed_prompt_carries_a_risk(data):
    assert [prompt["text"] for prompt in _prompts(data, "partial", "disallowed") if not prompt["risks"]] == []


def test_a_partial_or_disallowed_prompt_names_a_rule_that_limits(data):
    rules = _rule_kinds(data)
    limits = {"disallow", "conditional"}
    wrong = [p["text"] for p in _prompts(data, "partial", "disallowed") if rules.get(p["rule"]) not in limits]
    assert wrong == []


def test_every_disallow_rule_is_touched_by_a_prompt(data):
    touched = {prompt["rule"] for prompt in data["prompts"]}
    assert [rule["id"] for rule in data["rules"] if rule["kind"] == "disallow" and rule["id"] not in touched] == []


def test_prompts_have_12_to_900_characters(data):
    assert [prompt["text"] for prompt in data["prompts"] if not 12 <= len(prompt["text"]) <= 900] == []


def test_no_prompt_occurs_twice_within_or_across_files():
    times = Counter(_plain(prompt["text"]) for path in FILES for prompt in _read(path)["prompts"])
    assert [text for text, count in times.items() if count > 1] == []


def test_no_two_files_share_an_organisation_or_a_config():
    files = [_read(path) for path in FILES]
    assert len({data["organisation"]["slug"] for data in files}) == len(files)
    assert len({(data["organisation"]["slug"], data["config"]["slug"]) for data in files}) == len(files)


def test_each_config_has_a_file_of_five_demonstrations_in_the_order_of_the_paper(data):
    file = _read(SHOWN / f"{data['config']['slug']}.toml")
    assert set(file) == {"licence", "demonstrations"} and file["licence"] == data["licence"]
    assert [set(row) for row in file["demonstrations"]] == [{"kind", "prompt", "response"}] * 5
    assert [row["kind"] for row in file["demonstrations"]] == ["disallowed", "partial", "allowed", "safe", "safe"]


def test_no_prompt_of_a_benchmark_is_given_away_by_a_demonstration(data):
    file = _read(SHOWN / f"{data['config']['slug']}.toml")
    shown = {_plain(row["prompt"]) for row in file["demonstrations"]}
    assert shown & {_plain(prompt["text"]) for prompt in data["prompts"]} == set()


def test_a_demonstration_is_short_enough_to_stand_before_every_prompt(data):
    file = _read(SHOWN / f"{data['config']['slug']}.toml")
    assert max(len(f"{row['prompt']} {row['response']}".split()) for row in file["demonstrations"]) <= 250
