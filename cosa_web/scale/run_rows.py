"""Runs of the made-up installation: every item answered, called for and judged, and the figures worked out of that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from annotations.models import Response
from cosa_web.scale.ground import Ground, Place
from cosa_web.scale.plan import Plan, Texts, draw, failed, moment
from cosa_web.scale.store import first_free, put
from training.models import Call, EvaluationRun, Judgement, RunItem
from training.services import figures

RATINGS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0, None)
TOKENS_IN, TOKENS_OUT = 320, 140
ERROR = "The endpoint refused the request: the prompt is too long."
TOGETHER = 40


class Made(NamedTuple):
    """A run with the ids of its items and responses."""

    pk: int
    place: Place
    responses: range
    items: range
    at: datetime


def make(plan: Plan, ground: Ground) -> list[Made]:
    """Finished runs with the planned responses: two of the big benchmark first, then the others in turn."""
    texts, left, number = Texts(120, 3), plan.responses, 0
    made: list[Made] = []
    waiting: list[Made] = []
    while left > 0:
        big = number < 2
        place = ground.places[0 if big else 1 + number % (len(ground.places) - 1)]
        waiting.append(_run(plan, ground, place, number, min(left, plan.in_big_run if big else plan.in_run), waiting))
        left -= len(waiting[-1].responses)
        number += 1
        if number <= 2 or len(waiting) == TOGETHER or left <= 0:
            _fill(ground, waiting, texts)
            made, waiting = made + waiting, []
    return made


def _run(plan: Plan, ground: Ground, place: Place, number: int, size: int, before: list[Made]) -> Made:
    """The row of the run; its items come later, after those of the runs before it."""
    at = moment(number, plan.responses // plan.in_run + 2)
    broken = min(failed(size), len(place.prompts) - size)
    first = (
        [before[-1].responses.stop, before[-1].items.stop] if before else [first_free(Response), first_free(RunItem)]
    )
    calls = size * (1 + sum(judge.model_id is not None for judge in ground.judges))
    run = EvaluationRun.objects.create(
        organisation_id=place.organisation,
        benchmark_id=place.benchmark,
        candidate=ground.candidates[number % len(ground.candidates)],
        state="finished",
        created_by_id=ground.people[place.organisation, "admin"][0],
        created_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=size),
        calls=calls,
        spent_tokens=calls * (TOKENS_IN + TOKENS_OUT),
        unpriced_calls=calls,
    )
    run.judges.set(ground.judges)
    return Made(run.pk, place, range(first[0], first[0] + size), range(first[1], first[1] + size + broken), at)


def _fill(ground: Ground, made: list[Made], texts: Texts) -> None:
    """Nothing; the runs' rows are stored, and their figures kept."""
    put(Response, _RESPONSE, (row for one in made for row in _responses(ground, one, texts)))
    put(RunItem, _ITEM, (row for one in made for row in _items(one)))
    put(Judgement, _JUDGEMENT, (row for one in made for row in _judgements(ground, one, texts)))
    put(Call, _CALL, (row for one in made for row in _calls(ground, one, texts)))
    for run in EvaluationRun.objects.filter(pk__in=[one.pk for one in made]):
        figures.keep(run)


_RESPONSE = (
    *("id", "prompt_id", "version_id", "candidate_id", "system_prompt_id", "text", "identity", "finish", "seed"),
    *("tokens_in", "tokens_out", "latency_ms", "created_at"),
)


def _responses(ground: Ground, one: Made, texts: Texts) -> Iterator[tuple[Any, ...]]:
    candidate = EvaluationRun.objects.values_list("candidate", flat=True).get(pk=one.pk)
    told = ("scale-1", "stop", 0, TOKENS_IN, TOKENS_OUT, 900.0, one.at)
    for n, pk in enumerate(one.responses):
        version = one.place.versions[n]
        yield (pk, one.place.prompts[n], version, candidate, ground.prompts_of[version], texts.text(pk), *told)


_ITEM = (
    *("id", "run_id", "prompt_id", "version_id", "position", "state", "response_id", "helpfulness", "follows_config"),
    *("error_kind", "error", "finished_at"),
)


def _items(one: Made) -> Iterator[tuple[Any, ...]]:
    answered = len(one.responses)
    for n, pk in enumerate(one.items):
        ended, fixed = one.at + timedelta(seconds=n), (pk, one.pk, one.place.prompts[n], one.place.versions[n], n)
        if n < answered:
            yield (*fixed, "done", one.responses[n], _helpful(pk, one.pk), _follows(pk, one.pk), "", "", ended)
        else:
            yield (*fixed, "failed", None, None, None, "permanent", ERROR, ended)


def _helpful(item: int, run: int) -> float | None:
    return RATINGS[draw(item, run % 7) % len(RATINGS)]


def _follows(item: int, run: int) -> bool | None:
    drawn = draw(item, 11) % 100
    return None if drawn == 0 else drawn > 5 + run % 20


_JUDGEMENT = (
    *("item_id", "judge_id", "helpfulness", "follows_config", "risks", "refusal", "broken_rules", "reasons", "raw"),
    *("tokens", "milliseconds", "created_at"),
)


def _judgements(ground: Ground, one: Made, texts: Texts) -> Iterator[tuple[Any, ...]]:
    for pk in one.items[: len(one.responses)]:
        helpful, follows = _helpful(pk, one.pk), _follows(pk, one.pk)
        raw, broken = texts.text(pk)[:300], ["r1"] if follows is False else []
        for judge in ground.judges:
            both = judge.name == "heuristic"
            yield (
                pk,
                judge.pk,
                helpful if both or judge.name == "helpfulness" else None,
                follows if both or judge.name == "follows_config" else None,
                ["violence"] if judge.name == "risk_categories" else None,
                "full_compliance" if judge.name == "refusal" else "",
                broken if both or judge.name == "follows_config" else [],
                raw[:120],
                raw,
                TOKENS_IN + TOKENS_OUT,
                400.0,
                one.at,
            )


_CALL = (
    *("item_id", "judge_id", "key", "text", "identity", "finish", "tokens_in", "tokens_out", "latency_ms"),
    "created_at",
)


def _calls(ground: Ground, one: Made, texts: Texts) -> Iterator[tuple[Any, ...]]:
    asked = [None, *(judge.pk for judge in ground.judges if judge.model_id is not None)]
    told = ("scale-1", "stop", TOKENS_IN, TOKENS_OUT, 900.0, one.at)
    for n, pk in enumerate(one.items[: len(one.responses)]):
        for place, judge in enumerate(asked):
            text = texts.text(pk)[:300] if place else texts.text(one.responses[n])
            yield (pk, judge, f"{draw(pk, place):08x}{pk * 4 + place:056x}", text, *told)
