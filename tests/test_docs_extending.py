"""Every example of docs/extending.md works as soon as its file lies in the folder."""

import asyncio
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from annotations.exports import Table
from annotations.imports import Table as Rows
from annotations.lints import Draft
from tests.stub_server import StubServer
from training import judges
from training.engines import Endpoint, Reply, Sampling
from training.judges import Case
from training.strategies import Question

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"here `(\w+)\.py`[^`]*(?:`\w+`[^`]*)*```python\n(.*?)```", TEXT, re.DOTALL))
fresh = count()


@pytest.fixture
def copy_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """A copy of a folder as a package of its own, with one more file in it."""

    def make(name: str, entry: str, source: str) -> ModuleType:
        package = f"{Path(name).name}_of_the_docs_{next(fresh)}"
        shutil.copytree(ROOT / name, tmp_path / package)
        (tmp_path / package / f"{entry}.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return import_module(package)

    return make


def test_there_is_an_example_of_each_one_file_addition_and_the_readme_shows_the_first() -> None:
    names = {"no_parrot", "second_look", "house_server", "help_desk", "markdown_table", "double_space"}
    assert set(EXAMPLES) == names and EXAMPLES["no_parrot"] in README


def test_the_judge_judges_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    package = copy_with("training/judges", "no_parrot", EXAMPLES["no_parrot"]).__name__
    judge = judges.load("no_parrot", package)
    assert judges.names(package) == sorted([*judges.names(), "no_parrot"])
    assert judge.judge(Case("", "Why?\n", " Why?")).addressed is False
    assert judge.judge(Case("", "Why?", "Because it rains.")).addressed is True


def test_the_strategy_answers_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    package = copy_with("training/strategies", "second_look", EXAMPLES["second_look"])
    seen: list[list[dict[str, str]]] = []

    async def ask(messages: list[dict[str, str]]) -> Reply:
        seen.append(messages)
        return Reply(f"answer {len(seen)}", "stub", 1, 1, "stop", 1.0, 1)

    reply = asyncio.run(package.load("second_look").answer(ask, Question("The system.", "The config.", "Why?")))
    assert reply.text == "answer 2"
    assert [[turn["role"] for turn in turns] for turns in seen] == [
        ["system", "user"],
        ["system", "user", "assistant", "user"],
    ]
    assert seen[1][1:3] == [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "answer 1"}]


def test_the_engine_reaches_its_server_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    async def one_call() -> str:
        engine = package.load("house_server")(Endpoint("", "echo"))
        try:
            return (await engine.chat([{"role": "user", "content": "hi"}], Sampling())).text
        finally:
            await engine.close()

    with StubServer() as stub:
        source = EXAMPLES["house_server"].replace("http://gpu.example:8000/v1", stub.base_url)
        package = copy_with("training/engines", "house_server", source)
        assert asyncio.run(one_call()) == "hi"
        assert stub.calls("echo") == 1
    assert package.label("house_server") == "Our own server"


def test_the_format_that_comes_in_reads_its_tables_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    package = copy_with("annotations/imports", "help_desk", EXAMPLES["help_desk"])
    given = [{"ticket": "17", "question": "How do I log in?"}, {"ticket": "18", "question": ""}]
    tables = [Rows("desk", ("ticket", "question"), lambda: iter(enumerate(given, 1)))]
    made = package.load("help_desk")
    good, bad = made.read(tables, {})
    assert made.fits(tables) and not made.fits([Rows("x", ("question",), lambda: iter(()))])
    assert (good.text, good.kind, good.source) == ("How do I log in?", "safe", "ticket 17")
    assert (bad.row, bad.column) == (2, "question")


def test_the_format_that_leaves_writes_a_table_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    package = copy_with("annotations/exports", "markdown_table", EXAMPLES["markdown_table"])
    written = b"".join(package.load("markdown_table").pieces(Table(("a", "b"), [("1|2", None)])))
    assert written == b"| a | b |\n| --- | --- |\n| 1/2 |  |\n" and "markdown_table" in package.names()


def test_the_lint_finds_its_weakness_as_soon_as_its_file_is_there(copy_with: Any) -> None:
    package = copy_with("annotations/lints", "double_space", EXAMPLES["double_space"])
    draft = Draft("Title", "use", "all", "en", "One line.\nTwo  blanks here.", (), frozenset(), {})
    found = [one for one in package.check(draft) if one.lint == "double_space"]
    assert [(one.line, one.level) for one in found] == [(2, "note")]
