"""The card of rows that were taken away as they stood that day, without a release: prompts, or people's answers."""

from collections.abc import Iterable

from annotations.core.dataset_card import DEFAULT_NOTICE, LICENCES, passage, plain, quoted

CAVEAT = "It is no release: the benchmark may have changed since."


def card(
    *,
    title: str,
    about: str,
    licence: str,
    notice: str,
    day: str,
    columns: Iterable[tuple[str, str, str]],
    caveat: str = CAVEAT,
) -> str:
    """The card in Markdown with a head in YAML; `columns` are name, type and what it holds, `day` is in ISO form."""
    rows = "\n".join(f"| `{name}` | {kind} | {plain(what)} |" for name, kind, what in columns)
    parts = [
        f"# {plain(title)}",
        passage(about),
        f"Taken away on {day} as it stood then. {caveat}",
        f"## Columns\n\n| column | type | what it holds |\n|---|---|---|\n{rows}",
        f"## Licence\n\n{plain(licence) or 'No licence is stated.'}",
        f"## Content notice\n\n{passage(notice) or DEFAULT_NOTICE}",
    ]
    return f"{_head(title, licence.strip())}\n" + "\n\n".join(part for part in parts if part) + "\n"


def _head(title: str, licence: str) -> str:
    known = licence.lower() if licence.lower() in LICENCES else "other" if licence else "unknown"
    lines = [f"license: {known}", *([f"license_name: {quoted(licence)}"] if known == "other" else [])]
    return "\n".join(["---", *lines, f"pretty_name: {quoted(title)}", "---", ""])
