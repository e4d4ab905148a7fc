"""A folder as a registry: every file in it is one entry, named by its stem, and nothing else lists it."""

from importlib import import_module
from importlib.resources import files
from types import ModuleType


class NoSuchEntry(LookupError):
    """A name that no file of the folder has; the message says which names there are."""


def names(package: str, *suffixes: str) -> list[str]:
    """The entries of a package's folder in alphabetical order, `__init__` and private files left out.

    `suffixes` are file endings with their dot; without any, Python files are entries.
    """
    endings = suffixes or (".py",)
    stems = {path.name.partition(".")[0] for path in files(package).iterdir() if path.name.endswith(endings)}
    return sorted(stem for stem in stems if not stem.startswith("_"))


def module(package: str, name: str) -> ModuleType:
    """The Python entry `name` of a package's folder, imported. Raises NoSuchEntry for a name that is no entry."""
    if name not in names(package):
        raise NoSuchEntry(f"There is no {name!r} in {package}; there are: {', '.join(names(package))}.")
    return import_module(f"{package}.{name}")


def text(package: str, filename: str) -> str:
    """The content of a data file of a package's folder, UTF-8. Raises NoSuchEntry when the file is not there."""
    path = files(package) / filename
    if not path.is_file():
        raise NoSuchEntry(f"There is no file {filename!r} in {package}.")
    return path.read_text(encoding="utf-8")
