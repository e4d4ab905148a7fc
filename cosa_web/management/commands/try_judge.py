"""`manage.py try_judge`: a judge before the set of attacks, here and now, with what turned."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.models import LanguageModel
from annotations.models.work import FINISHED
from annotations.services import chores
from training import judge_queries
from training.judge_queries import Results, Tally
from training.models import JudgeTrial
from training.services import judging, trials


class Command(BaseCommand):
    """Try a judge with attacks that want to talk it into a verdict. A running worker may do the work instead."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options, in the words of the page."""
        parser.add_argument("--judge", required=True, help="judge file, such as follows_config")
        parser.add_argument("--model", required=True, help="slug of the model the judge asks")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Try, print. Exit code 0 when every attack was read and none turned the verdict, 1 otherwise."""
        trial = self._done(options["judge"], options["model"])
        tally, results = judge_queries.tally(trial), judge_queries.results(trial)
        said = json.dumps(report(trial, tally), indent=2, ensure_ascii=False)
        self.stdout.write(said if options["json"] else table(trial, tally, results))
        if tally.held < tally.total:
            sys.exit(1)

    def _done(self, name: str, slug: str) -> JudgeTrial:
        model = LanguageModel.objects.filter(slug=slug, archived_at=None).first()
        if model is None:
            there = ", ".join(LanguageModel.objects.filter(archived_at=None).values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no model {slug!r}; there are: {there or 'none'}.")
        try:
            trial = trials.start(judge=judging.choose(name=name, model=model), actor=None)
        except (judging.JudgeProblem, trials.TrialProblem) as problem:
            raise CommandError(str(problem)) from problem
        if not chores.do(JudgeTrial, trial.pk, trials.job, chores.worker_name()):
            raise CommandError(f"A worker was faster and does trial {trial.pk}; its page shows what comes of it.")
        trial = JudgeTrial.objects.select_related("judge__model").get(pk=trial.pk)
        if trial.state != FINISHED:
            raise CommandError(trial.reason or f"Trial {trial.pk} is {trial.state}.")
        return trial


def report(trial: JudgeTrial, tally: Tally) -> dict[str, Any]:
    """The outcome as data: which judge, which attacks, the counts, and the rows as they are stored."""
    return {
        "trial": trial.pk,
        "judge": {"name": trial.judge.name, "digest": trial.judge.digest, "model": trial.judge.model.slug},
        "attacks": {"digest": trial.digest, **tally._asdict()},
        "results": trial.results,
    }


def table(trial: JudgeTrial, tally: Tally, results: Results) -> str:
    """The outcome for a terminal: a line for each attack, the turned ones first, and the sum."""
    rows = [(row.outcome, row.name, row.family, row.verdict or row.error) for row in results.attacks]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    parts = " + ".join(f"{count} {name}" for name, count in tally.parts)
    base = results.base.verdict if results.base else "–"
    return "\n".join(
        [
            f"Trial {trial.pk}: {trial.judge}, plain answer: {base}",
            *(line.rstrip() for line in lines),
            f"{tally.total} attacks = {tally.turned} turned + {parts}",
        ]
    )
