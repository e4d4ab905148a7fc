"""The step that builds pairs: every prompt's labelled responses, ranked under each of its configs, into one file."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from django.db import transaction

from annotations.core import categorical, pairing
from annotations.core.pairing import MADE, PAIRED, REASONS, Candidate, Pairing, Sorted
from annotations.core.preference_pairs import BUILT, Pair, category_text
from annotations.core.synthesis import lost_its_point
from annotations.core.taxonomies import Taxonomy
from annotations.core.taxonomy import OTHER
from annotations.models.work import FINISHED
from annotations.services import pair_files
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.pair_files import Written
from training.models import Stage
from training.services.building.pair_material import NOT_READ, Asked, Material, Ranking

MOST_CONFIGS, MOST_NAMED = 50, 1000
NOTHING = (
    "No pair came of {responses:,} responses to {prompts:,} prompts ({reasons}). Collect more and more different "
    "responses, or look at a prompt of the step before to see why it has none."
)


def job(hold: Hold) -> str:
    """Finished, once every pair lies in the file that the stage's sha256 names; the same rows give the same file.

    Raises ChoreProblem when the responses are not read yet, and when not one pair can be made; Stopped.
    """
    stage = cast(Stage, hold.row)
    if not stage.sha256 or not pair_files.path(stage.sha256).exists():
        _build(hold, stage)
    return FINISHED


def _build(hold: Hold, stage: Stage) -> None:
    material = Material(stage)
    if material.read.state != FINISHED:
        raise ChoreProblem(NOT_READ)
    tally = Tally(material.taxonomy)
    part = pair_files.part(f"stage-{stage.pk}", hold.fence)
    try:
        written = pair_files.write(part, _rows(hold, material, tally))
        known: dict[str, Any] = {"figures": tally.figures(written), "done": tally.prompts, "total": tally.prompts}
        if not written.rows:
            hold.save(**known)
            raise ChoreProblem(tally.why_nothing())
        with transaction.atomic():  # whoever cancels comes before both, or after both
            hold.save(sha256=written.sha256, **known)
            pair_files.keep(part, written)
    finally:
        part.unlink(missing_ok=True)
    stage.sha256 = written.sha256


def _rows(hold: Hold, material: Material, tally: "Tally") -> Iterator[Pair]:
    writer, total = Writer(material.taxonomy), material.prompts()
    hold.beat(0, total, now=True)
    for batch in material.batches():
        for asked in batch:
            found = pairing.sort_out(asked.candidates)
            under = [(config, material.pairing(asked, config, found)) for config in asked.configs]
            tally.add(asked, found, under)
            for config, ranked in under:
                yield from writer.rows(asked, config, ranked.pairs)
        hold.beat(tally.prompts, total)


class Writer:
    """Pairs as rows of the file; sets of categories are put into words once."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy, self.known = taxonomy, frozenset(taxonomy.slugs)
        self.sets: dict[frozenset[str], str] = {}
        self.labels: dict[tuple[frozenset[str], bool | None], str] = {}

    def rows(self, asked: Asked, config: Ranking, pairs: Iterable[pairing.Pair]) -> Iterator[Pair]:
        """The rows of the pairs that were made of one prompt under one config."""
        spec_i, spec_j = self.set_of(config.allowed), self.set_of(asked.risks)
        for chosen, rejected, low, high in pairs:
            yield Pair(
                asked.split,
                config.system_prompt,
                asked.text,
                chosen.text,
                rejected.text,
                spec_i,
                spec_j,
                config.mode,
                self.label(chosen),
                self.label(rejected),
                low,
                high,
                BUILT,
                asked.id,
                chosen.id,
                rejected.id,
                config.template,
            )

    def set_of(self, slugs: Iterable[str]) -> str:
        """The set as the file writes it; what the taxonomy does not know stands as `other`."""
        risks = frozenset(slugs)
        if risks not in self.sets:
            named = {slug if slug in self.known else OTHER for slug in risks}
            self.sets[risks] = categorical.legacy(named, self.taxonomy)
        return self.sets[risks]

    def label(self, of: Candidate) -> str:
        """What was found of a response that can be paired, as the file writes it."""
        key = (of.risks or frozenset(), of.addressed)
        if key not in self.labels:
            self.labels[key] = category_text(self.set_of(key[0]), of.addressed)
        return self.labels[key]


