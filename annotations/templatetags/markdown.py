"""Markdown that people wrote, as HTML that is safe to show: no raw HTML, no pictures, no address but web and mail.

A model reads the text as written, so nothing of it may vanish here: what names a code block stays, link references are
text, and a text nested too deep is shown as it is.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

register = template.Library()

SCHEMES = {"http", "https", "mailto"}
DIRECTED = {"p", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre"}
TAGS = DIRECTED | {"a", "br", "code", "em", "strong", "hr"}
ATTRIBUTES = {tag: {"dir"} for tag in DIRECTED} | {"a": {"href", "title"}, "ol": {"dir", "start"}}
REL = "nofollow noopener"
TITLE_LEVELS = 2
DEEPEST = 20
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def _is_open_address(url: str) -> bool:
    try:
        return urlsplit(_CONTROL.sub("", url)).scheme.lower() in SCHEMES
    except ValueError:
        return False


def _for_our_pages(state: StateCore) -> None:
    """Turns `#` into an h3, since the page has titles of its own, and lets every block run its own way."""
    for token in state.tokens:
        if token.type.startswith("heading_"):
            token.tag = f"h{min(6, int(token.tag[1]) + TITLE_LEVELS)}"
        if token.nesting == 1 and token.block:
            token.attrSet("dir", "auto")


class _Renderer(RendererHTML):
    """Blocks of code with the word that names their language as text: nothing here colours code."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A block of code between fences."""
        named = tokens[idx].info.strip()
        return _block(f"{tokens[idx].markup}{named}\n{tokens[idx].content}" if named else tokens[idx].content)

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """An indented block of code."""
        return _block(tokens[idx].content)


def _block(text: str) -> str:
    return f'<pre dir="auto">{escape(text)}</pre>\n'


def _reader() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": DEEPEST}, renderer_cls=_Renderer)
    made.disable(["image", "html_inline", "html_block", "reference"])
    made.validateLink = _is_open_address  # type: ignore[method-assign]
    made.core.ruler.push("for_our_pages", _for_our_pages)
    return made


_READER = _reader()


@register.filter
def markdown(text: object) -> SafeString:
    """The Markdown as HTML: titles from h3 down, every block `dir="auto"`, links only to http, https and mailto."""
    return _html(str(text or ""))


@lru_cache(maxsize=64)
def _html(source: str) -> SafeString:
    env: EnvType = {}
    tokens = _READER.parse(source, env)
    html = _block(source) if _too_deep(tokens) else _READER.renderer.render(tokens, _READER.options, env)
    cleaned = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=REL)
    return mark_safe(cleaned.strip())  # noqa: S308  what nh3 let through, by the lists above


def _too_deep(tokens: Sequence[Token]) -> bool:
    """True when the reader left out what stands inside of its deepest blocks."""
    return any(token.level >= DEEPEST - 1 and token.type in {"blockquote_open", "list_item_open"} for token in tokens)
