"""A document as HTML. The texts are files of the program, as templates are; raw HTML in them stays text."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from cosa_web.documents import contents

LISTED = 3
"""The deepest headings of a page's own contents."""
_NOT_IN_ANCHORS = re.compile(r"[^\w -]")
_ELSEWHERE = re.compile(r"[a-z]+:|//", re.IGNORECASE)


class Heading(NamedTuple):
    """A heading: 2 for `##`, its text, and the anchor that leads to it."""

    level: int
    text: str
    anchor: str


class Section(NamedTuple):
    """What stands under one heading up to the next, as plain text; the first has the title and no anchor."""

    heading: str
    anchor: str
    text: str


class Page(NamedTuple):
    """A document to show: the title of its first line, the HTML of the rest, and the headings in it."""

    title: str
    html: SafeString
    headings: tuple[Heading, ...]


def page(name: str) -> Page:
    """The document of that name, which is in the contents; made once for each text of the file."""
    return _page(
        contents.source(name), get_language() or "", tuple((one.name, one.title) for one in contents.entries())
    )


def sections(text: str) -> tuple[Section, ...]:
    """The plain text of Markdown, heading by heading."""
    tokens = _READER.parse(text)
    found: list[tuple[str, str, list[str]]] = [("", "", [])]
    anchors = _anchors(tokens)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            title = "" if token.tag == "h1" and len(found) == 1 else anchors[place].anchor
            found.append((anchors[place].text, title, []))
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            found[-1][2].append(_plain(token))
        elif token.type in {"fence", "code_block"}:
            found[-1][2].append(token.content)
    return tuple(Section(heading, anchor, " ".join(" ".join(texts).split())) for heading, anchor, texts in found)


def address(target: str, known: Collection[str]) -> str:
    """Where a link of a document leads in the application; "" for a file that is no document of the contents."""
    path, mark, anchor = target.partition("#")
    if _ELSEWHERE.match(target) or not path:
        return target
    place = PurePosixPath(path)
    if place.name == "README.md":
        return reverse("docs") + mark + anchor
    if place.parent.name == "pictures" and contents.picture(place.name):
        return reverse("docs-picture", args=[place.name])
    is_page = str(place.parent) == "." and place.suffix == ".md" and place.stem in known
    return reverse("docs-page", args=[place.stem]) + mark + anchor if is_page else ""


def _plain(token: Token) -> str:
    parts = [one for one in token.children or [] if one.type in {"text", "code_inline", "softbreak"}]
    return "".join(" " if one.type == "softbreak" else one.content for one in parts)


def _anchors(tokens: Sequence[Token]) -> dict[int, Heading]:
    """The headings by the place of their token; the second of two alike gets -1, as code hosts do it."""
    found: dict[int, Heading] = {}
    seen: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            text = _plain(tokens[place + 1])
            anchor = _NOT_IN_ANCHORS.sub("", text).lower().replace(" ", "-")
            seen[anchor] = seen.get(anchor, -1) + 1
            found[place] = Heading(int(token.tag[1]), text, f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
    return found


class _Renderer(RendererHTML):
    """Blocks of code that can be copied, tables that scroll inside themselves, pictures loaded when seen."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A block of code with the button that copies it."""
        mark = f"code-{idx}"
        button = render_to_string("components/_copy.html", {"source": mark})
        code = escape(tokens[idx].content)
        return f'<div class="snippet"><pre id="{mark}" dir="ltr" tabindex="0">{code}</pre>{button}</div>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """An indented block of code, the same."""
        return self.fence(tokens, idx, options, env)

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A table in a frame of its own that scrolls."""
        return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="table">\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """The end of both."""
        return "</table></div>\n"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """The end of a heading, and the link to it."""
        head = tokens[idx - 2]
        label = escape(f"Link to “{_plain(tokens[idx - 1])}”")
        return f' <a class="anchor" href="#{head.attrGet("id")}" aria-label="{label}">#</a></{tokens[idx].tag}>\n'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A picture of docs/pictures that leads to its full size, or its words when there is none."""
        words = escape(tokens[idx].content)
        src = address(str(tokens[idx].attrGet("src")), ())
        shown = f'<img src="{escape(src)}" alt="{words}" loading="lazy">'
        return f'<a class="picture" href="{escape(src)}">{shown}</a>' if src else words


_READER = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


@lru_cache(maxsize=256)
def _page(text: str, language: str, known: tuple[tuple[str, str], ...]) -> Page:
    tokens = _READER.parse(text)
    headings = _anchors(tokens)
    for place, heading in headings.items():
        tokens[place].attrSet("id", heading.anchor)
    _lead_on(tokens, dict(known))
    first = tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    body = tokens[3:] if first else tokens
    html = _READER.renderer.render(body, _READER.options, {})
    listed = tuple(one for one in headings.values() if 2 <= one.level <= LISTED)
    return Page(headings[0].text if first else "", mark_safe(html), listed)  # noqa: S308  text of ours, HTML escaped


def _lead_on(tokens: Sequence[Token], titles: Mapping[str, str]) -> None:
    """Gives links their address in the application, and the words `runs.md` the title of that document.

    A link to another file of the project keeps its words alone.
    """
    for token in tokens:
        for link, words in pairwise(token.children or []):
            if link.type == "link_open":
                href = address(str(link.attrGet("href")), titles)
                link.attrs = {"href": href} if href else {}
                if words.content.endswith(".md"):
                    words.content = titles.get(words.content.removesuffix(".md"), words.content)
