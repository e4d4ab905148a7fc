"""Pages of comparisons ask the database as often for many configs, items and runs as for few."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Prompt
from tests.compared import FULL, HARM, rate
from tests.factories import make_candidate, make_config, make_model, make_prompt, make_run, make_version
from tests.test_queries_count import MOST
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db


def world(configs: int, runs: int = 2) -> list[EvaluationRun]:
    """Runs that differ everywhere, over so many configs of two prompts each."""
    for number in range(configs):
        config = make_version(make_config(f"config-{number}", title=f"Config {number}")).config
        for kind in ("safe", "partial"):
            make_prompt(config=config, kind=kind)
    made = [make_run(0, candidate=make_candidate(make_model(f"model-{at}"))) for at in range(runs)]
    n = made[0].items.count()
    return [rate(run, [HARM if at % 2 else FULL] * n) for at, run in enumerate(made)]


def asked(client, name: str, runs, *args, **query) -> list[str]:
    """What the page asks the database, with nothing in the cache."""
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(f"training:{name}", args=args), {"run": [run.pk for run in runs]} | query)
        assert response.status_code == 200
        if response.streaming:
            b"".join(response.streaming_content)
    return [query["sql"] for query in queries]


def counts(client, runs) -> dict[str, int]:
    """How often each page asks; the reader opens the first prompt."""
    pages = ("run-compare", "run-changes", "compare-export", "leaderboard", "leaderboard-export")
    first = runs[0].items.order_by("position").values_list("prompt", flat=True)[0]
    return {name: len(asked(client, name, runs[:2] if name == "run-changes" else runs)) for name in pages} | {
        "run-changed": len(asked(client, "run-changed", runs[:2], first))
    }


def test_many_configs_and_items_ask_as_often_as_few(as_person):
    client, few = as_person("ada"), world(2)
    first = counts(client, few)
    assert counts(client, world(8)) == first and max(first.values()) <= MOST


def test_many_runs_ask_as_often_as_two(as_person):
    client, runs = as_person("ada"), world(2, runs=4)
    assert counts(client, runs) == counts(client, runs[:2])


def test_figures_are_worked_out_without_any_text(as_person):
    runs = world(2)
    Prompt.objects.update(why="why it was written")
    texts = [sql for sql in asked(as_person("ada"), "run-compare", runs) if '."text"' in sql or '."policy"' in sql]
    assert texts == []


def test_a_second_look_does_not_read_the_items_again(as_person):
    client, runs = as_person("ada"), world(3)
    first = len(asked(client, "run-compare", runs))
    with CaptureQueriesContext(connection) as again:
        client.get(reverse("training:run-compare"), {"run": [run.pk for run in runs]})
    assert len(again) <= first - 2
