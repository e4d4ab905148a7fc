"""What the documents say is so: examples run, tables are complete, links lead somewhere, figures are the code's."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotations.core import folder
from annotations.services import demo
from training.engines import KINDS
from training.models.runs import ITEM_STATES, RUN_STATES
from training.services import work

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def doc(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def first_column(table: str) -> list[str]:
    """The first cells of a table's rows, without code marks, headings left out."""
    return [cell.strip("` ") for cell in re.findall(r"^\| ([^|]+)\|", table, re.MULTILINE)][1:]


def table_after(text: str, words: str) -> str:
    """The first table after the words."""
    return re.search(r"(?:^\|.*\n)+", text[text.index(words) :], re.MULTILINE)[0]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.django_db(transaction=True)
def test_the_command_line_prints_what_the_readme_shows(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEMO = True
    call_command("load_demo", verbosity=0)
    capsys.readouterr()
    shown = re.search(r"```console\n\$ .*manage.py evaluate (.*)\n.*\n((?:.*\n)*?)```", README)
    assert shown is not None
    call_command("evaluate", *shown[1].split())
    printed = re.sub(r"^Run \d+", "Run 1", capsys.readouterr().out)
    assert printed == shown[2]


def test_the_readme_names_the_log_ins_of_the_demo() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    assert rows == [(person.username, person.who) for person in demo.PEOPLE]
    assert f"the password `{demo.PASSWORD}`" in README


def test_the_map_has_every_folder_of_the_tree_and_no_other() -> None:
    block = re.search(r"## The map of the house\n\n```\n(.*?)```", README, re.DOTALL)
    assert block is not None
    mapped = {name for name in re.findall(r"(?:^|  )(\w+)/", block[1], re.MULTILINE)}
    there = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not re.search(r"^_|\.", path.name) and path.name != "var"
        if any(file.is_file() and file.suffix != ".pyc" for file in path.rglob("*"))
    }
    assert mapped == there


@pytest.mark.parametrize(
    ("name", "package", "suffixes"),
    [
        ("engines", "training.engines", (".py",)),
        ("strategies", "training.strategies", (".py",)),
        ("judges", "training.judges", (".toml", ".py")),
        ("templates", "annotations.data.config_templates", (".toml",)),
        ("lints", "annotations.lints", (".py",)),
        ("exports", "annotations.exports", (".py",)),
        ("imports", "annotations.imports", (".py",)),
    ],
)
def test_the_docs_have_a_row_for_every_entry_and_no_other(name: str, package: str, suffixes: tuple[str, ...]) -> None:
    assert sorted(first_column(table_after(doc(f"{name}.md"), "# "))) == folder.names(package, *suffixes)


def test_the_docs_of_engines_have_every_kind_of_failure() -> None:
    assert set(first_column(table_after(doc("engines.md"), "## What a failure is"))) == KINDS


def test_the_docs_of_runs_have_every_state() -> None:
    runs, items = (table_after(doc("runs.md"), heading) for heading in ("| run |", "| item |"))
    assert (tuple(first_column(runs)), tuple(first_column(items))) == (
        ("queued", "running", "paused", "cancelled", "finished"),
        ITEM_STATES,
    )
    assert set(first_column(runs)) == set(RUN_STATES)


def test_the_docs_of_runs_name_the_figures_of_the_code() -> None:
    text = doc("runs.md")
    assert f"When {work.ALIKE_IN_A_ROW} items of a worker" in text
    assert f"Calls in flight have {work.GRACE_SECONDS:g} seconds" in text
    assert f"collected for {work.GROUP_SECONDS * 1000:g} ms" in text
    assert work.BEAT_SECONDS == 1 and "A heartbeat renews it every second." in text


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8"))
    missing = [name for name, _ in links if not (path.parent / name).exists()]
    lost = [mark for name, mark in links if mark and mark not in anchors(path.parent / name if name else path)]
    assert (missing, lost) == ([], [])


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|```sh\n|… )make (\w+)", path.read_text(encoding="utf-8"))) <= targets


def test_contributing_stays_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    headings = re.findall(r"^#+ .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[:3] == ["# Changelog", "## Unreleased", "### Added"]


def test_the_licence_is_the_standard_text() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_0
