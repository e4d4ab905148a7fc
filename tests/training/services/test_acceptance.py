"""Promises of the run engine; those that need real processes are in bench/acceptance.py."""

import pytest

from tests.factories import make_candidate, make_judge, make_run
from tests.stage import Stage, play, served
from training import queries
from training.models import Call

pytestmark = pytest.mark.django_db(transaction=True)


def said(number: int) -> list[str | int]:
    """What one model says of item `number`: the answer, whether it follows the config, how helpful it is."""
    if number == 17:
        return [400]
    return ["Yes.", "[[YES]]", *(["hm", "hm"] if number in (10, 30) else ["[[5]]"])]


def test_a_run_with_refused_calls_and_unreadable_verdicts_ends_and_every_item_is_accounted_for(stage: Stage) -> None:
    """40 items: one answer is refused for good, two verdicts stay unreadable although they are asked for twice."""
    stage.says("one", *[line for number in range(1, 41) for line in said(number)])
    model = served(stage, "one", max_concurrency=1)
    judges = [make_judge("follows_config", model), make_judge("helpfulness", model)]
    run = play(make_run(40, candidate=make_candidate(model), judges=judges))
    now, found = queries.progress(run), queries.scores(run)
    assert (run.state, now.total, now.done, now.failed, now.queued, now.unscored) == ("finished", 40, 39, 1, 0, 2)
    assert (found.overall.n_total, found.overall.n_scored, found.overall.score) == (40, 37, 1.0)
    assert found.bounds == (pytest.approx(34 / 40), 1.0)  # each of the other three lies in -1..1: (37 - 3) / 40
    assert run.calls == Call.objects.count() == 39 * 3 + 2
