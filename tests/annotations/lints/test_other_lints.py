"""What the lints of fields, words and rules find, and what they let through."""

import pytest

from annotations.core.config_text import Rule
from tests.drafts import GOOD, RULES, found, with_policy, with_rule


@pytest.mark.parametrize("audience", ["Users", "all users.", "the general public", "Everyone", "n/a", "-"])
def test_an_audience_that_fits_any_config_is_none(audience):
    assert len(found(GOOD._replace(audience=audience), "missing_audience")) == 1


@pytest.mark.parametrize("audience", ["Users of a clinic", "Children of 5", "المحرّرون", "读者和编辑"])
def test_an_audience_that_says_who_is_one(audience):
    assert found(GOOD._replace(audience=audience), "missing_audience") == []


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "No inappropriate jokes.", "“inappropriate”"),
        ("en-GB", "Swords, bows, etc.", "“etc”"),
        ("ar", "لا تكتب محتوى غير لائق.", "“غير لائق”"),
        ("en", "اكتب بالأسلوب المناسب.", "“المناسب”"),
        ("fr", "Évite les propos excessifs.", "“excessifs”"),
        ("de", "Antworte in angemessenem Ton.", "“angemessenem”"),
        ("es", "Usa un tono adecuado.", "“adecuado”"),
    ],
)
def test_a_vague_word_is_named(language, text, word):
    [finding] = found(with_policy(text, language=language), "vague_words")
    assert word in finding.message and finding.line == 5


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "No harmful advice such as doses."),
        ("en", "Nothing inappropriate: no nudity, no oaths."),
        ("en", "Embezzlers misappropriate money in a case-sensitive way."),
        ("en", "A harmless substitute is offered."),
        ("ar", "اكتب بطاقات لمناسبة العيد ولمناسبات أخرى، وعن الحساسية."),
        ("en", "Un mot sensible, dit le traducteur."),
        ("es", "Di en una frase qué falta."),
    ],
)
def test_a_word_that_is_explained_or_another_word_is_let_through(language, text):
    assert found(with_policy(text, language=language), "vague_words") == []


def test_words_of_one_sentence_make_one_finding():
    [finding] = found(with_policy("Stay reasonable and in good taste with jokes, songs, and so on."), "vague_words")
    assert "“reasonable” and “in good taste” leave the decision" in finding.message and "“and so on”" in finding.message


def test_opposite_kinds_on_one_text_contradict_each_other():
    [finding] = found(with_rule("disallow", "Fights shown as harshly as the scene needs."), "rules_repeat")
    assert "Rules r1 and r3 contradict each other" in finding.message
    assert "is allowed in r1 and forbidden in r3" in finding.message and finding.rule == "r3"


@pytest.mark.parametrize("text", ["No torture shown by a child.", "Fights", "No severed limbs in scenes for age 12."])
def test_rules_that_share_some_words_do_not_repeat(text):
    assert found(with_rule("disallow", text), "rules_repeat") == []


def test_rules_that_differ_in_a_number_do_not_repeat():
    text = "No blood, wound, corpse, weapon, oath, fire or grave in a scene made for readers under the age of"
    rules = tuple(Rule(f"r{n}", "disallow", f"{text} {age}.") for n, age in enumerate((10, 12), 1))
    assert found(GOOD._replace(rules=rules), "rules_repeat") == []


def test_a_benchmark_without_any_linked_prompt_is_one_finding():
    [finding] = found(GOOD._replace(prompts_by_rule={}), "rule_without_prompt")
    assert "(r1 to r2)" in finding.message and finding.rule == ""


def test_a_category_is_spoken_of_in_an_example_too():
    rules = (RULES[0]._replace(text="As harsh as needed.", example="Two soldiers fight."),)
    draft = GOOD._replace(policy="We make a game.", rules=rules)
    assert found(draft, "opened_but_unsaid") == []
    assert found(draft._replace(rules=()), "opened_but_unsaid")


def test_categories_are_not_looked_for_in_a_language_without_words():
    draft = GOOD._replace(policy="戦争のゲームです。", rules=())
    assert found(draft._replace(language="en"), "opened_but_unsaid")
    assert found(draft._replace(language="ja"), "opened_but_unsaid") == []


@pytest.mark.parametrize(
    "text", ["See r1 and rule 2.", "R2D2, r2d2 and r/9", "rule 9 of the court", "model.r9", "Rule 11(b)"]
)
def test_what_is_no_mention_of_a_missing_rule_is_let_through(text):
    assert found(with_policy(text), "unknown_rule_mentioned") == []


def test_a_rule_that_mentions_a_missing_rule_is_found():
    [finding] = found(with_rule("allow", "Songs may be written, see rule 12."), "unknown_rule_mentioned")
    assert "no rule r12" in finding.message and finding.rule == "r3"


@pytest.mark.parametrize(
    "text", ["Put “[name removed]” there.", "See [the house rules](https://example.org).", "- [x] done", "a[index]"]
)
def test_brackets_that_are_no_gap_are_let_through(text):
    assert found(with_policy(text), "unfilled_placeholder") == []


def test_a_gap_in_the_fields_beside_the_text_is_found():
    [finding] = found(GOOD._replace(title="[اسم دار النشر]: كتب"), "unfilled_placeholder")
    assert "It stands in the title." in finding.message and finding.excerpt == "[اسم دار النشر]"
