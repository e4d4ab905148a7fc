"""The word tables of the folder, read once."""

import tomllib
from functools import cache

from annotations.core import folder

Table = dict[str, dict[str, list[str]]]


@cache
def table(name: str) -> Table:
    """The table `_name.toml` of this folder: lists of words, by section and part."""
    return tomllib.loads(folder.text("annotations.lints", f"_{name}.toml"))
