"""What a training run was started with and what became of its pairs, as its page says it."""

import re
import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings as site
from django.utils.translation import gettext

from annotations.core.preference_pairs import TRAIN
from training.models import TrainingRun
from training.recipes import run_dir
from training.recipes.rows import REASONS
from training.recipes.settings import PRESETS, about, plain
from training.training_figures import figure

LOG_LINES, LOG_CHARACTERS, CONFIG_BYTES = 40, 20_000, 200_000
UNSEEN = dict.fromkeys([*range(32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], None)
"""Control characters and those that turn the order of a line round; a tab stays."""
UNSEEN.pop(ord("\t"))
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Setting(NamedTuple):
    """A setting with its name in TRL, its value here and in the preset."""

    label: str
    trl: str
    value: str
    preset: str

    @property
    def differs(self) -> bool:
        """True when the run does not have the preset's value."""
        return self.value != self.preset


class Start(NamedTuple):
    """One start of the trainer: when, the step it went on from, how it ended ("" while it goes on)."""

    at: datetime | None
    step: int
    end: str


class Started(NamedTuple):
    """What a run was started with; `settings` in the order of the form, `facts` as (name, value)."""

    preset: str
    settings: list[Setting]
    facts: list[tuple[str, str]]
    command: str
    config: str
    starts: list[Start]
    digests: list[tuple[str, str]]

    @property
    def differences(self) -> list[Setting]:
        """The settings that are not the preset's."""
        return [one for one in self.settings if one.differs]


class Law(NamedTuple):
    """in = out + parts for a split of the pairs; `cut` of those that went out were shortened."""

    split: str
    came: int
    out: int
    parts: list[tuple[str, int]]
    cut: int

    @property
    def word(self) -> str:
        """What becomes of those that went out."""
        return "trained on" if self.split == TRAIN else "looked at"

    @property
    def holds(self) -> bool:
        """False where a pair is neither out nor left out for a reason."""
        return self.came == self.out + sum(number for _, number in self.parts)


def started(run: TrainingRun) -> Started:
    """What the run was started with, as far as it is known by now."""
    preset = PRESETS.get(run.preset)
    return Started(
        preset.label if preset else "",
        _settings(run),
        _facts(run),
        shlex.join(map(str, run.record.get("command") or [])),
        config_text(run),
        [_start(one) for one in run.record.get("starts") or []],
        [(str(name), str(digest)) for name, digest in (run.record.get("digests") or {}).items()],
    )


def _start(kept: Mapping[str, Any]) -> Start:
    try:
        at = datetime.fromisoformat(str(kept.get("at")))
    except ValueError:
        at = None
    return Start(at, int(kept.get("from") or 0), str(kept.get("end") or ""))


def _settings(run: TrainingRun) -> list[Setting]:
    if run.kind == run_dir.MERGE:
        return [Setting(name.replace("_", " "), "", said(value), said(value)) for name, value in run.settings.items()]
    preset = PRESETS.get(run.preset) or PRESETS["paper"]
    usual = plain(preset.of(run.kind))
    return [
        Setting(one.label, one.trl, said(run.settings.get(name, usual[name])), said(usual[name]))
        for name, one in about().items()
        if one.only in ("", run.kind)
    ]


def _facts(run: TrainingRun) -> list[tuple[str, str]]:
    record, hardware = run.record, run.record.get("hardware") or {}
    cards = Counter(str(card.get("name", "")) for card in record.get("cards") or [])
    named_cards = ", ".join(f"{many} × {name}" for name, many in cards.items())
    versions = ", ".join(f"{name} {version}" for name, version in sorted((record.get("versions") or {}).items()))
    named = [
        (gettext("Base's weights"), str((record.get("base") or {}).get("weights", ""))),
        (gettext("Node"), run.node.name),
        (
            gettext("Cards"),
            named_cards or gettext("%(cards)s asked for") % {"cards": run.gpus} if run.gpus else gettext("none"),
        ),
        (gettext("Hardware"), ", ".join(f"{name} {value}" for name, value in hardware.items())),
        (gettext("Code"), str(record.get("code", ""))),
        (gettext("Versions"), versions),
    ]
    return [(name, value) for name, value in named if value]


def said(value: object) -> str:
    """A setting's value as people read it."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return figure(value) if isinstance(value, float) else str(value)


def folder(run: TrainingRun) -> Path:
    """Where the files of the run lie on its node, whether or not this machine has them."""
    return Path(site.TRAINING_DIR) / str(run.pk)


def config_text(run: TrainingRun) -> str:
    """The run's config.json; "" where this machine does not have it, or it is longer than anybody reads."""
    try:
        with (folder(run) / run_dir.CONFIG).open(encoding="utf-8", errors="replace") as file:
            text = file.read(CONFIG_BYTES + 1)
    except OSError:
        return ""
    return text if len(text) <= CONFIG_BYTES else ""


def laws(run: TrainingRun) -> list[Law]:
    """What became of the pairs of each split: as the trainer counted them, before that as the check did, if it did."""
    counted = run.record.get("rows") or run.checked.get("rows") or {}
    found = [_law(split, law) for split, law in counted.items() if isinstance(law, dict) and law.get("in")]
    return sorted((law for law in found if law.holds), key=lambda law: law.split != TRAIN)


def _law(split: str, law: Mapping[str, Any]) -> Law:
    gone = {**(law.get("left") or {}), **(law.get("dropped") or {})}
    parts = [(REASONS.get(reason, reason.replace("_", " ")), int(number)) for reason, number in gone.items() if number]
    return Law(split, int(law["in"]), int(law.get("out", 0)), parts, int(law.get("cut", 0)))


def dev_pairs(run: TrainingRun) -> int:
    """How many pairs a look at the dev set reads; 0 where nobody knows."""
    counted = (run.record.get("rows") or run.checked.get("rows") or {}).get("dev") or {}
    most = int(run.settings.get("eval_rows") or 0)
    return min(int(counted.get("out") or 0), most) if counted else 0


def log_tail(run: TrainingRun) -> list[str]:
    """The last lines of the trainer's log, each as it stood in the end, without what cannot be seen."""
    lines = run.log[-LOG_CHARACTERS:].replace("\r\n", "\n").split("\n")
    # A progress bar writes over its own line again and again.
    last = [_COLOURS.sub("", line.rstrip("\r").rpartition("\r")[2]).translate(UNSEEN) for line in lines]
    return [line for line in last if line.strip()][-LOG_LINES:]
