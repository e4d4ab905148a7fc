"""Adding a prompt to a benchmark: what is refused in words, what is stored, and two people at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.db.models import Min

from annotations.core.config_text import digest
from annotations.models import AuditEvent, Prompt
from annotations.services import prompts
from annotations.services.prompt_checks import LONGEST, PromptProblem
from annotations.services.prompts import add_prompt
from tests.factories import make_benchmark, make_config, make_person, make_prompt, make_version

pytestmark = pytest.mark.django_db


def added(text="How tall may a siege tower be?", **fields):
    values = {"benchmark": make_benchmark(), "config": make_config(), "kind": "safe", "risks": [], "rule": ""}
    return add_prompt(text=text, actor=make_person("ada"), **values | {"why": "", "language": ""} | fields)


def problem(*args, **fields):
    with pytest.raises(PromptProblem) as caught:
        added(*args, **fields)
    assert not Prompt.objects.exists()
    return str(caught.value)


def test_a_prompt_is_stored_with_the_digest_of_its_text():
    prompt = added("  Line one\r\nline two ", risks=["weapons", "drugs", "drugs"], kind="partial", why=" Both. ")
    prompt.refresh_from_db()
    assert (prompt.text, prompt.digest) == ("Line one\nline two", digest("Line one\nline two"))
    assert (prompt.risks, prompt.why, prompt.position) == (["drugs", "weapons"], "Both.", 1)


def test_the_language_is_that_of_the_config_unless_told():
    config = make_config(language="ar")
    assert [added("a", config=config).language, added("b", config=config, language="de").language] == ["ar", "de"]


def test_the_next_prompt_stands_behind_the_last_one():
    make_prompt(position=41)
    assert added().position == 42


def test_an_empty_prompt_is_refused():
    assert "empty" in problem(" \r\n ")


def test_an_overlong_prompt_is_refused_with_both_numbers():
    assert problem("x" * 100_000) == "A prompt has at most 20,000 characters; this one has 100,000."
    assert added("x" * LONGEST).pk


@pytest.mark.parametrize(("kind", "risks", "situation"), [("partial", [], 2), ("disallowed", [], 3), ("safe", [], 1)])
def test_without_risk_categories_the_kind_says_the_situation(kind, risks, situation):
    assert added(config=make_config(categorical=True), kind=kind, risks=risks).situation == situation


def test_risk_categories_say_the_situation_whatever_the_kind():
    assert added(config=make_config(categorical=True), kind="partial", risks=["drugs"]).situation == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "harmful"}, "Choose the kind"),
        ({"kind": ""}, "Choose the kind"),
        ({"risks": ["dragons"]}, "no risk category 'dragons'"),
        ({"rule": "r9"}, "has no rule r9"),
    ],
)
def test_an_unknown_kind_risk_or_rule_is_refused(fields, words):
    make_version()
    assert words in problem(**fields)


def test_the_refusal_of_a_rule_names_the_rules_there_are():
    rules = [{"id": f"r{n}", "kind": "allow", "text": "x", "example": ""} for n in (1, 2, 10)]
    make_version(rules=rules)
    assert "r1, r2, r10" in problem(rule="r9")


def test_a_rule_of_a_draft_may_be_tested_however_it_is_typed():
    make_version(state="draft")
    assert added(rule=" R1 ").rule == "r1"


def test_the_same_text_twice_under_one_config_is_refused():
    added("Who goes there?")
    with pytest.raises(PromptProblem, match="already has this prompt"):
        added(" Who goes there?\r\n")
    assert added("Who goes there?", config=make_config("film")).position == 2


def test_a_position_taken_past_the_lock_is_a_sentence_too(monkeypatch):
    make_prompt(position=7)
    monkeypatch.setattr(prompts, "Max", Min)  # 7 + 1 is free; with two rows the lowest is no longer the last
    make_prompt(position=8)
    with pytest.raises(PromptProblem, match="same moment"):
        added()


def test_what_no_database_takes_is_replaced():
    assert added("a\0b\ud800c").text == "a\ufffdb\ufffdc"


def test_signs_of_templates_stay_as_written():
    assert added("Say {response} under $config").text == "Say {response} under $config"


def test_adding_is_written_down_without_the_text():
    prompt = added("A very secret text", rule="", kind="allowed")
    event = AuditEvent.objects.get()
    assert (event.actor.username, event.action, event.object_id) == ("ada", "create", prompt.pk)
    assert event.after["kind"] == "allowed" and "secret" not in str(event.after)


@pytest.mark.django_db(transaction=True)
def test_people_who_add_at_the_same_moment_get_one_position_each():
    fields = {"benchmark": make_benchmark(), "config": make_config(), "actor": make_person("ada")}
    fields |= {"kind": "safe", "risks": [], "rule": "", "why": "", "language": "en"}
    start = Barrier(4)

    def add_five(person: int) -> None:
        start.wait()
        for number in range(5):
            add_prompt(text=f"{person}-{number}", **fields)
        connections.close_all()

    with ThreadPoolExecutor(4) as people:
        list(people.map(add_five, range(4)))
    assert sorted(Prompt.objects.values_list("position", flat=True)) == list(range(1, 21))
