"""What a freeze would take of a benchmark now, and the facts about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from annotations.core import agreement, manifest
from annotations.core.agreement import Agreement
from annotations.core.manifest import ConfigFacts, LabelFacts
from annotations.core.rating_table import read
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, ConfigVersion, SafetyConfig, User
from annotations.models.configs import APPROVED, DRAFT
from annotations.queries import label_states
from annotations.queries.agreement import Given, given
from annotations.queries.validation import VALIDATED

NOBODY = "nobody but the authors has labelled these prompts yet."
NO_PAIR = "no prompt has two labels yet."


class Line(NamedTuple):
    """What is counted of one current prompt."""

    pk: int
    uid: UUID
    config: int
    kind: str
    situation: int | None
    language: str
    author: int | None


class Hole(NamedTuple):
    """How many prompts of a kind a config lacks to its benchmark's target."""

    kind: str
    missing: int


class ConfigState(NamedTuple):
    """A config as it would be frozen: its version, or in `problem` why there is none that can go along."""

    config: SafetyConfig
    version: ConfigVersion | None
    facts: ConfigFacts
    holes: tuple[Hole, ...]
    problem: str

    @property
    def total(self) -> int:
        """All its prompts."""
        return sum(self.facts.kinds.values())


class Standing(NamedTuple):
    """What a freeze would take now. `lines` are the prompts, `validated` the ids of those that are validated.

    `word` is another one as soon as a prompt came, went or was edited.
    """

    lines: tuple[Line, ...]
    validated: frozenset[int]
    configs: tuple[ConfigState, ...]
    languages: dict[str, int]
    word: str

    @property
    def problems(self) -> list[str]:
        """Why it cannot be frozen, config by config."""
        return [state.problem for state in self.configs if state.problem]

    @property
    def open(self) -> list[int]:
        """The ids of the prompts that are not validated, in order."""
        return [line.pk for line in self.lines if line.pk not in self.validated]

    @property
    def facts(self) -> list[ConfigFacts]:
        """The configs' facts alone."""
        return [state.facts for state in self.configs]


def standing(benchmark: Benchmark, *, only_validated: bool = False) -> Standing:
    """What a freeze would take of the benchmark now; seven queries, however many prompts there are."""
    every, good = _lines(benchmark), label_states.ids(benchmark.pk, VALIDATED)
    lines = tuple(line for line in every if line.pk in good or not only_validated)
    word = f"{len(every)}.{max((line.pk for line in every), default=0)}"
    languages = Counter(line.language for line in lines)
    return Standing(lines, good, _configs(benchmark, lines, good), dict(languages), word)


def _lines(benchmark: Benchmark) -> list[Line]:
    rows = benchmark.prompts.current().order_by("position", "pk")
    fields = ("pk", "uid", "config", "kind", "situation", "language", "created_by")
    return [Line(*values) for values in rows.values_list(*fields).iterator(chunk_size=5000)]


def _configs(benchmark: Benchmark, lines: Iterable[Line], good: frozenset[int]) -> tuple[ConfigState, ...]:
    kinds: dict[int, Counter[str]] = defaultdict(Counter)
    validated: Counter[int] = Counter()
    for line in lines:
        kinds[line.config][line.kind] += 1
        validated[line.config] += line.pk in good
    rows = SafetyConfig.objects.filter(pk__in=kinds.keys()).select_related("organisation")
    versions = versions_for(kinds.keys())
    return tuple(
        _state(benchmark, config, versions.get(config.pk), kinds[config.pk], validated[config.pk])
        for config in rows.order_by("organisation__slug", "slug")
    )


def _state(
    benchmark: Benchmark, config: SafetyConfig, version: ConfigVersion | None, kinds: Counter[str], validated: int
) -> ConfigState:
    facts = ConfigFacts(
        organisation=config.organisation.slug,
        config=config.slug,
        title=config.title,
        language=config.language,
        categorical=config.categorical,
        version=version.number if version else 0,
        digest=version.digest if version else "",
        text={name: getattr(version, name) for name in ("policy", "rules", "allowed")} if version else {},
        kinds={kind: kinds[kind] for kind in KINDS},
        validated=validated,
    )
    lacks = ((kind, int(benchmark.targets.get(kind) or 0) - kinds[kind]) for kind in KINDS)
    holes = tuple(Hole(kind, missing) for kind, missing in lacks if missing > 0)
    problem = "" if version else f"“{config}” has only a draft: submit it, or test it once."
    return ConfigState(config, version, facts, holes, problem)


