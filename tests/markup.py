"""A page as a browser reads it: its elements, what a strict content policy would stop, and which way its texts run."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from unicodedata import bidirectional

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """One element: its attributes (last of a name wins), all text inside it, and the elements it stands in."""

    tag: str
    attributes: dict[str, str]
    parents: tuple["Element", ...]
    text: str = ""
    own: list[str] = field(default_factory=list)
    leading: str = ""
    """The text that decides the direction of the element, when it is left to its text."""

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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        if tag in {element.tag for element in self.open}:
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.open[-1].own.append(data)
        for element in self.open:
            element.text += data
        for element in reversed(self.open):
            element.leading += data
            if element.isolates:
                break


def elements(html: str, tag: str = "", css: str = "") -> list[Element]:
    """The elements in the order of the page, those of a tag or a CSS class when one is given."""
    reader = _Reader()
    reader.feed(html)
    return [one for one in reader.found if (not tag or one.tag == tag) and (not css or css in one.classes)]


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
