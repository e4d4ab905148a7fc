"""Markdown of people becomes HTML that can do nothing, loses nothing and runs its own way."""

import time

import pytest

from annotations.templatetags.markdown import _html, markdown
from tests.markup import elements, inline

POLICY = """# Our games

We write *games* for adults. **Violence** belongs to a story, see [the guide](https://example.org/guide).

- Siege scenes may be told
- Weapons are named as props, `never` as a manual

نكتب قصصاً للكبار.

"""


def shown(text, tag):
    return [one.text for one in elements(markdown(text), tag)]


def test_a_policy_reads_as_it_was_meant():
    html = markdown("We *may*.\nNext line.\n\n1. one\n2. two\n\n> said\n\n`code`")
    assert [one.tag for one in elements(html)] == [
        "p", "em", "br", "ol", "li", "li", "blockquote", "p", "p", "code",
    ]  # fmt: skip


def test_titles_stand_below_those_of_the_page():
    assert [one.tag for one in elements(markdown("# a\n\n## b\n\n###### c"))] == ["h3", "h4", "h6"]


def test_every_block_runs_its_own_way():
    html = markdown("# مرحبا\n\nEnglish\n\n- عربي\n\n> نص\n\n```\nرمز\n```")
    blocks = [one for one in elements(html) if one.tag not in {"code", "br"}]
    assert blocks and {one.attributes.get("dir") for one in blocks} == {"auto"}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick=alert(1)>x</b>",
        "a <svg/onload=alert(1)> b",
        "<!-- hidden -->",
    ],
)
def test_html_is_only_text(text):
    assert inline(markdown(text)) == [] and {one.tag for one in elements(markdown(text))} == {"p"}
    assert elements(markdown(text))[0].text == text


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "&#106;avascript:alert(1)", "vbscript:x"]
    + ["data:text/html,<script>", "file:///etc/passwd", "/configs/1/", "//elsewhere.org", "\\javascript:alert(1)"],
)
def test_only_addresses_of_web_and_mail_are_links(link):
    for written in (f"[x]({link})", f"[x](<{link}>)", f"<{link}>", f"[x]: {link}\n\n[x]"):
        assert elements(markdown(written), "a") == []


def test_a_link_tells_nobody_where_it_was():
    links = elements(markdown("[a](https://a.org) <mailto:a@b.org>"), "a")
    assert [one.attributes["rel"] for one in links] == ["nofollow noopener"] * 2
    assert [one.attributes["href"] for one in links] == ["https://a.org", "mailto:a@b.org"]


def test_a_picture_is_a_link_that_loads_nothing():
    assert elements(markdown("![x](https://a.org/b.png)"), "img") == []


def test_an_attribute_cannot_be_smuggled_in_by_a_title():
    assert inline(markdown("[a](https://a.org \"t' onmouseover='alert(1)\")")) == []


@pytest.mark.parametrize("deep", ["> " * 40, "- " * 30, "> - " * 30, ">" * 10_000])
def test_what_is_nested_too_deep_is_shown_as_written(deep):
    assert f"{deep}hidden" in elements(markdown(f"{deep}hidden"))[0].text


@pytest.mark.parametrize(
    "text", ["[x]: https://a.org 'hidden'", "```hidden\ncode\n```", "[a](https://a.org 'hidden')", "    hidden"]
)
def test_nothing_that_a_model_would_read_is_hidden(text):
    assert "hidden" in markdown(text)


@pytest.mark.parametrize("text", ["", None, "\n\n"])
def test_nothing_is_nothing(text):
    assert markdown(text) == ""


def quickest(text, times=5):
    """Milliseconds of this thread's own work in the quickest of some tries, so that a busy machine does not count."""
    taken = []
    for _ in range(times):
        _html.cache_clear()
        start = time.thread_time()
        markdown(text)
        taken.append(1000 * (time.thread_time() - start))
    return min(taken)


def test_a_policy_of_20000_characters_takes_less_than_50_ms():
    assert quickest((POLICY * 100)[:20_000]) < 50


@pytest.mark.parametrize(
    "sign", [">", "> ", "[", "[a](", "![", "*a ", "**a*", "_a__", "`", "<", "\\", "&amp;", "- ", "\n"]
)
def test_no_bomb_takes_longer_than_its_length(sign):
    """Four times the signs take less than twelve times as long: nothing in it is quadratic (that would be sixteen)."""
    short, long = sign * (8_000 // len(sign)), sign * (32_000 // len(sign))
    assert quickest(long, 2) < 12 * max(quickest(short, 3), 2)
