"""`manage.py train_loop`: SFT, DPO and both evaluations from a script, with the same figures as the loop's page."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotations.models import Benchmark, LanguageModel, PreferenceSet
from annotations.models.work import FINISHED
from annotations.tasks import hint
from cosa_web.management import named
from training import loop_queries
from training.loop_queries import Line, Result
from training.models import Node, TrainingLoop
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import PRESETS, BadSettings, TrainingSettings, plain, read
from training.services import judging
from training.services.report import report
from training.services.trainer import loops
from training.services.trainer.loops import Evaluated, LoopProblem, Trained

LOOK_SECONDS = 1.0
NEEDED = ("base", "set", "benchmark", "judge", "node")


class Command(BaseCommand):
    """Launch a loop of training and evaluation. The workers do it; with --wait this stays until it is over."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options, in the words of the form."""
        parser.add_argument("--base", help="slug of the model to train")
        parser.add_argument("--set", type=int, help="number of the preference set")
        parser.add_argument("--preset", choices=list(PRESETS), default="tiny_cpu", help="settings to begin with")
        parser.add_argument("--no-sft", action="store_true", help="begin with DPO")
        parser.add_argument("--no-dpo", action="store_true", help="end after SFT")
        parser.add_argument(
            "--setting",
            action="append",
            default=[],
            metavar="[STAGE.]NAME=VALUE",
            help="other than in the preset, such as max_steps=20 or sft.learning_rate=1e-5; may be repeated",
        )
        parser.add_argument("--node", help="name of the machine that trains")
        parser.add_argument("--gpus", type=int, help="cards; as in the preset, if the node has so many, when left out")
        self._add_evaluation(parser)
        parser.add_argument("--title", default="", help="what people will call the loop")
        parser.add_argument("--wait", action="store_true", help="stay until the loop is over, and print its figures")
        parser.add_argument("--loop", type=int, help="show this loop, or wait for it, and start none")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON on standard output")

    def _add_evaluation(self, parser: ArgumentParser) -> None:
        parser.add_argument("--benchmark", help="slug of the benchmark both models answer")
        parser.add_argument("--release", help="a release of it, such as v1.0; its prompts of then when left out")
        parser.add_argument("--judge", action="append", default=[], help="judge file, or judge:model; may be repeated")
        parser.add_argument("--per-kind", type=int, help="at most so many prompts of each kind for each config")
        parser.add_argument("--max-tokens", type=int, help="of an answer; the base's own setting when left out")
        parser.add_argument("--samples", type=int, default=1, help="how often each judge that is a model is asked")
        parser.add_argument("--budget-tokens", type=int, help="of each evaluation, which pauses before it uses more")

    def handle(self, *args: Any, **options: Any) -> None:
        """Launch, wait when asked to, print.

        Exit code 0 when the loop is launched or, with --wait or --loop, when it is finished and every item of both
        evaluations is answered and scored; 1 otherwise.
        """
        loop = named.by(TrainingLoop, "pk", options["loop"], "loop") if options["loop"] else _launched(options)
        if not (options["wait"] or options["loop"]):
            self.stdout.write(json.dumps({"loop": loop.pk}) if options["json"] else f"Loop {loop.pk} is started.")
            return
        line = self._watch(loop) if options["wait"] else loop_queries.line(loop)
        result = loop_queries.result(line.pair) if loop.state == FINISHED else None
        figures = _figures(loop, line, result)
        self.stdout.write(json.dumps(figures, indent=2, ensure_ascii=False) if options["json"] else _table(figures))
        if not figures["complete"]:
            sys.exit(1)

    def _watch(self, loop: TrainingLoop) -> Line:
        """Where the loop stands once it is over, or paused; each change is told on the way."""
        seen = ""
        try:
            while True:
                loop.refresh_from_db()
                line = loop_queries.line(loop)
                if line.known != seen:
                    self.stderr.write(_steps(line))
                seen = line.known
                if not line.is_open or line.word == "paused":
                    return line
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            again = f"manage.py train_loop --loop {loop.pk} --wait"
            raise CommandError(f"The loop goes on. Look at it again with: {again}") from None


