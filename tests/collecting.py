"""In what order the workers of a parallel run read the files of tests.

All of them must read all files; compiling one with its assertions, which is done once, takes longer than all the rest.
So each begins at another place, and finds most files compiled by those that came there first.
"""

import os
from importlib import import_module
from typing import Any

import pytest


def place_among_workers() -> tuple[int, int]:
    """Which worker of a parallel run this process is, from 0, and of how many; (0, 1) where it runs alone."""
    name, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return int(name.removeprefix("gw")), int(count)


def turned(found: list[Any], number: int, count: int) -> list[Any]:
    """What a folder holds, from another place on for each worker."""
    start = len(found) * number // count
    return found[start:] + found[:start]


def put_in_order(items: list[pytest.Item]) -> None:
    """The tests in the one order in which every worker must name them, wherever it began to read."""
    items.sort(key=lambda item: item.path)


class later:
    """A package that takes a second to import, which it does where a test first uses it and not in every worker.

    pytest asks all that stands in a file for names of its own, which begin with an underscore: that is no use.
    """

    def __init__(self, name: str) -> None:
        vars(self)["_name"] = name

    def __getattr__(self, asked: str) -> Any:
        if asked.startswith("_"):
            raise AttributeError(asked)
        return getattr(import_module(self._name), asked)

    def __setattr__(self, asked: str, value: Any) -> None:
        raise TypeError(f"Patch the package itself: monkeypatch.setattr('{self._name}.{asked}', …).")
