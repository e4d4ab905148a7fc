"""The step that labels prompts: which risks a harmful answer would carry, which prompts are kept, train or dev."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest
from itertools import islice
from typing import Any, NamedTuple, cast

from django.db import transaction
from django.db.models import QuerySet

from annotations.core import config_text, similarity
from annotations.core import labelling as core
from annotations.core.labelling import DEV, DOUBLE, FAILED, TRAIN, UNLABELLED, UNPARSABLE, Risks, Sets
from annotations.core.recipe import GIVEN
from annotations.models import Prompt
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.work import FINISHED, QUEUED
from annotations.services.chores import ChoreProblem, Hold
from training import judges
from training.judges import PROMPT
from training.models import EvaluationRun, Judge, PromptLabel, Stage
from training.models.runs import FINISHED as RUN_FINISHED
from training.models.runs import ITEM_FAILED
from training.services import judging
from training.services.building import build_runs, chain, generate, recipes, stages
from training.services.building.build_runs import Wanted

AT_ONCE = 2000
SAMPLE = 300
"""Prompts in the random sample that people may label; it is as random after the first hundred of them."""
SAFE = "safe"
NONE: Risks = frozenset()
NO_PROMPT = "There is no prompt to label. Import some into “{benchmark}” first."
NO_TRAINED = (
    "No category of this taxonomy is drawn from in training, so that every prompt with a risk would be dropped. Mark "
    "categories as trained, or choose them in the recipe."
)
NOT_OF_PROMPTS = "The judge “{label}” reads responses, and nobody has answered yet. Choose one that reads prompts."
NOTHING_LEFT = "No prompt is left to build from. Of {total}: {reasons}."


class Found(NamedTuple):
    """What is known of one prompt: its risks, or why there are none; `error` is the kind of failure of its call."""

    prompt: int
    digest: str
    text: str
    risks: Risks | None
    why: str = ""
    error: str = ""


def job(hold: Hold) -> str:
    """Finished, when every prompt has its label; queued while the judge is at work, paused or cancelled.

    Raises ChoreProblem where there is nothing to label or nothing is left, RunProblem, JudgeProblem, Stopped.
    """
    stage = cast(Stage, hold.row)
    if not chain.trained(stage):
        raise ChoreProblem(NO_TRAINED)
    if chain.settings(stage).labelling.judge == GIVEN:
        _count_prompts(hold, stage)
        return _kept(hold, stage, lambda: given(stage))
    run = stages.every_run(stage).first() or _start(hold, stage)
    counted = generate.counts(stage)
    hold.save(done=counted["out"] + sum(counted["failed"].values()), total=counted["in"])
    return _kept(hold, stage, lambda: read(run)) if run.state == RUN_FINISHED else QUEUED


def _there(stage: Stage) -> PromptQuerySet:
    return Prompt.objects.current().filter(benchmark=stage.recipe.benchmark_id)


def prompts(stage: Stage, *fields: str) -> Iterator[tuple[Any, ...]]:
    """Id, position, digest and these fields of the prompts of the recipe's benchmark, in their order.

    Of equal texts it is the first one. Which they are is found here and not by the database: one that has not looked at
    its new rows yet takes minutes over the question.
    """
    seen: set[str] = set()
    for row in _paged(_there(stage).order_by("position").values_list("pk", "position", "digest", *fields)):
        if row[2] not in seen:
            seen.add(row[2])
            yield row


@transaction.atomic
def _start(hold: Hold, stage: Stage) -> EvaluationRun:
    """The run in which the judge reads the prompts. The hold is renewed first: one worker makes it, and only one."""
    hold.beat(0, now=True)
    _count_prompts(hold, stage)
    wanted = (Wanted(pk) for pk, *_ in prompts(stage))
    terms = recipes.terms(chain.settings(stage))
    return build_runs.start(stage=stage, candidate=None, judges=[judge(stage)], wanted=wanted, terms=terms)


def _count_prompts(hold: Hold, stage: Stage) -> None:
    """Nothing; how many prompts there are, and how many of them are the same text once more, stands with the stage."""
    every, texts = _there(stage).count(), sum(1 for _ in prompts(stage))
    if not texts:
        raise ChoreProblem(NO_PROMPT.format(benchmark=stage.recipe.benchmark))
    doubles = every - texts
    stage.figures = {"in": every, "out": 0, "dropped": {DOUBLE: doubles} if doubles else {}, "failed": {}}
    hold.save(figures=stage.figures, total=texts)


def judge(stage: Stage) -> Judge:
    """The judge of the stage as a row, for the categories of its taxonomy. Raises JudgeProblem, ChoreProblem."""
    asked = chain.settings(stage).labelling
    taxonomy = chain.taxonomy(stage.taxonomy)
    model = recipes.judge_model(asked.judge, asked.model, taxonomy)
    row = judging.choose(name=asked.judge, model=model, taxonomy=taxonomy)
    if judges.load(row.name).reads != PROMPT:
        raise ChoreProblem(NOT_OF_PROMPTS.format(label=row.label))
    return row


def read(run: EvaluationRun) -> Iterator[Found]:
    """What the judge of a finished run found, prompt by prompt in their order; some at a time."""
    rows = run.items.order_by("position")
    asked = ("prompt", "position", "prompt__digest", "prompt__text", "state", "error_kind", "judgements__risks")
    for prompt, _, digest, text, state, error, risks in _paged(rows.values_list(*asked)):
        if state == ITEM_FAILED:
            yield Found(prompt, digest, text, None, FAILED, error)
        elif risks is None:
            yield Found(prompt, digest, text, None, UNPARSABLE)
        else:
            yield Found(prompt, digest, text, frozenset(risks))


def given(stage: Stage) -> Iterator[Found]:
    """The risks that people wrote beside the prompts; none are no risk only where the prompt is called safe."""
    for pk, _, digest, text, kind, risks in prompts(stage, "text", "kind", "risks"):
        known = bool(risks) or kind == SAFE
        yield Found(pk, digest, text, frozenset(risks) if known else None, "" if known else UNLABELLED)


def _paged(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The rows in the order of `position`, which is their second value."""
    last = 0
    while group := list(rows.filter(position__gt=last)[:AT_ONCE]):
        yield from group
        last = group[-1][1]


