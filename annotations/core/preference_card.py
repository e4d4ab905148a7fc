"""The card of a preference set in Markdown: what the pairs are, how they came about, what of them leaks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from annotations.core.dataset_card import LICENCES, passage, plain, quoted

NOTICE = (
    "Some prompts ask for harmful things, and some responses hold them: rejected ones above all. They are there so "
    "that a model learns what to decline under which config. Show them to people who know what they will read."
)
MOST_ROWS = 20


class Facts(NamedTuple):
    """What the card is made of. `columns` are name, type and what it holds; `leaks` says the check in words.

    `figures` and `splits` are those of the set, `manifest` is its own; {} for a set that is older than manifests.
    """

    title: str
    about: str
    licence: str
    source: str
    rows: int
    splits: Mapping[str, int]
    figures: Mapping[str, Any]
    manifest: Mapping[str, Any]
    leaks: str
    sha256: str
    size: int
    columns: Sequence[tuple[str, str, str]]


def card(facts: Facts) -> str:
    """The card with a head in YAML; people's words are kept to themselves, names are no markup."""
    parts = [
        f"# {plain(facts.title)}",
        passage(facts.about),
        _part("What is in it", _contents(facts)),
        _part("How the pairs came about", _made(facts)),
        _part("What was left out", _left_out(facts.manifest)),
        _part("Prompts that stand in benchmarks", plain(facts.leaks)),
        _part("Columns", "\n".join(map(_column, facts.columns))),
        _part("Licence", plain(facts.licence) or "No licence is stated."),
        _part("Content notice", NOTICE),
        _part(
            "File", f"`{facts.sha256}.parquet`: {_many(facts.rows, 'pair')}, {facts.size:,} bytes, SHA-256 its name."
        ),
    ]
    return f"{_head(facts)}\n" + "\n\n".join(part for part in parts if part) + "\n"


def _head(facts: Facts) -> str:
    licence = facts.licence.strip()
    known = licence.lower() if licence.lower() in LICENCES else "other" if licence else "unknown"
    named = [f"license_name: {quoted(licence)}"] if known == "other" else []
    lines = [f"license: {known}", *named, f"pretty_name: {quoted(facts.title)}"]
    return "\n".join(["---", *lines, "tags:", "- preference", "- safety", "---", ""])


def _part(title: str, text: str) -> str:
    return f"## {title}\n\n{text}" if text else ""


def _contents(facts: Facts) -> str:
    figures = facts.figures
    said = [f"{_many(facts.rows, 'pair')} of responses to {_many(figures.get('prompts', 0), 'different prompt')}."]
    if worse := figures.get("not_better"):
        said.append(f"In {_many(worse, 'pair')} the chosen response has no smaller error than the rejected one.")
    if unscored := figures.get("unscored"):
        said.append(f"{_many(unscored, 'pair')} lack an error.")
    counts = (
        ("Splits", facts.splits.items()),
        ("Origins", figures.get("origins", ())),
        ("Modes", figures.get("modes", ())),
        ("Configs", figures.get("configs", ())),
        ("By how much more error the rejected response has", figures.get("gaps", ())),
    )
    return " ".join(said) + "\n\n" + "\n".join(_counts(heading, list(rows)) for heading, rows in counts if rows)


def _counts(heading: str, rows: Sequence[Sequence[Any]]) -> str:
    named = ", ".join(f"{plain(name)} ({amount:,})" for name, amount in rows[:MOST_ROWS])
    return f"- {heading}: {named}" + (f", and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else "")


def _made(facts: Facts) -> str:
    told = facts.manifest
    if not told:
        return f"They were uploaded. Source: {plain(facts.source) or 'not stated'}."
    lines = [f"- Made {plain(told['made'])} by {plain(told['by'])}"]
    lines += [f"- Source: {plain(facts.source)}"] if facts.source else []
    lines += _recipe(told) if "recipe" in told else []
    lines.append(f"- Taxonomy: {plain(told['taxonomy']['title'])}, {_categories(told['taxonomy']['categories'])}")
    return "\n".join([*lines, *map(_stage, told.get("stages", ()))])


def _recipe(told: Mapping[str, Any]) -> list[str]:
    judges = [_judge(judge) for judge in told["judges"]]
    templates = [f"{plain(one['name'])} (`{one['digest'][:12]}`)" for one in told["templates"]]
    weights = told["settings"]["weights"]
    return [
        f"- Recipe: {plain(told['recipe']['title'])}, prompts: {plain(told['recipe']['prompts']['title'])}",
        f"- Candidates: {', '.join(_candidates(told['runs'])) or 'none'}",
        f"- Judges: {', '.join(judges) or 'none'}",
        f"- Templates of configs: {', '.join(templates) or 'none'}",
        f"- Error of a response: α {weights['alpha']:g}, β {weights['beta']:g}, γ {weights['gamma']:g}",
        f"- Seed: {told['seeds']['recipe']}",
    ]


def _candidates(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each model that answered once, with the temperature it answered at."""
    asked = (run["candidate"] for run in runs if run["candidate"])
    return list(dict.fromkeys(f"{plain(one['model'])} at {one['temperature']:g}" for one in asked))


def _judge(judge: Mapping[str, Any]) -> str:
    by = f", {plain(judge['model'])}" if judge["model"] else ""
    heuristic = ", a heuristic and no evidence" if judge["heuristic"] else ""
    return f"{plain(judge['name'])} (`{judge['digest'][:12]}`{by}{heuristic})"


def _categories(rows: Iterable[Mapping[str, Any]]) -> str:
    return plain(", ".join(row["name"] for row in rows))


def _stage(stage: Mapping[str, Any]) -> str:
    law = stage["law"]
    if "in" not in law:
        return f"- Step {stage['kind']}"
    ends = f"{law['in']:,} in, {law['out']:,} out"
    return f"- Step {stage['kind']}: {ends}; dropped: {_reasons(law['dropped'])}; failed: {_reasons(law['failed'])}"


def _reasons(counts: Mapping[str, int] | None) -> str:
    return ", ".join(f"{plain(reason)} {amount:,}" for reason, amount in (counts or {}).items() if amount) or "none"


def _left_out(manifest: Mapping[str, Any]) -> str:
    law = manifest.get("pairs")
    if not law:
        return ""
    said = f"Of {_many(law['in'], 'pair')} that came, {law['out']:,} stayed. Left out: {_reasons(law['dropped'])}."
    moved = law["moved"]
    return said + (f" {_many(moved, 'pair')} went into the split that its prompt has." if moved else "")


def _column(column: tuple[str, str, str]) -> str:
    return f"- `{column[0]}` ({column[1]}): {plain(column[2])}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
