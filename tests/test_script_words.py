"""Words that scripts say are marked for translation, in a way that `make messages` finds them all."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = {path.name: path.read_text("utf-8") for path in Path(__file__).parents[1].joinpath("static/js").glob("*.js")}
STRING = r'"(?:[^"\\\n]|\\.)*"'
MARKED = re.compile(rf"\bgettext\({STRING}\)|\bngettext\({STRING}, {STRING}(?=, )")
PIECE = re.compile(
    rf"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>{STRING}|'(?:[^'\\\n]|\\.)*')|(?P<template>`)"
    r"|(?P<pattern>(?<=[(=,:?!&|])\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/)|(?P<brace>[{}])",
    re.DOTALL,
)
WORDS = re.compile(r"[^\W\d_]+[^\w\s]* +[^\w\s]*[^\W\d_]{2,}|\b[A-Z][a-z]|…|[a-z]{2,} {}|{} [a-z]{2,}")
NEVER_SAID = re.compile(
    r"\b(?:querySelector(?:All)?|closest|matches|matchMedia|startsWith)\([^)]*$|\b(?:className|font)(?: =|:) [^,;]*$"
    r"|[!=]== $|\b(?:target|rel): $"
)
"""What stands before a selector, a class, a font, what is compared, or how a link opens."""
SAID = re.compile(
    r"(?:\.(?:textContent|title|placeholder|data) = |\btextContent: |\b(?:toast|complain|Rate\.say|Rate\.miss)\("
    r"|\b(?:end|fail)\(\w+, )[^;]*$"
)
"""What stands before words for people, be it one word alone."""
OTHERS = {
    "of JavaScript itself": {"use strict", "AbortError"},
    "keys": {"Escape", "Enter", "Arrow", "KeyR"},
    "headers of requests": {"Content-Type", "HX-Request"},
    "sides of a box in names of style": {
        "Top",
        "Right",
        "Bottom",
        "Left",
        "border{}Width",
        "border{}Style",
        "border{}Color",
    },
    "parts of a drawing": {"translate({} {})", "0 0 {} {}"},
    "units": {"{} ms", "{} s"},
    "the end of what is cut": {"…"},
    "levels of toasts, of which the style knows": {"info", "error", "warning", "success"},
    "a layout of the page of the API": {"BaseLayout"},
}
"""Strings that look like words and are none, by what they are."""
NONE = set().union(*OTHERS.values())


def template(source: str, at: int) -> tuple[str, list[str], int]:
    """Of a template string that begins before `at`: its text with {} for values, their sources, and where it ends."""
    text, values = "", []
    while source[at] != "`":
        if source.startswith("${", at):
            end = closing(source, at + 2)
            values.append(source[at + 2 : end])
            text, at = text + "{}", end + 1
        else:
            size = 2 if source[at] == "\\" else 1
            text, at = text + source[at : at + size], at + size
    return text, values, at + 1


def closing(source: str, at: int) -> int:
    """Where the brace is that closes the one before `at`."""
    open_braces = 1
    while found := PIECE.search(source, at):
        at = template(source, found.end())[2] if found["template"] else found.end()
        open_braces += {"{": 1, "}": -1}.get(found[0], 0)
        if not open_braces:
            return found.start()
    raise ValueError("a brace is not closed")


def strings(source: str) -> Iterator[tuple[str, str]]:
    """Every string of a script after what stands before it, values in it as {}."""
    at = 0
    while found := PIECE.search(source, at):
        at, before = found.end(), source[max(0, found.start() - 160) : found.start()].rpartition("\n")[2]
        if found["string"]:
            yield before, found["string"][1:-1]
        elif found["template"]:
            text, values, at = template(source, at)
            yield before, text
            for value in values:
                yield from strings(value)


def unmarked_words(source: str) -> list[str]:
    """The strings of a script that people see and that are not marked."""
    found = strings(MARKED.sub("marked", source))
    return [text for before, text in found if text not in NONE and is_said(before, text)]


def is_said(before: str, text: str) -> bool:
    """Whether people see a string: one that has words, or one word alone that goes to where they read."""
    if NEVER_SAID.search(before):
        return False
    return bool(WORDS.search(text) or (SAID.search(before) and re.search(r"[^\W\d_]{2,}", text)))


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_every_word_of_a_script_is_marked(name: str) -> None:
    assert unmarked_words(SCRIPTS[name]) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('toast("Copied", "success");', ["Copied"]),
        ('toast(gettext("Copied"), "success"); // "not this"', []),
        ("part.textContent = done ? `${n} of ${all}` : 'saved';", ["{} of {}", "saved"]),
        ('say(`${late ? "too late" : ""}${more.replace(/"/g, "")}`);', ["too late"]),
        ('ngettext("%(n)s row", "%(n)s rows", n)', []),
        ("gettext(`no catalogue holds ${this}`)", ["no catalogue holds {}"]),
        ('one.querySelector("main .here a").className = "button small";', []),
        ('if (event.key === "Home" || kind === "json") send("saved");', []),
    ],
)
def test_unmarked_words_are_found_and_nothing_else(source: str, found: list[str]) -> None:
    assert unmarked_words(source) == found


def test_every_exception_is_needed() -> None:
    assert NONE - {text for source in SCRIPTS.values() for _, text in strings(source)} == set()


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_catalogue_can_hold_what_is_marked(name: str) -> None:
    """Of a call with anything but plain strings no message is made, and a place without a name cannot be moved."""
    own = re.compile(r"globalThis\.n?gettext \?\?= ")
    assert re.findall(r"\bn?gettext\b.*", MARKED.sub("", own.sub("", SCRIPTS[name]))) == []
    messages = " ".join(MARKED.findall(SCRIPTS[name]))
    assert re.findall(r"%(?!\(\w+\)s)|\{\}|\$\{", messages) == []


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_what_makes_the_messages_reads_a_script_to_its_end(name: str) -> None:
    """`xgettext` takes `n++ < 3` for the beginning of markup, and overlooks what comes after it."""
    assert re.findall(r".*(?:\+\+|--) <.*", SCRIPTS[name]) == []
