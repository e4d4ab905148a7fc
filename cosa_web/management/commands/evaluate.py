"""`manage.py evaluate`: a run from a script, with the same figures as its page."""

import json
import signal
import sys
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from annotations.models import Benchmark, LanguageModel, SafetyConfig
from annotations.models.work import LLM
from annotations.services.chores import worker_name
from cosa_web.management import named
from training import queries
from training.models import EvaluationRun
from training.models.nodes import queue_of
from training.models.runs import OPEN_STATES
from training.services import derive, judging, places, run_terms, runs
from training.services.report import report, table
from training.services.run_items import RunProblem
from training.services.work import work
from training.tasks import hint

ELSEWHERE_SECONDS, CARDS_SECONDS = 1.0, 5.0


class Command(BaseCommand):
    """Evaluate a model on a benchmark, here and now, and print the scores. Running workers may help."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options, in the words of the form."""
        parser.add_argument("--benchmark", help="slug of the benchmark")
        parser.add_argument(
            "--release", help="a release of the benchmark, such as v1.0; its prompts of now when left out"
        )
        parser.add_argument("--model", help="slug of the model that answers")
        parser.add_argument("--judge", action="append", default=[], help="judge file, or judge:model; may be repeated")
        parser.add_argument("--config", action="append", default=[], help="slug of a config; all when left out")
        parser.add_argument("--strategy", default="plain", help="how the model answers")
        parser.add_argument(
            "--setting", action="append", default=[], metavar="NAME=VALUE", help="of the strategy; may be repeated"
        )
        parser.add_argument("--per-kind", type=int, help="at most so many prompts of each kind for each config")
        parser.add_argument("--temperature", type=float, default=0.0, help="of an answer; 0 takes the likeliest words")
        parser.add_argument("--max-tokens", type=int, help="of an answer; the model's own setting when left out")
        parser.add_argument("--seed", type=int, default=0, help="of the draw of prompts and of answers")
        self._add_terms(parser)
        parser.add_argument("--run", type=int, help="show this run, going on with it when it is open")
        parser.add_argument(
            "--again",
            type=int,
            metavar="RUN",
            help="read the responses of this run again: with --judge by other judges, with --strategy as a filter",
        )
        parser.add_argument("--json", action="store_true", help="print the figures as JSON on standard output")

    def _add_terms(self, parser: ArgumentParser) -> None:
        parser.add_argument("--samples", type=int, default=1, help="how often each judge that is a model is asked")
        parser.add_argument("--no-cache", action="store_true", help="ask everything anew, also what was asked before")
        parser.add_argument("--budget-tokens", type=int, help="pause before more tokens would be used")
        parser.add_argument("--budget-dollars", type=_money, help="pause before more money would be spent")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, wait, print. Exit code 0 when every item is answered and scored, 1 otherwise."""
        run = self._run(options)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        worker = threading.Thread(target=_work, args=(run.pk, stop), daemon=True)
        worker.start()
        try:
            self._watch(run, worker)
        except KeyboardInterrupt:
            stop.set()
            worker.join()
            raise CommandError(f"Stopped; go on with: manage.py evaluate --run {run.pk}") from None
        figures = report(run)
        self.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) if options["json"] else table(figures))
        if run.state != "finished" or figures["items"]["failed"] or figures["items"]["unscored"]:
            sys.exit(1)

    def _run(self, options: dict[str, Any]) -> EvaluationRun:
        if options["run"]:
            return named.by(EvaluationRun, "pk", options["run"], "run")
        try:
            return _again(options) if options["again"] else _new(options)
        except (RunProblem, judging.JudgeProblem) as problem:
            raise CommandError(str(problem)) from problem

    def _watch(self, run: EvaluationRun, worker: threading.Thread) -> None:
        """Draw the bar until nobody works here and the run is no longer open."""
        while True:
            run.refresh_from_db()
            self._draw(run)
            if not worker.is_alive() and not (run.is_open and run.leases_alive()):
                break
            worker.join(timeout=0.5)
            if not worker.is_alive():
                time.sleep(0.2)
        run.refresh_from_db()  # it may have ended between the look at it and the look at its worker
        self.stderr.write("")

    def _draw(self, run: EvaluationRun) -> None:
        now = queries.progress(run)
        ended = now.done + now.failed
        filled = 30 * ended // max(now.total, 1)
        left = f", {now.seconds_left:.0f} s left" if now.seconds_left else ""
        trouble = f", {now.waiting} calls waiting: {now.trouble}" if now.waiting else ""
        bar = f"\r[{'#' * filled}{'.' * (30 - filled)}] {ended} of {now.total}, {now.failed} failed{left}{trouble}  "
        self.stderr.write(bar, ending="")
        self.stderr.flush()


def _new(options: dict[str, Any]) -> EvaluationRun:
    model = named.by(LanguageModel, "slug", options["model"], "model")
    benchmark = named.by(Benchmark, "slug", options["benchmark"], "benchmark")
    return runs.start(
        benchmark=benchmark,
        release=named.release(benchmark, options["release"]) if options["release"] else None,
        candidate=runs.candidate(
            model=model,
            strategy=options["strategy"],
            settings=dict(_setting(written) for written in options["setting"]),
            temperature=options["temperature"],
            max_tokens=model.max_tokens if options["max_tokens"] is None else options["max_tokens"],
            seed=options["seed"],
        ),
        judges=[named.judge(name) for name in options["judge"]],
        actor=None,
        configs=[named.by(SafetyConfig, "slug", slug, "config").pk for slug in options["config"]] or None,
        per_kind=options["per_kind"],
        **_terms(options),
    )


def _work(run_id: int, stop: threading.Event) -> None:
    """Work on the run, here, again while it waits for cards; or tell the node that alone can, and wait."""
    still_open = EvaluationRun.every.filter(pk=run_id, state__in=OPEN_STATES)
    try:
        if places.queue(run_id) not in (LLM, queue_of(settings.NODE)):
            hint(run_id)
            while still_open.exists() and not stop.wait(ELSEWHERE_SECONDS):
                pass
            return
        work(run_id, worker_name(), stop)
        while still_open.exclude(reason="").exists() and not stop.wait(CARDS_SECONDS):
            work(run_id, worker_name(), stop)
    finally:
        connections.close_all()


def _again(options: dict[str, Any]) -> EvaluationRun:
    """A run over the responses of another: read by other judges, or what a filter would have let through."""
    source = named.by(EvaluationRun, "pk", options["again"], "run")
    if options["judge"]:
        judges = [named.judge(name) for name in options["judge"]]
        return derive.read_again(source=source, judges=judges, actor=None, **_terms(options))
    if options["strategy"] == derive.PLAIN:
        raise CommandError("Say with --judge who reads it again, or with --strategy which filter to compute.")
    return derive.filtered(source=source, strategy=options["strategy"], actor=None)


def _terms(options: dict[str, Any]) -> dict[str, Any]:
    dollars = run_terms.micros(options["budget_dollars"])
    told = {name: options[name] for name in ("samples", "budget_tokens")}
    return told | {"use_cache": not options["no_cache"], "budget_micros": dollars}


def _money(written: str) -> Decimal:
    try:
        amount = Decimal(written)
    except InvalidOperation as problem:
        raise ArgumentTypeError(f"{written!r} is no amount of US dollars") from problem
    if not amount.is_finite():
        raise ArgumentTypeError(f"{written!r} is no amount of US dollars")
    return amount


def _setting(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals:
        raise CommandError(f"A setting is written name=value; not {written!r}.")
    return name.strip(), value.strip()
