"""A tutorial as it is written: its numbered steps, the names it sets in italics, the pictures it shows."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
SITE, GATEWAY = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
TUTORIALS = ("expert", "reviewer", "annotator", "lead", "admin", "program")
_STEP = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"(?<![*\w])\*([^*\s](?:[^*]*[^*\s])?)\*(?![*\w])")


class Written(NamedTuple):
    """One numbered step: its number, its title, and all that stands below it."""

    number: int
    title: str
    text: str

    @property
    def names(self) -> list[str]:
        """What stands in italics: names of buttons, links and fields as the page has them."""
        return names(self.text)

    @property
    def pictures(self) -> list[str]:
        """The pictures it shows, by name, without `.png`."""
        return pictures(self.text)

    def code(self, language: str) -> list[str]:
        """Its blocks of code in that language, as they are written."""
        return [code for named, code in _CODE.findall(self.text) if named == language]


def text(tutorial: str) -> str:
    """The whole document of a tutorial."""
    return (DOCS / f"tutorial_{tutorial}.md").read_text(encoding="utf-8")


def steps(tutorial: str) -> list[Written]:
    """Its numbered steps in order; what follows the next plain heading belongs to none."""
    parts = re.split(r"^(?=## )", _fenced(text(tutorial)), flags=re.MULTILINE)
    found = [(_STEP.match(part), part) for part in parts]
    return [Written(int(head[1]), head[2], _open(part[head.end() :])) for head, part in found if head]


def names(written: str) -> list[str]:
    """Everything in italics outside of code, each once, with its spaces as single ones."""
    plain = re.sub(r"`[^`]*`", "", _CODE.sub("", written))
    return list(dict.fromkeys(" ".join(name.split()) for name in _NAME.findall(plain)))


def pictures(written: str) -> list[str]:
    """The names of the pictures a document shows, each once."""
    return list(dict.fromkeys(re.findall(r"pictures/(\w+)\.png", written)))


def _fenced(whole: str) -> str:
    """The document with every line of code begun by a mark, so that no comment in it is taken for a heading."""
    return _CODE.sub(lambda block: block[0].replace("\n#", "\n\0#"), whole)


def _open(part: str) -> str:
    return part.replace("\0", "")
