"""Every config template is one that an expert can start from, and a file that is wrong says what is wrong with it."""

import re
import tomllib
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from annotations import lints
from annotations.core import config_templates, folder
from annotations.core.config_templates import FOLDER, ConfigTemplate
from annotations.core.config_text import render
from annotations.core.taxonomy import OTHER, SLUGS, categories

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
NAMES = config_templates.names()
PLACE = re.compile(r"\[([^][\n]+)\]")
CATCH_ALL = re.compile(
    r"\b(any|all|every|each|no)(thing|body|one)?\s+other\b|\banything else\b|\beverything else\b|\botherwise (un|il)"
    r"|\bor similar\b|\band so on\b|\betc\b|\billegal (act|activit|conduct)|\bagainst the law\b|\blaw-?breaking\b"
    r"|غير ذلك|ما شابه|ما عدا ذلك|وما إلى ذلك|مخالف للقانون",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"\b((in)?appropriate|(un)?reasonabl[ey]|harmful|harmless|sensitive|(un)?suitabl[ey]|(in)?proper(ly)?|offensive"
    r"|excessive(ly)?|(un)?acceptabl[ey]|problematic|questionable|ethical|toxic|responsibl[y]|if necessary|as needed"
    r"|generally|usually|normally|sometimes|various|certain|relevant|good taste|common sense)\b"
    r"|مناسب|لائق|ملائم|معقول|حسّاس|عند الحاجة|عند اللزوم",
    re.IGNORECASE,
)
GOOD = """
label = "Archive"
about = "About."
title = "Title"
use_case = "Use."
audience = "Adults."
language = "en"
allowed = ["violence"]
policy = "Policy."
[[rules]]
id = "r1"
kind = "allow"
opens = ["violence"]
text = "First."
example = "An example."
[[rules]]
id = "r2"
kind = "disallow"
closes = ["financial_crime", "discrimination", "violence", "drugs", "privacy", "sexual", "weapons"]
text = "Second."
"""
fresh = count()
Make = Callable[..., str]


