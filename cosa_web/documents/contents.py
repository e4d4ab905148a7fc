"""The order of the documents: the groups and lines of docs/README.md, the table of contents for readers too."""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "docs"
PICTURES = FOLDER / "pictures"
PICTURE_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}
_GROUP = re.compile(r"^## (.+)$")
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([a-z_0-9]+)\.md\): (.+)$")


class Entry(NamedTuple):
    """One document: its name without `.md`, its short title, a line that says what it is, and its group."""

    name: str
    title: str
    line: str
    group: str


class Group(NamedTuple):
    """Documents that belong together, in the order of reading."""

    title: str
    entries: tuple[Entry, ...]


def groups() -> tuple[Group, ...]:
    """Every group of docs/README.md with the documents whose file is there; () for an installation without docs."""
    path = FOLDER / "README.md"
    return _groups(path.read_text(encoding="utf-8")) if path.exists() else ()


def entries() -> tuple[Entry, ...]:
    """All documents in the order of reading."""
    return tuple(entry for group in groups() for entry in group.entries)


def entry(name: str) -> Entry | None:
    """The document of that name; None when there is none."""
    return next((one for one in entries() if one.name == name), None)


def neighbours(name: str) -> tuple[Entry | None, Entry | None]:
    """The documents before and after that one, None at either end."""
    every = entries()
    place = [one.name for one in every].index(name)
    return (every[place - 1] if place else None), (every[place + 1] if place + 1 < len(every) else None)


def source(name: str) -> str:
    """The Markdown of a document of the contents."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def picture(name: str) -> Path | None:
    """The file of a picture; None for whatever is not directly in docs/pictures or is no PNG or SVG."""
    if not PICTURES.is_dir() or Path(name).suffix not in PICTURE_TYPES:
        return None
    return next((path for path in PICTURES.iterdir() if path.name == name and path.is_file()), None)


@lru_cache(maxsize=4)
def _groups(text: str) -> tuple[Group, ...]:
    found: dict[str, list[Entry]] = {}
    title = ""
    for line in text.splitlines():
        if heading := _GROUP.match(line):
            title = heading[1]
        told = _ENTRY.match(line)
        if told and (FOLDER / f"{told[2]}.md").exists():
            found.setdefault(title, []).append(Entry(told[2], told[1], told[3], title))
    return tuple(Group(title, tuple(inside)) for title, inside in found.items())
