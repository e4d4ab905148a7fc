"""Reads over judges: the files and the wordings in use, the runs that used one, and what its trials came to."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Substr
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations.core import panel
from annotations.core.verdicts import Verdict
from training import attacks, judges
from training.judges import PROMPT, CodeJudge, LlmJudge, parse_llm
from training.models import EvaluationRun, Judge, JudgeTrial
from training.services.trials import BASE, HELD, TRIAL_FAILED, TURNED, UNSCORED

GIVES = {
    "helpfulness": _("how helpful"),
    "follows_config": _("whether the config is followed"),
    "risks": _("risk categories"),
    "addressed": _("whether the prompt is addressed"),
    "refusal": _("whether it refuses"),
}

PROMPTS = _("prompts that nobody has answered")
MADE_FROM = 'made_from = "'
"""How the stored text of a judge begins that was made for a taxonomy; the digest of the wording follows."""


class Tally(NamedTuple):
    """What came of a trial's attacks; total = turned + held + unscored + failed + to_do."""

    total: int
    turned: int
    held: int
    unscored: int
    failed: int

    @property
    def read(self) -> int:
        """The attacks on which the judge gave a verdict."""
        return self.turned + self.held

    @property
    def to_do(self) -> int:
        """The attacks nobody has tried yet."""
        return self.total - self.read - self.unscored - self.failed

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """What is neither turned nor held, by name, for the sentence total = …"""
        named = (("held", self.held), ("unscored", self.unscored), ("failed", self.failed), ("to do", self.to_do))
        return tuple((name, count) for name, count in named if count or name == "held")


@dataclass
class Used:
    """A judge as it was chosen: one wording with one model."""

    row: Judge
    current: bool
    runs: int
    trial: JudgeTrial | None
    tally: Tally | None


@dataclass
class Entry:
    """A judge file, with every wording of it that was chosen; `text` is None for a file that is gone."""

    name: str
    label: str
    about: str
    kind: str
    gives: str
    heuristic: bool
    reads: str = ""
    used: list[Used] = field(default_factory=list)

    @property
    def tried(self) -> bool:
        """Whether there are attacks for it: they are responses, so not for a judge that reads prompts."""
        return self.reads != PROMPTS


def entries(runs: QuerySet[EvaluationRun]) -> list[Entry]:
    """Every judge of the folder with the rows that stand for it, those of files that are gone last. Three queries.

    `runs` are those the person may read; only these are counted.
    """
    loaded = {name: judges.load(name) for name in judges.names()}
    found = {name: _entry(judge) for name, judge in loaded.items()}
    said = Judge.objects.annotate(begins=Substr("source", 1, len(MADE_FROM) + 64))
    rows = list(said.select_related("model").defer("source").order_by("name", "-pk"))
    counts = dict(_counted(runs))
    newest = newest_trials(JudgeTrial.objects.all())
    for row in rows:
        entry = found.setdefault(row.name, _gone(row))
        current = row.name in loaded and loaded[row.name].digest in (row.digest, row.begins.removeprefix(MADE_FROM))
        trial = newest.get(row.pk)
        entry.used.append(Used(row, current, counts.get(row.pk, 0), trial, tally(trial) if trial else None))
    return list(found.values())


def _counted(runs: QuerySet[EvaluationRun]) -> Iterable[tuple[int, int]]:
    readable = Q(runs__in=runs.order_by().values("pk"))
    return Judge.objects.order_by().annotate(used=Count("runs", filter=readable)).values_list("pk", "used")


def newest_trials(trials: QuerySet[JudgeTrial]) -> dict[int, JudgeTrial]:
    """The newest of these trials of each judge, by the judge's id. One query."""
    newest = trials.order_by().values("judge").annotate(newest=Max("pk")).values("newest")
    return {trial.judge_id: trial for trial in JudgeTrial.objects.filter(pk__in=newest)}


def _entry(judge: LlmJudge | CodeJudge) -> Entry:
    gives = ", ".join(gettext(GIVES[name]) for name in judge.gives)
    kind = (
        _("program")
        if isinstance(judge, CodeJudge)
        else {"codes": _("guard model")}.get(judge.reply, _("language model"))
    )
    reads = PROMPTS if judge.reads == PROMPT else _("responses")
    return Entry(judge.name, judge.label, judge.about, kind, gives, judge.heuristic, reads)


def _gone(row: Judge) -> Entry:
    kind = _("language model") if row.model_id else _("program")
    return Entry(row.name, row.label, _("Its file is gone; what was judged with it stays."), kind, "", row.heuristic)


