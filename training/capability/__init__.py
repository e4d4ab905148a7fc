"""Tasks of general capability, done by lm-evaluation-harness in a process and an environment of its own.

One Python file is one way to call it, with `LABEL`, `ABOUT` and `arguments`; one YAML file of `tasks/` is a task in the
harness's own form, its first line a comment with name and description. Only the standard library is imported here.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from annotations.core import folder

TASKS = Path(str(files(__name__) / "tasks"))
"""The folder with our own tasks; the harness is started in it, so that they find their items."""
INSTALL = "pip install --no-deps --require-hashes -r requirements/capability.txt"
MISSING = (
    "lm-evaluation-harness is not installed for {python}. Make an environment for it, run “" + INSTALL + "” in it, and "
    "set COSA_CAPABILITY_PYTHON to its Python for the web server and the workers."
)
_HEAD = re.compile(r"# (?P<label>[^:\n]+): (?P<about>[^\n]+)\ntask: (?P<name>[\w-]+)\n")
_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,99}")


class Task(NamedTuple):
    """A task of ours: the harness's name of it, what people call it, how many items it has."""

    name: str
    label: str
    about: str
    items: int


class Target(NamedTuple):
    """The model that is measured: the address ending in /v1, its name there, calls at once, seconds for one try."""

    address: str
    model: str
    at_once: int
    timeout: float


def offered() -> tuple[Task, ...]:
    """Our own tasks in alphabetical order. Raises ValueError for a file without its first two lines."""
    return tuple(_task(name) for name in folder.names(f"{__name__}.tasks", ".yaml"))


def _task(stem: str) -> Task:
    head = _HEAD.match(folder.text(f"{__name__}.tasks", f"{stem}.yaml"))
    if head is None:
        raise ValueError(f"{stem}.yaml begins with a line “# Name: description.” and one with the task's name.")
    items = sum(1 for line in folder.text(f"{__name__}.tasks", f"{stem}.jsonl").splitlines() if line.strip())
    return Task(head["name"], head["label"], head["about"], items)


def may_be_named(name: str) -> bool:
    """True for what can be the name of a task: no path, no option, at most a hundred letters, digits, _ and -."""
    return _NAME.fullmatch(name) is not None


def ways() -> list[str]:
    """The ways to call the harness, in alphabetical order."""
    return folder.names(__name__)


def call(way: str, target: Target, wanted: Sequence[str], limit: int | None) -> dict[str, Any]:
    """How the harness is called, as the file for `lm_eval run --config`; `limit` is the most items of a task, None all.

    Raises NoSuchEntry for a way that is no file here.
    """
    asked: dict[str, Any] = folder.module(__name__, way).arguments(target)
    return asked | {"tasks": list(wanted), "include_path": str(TASKS)} | ({} if limit is None else {"limit": limit})