@pytest.fixture(params=NAMES)
def template(request: pytest.FixtureRequest) -> ConfigTemplate:
    return config_templates.load(request.param)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A folder of its own with the texts given as `name="content"`."""

    def make(**files: str) -> str:
        name = f"templates_of_a_test_{next(fresh)}"
        (tmp_path / name).mkdir()
        for stem, source in files.items():
            (tmp_path / name / f"{stem}.toml").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return name

    return make


def text_of(template: ConfigTemplate) -> str:
    return render(template.policy, template.rules)


def source_of(name: str) -> str:
    return folder.text(FOLDER, f"{name}.toml")


def test_there_are_a_dozen_templates_and_all_gives_each_once() -> None:
    assert [template.name for template in config_templates.all()] == NAMES == sorted(set(NAMES))
    assert len(NAMES) >= 12


def test_no_two_templates_are_chosen_by_the_same_words() -> None:
    every = config_templates.all()
    assert len({template.label for template in every}) == len({template.about for template in every}) == len(NAMES)


def test_the_words_to_choose_by_are_short(template: ConfigTemplate) -> None:
    assert len(template.label) <= 60 and "\n" not in template.label
    assert len(template.about) <= 170 and template.about.endswith(".")


def test_a_config_from_it_has_150_to_450_words(template: ConfigTemplate) -> None:
    assert 150 <= len(text_of(template).split()) <= 450


def test_the_policy_is_markdown_in_three_paragraphs_with_a_lead_each(template: ConfigTemplate) -> None:
    paragraphs = template.policy.split("\n\n")
    assert len(paragraphs) == 3
    assert [bool(re.match(r"\*\*[^*\n]+\.\*\* [^*\n]+$", paragraph)) for paragraph in paragraphs] == [True] * 3


def test_nothing_in_it_reads_as_other_markup(template: ConfigTemplate) -> None:
    whole = "\n".join([template.title, template.use_case, template.audience, text_of(template)])
    assert re.findall(r"[<>`\\_#|]|\]\(|\]:|^\s*(?:[-+>]|\d+\.)\s", whole, re.MULTILINE) == []


def test_it_has_rules_of_every_kind_and_an_example_for_most(template: ConfigTemplate) -> None:
    assert len(template.rules) >= 5
    assert {rule.kind for rule in template.rules} == {"allow", "disallow", "conditional"}
    assert sum(bool(rule.example) for rule in template.rules) >= 0.8 * len(template.rules)


def test_the_conditional_examples_show_what_the_condition_decides(template: ConfigTemplate) -> None:
    examples = [rule.example for rule in template.rules if rule.kind == "conditional"]
    assert [example for example in examples if not re.search(r"\byes\b|\bno\b|نعم|: لا", example)] == []


def test_no_clause_swallows_what_the_rules_allow(template: ConfigTemplate) -> None:
    assert CATCH_ALL.search(text_of(template)) is None


def test_no_word_leaves_the_reader_to_guess(template: ConfigTemplate) -> None:
    assert VAGUE.search(text_of(template)) is None


def test_no_lint_finds_anything_in_it_but_the_places_to_fill_in(template: ConfigTemplate) -> None:
    prompts = {rule.id: 1 for rule in template.rules}
    found = lints.check(lints.Draft(*template[3:], prompts_by_rule=prompts))
    assert {finding.lint for finding in found} == {"unfilled_placeholder"}


def test_it_has_places_to_fill_in_with_brackets_that_close(template: ConfigTemplate) -> None:
    whole = "\n".join([template.title, template.use_case, template.audience, text_of(template)])
    rest = PLACE.sub("", whole)
    assert "[" not in rest and "]" not in rest
    assert len(set(PLACE.findall(whole))) >= 3
    assert max(len(place.split()) for place in PLACE.findall(whole)) <= 6


def test_the_text_alone_says_who_asks_and_for_whom(template: ConfigTemplate) -> None:
    told = set(PLACE.findall(template.title + template.use_case + template.audience))
    assert told <= set(PLACE.findall(text_of(template)))
    assert PLACE.findall(template.audience)[0] in template.policy.partition("\n\n")[0]


def test_an_arabic_template_is_arabic_throughout() -> None:
    arabic = [template for template in config_templates.all() if template.language == "ar"]
    assert len(arabic) == 1
    texts = [arabic[0].title, arabic[0].use_case, arabic[0].audience, arabic[0].policy]
    texts += [words for rule in arabic[0].rules for words in (rule.text, rule.example)]
    assert re.search("[a-zA-Z]", "".join(texts)) is None


def test_every_category_but_other_is_open_in_a_template_and_one_template_opens_none() -> None:
    opened = [template.allowed for template in config_templates.all()]
    assert frozenset().union(*opened) == set(SLUGS) - {OTHER}
    assert opened.count(frozenset()) == 1


def test_no_template_repeats_a_text_of_the_demo_benchmarks() -> None:
    package = "annotations.data.benchmarks"
    files = [tomllib.loads(folder.text(package, f"{name}.toml")) for name in folder.names(package, ".toml")]
    used = {row["text"] for data in files for row in [*data["rules"], *data["prompts"]]}
    used |= {row["example"] for data in files for row in data["rules"]}
    ours = {words for template in config_templates.all() for rule in template.rules for words in rule[2:]}
    assert ours & used == set()


def test_the_table_of_the_docs_says_what_each_template_opens() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", DOC, re.MULTILINE))
    names = {category.slug: category.name.lower() for category in categories()}
    opened = {
        template.name: ", ".join(names[slug] for slug in SLUGS if slug in template.allowed) or "nothing"
        for template in config_templates.all()
    }
    assert rows == opened


def test_the_example_of_the_docs_is_a_template(package: Make) -> None:
    example = re.search(r"```toml\n(.*?)```", DOC, re.DOTALL)
    assert example is not None
    assert config_templates.load("archive", package(archive=example[1])).allowed == {"violence"}


def test_a_template_carries_its_texts_and_rules(package: Make) -> None:
    made = config_templates.load("good", package(good=GOOD))
    assert made[:8] == ("good", "Archive", "About.", "Title", "Use.", "Adults.", "en", "Policy.")
    assert made.rules == (("r1", "allow", "First.", "An example."), ("r2", "disallow", "Second.", ""))
    assert made.allowed == frozenset({"violence"})


def test_a_template_that_is_not_there_is_refused_with_the_names_of_those_that_are(package: Make) -> None:
    with pytest.raises(folder.NoSuchEntry, match="no config template 'c'; there are: a, b"):
        config_templates.load("c", package(a=GOOD, b=GOOD))


def test_one_wrong_file_is_named_when_all_are_asked_for(package: Make) -> None:
    with pytest.raises(ValueError, match=r"^bad\.toml: "):
        config_templates.all(package(good=GOOD, bad="label ="))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('allowed = ["violence"]', 'allowed = ["violence", "theft"]', "allowed has 'theft'; the risk categories are"),
        (
            'allowed = ["violence"]',
            'allowed = ["violence", "other"]',
            "allowed has 'other', which can never be allowed",
        ),
        ('allowed = ["violence"]', 'allowed = "violence"', "allowed must be a list"),
        ('allowed = ["violence"]', 'allowed = ["violence", "drugs"]', "allowed has 'drugs', which no rule opens"),
        ('allowed = ["violence"]', "allowed = []", "A rule opens 'violence', which allowed does not have"),
        ('opens = ["violence"]', 'opens = ["Violence"]', "Rule r1, opens has 'Violence'"),
        ('opens = ["violence"]', 'closes = ["violence"]', "r1 is of the kind 'allow' and has closes"),
        ('"disallow"\ncloses', '"disallow"\nopens', "r2 is of the kind 'disallow' and has opens"),
        ('"violence", "drugs", ', '"drugs", ', "No rule closes anything in 'violence'"),
        ('"sexual", ', "", "No rule closes anything in 'sexual'"),
        ('"sexual", ', '"sexual", "other", ', "Rule r2, closes has 'other', which can never be allowed"),
        ('id = "r2"', 'id = "r3"', 'Rule number 2 needs id = "r2"'),
        ('id = "r2"', 'id = "r1"', 'Rule number 2 needs id = "r2"'),
        ('kind = "disallow"', 'kind = "forbid"', "r2 is of the kind 'forbid'; choose one of allow, disallow, cond"),
        ('text = "Second."', 'text = "  "', "Rule r2, text must be a text that is not empty"),
        ('example = "An example."', 'example = ""', "Rule r1, example must be a text that is not empty"),
        ('policy = "Policy."', 'policy = "\\n"', "policy must be a text that is not empty"),
        ('label = "Archive"', "label = 3", "label must be a text that is not empty"),
        ('audience = "Adults."\n', "", "The file lacks audience"),
        ('language = "en"', 'language = "en"\ntone = "warm"', "The file has tone, which a template does not have"),
        ('text = "First."', 'text = "First."\nwhy = "x"', "Rule r1 has why, which a template does not have"),
        ('kind = "allow"\n', "", "Rule r1 lacks kind"),
        (GOOD[GOOD.index("[[rules]]") :], "rules = []", "There are no rules"),
        (GOOD[GOOD.index("[[rules]]") :], "rules = [1]", 'Rule number 1 needs id = "r1"'),
        ('title = "Title"', 'title = "Title', "Illegal character"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_reason(package: Make, old: str, new: str, why: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(ValueError, match=r"^bad\.toml: .*" + re.escape(why)):
        config_templates.load("bad", package(bad=GOOD.replace(old, new)))


@pytest.mark.parametrize("words", ["any other illegal act", "No other crimes.", "knives, and so on", "أو ما شابه ذلك"])
def test_the_guard_against_catch_all_clauses_sees_them(words: str) -> None:
    assert CATCH_ALL.search(words) is not None


@pytest.mark.parametrize("words", ["in an appropriate tone", "Harmful advice", "if necessary", "بأسلوب لائق"])
def test_the_guard_against_vague_words_sees_them(words: str) -> None:
    assert VAGUE.search(words) is not None
