"""`manage.py gate`: whether a run may follow another one, as an exit code for a pipeline."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.core.paired import Difference, differences
from annotations.models import SafetyConfig
from training import compare_queries as reads
from training.comparable import Caveat, caveats
from training.compare import Beside, ItemFacts, beside
from training.gate import BY, LOWER, UNDECIDED, Decision, Limits, decide, junit, unfinished
from training.models import EvaluationRun


class Command(BaseCommand):
    """Compare a run with an earlier one and say whether it is good enough: 0 it is, 1 it is not, 2 one cannot say."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to compare, and what must hold."""
        limits = Limits()
        parser.add_argument("--run", type=int, required=True, help="the run that wants to pass")
        parser.add_argument("--against", type=int, required=True, help="the run it is compared with")
        parser.add_argument("--config", action="append", default=[], help="slug of a config; all when left out")
        parser.add_argument("--min-delta", type=float, default=limits.min_delta, help="least change of the CoSA-Score")
        parser.add_argument("--max-unsafe", type=float, default=limits.max_unsafe, help="most rise of helpful + unsafe")
        parser.add_argument(
            "--max-unscored", type=float, default=limits.max_unscored, help="most prompts without a pair"
        )
        parser.add_argument("--by", choices=BY, default=LOWER, help="the interval's bad end, or the difference itself")
        parser.add_argument("--alpha", type=float, default=0.05, help="the interval holds 1 - alpha")
        parser.add_argument("--even-so", action="store_true", help="decide although the runs are not comparable")
        parser.add_argument("--junit", type=Path, help="write the result to this file as JUnit XML")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, decide, print; the exit code is the decision."""
        if not 0 < options["alpha"] < 1:
            raise CommandError("--alpha lies between 0 and 1; 0.05 is usual.", returncode=UNDECIDED)
        if options["run"] == options["against"]:
            raise CommandError("A run beside itself always passes. Name two runs.", returncode=UNDECIDED)
        run, base = _run(options["run"]), _run(options["against"])
        found = _found(base, run, options["config"])
        level = 1 - options["alpha"]
        difference = differences(found.pairs, level=level).mean
        named = ("min_delta", "max_unsafe", "max_unscored", "by")
        limits = Limits(**{name: options[name] for name in named}, level=level)
        sides = reads.side(base), reads.side(run)
        why = (*unfinished(*sides), *caveats(*sides, found.counts, found.heuristic, _versions(found)))
        decision = decide(difference, found.counts, why, limits, options["even_so"])
        if options["junit"]:
            _write(options["junit"], junit(f"cosa-gate-run-{run.pk}-against-{base.pk}", decision))
        told = (
            _as_json(base, run, difference, found, why, limits, decision) if options["json"] else _text(decision, why)
        )
        self.stdout.write(told)
        if decision.code:
            sys.exit(decision.code)


def _run(pk: int) -> EvaluationRun:
    runs = reads.with_facts(EvaluationRun.objects.select_related("benchmark", "candidate__model", "floor", "release"))
    run = runs.defer("release__data", "figures").filter(pk=pk).first()
    if run is None:
        raise CommandError(f"There is no run {pk}.", returncode=UNDECIDED)
    return run


def _found(base: EvaluationRun, run: EvaluationRun, slugs: list[str]) -> Beside:
    """The items of both runs beside each other, those of the configs alone that are named."""
    items = reads.item_facts({base.pk, run.pk})
    there = {item.config for one in items.values() for item in one.values()}
    configs = SafetyConfig.objects.filter(slug__in=slugs, pk__in=there)
    wanted, known = set(configs.values_list("pk", flat=True)), set(configs.values_list("slug", flat=True))
    if missing := sorted(set(slugs) - known):
        raise CommandError(f"Neither run has an item of the config {', '.join(missing)}.", returncode=UNDECIDED)

    def side(pk: int) -> dict[int, ItemFacts]:
        return {prompt: item for prompt, item in items[pk].items() if not wanted or item.config in wanted}

    return beside(side(base.pk), side(run.pk), reads.same_wording({base.pk, run.pk}))


def _versions(found: Beside) -> list[str]:
    other = [config for config, (one, two) in sorted(found.versions.items()) if one and two and one != two]
    return list(SafetyConfig.objects.filter(pk__in=other).order_by("slug").values_list("slug", flat=True))


def _text(decision: Decision, why: tuple[Caveat, ...]) -> str:
    return "\n".join([decision.words, *(f"  care: {one.words}" for one in why if not one.bars)])


def _as_json(
    base: EvaluationRun,
    run: EvaluationRun,
    difference: Difference | None,
    found: Beside,
    why: tuple[Caveat, ...],
    limits: Limits,
    decision: Decision,
) -> str:
    shifts = ("score", "helpful_safe", "helpful_unsafe")
    plain = difference._asdict() if difference else None
    if plain is not None:
        plain |= {name: plain[name]._asdict() for name in shifts}
    return json.dumps(
        {
            "run": run.pk,
            "against": base.pk,
            "exit": decision.code,
            "words": decision.words,
            "checks": [check._asdict() for check in decision.checks],
            "limits": limits._asdict(),
            "counts": found.counts._asdict() | {"total": found.counts.total},
            "difference": plain,
            "caveats": [one._asdict() for one in why],
        },
        indent=2,
        ensure_ascii=False,
    )


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CommandError(f"The file {path} cannot be written: {error.strerror}.", returncode=UNDECIDED) from error
