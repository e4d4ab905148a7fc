"""The file of example settings: complete, with the code's own defaults, and usable as it stands."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cosa_web.env_names import FREE

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^# (COSA_\w+)=(.*)$", EXAMPLE, re.MULTILINE))
KEY = "COSA_KEY_"
READERS = {
    f"env.{reader}"
    for reader in ("text", "flag", "number", "words", "choice", "time_zone", "language", "address", "host_names")
}
READERS |= {"os.environ.get"}
SWITCHED_ON = re.sub(r"^# (COSA_\w+=)", r"\1", EXAMPLE, flags=re.MULTILINE)


def sources() -> Iterator[str]:
    """The modules that name a variable."""
    for part in ("cosa_web", "training", "annotations"):
        for path in sorted((ROOT / part).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "COSA_" in text:
                yield text


def names_in_code() -> set[str]:
    """Every variable the code names; keys of models have no fixed name and count as one."""
    found = {name for source in sources() for name in re.findall(r"COSA_[A-Z_]+", source)}
    return {name for name in found if not name.startswith(FREE) and not name.endswith(("_", "_FILE"))} | {KEY}


def constant_defaults() -> Iterator[tuple[str, str]]:
    """Each variable read with a default that is written beside its name, as the example would show it."""
    for source in sources():
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                name, reader = str(call.args[0].value), ast.unparse(call.func)
                default = [*call.args[1:], *(word.value for word in call.keywords), ast.Constant("")][0]
                if name.startswith("COSA_") and reader in READERS and isinstance(default, ast.Constant):
                    yield name, str(int(default.value or 0) if reader == "env.flag" else default.value)


def test_the_example_has_every_variable_of_the_code_and_no_other() -> None:
    assert {KEY if name.startswith(KEY) else name for name in SHOWN} == names_in_code()


def test_most_defaults_can_be_read_from_the_code() -> None:
    assert {"COSA_DEBUG", "COSA_PORT", "COSA_BROKER", "COSA_LEASE_SECONDS"} <= dict(constant_defaults()).keys()


@pytest.mark.parametrize(("name", "default"), sorted(set(constant_defaults())))
def test_the_example_shows_the_default(name: str, default: str) -> None:
    assert SHOWN[name] == default


def test_the_example_says_where_the_demo_has_another_default() -> None:
    own = re.findall(r'setdefault\("(COSA_\w+)", "(.*)"\)', (ROOT / "cosa_web" / "demo.py").read_text(encoding="utf-8"))
    said = {name: re.search(rf"`make demo`: (\S+)\.\n# {name}=", EXAMPLE) for name, _ in own}
    assert own and {name: found and found[1] for name, found in said.items()} == dict(own)


def test_every_variable_is_explained_above_its_line() -> None:
    blocks = [block.splitlines() for block in EXAMPLE.strip().split("\n\n")[1:]]
    assert [re.match(r"# (COSA_\w+)=", block[-1])[1] for block in blocks] == list(SHOWN)
    assert [block[-1] for block in blocks if not re.match(r"# [A-Z].{20}", block[0])] == []


def test_the_application_starts_with_every_example_switched_on(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(SWITCHED_ON, encoding="utf-8")
    start = f"set -a; . {tmp_path}/env; COSA_VAR={tmp_path}; COSA_SQLITE={tmp_path}/db; "
    start += f"exec {sys.executable} -c 'from cosa_web import settings as s; print(s.ALLOWED_HOSTS, s.LEASE_SECONDS)'"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COSA_")}
    done = subprocess.run(["sh", "-c", start], cwd=ROOT, env=plain, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout) == ("", "['localhost', '127.0.0.1', '[::1]'] 30.0\n")
