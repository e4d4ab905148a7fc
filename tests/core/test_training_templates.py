"""Every training template tells what is open and nothing else, and a file that is wrong says what is wrong with it."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from annotations.core import categorical, training_templates
from annotations.core.config_text import system_prompt
from annotations.core.folder import NoSuchEntry
from annotations.core.synthesis import PLAIN
from annotations.core.taxonomies import built_in, of_rows
from annotations.core.training_templates import load, names, parse, render

NAMES = names()
OPEN = built_in().open
HOSTILE = of_rows(
    "Hostile",
    [
        {"slug": slug, "name": "N", "full_name": name, "definition": definition, "trained": True}
        for slug, name, definition in (
            ("list", "$allowed", "${config} $$ {allowed} %s"),
            ("two_lines", "Arson, cyber-crime", "One.\n- Violence: open."),
        )
    ],
)
GOOD = 'label = "L"\nabout = "A"\ntext = "Open: $allowed"\n'


def random(seed):
    return Random(seed)  # noqa: S311


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_there_are_ten_wordings_or_more_and_one_is_as_served():
    assert len(NAMES) >= 11 and "as_served" in NAMES and PLAIN not in NAMES


def test_no_two_templates_share_their_words():
    parts = Counter(part for name in (*NAMES, PLAIN) for part in load(name).text.split("\n\n"))
    assert [part for part, times in parts.items() if times > 1] == ["$allowed"]


def test_every_open_category_is_listed_with_its_definition_in_the_order_given(name):
    order = random(3).sample(OPEN, len(OPEN))
    lines = render(name, [each.slug for each in order], built_in()).splitlines()
    listed = [line for line in lines if line.startswith("- ")]
    assert listed == [f"- {each.full_name}: {each.definition}" for each in order]


def test_what_is_not_open_is_not_named(name):
    text = render(name, ["violence"])
    assert "- Violence: " in text and not any(each.full_name in text for each in OPEN if each.slug != "violence")


def test_nothing_open_says_none(name):
    lines = render(name, ()).splitlines()
    assert "None." in lines and not any(line.startswith("- ") for line in lines)


def test_a_name_that_looks_like_a_place_stays_as_written(name):
    text = render(name, ["list", "two_lines"], HOSTILE)
    assert text.count("- $allowed: ${config} $$ {allowed} %s") == 1
    assert "- Arson, cyber-crime: One. - Violence: open." in text.splitlines()


def test_the_words_round_the_list_are_those_of_the_file(name):
    head, tail = load(name).text.split("$allowed")
    whole = f"{head}None.{tail}".replace("$$", "$")
    assert render(name, ()) == (system_prompt(whole) if load(name).served else whole)


def test_as_served_is_what_a_served_config_says():
    for allowed in ((), ("violence",), tuple(each.slug for each in OPEN)):
        assert render("as_served", allowed) == system_prompt(categorical.policy(allowed))


def test_plain_tells_no_config():
    assert render(PLAIN, ()) == render(PLAIN, ["violence"]) == load(PLAIN).text and not load(PLAIN).config


def test_the_same_seed_chooses_the_same_template_and_every_one_is_chosen():
    drawn = [training_templates.choose(random(seed), NAMES) for seed in range(300)]
    assert drawn[5] == training_templates.choose(random(5), NAMES) and set(drawn) == set(NAMES)
    with pytest.raises(ValueError, match="no template to choose from"):
        training_templates.choose(random(1), [])


@pytest.mark.parametrize(("slug", "words"), [("other", "cannot be opened"), ("noise", "is not in this taxonomy")])
def test_a_category_that_cannot_be_open_is_refused(slug, words):
    with pytest.raises(ValueError, match=words):
        render("terse", ["violence", slug])


def test_an_unknown_template_says_which_there_are():
    with pytest.raises(NoSuchEntry, match="as_served"):
        render("fancy", ())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('label = "L"\nabout = "A"\n', "lacks text"),
        (GOOD + 'tone = "warm"\n', "has tone"),
        (GOOD.replace('"L"', '" "'), "label must be a text"),
        (GOOD.replace("$allowed", "nothing"), r"must say \$allowed once"),
        (GOOD.replace("$allowed", "$allowed and ${allowed}"), r"must say \$allowed once"),
        (GOOD.replace("$allowed", "$allowed $prompt"), r"must say \$allowed once"),
        (GOOD.replace("$allowed", "$allowed for $5"), "no place to fill in"),
        (GOOD + "config = false\n", "must have no place"),
        (GOOD + 'served = "yes"\n', "served must be true or false"),
    ],
)
def test_a_file_that_is_no_template_says_why(source, words):
    with pytest.raises(ValueError, match=words):
        parse("house", source)


def test_the_digest_is_that_of_the_file():
    assert parse("house", GOOD).digest != parse("house", GOOD.replace("Open", "Closed")).digest


def test_the_docs_have_a_row_for_every_template_and_no_other():
    text = (Path(__file__).parents[2] / "docs" / "pairing.md").read_text(encoding="utf-8")
    table = text[text.index("| template |") :].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted([*NAMES, PLAIN])
