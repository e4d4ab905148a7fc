"""Settings, commands and the table of contents: what the documents say is what the code has, no more and no less."""

import ast
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from annotations.models.people import ROLES as KNOWN_ROLES
from cosa_web.documents import contents, references
from tests.factories import ROLES
from tests.test_access import ROWS

ROOT = Path(__file__).parent.parent
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = ("annotations", "training", "cosa_web", "bench", "docker")
GROUPS = ["Tutorials", "Writing configs", "Benchmarks", "People", "Runs and judges", "Training", "Serving"]
GROUPS += ["Operating", "Reference"]
FENCE = re.compile(r"^( *)```\w*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
COMMANDS = references.COMMANDS.read_text(encoding="utf-8")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def lines(text: str) -> list[str]:
    """What blocks of code have a shell do, each in one line: after `$ ` where a block shows answers too."""
    found = []
    for _, block in FENCE.findall(text):
        whole = re.sub(r'"\$\(.*\)"', "1", block.replace("\\\n", " ")).splitlines()
        asked = [line[2:] for line in whole if line.startswith("$ ")]
        found += [re.split(r"\s+#|\s[|>&]|; ", line)[0] for line in asked or whole]
    return found


def called(text: str, start: str) -> list[tuple[str, list[str]]]:
    """What stands after `start` in lines of code: a name, and its arguments as a shell would cut them."""
    found = [line.partition(f"{start} ")[2] for line in lines(text) if f"{start} " in line]
    words = [shlex.split(re.sub(r"\$\w+", "1", one)) for one in found]
    return [(name, arguments) for name, *arguments in words]


def mentioned(text: str, start: str) -> list[tuple[str, list[str]]]:
    """What is named anywhere in the text, with its options, between code marks too."""
    found = re.findall(rf"{re.escape(start)} (\w+(?:\.\w+)*)([^`\n]*)", text)
    return [(name, re.findall(r"(?<!\S)--[a-z-]+", rest)) for name, rest in found]


def test_settings_are_those_of_the_example_in_every_word():
    assert read(references.SETTINGS) == references.settings_page(read(ROOT / ".env.example"))


def test_a_setting_that_no_group_has_is_noticed():
    with pytest.raises(ValueError, match="COSA_NEW"):
        references.settings_page(f"{read(ROOT / '.env.example')}\n# Something new and unknown.\n# COSA_NEW=1\n")


def test_the_tables_of_commands_are_those_of_their_parsers():
    assert references.commands_page(COMMANDS) == COMMANDS


@pytest.mark.parametrize("command", references.commands())
def test_a_command_has_its_heading_an_example_and_an_explanation_of_every_option(command):
    part = COMMANDS[COMMANDS.index(f"### {command}\n") :]
    part = part[: re.search(r"\n##|\Z", part[1:]).end()]
    options = references.options(command)
    assert f"manage.py {command}" in part and (references.HEAD in part) == bool(options)
    assert [one.dest for one in options if not (one.help or one.choices)] == []
    assert references.parser(command).format_help().startswith("usage: manage.py")


def test_the_table_of_make_has_every_target_and_no_other():
    targets = re.search(r"^\.PHONY: (.*)$", read(ROOT / "Makefile"), re.MULTILINE)[1].split()
    assert sorted(re.findall(r"^\| `make (\w+)` \|", COMMANDS, re.MULTILINE)) == sorted(targets)


def test_the_table_of_programs_has_every_one_of_ours():
    told = {name for name, _ in mentioned(COMMANDS, "python -m")}
    there = set()
    for path in [*(ROOT / "training").rglob("*.py"), *(ROOT / "cosa_web").rglob("*.py")]:
        if re.search(r'^if __name__ == "__main__":', read(path), re.MULTILINE):
            there.add(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__"))
    assert there - {"training.engines._guarded"} <= told


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists_with_its_options(path):
    apps, wrong = get_commands(), []
    for name, options in mentioned(re.sub(r"\\\n\s*", "", read(path)), "manage.py"):
        if name in references.commands():
            known = {word for one in references.parser(name)._actions for word in one.option_strings}
            wrong += [f"{name} {option}" for option in options if option not in known]
        elif name not in {*apps, "help"} and not name.isupper():
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_command_in_a_block_of_code_can_be_parsed(path):
    apps = get_commands()
    for name, arguments in called(read(path), "manage.py"):
        app = apps[name]
        parser = load_command_class(app, name).create_parser("manage.py", name) if isinstance(app, str) else None
        try:
            assert parser is not None and parser.parse_args(arguments)
        except CommandError as problem:
            pytest.fail(f"manage.py {name} {shlex.join(arguments)}: {problem}")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_program_that_is_named_exists_with_its_options(path):
    wrong = []
    for name, options in mentioned(read(path), "python -m"):
        if name.startswith(OURS) and not name.endswith(".NAME"):
            spec = find_spec(name)
            source = read(Path(spec.origin)) if spec else ""
            start = Path(spec.origin).with_name("__main__.py") if spec else ROOT
            known = _options(source) | (_options(read(start)) if start.is_file() else set())
            wrong += [name] * (not spec) + [f"{name} {one}" for one in options if one not in known]
    assert wrong == []


def _options(source: str) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    first = [call.args[0] for call in calls if getattr(call.func, "attr", "") == "add_argument"]
    return {one.value for one in first if isinstance(one, ast.Constant)} | {"--help"}


def test_a_harmless_command_really_runs(capsys):
    call_command("check", verbosity=1)
    assert "no issues" in capsys.readouterr().out + capsys.readouterr().err


def test_every_document_stands_in_the_contents_once_in_a_group_that_is_known():
    told = [entry.name for entry in contents.entries()]
    there = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"README"}
    assert sorted(told) == sorted(there)
    titles = [group.title for group in contents.groups()]
    assert titles == [title for title in GROUPS if title in titles]


def test_a_document_begins_with_its_title_and_a_sentence():
    wrong = [path.name for path in TEXTS[2:] if not re.match(r"# \S.*\n\n[A-Z`*“]", read(path))]
    assert wrong == []


def test_the_roles_in_the_security_document_have_the_rights_of_the_table_of_addresses():
    answers = {f"{row.name} {row.method}": row.answers for row in ROWS}
    part = read(ROOT / "docs" / "security.md").partition("## Who may do what")[2].partition("\n## ")[0]
    lines = re.findall(r"^\|.*", part, re.MULTILINE)
    head, _, *rows = [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in lines]
    roles = head[1:-1]
    people = [next(person for person, role in ROLES.items() if role == name) for name in roles]
    code = [["–" if answers[row[-1]][one] in {"403", "404"} else "yes" for one in people] for row in rows]
    assert [row[1:-1] for row in rows] == code
    assert set(roles) == set(KNOWN_ROLES) and len(rows) > 20
