"""A page as a browser reads it: its elements, what a strict content policy would stop, and which way its texts run."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html.parser import HTMLParser
from unicodedata import bidirectional

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass(eq=False)
class Element:
    """One element: its attributes (last of a name wins), the elements it stands in, and what it has of the texts."""

    tag: str
    attributes: dict[str, str]
    parents: tuple["Element", ...]
    texts: list[tuple[str, "Element | None"]]
    """All texts of the page, each with the nearest element around it that isolates."""
    begin: int
    end: int | None = None
    own: list[str] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        """All text inside it."""
        return "".join(text for text, _ in self.texts[self.begin : self.end])

    @cached_property
    def leading(self) -> str:
        """The text that decides the direction of the element, when it is left to its text."""
        around = {None, self, *self.parents}
        return "".join(text for text, isolated in self.texts[self.begin : self.end] if isolated in around)

    @property
    def isolates(self) -> bool:
        return self.tag == "bdi" or "dir" in self.attributes

    @property
    def left_to_its_text(self) -> bool:
        return self.attributes.get("dir", "auto" if self.tag == "bdi" else "") == "auto"

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self.open: list[Element] = []
        self.texts: list[tuple[str, Element | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.found[-1].end = None
            self.open.append(self.found[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        here, named = len(self.texts), {name: value or "" for name, value in attrs}
        self.found.append(Element(tag, named, tuple(self.open), self.texts, here, here))

    def handle_endtag(self, tag: str) -> None:
        while any(element.tag == tag for element in self.open):
            closed = self.open.pop()
            closed.end = len(self.texts)
            if closed.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        self.texts.append((data, next((element for element in reversed(self.open) if element.isolates), None)))
        if self.open:
            self.open[-1].own.append(data)


@lru_cache(maxsize=4)
def _read(html: str) -> list[Element]:
    """All elements of a page; a test looks at one page in several ways, and reading it takes as long as making it."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


def elements(html: str, tag: str = "", css: str = "") -> list[Element]:
    """The elements in the order of the page, those of a tag or a CSS class when one is given."""
    return [one for one in _read(html) if (not tag or one.tag == tag) and (not css or css in one.classes)]


def inside(found: list[Element], name: str) -> list[Element]:
    """Those of the elements that stand in the element with that id."""
    return [one for one in found if any(parent.attributes.get("id") == name for parent in one.parents)]


def text(html: str, css: str) -> str:
    """The text of the first element of that CSS class, as written."""
    return elements(html, css=css)[0].text


def next_page(html: str) -> str:
    """Where the pager leads on, as the end of an address; AssertionError on the last page."""
    found = [one.attributes["href"] for one in elements(html, "a") if one.attributes.get("rel") == "next"]
    assert found, "There is no next page."
    return found[0]


def inline(html: str) -> list[str]:
    """Whatever in the page a policy without 'unsafe-inline' stops: scripts, styles, handlers, javascript: addresses."""
    found = []
    for one in elements(html):
        wrong = [name for name in one.attributes if name.startswith("on") or name == "style"]
        wrong += [name for name, value in one.attributes.items() if value.strip().lower().startswith("javascript:")]
        if wrong or one.tag == "style" or (one.tag == "script" and "src" not in one.attributes):
            found.append(f"<{one.tag} {' '.join(wrong)}>")
    return found


def undirected(html: str, word: str) -> list[str]:
    """Where the page shows `word`, of a right-to-left script, from left to right; a form's choices are free.

    So is a file's own text, a <pre> that says dir="ltr".
    """
    shown = [one for one in elements(html) if word in "".join(one.own) and not _a_file(one)]
    free = {"title", "option", "label"}
    return [f"{one.parents[-1].tag} > {one.tag}" for one in shown if one.tag not in free and not _from_right(one)]


def _a_file(one: Element) -> bool:
    return one.tag == "pre" and one.attributes.get("dir") == "ltr"


def _from_right(one: Element) -> bool:
    """True when the nearest element that is left to its text begins with a letter that is written from the right."""
    around = next((each for each in (one, *reversed(one.parents)) if each.left_to_its_text), None)
    letters = (bidirectional(letter) for letter in around.leading) if around else ()
    return next((letter for letter in letters if letter in {"L", "R", "AL"}), "L") != "L"