class Under(NamedTuple):
    """What pairs are counted by: the mode of their config, what it opens, its template, and their prompt's split."""

    mode: str
    allowed: frozenset[str]
    template: str
    split: str


class Tally:
    """What became of responses, of category pairs and of prompts, counted while they pass by."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.prompts = self.responses = self.used = self.configs = self.lost = 0
        self.dropped, self.reasons, self.outcomes = Counter[str](), Counter[str](), Counter[str]()
        self.by_mode, self.by_label = Counter[tuple[str, str]](), Counter[tuple[frozenset[str], bool]]()
        self.pairs, self.gaps = Counter[Under](), Counter[float]()
        self.without: dict[str, list[int]] = {}

    def add(self, asked: Asked, found: Sorted, under: list[tuple[Ranking, Pairing]]) -> None:
        """Nothing; one prompt is counted, with its responses and all that came of them under each config."""
        self.prompts += 1
        self.responses += len(asked.candidates)
        self.used += found.used
        self.dropped.update(why for _, why in found.dropped)
        for each in found.categories:
            self.by_label[each.risks, each.addressed] += len(each.members)
        for config, ranked in under:
            self._add_config(asked, config, ranked)
        self._add_outcome(asked.id, pairing.outcome(found, [ranked for _, ranked in under]))

    def _add_outcome(self, prompt: int, outcome: str) -> None:
        self.outcomes[outcome] += 1
        named = self.without.setdefault(outcome, [])
        if outcome != PAIRED and len(named) < MOST_NAMED:
            named.append(prompt)

    def _add_config(self, asked: Asked, config: Ranking, ranked: Pairing) -> None:
        self.configs += 1
        self.lost += lost_its_point(asked.risks, config.mode)
        totals = ranked.totals
        self.reasons.update(totals)
        for reason, amount in totals.items():
            self.by_mode[config.mode, reason] += amount
        self.pairs[Under(config.mode, frozenset(config.allowed), config.template, asked.split)] += totals[MADE]
        self.gaps.update([high - low for _, _, low, high in ranked.pairs])

    def figures(self, written: Written) -> dict[str, Any]:
        """The counts as the stage keeps them: the law of responses, that of category pairs, and what the pairs are."""
        configs = Counter[str]()
        for allowed, amount in self._by("allowed").items():
            configs[categorical.title(allowed, self.taxonomy)] += amount
        labels = sorted(self.by_label.items(), key=lambda pair: (-pair[1], sorted(pair[0][0]), pair[0][1]))
        return {
            "in": self.responses,
            "out": self.used,
            "dropped": dict(self.dropped),
            "failed": {},
            "considered": self.reasons.total(),
            "reasons": {reason: self.reasons[reason] for reason in REASONS},
            "prompts": {name: self.outcomes[name] for name in pairing.OUTCOMES},
            "without": {name: named for name, named in self.without.items() if named},
            "ranked": self.configs,
            "lost": self.lost,
            "rows": written.rows,
            "size": written.size,
            "splits": dict(self._by("split")),
            "modes": self._by("mode").most_common(),
            "by_mode": {mode: self._of(mode) for mode in dict.fromkeys(mode for mode, _ in self.by_mode)},
            "templates": self._by("template").most_common(),
            "configs": configs.most_common(MOST_CONFIGS),
            "config_count": len(configs),
            "gaps": self._gaps(),
            "labels": [{"risks": sorted(risks), "addressed": said, "n": amount} for (risks, said), amount in labels],
        }

    def _gaps(self) -> list[list[Any]]:
        rounded = Counter[float]()
        for gap, amount in self.gaps.items():
            rounded[round(gap, 2)] += amount
        return [[f"{gap:g}", amount] for gap, amount in sorted(rounded.items())]

    def _of(self, mode: str) -> dict[str, int]:
        return {reason: self.by_mode[mode, reason] for reason in REASONS}

    def _by(self, name: str) -> Counter[Any]:
        """The pairs by one of the fields of Under; what has none is left out."""
        found = Counter[Any]()
        for under, amount in self.pairs.items():
            found[getattr(under, name)] += amount
        return +found

    def why_nothing(self) -> str:
        """A sentence on why there is no pair, for the person who launched the step."""
        told = ", ".join(f"{name}: {amount:,}" for name, amount in self.outcomes.most_common()) or "no prompt"
        return NOTHING.format(responses=self.responses, prompts=self.prompts, reasons=told)
