"""What docs/gateway.md says of errors and addresses is what the gateway does."""

import re
from pathlib import Path

from training.gateway import app, failures

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "training" / "gateway").glob("*.py"))]


def codes() -> set[str]:
    """Every code that an error of the gateway can have."""
    written = {code for text in SOURCES for code in re.findall(r'code="(\w+)"', text)}
    return written | set(failures._SENTENCES)


def table(after: str) -> str:
    """The first table after a heading."""
    return re.search(r"(?:^\|.*\n)+", PAGE[PAGE.index(after) :], re.MULTILINE)[0]


def test_every_code_of_an_error_is_in_the_table_and_nothing_else() -> None:
    told = {code for row in table("## Errors").splitlines()[2:] for code in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert told == codes() | {"integer_below_min_value", "integer_above_max_value"}


def test_every_address_is_in_the_table() -> None:
    told = re.findall(r"^\| `\w+ (\S+)`", table("## Addresses"), re.MULTILINE)
    assert told == [app.CHAT, app.MODELS, f"{app.MODELS}/NAME", app.HEALTH]
