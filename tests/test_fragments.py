"""Fragments of pages: what they are given where they are included."""

import re
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
INCLUDE = re.compile(r'{% include "([^"]+)"([^%]*)%}')
WITH_TOKEN = {
    str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if "csrf_token" in path.read_text()
}


def without_token(source: str) -> list[str]:
    """The fragments with a form that this source includes with nothing but what it names, the token not among it."""
    found = INCLUDE.findall(source)
    return [
        name for name, given in found if "only" in given.split() and "csrf_token=" not in given and name in WITH_TOKEN
    ]


def test_a_fragment_with_a_form_is_given_the_token_that_its_button_needs():
    lacking = {str(path): without_token(path.read_text()) for path in TEMPLATES.rglob("*.html")}
    assert {path: names for path, names in lacking.items() if names} == {}


def test_the_check_sees_a_fragment_that_lacks_it():
    name = "annotations/_preference_leaks.html"
    assert without_token('{% include "' + name + '" with row=row only %}') == [name]
