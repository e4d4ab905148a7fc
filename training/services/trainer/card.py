"""The model card of a checkpoint, and a sentence about it: what it is, where it comes from, what it is not for."""

from string import Template
from typing import Any

from training.models import TrainingRun
from training.recipes.run_dir import DPO, MERGE, SFT
from training.services.trainer import origins

WORDS = {SFT: "SFT", DPO: "DPO", MERGE: "Merge"}
_COUNTED = ("_runtime", "_per_second", "_num_tokens")
"""Ends of names of figures that are no mean over pairs."""
_NOT_FOR = (
    "It was trained to follow a safety config in its system prompt. Nothing on this card says how well it does: look "
    "at its evaluation runs, and compare them with those of its base, before anybody uses it. It is no safe assistant "
    "by itself, and it must not be put to work without a config that people approved. The licences of base and data "
    "hold for it."
)
_PLUMBING = " It is a plumbing model: too small to mean anything, and no figure of it is evidence."
_USE = (
    "Put the config in as the system message and use the tokenizer's chat template, as in training. `lineage.json` "
    "says all that it came from, `FINISHED.json` the SHA-256 of each file."
)
_CARD = Template(f"""# $slug

$what

$facts

## Data

$data

## Figures of the training

$figures

## Settings

$settings

## What it is not for

{_NOT_FOR}

## How to load it

    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")
    model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")

{_USE}
""")


def sentence(run: TrainingRun) -> str:
    """What the run's model is, in one sentence that everybody may read: models belong to no organisation, pairs do."""
    if run.kind == MERGE:
        return f"Merge of {run.base.name} and {run.other.name if run.other else '-'} by training run {run.pk}."
    return f"{WORDS[run.kind]} of {run.base.name} on preference set {run.preference_set_id} by training run {run.pk}."


def markdown(slug: str, lineage: dict[str, Any]) -> str:
    """The card, from the lineage alone."""
    lineage = origins.whole(lineage)
    return _CARD.substitute(
        slug=slug,
        what=_what(lineage),
        facts="\n".join(f"- {name}: {_plain(value)}" for name, value in _facts(lineage) if value not in ("", None)),
        data=_data(lineage),
        figures=_figures(lineage),
        settings="\n".join(f"- `{name}`: {_plain(value)}" for name, value in _told(lineage["settings"])),
    )


def _what(lineage: dict[str, Any]) -> str:
    base, other = lineage["base"], lineage["other"]
    care = _PLUMBING if base["plumbing"] else ""
    if other:
        return f"A merge: between the weights of {_plain(base['name'])} and {_plain(other['name'])}.{care}"
    kind, steps = WORDS.get(lineage["run"]["kind"], "training"), lineage["steps"]
    return f"{_plain(base['name'])} after {kind}, {steps['best'] or steps['done']:,} steps.{care}"


def _facts(lineage: dict[str, Any]) -> list[tuple[str, Any]]:
    run, base, other = lineage["run"], lineage["base"], lineage["other"] or {}
    versions = ", ".join(f"{name} {version}" for name, version in sorted(lineage["versions"].items()))
    hardware = ", ".join(f"{name}: {_listed(value)}" for name, value in _told(lineage["hardware"]))
    return [
        ("Training run", f"{run['id']}, {run['title']}"),
        ("Base", _parent(base)),
        ("Merged with", _parent(other) if other else ""),
        ("Preset", lineage["preset"]),
        ("Code", lineage["code"]),
        ("Libraries", versions),
        ("Machine", f"{run['node']}; {hardware}" if hardware else run["node"]),
        ("Tokens seen", f"{lineage['tokens']:,}" if lineage["tokens"] else ""),
        ("Time", f"{lineage['seconds']:,.0f} s" if lineage["seconds"] else ""),
        ("SHA-256 of all files", lineage["sha256"]),
    ]


def _parent(said: dict[str, Any]) -> str:
    named = said["name"] if said["name"] == said["slug"] else f"{said['name']} ({said['slug']})"
    return named + (f", SHA-256 {said['checkpoint']}" if said["checkpoint"] else "")


def _told(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """What is said, without names that have nothing to say."""
    return [(name, value) for name, value in sorted(said.items()) if value not in ("", None, [], {})]


def _listed(value: Any) -> str:
    """The value; of a list of things with names, the names."""
    if not isinstance(value, list):
        return str(value)
    return " + ".join(str(one.get("name", one)) if isinstance(one, dict) else str(one) for one in value)


def _data(lineage: dict[str, Any]) -> str:
    pairs = lineage["preference_set"]
    if not pairs:
        return "None: a merge sees no data."
    lines = [f"“{_plain(pairs['title'])}”, {pairs['rows']:,} preference pairs, SHA-256 {pairs['sha256']}."]
    lines += [_law(split, law) for split, law in lineage["rows"].items()]
    if pairs["overruled"]:
        lines.append(f"Prompts of it stand in benchmarks too; that was overruled: {_plain(pairs['overruled'])}")
    return "\n\n".join(lines)


def _law(split: str, law: dict[str, Any]) -> str:
    dropped = "".join(f", {n:,} dropped ({_plain(why)})" for why, n in law.get("dropped", {}).items())
    cut = f"; {law['cut']:,} were cut" if law.get("cut") else ""
    return f"{split}: {law.get('in', 0):,} in = {law.get('out', 0):,} out{dropped}{cut}."


def _figures(lineage: dict[str, Any]) -> str:
    if not lineage["figures"]:
        return "None."
    dev = lineage["rows"].get("dev", {}).get("out")
    lines = [f"- `{name}`: {figure(name, value)}{_of(name, dev)}" for name, value in sorted(lineage["figures"].items())]
    return "They say how training went, not how the model answers.\n\n" + "\n".join(lines)


def figure(name: str, value: float) -> str:
    """A figure of the training as people read it."""
    return f"{value / 1e6:,.0f} MB" if name.endswith("_bytes") else f"{value:.4g}"


def _of(name: str, dev: int | None) -> str:
    mean = name.startswith("eval_") and not name.endswith(_COUNTED)
    return f" (mean of {dev:,} pairs of the dev set, no interval)" if mean and dev else ""


def _plain(value: Any) -> str:
    """A text of people as a part of a line of a card, without what would make a tag or a link of it."""
    text = " ".join(str(value).split())
    return text.replace("<", "&lt;").replace("`", "'").replace("[", "\\[")