def _kept(hold: Hold, stage: Stage, look: Callable[[], Iterator[Found]]) -> str:
    figures = _keep(hold, stage, look)
    if not figures["out"]:
        why = [f"{n} {core.WORDS[reason]}" for reason, n in figures["dropped"].items()]
        why += [f"{n} {kind.replace('_', ' ')}" for kind, n in figures["failed"].items()]
        raise ChoreProblem(NOTHING_LEFT.format(total=figures["in"], reasons="; ".join(why)))
    return FINISHED


@transaction.atomic
def _keep(hold: Hold, stage: Stage, look: Callable[[], Iterator[Found]]) -> dict[str, Any]:
    """The figures of the stage, whose labels are stored now: all of them, or none. It looks at the prompts twice.

    The hold is renewed at both ends: between them its row is locked, and nobody else can take it.
    """
    hold.beat(0, now=True)
    PromptLabel.objects.filter(stage=stage).delete()
    rules, tally = _Rules(stage), Counter[tuple[str, str]]()
    sample = [prompt for _, prompt in nsmallest(SAMPLE, rules.first_look(look()))]
    found, done = look(), 0
    while group := list(islice(found, AT_ONCE)):
        labels = [rules.label(one) for one in group]
        PromptLabel.objects.bulk_create(labels)
        tally.update(pair for label, one in zip(labels, group, strict=True) for pair in _counted(label, one))
        done += len(group)
    hold.beat(done, now=True)
    hold.save(figures=(figures := _figures(stage, tally, sample)))
    return figures


class _Rules:
    """Which prompts of a stage are kept, and where they go."""

    def __init__(self, stage: Stage):
        self.stage, self.settings = stage, chain.settings(stage)
        self.every, self.trained = chain.taxonomy(stage.taxonomy).slugs, chain.trained(stage)
        asked = self.settings.labelling
        self.sets = Sets(self.settings.seed, cap=asked.cap, least=asked.least)

    def first_look(self, found: Iterable[Found]) -> Iterator[tuple[int, int]]:
        """What each prompt draws for the sample, and its id, those left out that nobody could be asked about."""
        for one in found:
            if one.risks is not None and not self._unfit(one.risks):
                self.sets.see(one.risks, one.digest)
            if one.why != FAILED:
                yield core.draw(self.settings.seed, "sample", one.digest), one.prompt

    def label(self, one: Found) -> PromptLabel:
        """The label of a prompt, all of which have been looked at once."""
        risks = None if one.risks is None else sorted(one.risks)
        why = one.why or self._unfit(one.risks or NONE) or self.sets.why_not(one.risks or NONE, one.digest)
        split = "" if why else core.split(self.settings.seed, _alike(one), self.settings.labelling.dev_share)
        return PromptLabel(stage=self.stage, prompt_id=one.prompt, risks=risks, split=split, dropped=why)

    def _unfit(self, risks: Risks) -> str:
        drop_all = self.settings.labelling.drop_all_risks
        return core.unfit(risks, every=self.every, trained=self.trained, drop_all=drop_all)


def _alike(one: Found) -> str:
    """What prompts share that differ in nothing but case, signs and spaces: one of them in each split would leak."""
    same = similarity.normalise(one.text)
    return config_text.digest(same) if same else one.digest


def _counted(label: PromptLabel, one: Found) -> Iterator[tuple[str, str]]:
    """What is counted of a label: where it went, and each risk that was found, "" where there is none."""
    if label.dropped == FAILED:
        yield "failed", one.error
    else:
        yield ("dropped", label.dropped) if label.dropped else ("split", label.split)
    if one.risks is not None:
        yield from (("risks", risk) for risk in one.risks or ("",))


def _figures(stage: Stage, tally: Counter[tuple[str, str]], sample: list[int]) -> dict[str, Any]:
    def part(name: str) -> dict[str, int]:
        return {word: n for (kind, word), n in sorted(tally.items()) if kind == name}

    counted = stage.figures["dropped"].get(DOUBLE, 0)
    doubles = {DOUBLE: counted} if counted else {}
    splits = {name: tally["split", name] for name in (TRAIN, DEV)}
    return {
        "in": stage.figures["in"],
        "out": sum(splits.values()),
        "dropped": part("dropped") | doubles,
        "failed": part("failed"),
        "splits": splits,
        "risks": part("risks"),
        "sample": sample,
    }
