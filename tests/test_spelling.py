"""Words of pages, messages and documents are British, and are the words of this house."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OTHERS = (
    *("annotations/imports", "annotations/exports", "annotations/data", "annotations/core/dataset_card.py"),
    *("annotations/hub.py", "training/engines/_causes.py", "annotations/migrations", "training/migrations"),
)
"""Where words of other programs stand: of files, of the Hub, of engines."""
AMERICAN = re.compile(
    r"\b(colors?|behaviors?|favors?|favorites?|honors?|centers?|centered|cancel(?:ed|ing)|label(?:ed|ing)|model(?:ed|ing)"
    r"|organiz\w+|recogniz\w+|summariz\w+|normaliz\w+|initializ\w+|customiz\w+|categoriz\w+|minimiz\w+|analyz\w+"
    r"|authoriz(?!e\b|ation\b)\w+|grays?|catalogs?|judgments?|fulfill|enroll|licensed by)\b",
    re.IGNORECASE,
)
NOT_OURS = re.compile(
    r"\b(datasets?(?! cards?\b)|end[- ]users?|labell?ers?|guardrails?|hyper-?parameters?)\b", re.IGNORECASE
)

NOT_OUR_VERBS = re.compile(
    r"^(Create|Build|Delete|Remove|Launch|Upload|Continue|Abort|Sign (in|up|out)|Log (on|off)|Take (it )?away"
    r"|Open (it )?again|Bring (in|the)|Check prompts|Make an?|Go back|Return to|Try again|To the (run|campaign|step))\b"
)
"""A word for an act that has another: New, Take out, Start, Import, Go on, Cancel, Log in, Download, Reopen, Back."""
OUR_VERBS = {"Make a new link", "Make a set out of people"}


def text_of(template: str) -> str:
    """What a template says, without its tags, its places for values and its HTML; what its tags say among it."""
    said = re.findall(r'{%\s*translate\s+"([^"]*)"', template)
    bare = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}|<code.*?</code>|<[^>]*>", " ", template, flags=re.DOTALL)
    return " ".join([*said, bare])


def sentences(source: str) -> list[str]:
    """The strings of a module that people may read: those with a space, documentation left out."""
    tree = ast.parse(source)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in strings if id(node) not in documented and " " in node.value]


def foreign(words: str) -> list[str]:
    """The words that we do not write so."""
    return [match[0] for pattern in (AMERICAN, NOT_OURS) for match in pattern.finditer(words)]


def test_pages_have_the_words_of_this_house():
    found = {str(path): foreign(text_of(path.read_text())) for path in (ROOT / "templates").rglob("*.html")}
    assert {path: words for path, words in found.items() if words} == {}


def test_messages_have_the_words_of_this_house():
    paths = [path for app in ("annotations", "training", "cosa_web") for path in (ROOT / app).rglob("*.py")]
    mine = [path for path in paths if not str(path.relative_to(ROOT)).startswith(OTHERS)]
    doubtful = {str(path): source for path in mine if foreign(source := path.read_text())}
    found = {path: foreign(" ".join(sentences(source))) for path, source in doubtful.items()}
    assert {path: words for path, words in found.items() if words} == {}


def labels(template: str) -> list[str]:
    """What stands on the buttons and links of a template, and in its titles, one piece of it each."""
    tags = re.findall(r"<(button|a|h1|h2|summary)\b(?:{%.*?%}|[^>{]|{{.*?}})*>(.*?)</\1>", template, re.DOTALL)
    inner = [text for _, text in tags] + re.findall(r"{% block title %}(.*?){% endblock %}", template, re.DOTALL)
    said = [
        re.findall(r'{%\s*translate\s+"([^"]*)"|{% blocktranslate[^%]*%}(.*?){%', text, re.DOTALL) for text in inner
    ]
    actions = re.findall(r'\baction_label=_\("([^"]*)"\)', template)
    return [*(" ".join(part.split()) for found in said for pair in found for part in pair if part), *actions]


def strange(template: str) -> list[str]:
    """The labels of a template that name an act by a word which is not ours."""
    return [label for label in labels(template) if NOT_OUR_VERBS.match(label) and label not in OUR_VERBS]


def test_an_act_has_one_word_on_every_page():
    found = {str(path): strange(path.read_text()) for path in (ROOT / "templates").rglob("*.html")}
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("words", "found"),
    [("Launch", True), ("Take it away", True), ("Make a map", True), ("Start", False), ("Make the map", False)],
)
def test_a_label_with_another_word_for_an_act_is_found(words, found):
    said = f'{{% translate "{words}" %}}'
    button, link = f'<button class="button">{said}</button>', f'<a href="{{% url "x" %}}">{said}</a>'
    action = f'{{% include "components/_empty.html" with action_label=_("{words}") only %}}'
    assert [bool(strange(each)) for each in (button, link, action, f"<p>{said}</p>")] == [found, found, found, False]


@pytest.mark.parametrize("word", ["colors", "Labeled", "an organization", "the dataset", "analyzed", "End users"])
def test_a_word_that_is_not_ours_is_found(word):
    assert foreign(text_of(f"<p>{word}</p>")) and foreign(text_of(f'{{% translate "{word} here" %}}'))
    assert foreign(" ".join(sentences(f'"""{word} here."""\nSAID = "It is {word}."'))) == foreign(word)


@pytest.mark.parametrize("word", ["Dataset card", "Authorization: Bearer", "colours", "<code>color</code>", "labelled"])
def test_a_word_that_is_ours_is_let_through(word):
    assert foreign(text_of(f"<p>{word}</p>")) == []
