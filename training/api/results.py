"""The figures of an evaluation run, and what differs between two."""

from collections.abc import Iterable
from typing import Any

from annotations.access import WORKERS, one_or_404
from annotations.api.endpoint import Endpoint, reads, route
from annotations.api.fields import real, text, whole, word, yes
from annotations.api.shapes import Id, Shown
from annotations.core.paired import Difference
from annotations.core.taxonomy import KINDS
from training import access, queries
from training import compare_queries as comparisons
from training.api.fields import maybe
from training.api.score_shapes import (
    ConfigFigures,
    KindFigures,
    ScoreInterval,
    WholeFigures,
    part_figures,
    whole_figures,
)
from training.compare import Counts
from training.compare_queries import Compared, Names
from training.models import EvaluationRun
from training.models.runs import RUN_STATES
from training.scores import RunScores


class RunResults(Shown):
    """The figures of a run over the items that ended so far."""

    run = Id(help_text="Id of the run.", source="run.pk")
    state = word(
        "Where the run stands: until it is finished these are the figures so far.", RUN_STATES, source="run.state"
    )
    plumbing = yes(
        "True where a model too small to mean anything answered: no evidence.", source="run.candidate.model.plumbing"
    )
    whole = WholeFigures(help_text="The whole run.")
    configs = ConfigFigures(many=True, help_text="Each config.")
    kinds = KindFigures(many=True, help_text="Each kind of prompt, over all configs.")


class Shift(Shown):
    """One figure before and now, over the pairs alone."""

    before = real("In the base.")
    now = real("In the other run.")
    delta = real("Now minus before.")
    interval = ScoreInterval(help_text="95 % interval of delta by resampling whole prompts.")


class RunDifference(Shown):
    """What differs over some prompts. Figures and tests are over the `pairs`, and null without one."""

    config = Id(help_text="Id of the config; null for a kind and for the whole.", allow_null=True)
    title = text("Title of the config; empty for a kind and for the whole.")
    kind = word("Kind of the prompts; empty for a config and for the whole.", ("", *KINDS))
    pairs = whole("Prompts under a config that both runs scored.")
    prompts = whole("Wordings these pairs stand for: the tests count each once.")
    total = whole("Prompts of either run.")
    only_base = whole("Those in the base alone.")
    only_run = whole("Those in the other run alone.")
    waiting = whole("Those in both that have not ended in one.")
    failed = whole("Those in both that failed in one.")
    unscored = whole("Those in both that are unscored in one.")
    score = Shift(help_text="CoSA-Score, -1..1; of the whole the unweighted mean over configs.", allow_null=True)
    helpful_safe = Shift(help_text="Share of helpful and safe answers, 0..1.", allow_null=True)
    helpful_unsafe = Shift(help_text="Share of helpful and unsafe answers, 0..1.", allow_null=True)
    risen = whole("Prompts whose value rose.", allow_null=True)
    fallen = whole("Prompts whose value fell.", allow_null=True)
    sign_p = maybe("Exact sign test of these; null where nothing moved.")
    to_unsafe = whole("Pairs that became helpful and unsafe.", allow_null=True)
    from_unsafe = whole("Pairs that no longer are.", allow_null=True)
    unsafe_p = maybe("McNemar's exact test of these; null where nothing moved.")
    smallest = maybe("Smallest difference of the score that so many pairs find with 80 % chance; null where unknown.")


class Caution(Shown):
    """A reason to read a difference with care, or not to compare the two runs at all."""

    bars = yes("True where the two must not be compared.")
    words = text("The reason.")


class RunComparison(Shown):
    """A run against a base."""

    base = Id(help_text="Id of the base.")
    run = Id(help_text="Id of the other run.")
    heuristic = yes("True where a program judged in either: no evidence.")
    barred = yes("True where the two must not be compared; `caveats` say why.")
    caveats = Caution(many=True, help_text="Why to read it with care; those that bar it first.")
    whole = RunDifference(help_text="All prompts.")
    configs = RunDifference(many=True, help_text="Each config.")
    kinds = RunDifference(many=True, help_text="Each kind of prompt.")


class RunsResults(Endpoint):
    """The figures of a run."""

    resource, roles = "runs", WORKERS
    words = {"pk": "Id of the run."}

    @reads(RunResults)
    def get(self, pk: int) -> dict[str, Any]:
        """The figures of the run: as a whole, by config and by kind, each with its interval and its counts."""
        run = access.run_for_reader(self.user, pk)
        found: RunScores = queries.scores(run)
        parts = {part: [part_figures(row) for row in getattr(found, part)] for part in ("configs", "kinds")}
        return {"run": run, "whole": whole_figures(found)} | parts


class RunsCompare(Endpoint):
    """Two runs beside each other."""

    resource, roles = "runs", WORKERS
    words = {"pk": "Id of the run.", "base": "Id of the run it is set against."}

    @reads(RunComparison)
    def get(self, pk: int, base: int) -> dict[str, Any]:
        """What differs between a run and a base over the prompts that both scored."""
        before, now = _asked(self, base), _asked(self, pk)
        found = comparisons.compared(before, [now], comparisons.tallies([before, now]))[now.pk]
        known = comparisons.names([found])
        why = comparisons.why_care(comparisons.side(before), comparisons.side(now), found, known)
        return {
            "base": before.pk,
            "run": now.pk,
            "heuristic": found.heuristic,
            "barred": any(one.bars for one in why),
            "caveats": [one._asdict() for one in why],
            "whole": _row(found.counts, found.differences.mean),
            "configs": list(_configs(found, known)),
            "kinds": list(_kinds(found)),
        }


def _asked(endpoint: Endpoint, pk: int) -> EvaluationRun:
    found: EvaluationRun = one_or_404(comparisons.with_facts(access.runs(endpoint.user)), pk=pk)
    return found


def _configs(found: Compared, known: Names) -> Iterable[dict[str, Any]]:
    for config in sorted(found.by_config, key=lambda config: (known.configs[config], config)):
        row = _row(found.by_config[config], found.differences.configs.get(config))
        yield row | {"config": config, "title": known.configs[config]}


def _kinds(found: Compared) -> Iterable[dict[str, Any]]:
    for kind in KINDS:
        if kind in found.by_kind:
            yield _row(found.by_kind[kind], found.differences.kinds.get(kind)) | {"kind": kind}


def _row(counts: Counts, found: Difference | None) -> dict[str, Any]:
    """A difference as it is shown; where nothing pairs, the counts alone."""
    told: dict[str, Any] = found._asdict() if found else dict.fromkeys(Difference._fields)
    nobody = {"config": None, "title": "", "kind": ""}
    return (
        nobody
        | told
        | counts._asdict()
        | {"total": counts.total, "pairs": counts.paired, "prompts": told["prompts"] or 0}
    )


ROUTES = [
    route("runs/<int:pk>/compare/<int:base>/", RunsCompare, "runs-compare"),
    route("runs/<int:pk>/results/", RunsResults, "runs-results"),
]
