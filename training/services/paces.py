"""How fast a model uses up tokens: what it read and wrote before, beside what the rule of thumb says of the same."""

from collections.abc import Sequence
from typing import NamedTuple

from annotations.models import LanguageModel, Response
from training import strategies
from training.engines import EngineError
from training.judges import LlmJudge
from training.models import Call, RunDemonstrations, RunItem
from training.services import rehearsal
from training.strategies import Demonstration, Question, Strategy

LOOKED_AT = 24
ENOUGH = 5
TYPICAL_ANSWER, TYPICAL_VERDICT = 200, 120


class Pace(NamedTuple):
    """Tokens read for each that the rule of thumb counts, tokens written in a call, and where that is known from."""

    ratio: float
    written: int
    source: str


def of_answers(model: LanguageModel, strategy: Strategy) -> Pace:
    """The model's pace when it answers by the strategy; else when it answers in any way; else what is typical."""
    every = Response.objects.filter(candidate__model=model, tokens_in__gt=0, tokens_out__isnull=False)
    related = every.select_related("candidate", "prompt", "version", "system_prompt").order_by("-pk")
    same = list(related.filter(candidate__strategy=strategy.name)[:LOOKED_AT])
    found = _answered(same if len(same) >= ENOUGH else list(related[:LOOKED_AT]))
    if found is None:
        return Pace(1.0, TYPICAL_ANSWER, f"nothing is known of {model} yet: an answer is taken for 200 tokens")
    return found._replace(source=f"the last answers of {model}")


def _answered(rows: Sequence[Response]) -> Pace | None:
    shown = _shown(rows)
    read = rehearsed = written = calls = 0
    for row in rows:
        load = _played(row, shown.get(row.pk, ()))
        if load is not None:
            read, rehearsed = read + (row.tokens_in or 0), rehearsed + load.read
            written, calls = written + (row.tokens_out or 0), calls + load.calls
    return Pace(read / rehearsed, max(1, round(written / calls)), "") if rehearsed and calls else None


def _played(row: Response, shown: Sequence[Demonstration]) -> rehearsal.Load | None:
    """What the rule of thumb says of a response; None when its strategy is gone or needs what is not kept."""
    candidate = row.candidate
    if candidate is None or candidate.strategy not in strategies.names():
        return None
    system = row.system_prompt.text if row.system_prompt else ""
    config = row.version.text if row.version_id else system
    question = Question(system, config, row.prompt.text, tuple(shown), candidate.settings, candidate.seed)
    strategy = strategies.load(candidate.strategy)
    try:
        calls = rehearsal.rehearse(strategy, question, written=0).calls
        return rehearsal.rehearse(strategy, question, written=(row.tokens_out or 0) // max(1, calls))
    except EngineError:
        return None


def _shown(rows: Sequence[Response]) -> dict[int, tuple[Demonstration, ...]]:
    """The demonstrations that stood before each response, by its id; two queries."""
    versions = {row.pk: row.version_id for row in rows}
    runs = dict(RunItem.objects.filter(response__in=list(versions)).values_list("response", "run"))
    kept = RunDemonstrations.objects.filter(run__in=set(runs.values())).values_list("run", "version", "rows")
    found = {(run, version): tuple(Demonstration(**row) for row in shown) for run, version, shown in kept}
    return {pk: found.get((runs[pk], versions[pk] or 0), ()) for pk in runs}


def of_verdicts(judge: LlmJudge, model: LanguageModel) -> Pace:
    """The model's pace when it is asked by this judge; else its pace in answers with what is typical of a verdict."""
    asked = Call.objects.filter(judge__name=judge.name, judge__model=model, step=0, tokens_in__gt=0)
    asked = asked.exclude(item__version=None)
    rows = asked.select_related("item__prompt", "item__version", "item__response").order_by("-pk")[:LOOKED_AT]
    read = rehearsed = written = 0
    for call in rows:
        answer = call.item.response.text if call.item.response else ""
        read, written = read + (call.tokens_in or 0), written + (call.tokens_out or 0)
        rehearsed += rehearsal.verdict(judge, call.item.version.text, call.item.prompt.text, answer)
    if rehearsed:
        return Pace(read / rehearsed, max(1, round(written / len(rows))), f"the last verdicts of {model}")
    known = of_answers(model, strategies.load("plain"))
    typical = f"no verdict of {model} is known yet: one is taken for {TYPICAL_VERDICT} tokens"
    return Pace(known.ratio, TYPICAL_VERDICT, typical)