def _launched(options: dict[str, Any]) -> TrainingLoop:
    if missing := [f"--{name}" for name in NEEDED if not options[name]]:
        raise CommandError(f"A loop needs {', '.join(missing)}.")
    base = named.by(LanguageModel, "slug", options["base"], "model")
    try:
        loop = loops.start(
            base=base,
            preference_set=named.by(PreferenceSet, "pk", options["set"], "preference set"),
            trained=_trained(options),
            evaluated=_evaluated(options, base),
            actor=None,
            title=options["title"],
        )
    except (LoopProblem, BadSettings, judging.JudgeProblem) as problem:
        raise CommandError(str(problem)) from problem
    hint(loop)
    return loop


def _trained(options: dict[str, Any]) -> Trained:
    preset = PRESETS[options["preset"]]
    node = named.by(Node, "name", options["node"], "node")
    gpus = min(preset.gpus, node.gpus.count()) if options["gpus"] is None else options["gpus"]
    stages = {kind: None if options[f"no_{kind}"] else _settings(options, kind) for kind in (SFT, DPO)}
    return Trained(stages[SFT], stages[DPO], options["preset"], node, gpus)


def _settings(options: dict[str, Any], kind: str) -> TrainingSettings:
    """The preset of the stage with what was said of both stages, or of it. Raises BadSettings."""
    changed = {}
    for written in options["setting"]:
        name, equals, value = written.partition("=")
        if not equals:
            raise CommandError(f"A setting is written name=value; not {written!r}.")
        stage, dot, rest = name.strip().partition(".")
        if dot and stage not in (SFT, DPO):
            raise CommandError(f"A stage is sft or dpo; not {stage!r}.")
        if not dot or stage == kind:
            changed[rest if dot else stage] = _value(value.strip())
    return read(plain(PRESETS[options["preset"]].of(kind)) | changed)


def _value(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written


def _evaluated(options: dict[str, Any], base: LanguageModel) -> Evaluated:
    benchmark = named.by(Benchmark, "slug", options["benchmark"], "benchmark")
    return Evaluated(
        benchmark=benchmark,
        release=named.release(benchmark, options["release"]) if options["release"] else None,
        judges=[named.judge(name) for name in options["judge"]],
        max_tokens=options["max_tokens"] or base.max_tokens,
        **{name: options[name] for name in ("samples", "per_kind", "budget_tokens")},
    )


def _figures(loop: TrainingLoop, line: Line, result: Result | None) -> dict[str, Any]:
    """What the loop's page says, as data; `complete` when it is finished and nothing is failed or unscored."""
    both = {name: report(run) for name, run in line.pair.items()}
    whole = all(not (one["items"]["failed"] or one["items"]["unscored"]) for one in both.values())
    found = result.section.whole.found if result else None
    return {
        "loop": loop.pk,
        "state": line.word,
        "reason": line.why,
        "complete": result is not None and whole,
        "steps": [step._replace(model=None)._asdict() | {"model": str(step.model or "")} for step in line.steps],
        **both,
        "difference": found and {**found.score._asdict(), "pairs": found.pairs, "prompts": found.prompts},
        "caveats": [one.words for one in result.section.caveats] if result else [],
        "not_the_training_alone": result.note if result else "",
    }


def _steps(line: Line) -> str:
    return ", ".join(f"{step.words}: {step.state or 'to come'}" for step in line.steps)


def _table(figures: dict[str, Any]) -> str:
    reason = f": {figures['reason']}" if figures["reason"] else ""
    lines = [f"Loop {figures['loop']} {figures['state']}{reason}"]
    for step in figures["steps"]:
        by = "by" if step["noun"] == "items" else "made"
        counted = f", {step['done']:,} of {step['total']:,} {step['noun']}" if step["total"] else ""
        lines.append(
            f"{step['words']:28} {step['state'] or 'to come'}{counted}{f', {by} ' * bool(step['model'])}{step['model']}"
        )
    for name, words in (("base", "Before"), ("trained", "After")):
        if (one := figures.get(name)) and one["cosa_score"] is not None:
            lines.append(
                f"{words:28} {one['cosa_score']:+.2f} {_interval(one['interval'])}, {one['items']['total']} items"
            )
    if found := figures["difference"]:
        lines.append(f"{'Difference':28} {found['delta']:+.2f} {_interval(found['interval'])}, {found['pairs']} pairs")
    care = [*figures["caveats"], figures["not_the_training_alone"]]
    return "\n".join([*lines, *(f"  care: {words}" for words in care if words)])


def _interval(ends: Any) -> str:
    return f"{ends[0]:+.2f} to {ends[1]:+.2f}" if ends else ""