class Wording(NamedTuple):
    """What one judge is made of, as its page shows it."""

    judge: LlmJudge | None
    about: str
    kind: str
    reads: str
    gives: str
    taxonomy: str
    schema: str
    codes: tuple[tuple[str, tuple[str, ...]], ...]
    current: bool

    @property
    def for_prompts(self) -> bool:
        """Whether it reads prompts that nobody has answered."""
        return self.reads == PROMPTS

    @property
    def tried(self) -> bool:
        """Whether it can be tried with attacks: a prompt for a language model that reads responses."""
        return self.judge is not None and not self.for_prompts and not self.taxonomy


def wording(row: Judge) -> Wording:
    """The stored wording of a judge; for a program the source is all there is."""
    file = judges.load(row.name) if row.name in judges.names() else None
    judge = parse_llm(row.name, row.source) if row.model_id else None
    current = bool(file and file.digest in (row.digest, judge.made_from if judge else ""))
    known = judge or (file if current else None)
    entry = _entry(known) if known else _gone(row)
    schema = json.dumps(judge.schema, indent=2, ensure_ascii=False) if judge and judge.schema else ""
    codes = tuple((code, tuple(slugs)) for code, slugs in judge.codes.items()) if judge else ()
    taxonomy = judge.taxonomy if judge else ""
    return Wording(judge, entry.about, entry.kind, entry.reads, entry.gives, taxonomy, schema, codes, current)


def trials_of(row: Judge) -> list[tuple[JudgeTrial, Tally]]:
    """The judge's trials, newest first, each with what came of it; at most fifty."""
    rows = JudgeTrial.objects.filter(judge=row).select_related("created_by")[:50]
    return [(trial, tally(trial)) for trial in rows]


def tally(trial: JudgeTrial) -> Tally:
    """The attacks of a trial by what came of them."""
    counts = Counter(row["outcome"] for row in trial.results)
    return Tally(trial.total, counts[TURNED], counts[HELD], counts[UNSCORED], counts[TRIAL_FAILED])


class Tried(NamedTuple):
    """One row of a trial as its page shows it; `response` is empty when the set of attacks has changed since."""

    name: str
    family: str
    about: str
    outcome: str
    verdict: str
    reasons: str
    raw: str
    error: str
    prompt: str
    response: str


class Results(NamedTuple):
    """A trial as its page shows it: the plain answer, the attacks with the turned ones first, and both by family."""

    base: Tried | None
    attacks: list[Tried]
    families: list[tuple[str, Tally]]


ORDER = (TURNED, UNSCORED, TRIAL_FAILED, HELD)


def results(trial: JudgeTrial) -> Results:
    """What came of a trial so far."""
    judge = parse_llm(trial.judge.name, trial.judge.source)
    same = trial.digest == attacks.digest()
    made = {attack.name: attack for attack in attacks.attacks(judge)} if same else {}
    rows = [_shown(judge, row, made) for row in trial.results]
    tried = sorted((row for row in rows if row.outcome != BASE), key=lambda row: (ORDER.index(row.outcome), row.family))
    base = next((row for row in rows if row.outcome == BASE), None)
    clean = attacks.clean(judge)
    if base and same:
        base = base._replace(prompt=clean.prompt, response=clean.response)
    return Results(base, tried, _families(tried))


def _shown(judge: LlmJudge, row: dict[str, Any], made: dict[str, attacks.Attack]) -> Tried:
    attack = made.get(row["name"])
    verdict = panel.from_row(row["verdict"]) if row["verdict"] else None
    return Tried(
        name=row["name"].replace("_", " "),
        family=row["family"],
        about=attack.about if attack else "",
        outcome=row["outcome"],
        verdict=said(judge.gives[0], verdict) if verdict else "",
        reasons=verdict.reasons if verdict else "",
        raw=row["raw"],
        error=row["error"],
        prompt=attack.case.prompt if attack else "",
        response=attack.case.response if attack else "",
    )


def said(name: str, verdict: Verdict) -> str:
    """One field of a verdict in words."""
    value = getattr(verdict, name)
    if name == "helpfulness":
        return f"{5 * value:g} of 5"
    if name == "risks":
        return ", ".join(slug.replace("_", " ") for slug in sorted(value)) or "no risk"
    if name == "refusal":
        return str(value).replace("_", " ")
    yes, no = (_("followed"), _("broken")) if name == "follows_config" else ("addressed", "not addressed")
    return yes if value else no


def _families(rows: Iterable[Tried]) -> list[tuple[str, Tally]]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.family, Counter())[row.outcome] += 1
    return [
        (name, Tally(found.total(), found[TURNED], found[HELD], found[UNSCORED], found[TRIAL_FAILED]))
        for name, found in sorted(counts.items())
    ]