def versions_for(configs: Iterable[int]) -> dict[int, ConfigVersion]:
    """For each config (by id) the version that goes with its prompts: the newest approved one, else the newest fixed.

    Fixed is what was submitted or tested, and so never changes; a config that has only a draft is left out.
    """
    fixed = ConfigVersion.objects.filter(~Q(state=DRAFT) | Q(frozen_at__isnull=False), config__in=list(configs))
    found: dict[int, ConfigVersion] = {}
    for version in fixed.order_by("number").defer("note"):
        before = found.get(version.config_id)
        if before is None or version.state == APPROVED or before.state != APPROVED:
            found[version.config_id] = version
    return found


def authors(benchmark: Benchmark, lines: Sequence[Line]) -> list[str]:
    """The names of everybody who wrote a wording of these prompts, in alphabetical order."""
    wanted = {line.uid for line in lines}
    earlier = benchmark.prompts.filter(pending=False, archived_at__isnull=False).exclude(created_by=None)
    wrote = {pk for uid, pk in earlier.order_by().values_list("uid", "created_by").iterator() if uid in wanted}
    people = User.objects.filter(pk__in=wrote | {line.author for line in lines if line.author})
    return sorted({str(person) for person in people})


def labels(benchmark: Benchmark, lines: Sequence[Line]) -> LabelFacts:
    """How far the raters of these prompts agree, from the labels in force on their present texts; one query."""
    of = {line.uid: line for line in lines}
    held = list({(one.uid, one.rater): one for one in given(benchmark) if one.uid in of}.values())
    said = [one for one in held if one.kind]
    alike = sum(_alike(of[one.uid], one) for one in said)
    figures = _figures([(one.uid, one.rater, one.kind) for one in held if not one.categorical], "")
    figures += _figures([(one.uid, one.rater, one.situation) for one in held if one.categorical], " (situations)")
    raters, unsure = len({one.rater for one in held}), len(held) - len(said)
    why = "" if figures else NO_PAIR if held else NOBODY
    return LabelFacts(benchmark.checks_needed, raters, len(said), alike, unsure, figures, why)


def _alike(line: Line, label: Given) -> bool:
    """Under a categorical config people say a situation, and not which of its kinds it is."""
    return label.situation == line.situation if label.categorical else label.kind == line.kind


def _figures(ratings: Sequence[tuple[UUID, int, str | int | None]], of: str) -> list[dict[str, Any]]:
    table, how = read(ratings), agreement.Resampling()
    percent = agreement.percent_agreement(table, resampling=how)
    if not percent.n_units:
        return []
    two = len(table.raters) == 2
    kappa = ("Cohen's kappa", agreement.cohen_kappa) if two else ("Fleiss' kappa", agreement.fleiss_kappa)
    named = [
        ("Same answer", percent),
        (kappa[0], kappa[1](table, resampling=how)),
        ("Krippendorff's alpha", agreement.krippendorff_alpha(table, resampling=how)),
    ]
    return [_figure(name + of, found) for name, found in named]


def _figure(name: str, found: Agreement) -> dict[str, Any]:
    return {
        "name": name,
        "value": None if found.value is None else round(found.value, 4),
        "interval": [round(end, 4) for end in found.interval] if found.interval else None,
        "prompts": found.n_units,
        "labels": found.n_ratings,
        "raters": found.n_raters,
        "undefined": found.undefined,
    }


def facts(benchmark: Benchmark, found: Standing, packed: manifest.Packed | None = None, **about: Any) -> dict[str, Any]:
    """The manifest of what would be frozen now, or with `packed` is; `about` says more of it."""
    itself = {
        "benchmark": benchmark.slug,
        "title": benchmark.title,
        "organisation": benchmark.organisation.name,
        "about": benchmark.about,
        "licence": benchmark.licence,
    }
    return manifest.manifest(
        about=itself | about,
        configs=found.facts,
        languages=found.languages,
        authors=authors(benchmark, found.lines),
        labels=labels(benchmark, found.lines),
        packed=packed,
    )
