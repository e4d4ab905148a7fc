"""Strings of the interface are marked for translation, and an installation may speak another language than English."""

import json
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.marking import TEMPLATES, mark
from tests.markup import elements

PLURAL = (
    "{% blocktranslate trimmed count counter=n|amount with n_count=n|count %}"
    "{{ n_count }} item waits{% plural %}{{ n_count }} items wait{% endblocktranslate %}"
)


def test_every_word_of_a_template_is_marked() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")}
    unmarked = [str(path.relative_to(TEMPLATES)) for path, source in sources.items() if mark(source) != source]
    assert unmarked == [], "Run `python -m tests.marking` and read what came of it."


def test_no_template_builds_a_plural_by_hand() -> None:
    assert [str(path) for path in TEMPLATES.rglob("*.html") if "|pluralize" in path.read_text(encoding="utf-8")] == []


def test_no_message_has_a_filter_in_it() -> None:
    """A catalogue holds the places of a message by their names; a value is filtered before it."""
    message = re.compile(r"{% blocktranslate\b.*?%}(.*?){% endblocktranslate %}", re.DOTALL)
    found = {str(path): message.findall(path.read_text(encoding="utf-8")) for path in TEMPLATES.rglob("*.html")}
    filtered = re.compile(r"{{[^}]*\|")
    assert {path: said for path, said in found.items() if any(map(filtered.search, said))} == {}


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("<p>Nothing waits.</p>", '<p>{% translate "Nothing waits." %}</p>'),
        ('<p>Say "no".</p>', "<p>{% translate 'Say \"no\".' %}</p>"),
        ("<p>{{ run.pk }} · v{{ number }}</p>", "<p>{{ run.pk }} · v{{ number }}</p>"),
        ("<code>make demo</code><pre>all of it</pre>", "<code>make demo</code><pre>all of it</pre>"),
        (
            "<p>Run {{ run.pk }} by <bdi>{{ run.who.name }}</bdi></p>",
            "<p>{% blocktranslate trimmed with run=run.pk name=run.who.name %}"
            "Run {{ run }} by <bdi>{{ name }}</bdi>{% endblocktranslate %}</p>",
        ),
        ('<p>{{ n|count }} item{{ n|pluralize }} wait{{ n|pluralize:"s," }}</p>', f"<p>{PLURAL}</p>"),
        (
            '<code class="mono">make</code> Ask <kbd>s</kbd>',
            '<code class="mono">make</code> {% translate "Ask <kbd>s</kbd>" %}',
        ),
        ("<pre><code>a b</code> c</pre> Done", '<pre><code>a b</code> c</pre> {% translate "Done" %}'),
        ('<a aria-label="Menu">{{ x }}</a>', "<a aria-label=\"{% translate 'Menu' %}\">{{ x }}</a>"),
        ('{{ x|default:"no name" }}', '{{ x|default:_("no name") }}'),
        (
            '{% include "x" with title="All" note="95 % of them" only %}',
            '{% translate "95 % of them" as note_words %}{% include "x" with title=_("All") note=note_words only %}',
        ),
        (
            '<{% if url %}a href="{{ url }}"{% else %}span{% endif %} class="figure">',
            '<{% if url %}a href="{{ url }}"{% else %}span{% endif %} class="figure">',
        ),
    ],
)
def test_words_are_marked_and_nothing_else(source: str, marked: str) -> None:
    assert mark(source) == marked == mark(marked)


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 items wait"), (1, "1 item waits"), ([1], "– item waits"), ([1, 2], "– items wait")]
)
def test_a_number_or_a_list_decides_about_the_plural(n: Any, said: str) -> None:
    shown = n if isinstance(n, int) else None
    text = PLURAL.replace("n|count", "shown|count")
    assert engines["django"].from_string(text).render({"n": n, "shown": shown}) == said


def test_a_moment_is_written_for_people_and_for_programs() -> None:
    made = engines["django"].from_string('{{ at|when:"Y" }}{{ none|when:"Y" }}')
    at = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
    assert made.render({"at": at, "none": None}) == '<time datetime="2026-05-04T03:02:00+00:00">2026</time>'


def catalogue(folder: Path, language: str, messages: dict[str, str], domain: str = "django") -> None:
    """A compiled catalogue of that language with these messages, as `compilemessages` would make it."""
    pairs = sorted(({"": "Content-Type: text/plain; charset=UTF-8\n"} | messages).items())
    data, places = b"", []
    start = 28 + 16 * len(pairs)
    for side in (0, 1):
        for pair in pairs:
            text = pair[side].encode()
            places.append(struct.pack("<II", len(text), start + len(data)))
            data += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    place = folder / language / "LC_MESSAGES"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{domain}.mo").write_bytes(head + b"".join(places) + data)


@pytest.fixture
def in_hebrew(tmp_path: Path, settings: Any) -> Iterator[None]:
    """An installation in a language that is written from right to left with one message of pages, one of scripts."""
    catalogue(tmp_path, "he", {"Log in": "כניסה"})
    catalogue(tmp_path, "he", {"Copied": "הועתק"}, "djangojs")
    translation._trans.__dict__.clear()
    settings.USE_I18N, settings.LOCALE_PATHS, settings.LANGUAGE_CODE = True, [tmp_path], "he"
    yield
    translation._trans.__dict__.clear()


@pytest.mark.django_db
def test_an_installation_speaks_its_language_in_its_direction(in_hebrew: None) -> None:
    page = Client().get("/login/").content.decode()
    html = elements(page, "html")[0].attributes
    assert (html["lang"], html["dir"]) == ("he", "rtl") and "כניסה" in page


@pytest.mark.django_db
def test_english_is_written_from_left_to_right() -> None:
    html = elements(Client().get("/login/").content.decode(), "html")[0].attributes
    assert html["lang"].startswith("en") and "dir" not in html


def scripts(page: str) -> list[str]:
    """The scripts of a page, in their order."""
    return [element.attributes["src"] for element in elements(page, "script")]


@pytest.mark.django_db
def test_a_page_brings_the_words_of_its_scripts_before_them(in_hebrew: None) -> None:
    words, first, *_ = scripts(Client().get("/login/").content.decode())
    assert words == reverse("jsi18n") and first.endswith("js/app.js")
    answer = Client().get(words)
    assert json.dumps("הועתק") in answer.content.decode()
    assert "Cookie" not in answer.get("Vary", "") and answer["Cache-Control"] == "public, max-age=3600"
    assert Client().get(words, headers={"if-none-match": answer["ETag"]}).status_code == 304


@pytest.mark.django_db
def test_a_page_in_english_asks_for_no_words() -> None:
    assert scripts(Client().get("/login/").content.decode())[0].endswith("js/app.js")
