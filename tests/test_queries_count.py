"""A page asks the database as often for many rows as for one, and never more than 25 times."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotations.models import Benchmark
from tests.addresses import make_place
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_judge,
    make_model,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.outcomes import answer, finish
from training.models import EvaluationRun, RunItem

pytestmark = pytest.mark.django_db
MOST = 25
MANY = 6


def client_of(person: str) -> Client:
    client = Client()
    client.force_login(make_person(person))
    return client


def queries(client: Client, url: str) -> int:
    """How often the page asks, with nothing in the cache."""
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def one_more(number: int) -> EvaluationRun:
    """A config with two versions, a benchmark, models, judges and a finished run of two items, all of their own."""
    config = make_version(make_config(f"config-{number}", title=f"Config {number}")).config
    make_version(config, allowed=["drugs", "violence"])
    benchmark = make_benchmark(f"bench-{number}")
    for kind in ("safe", "partial"):
        make_prompt(benchmark=benchmark, config=config, kind=kind)
    judges = [make_judge(), make_judge("helpfulness", make_model(f"judge-{number}"))]
    run = make_run(0, benchmark=benchmark, judges=judges, candidate=make_candidate(make_model(f"model-{number}")))
    for item in run.items.all():
        answer(item)
    return finish(run)


def another_in_each_state(number: int) -> None:
    one_more(number)
    for state in ("paused", "running", "queued"):
        run = one_more(number * 10 + len(state))
        EvaluationRun.objects.filter(pk=run.pk).update(state=state, finished_at=None)


def more_items(number: int) -> None:
    """Items in the first run, under a config of their own."""
    run = EvaluationRun.objects.order_by("pk").first()
    version = make_version(make_config(f"more-{number}", title=f"More {number}"))
    for kind in ("safe", "allowed", "partial", "disallowed"):
        prompt = make_prompt(benchmark=run.benchmark, config=version.config, kind=kind)
        answer(RunItem.objects.create(run=run, prompt=prompt, version=version, position=prompt.position))


def more_prompts(number: int) -> None:
    """Prompts in every benchmark, under a config of their own."""
    config = make_version(make_config(f"more-{number}", title=f"More {number}")).config
    for benchmark in Benchmark.objects.all():
        make_prompt(benchmark=benchmark, config=config, risks=["violence"], rule="r1")


def more_of_the_config(number: int) -> None:
    """Versions of the first config, and benchmarks with prompts for it."""
    config = make_config("config-0")
    make_version(config)
    make_prompt(benchmark=make_benchmark(f"more-{number}"), config=config)


PAGES: list[tuple[str, Callable[[int], object]]] = [
    ("home", another_in_each_state),
    ("annotations:config-list", one_more),
    ("annotations:config-detail", more_of_the_config),
    ("annotations:benchmark-list", one_more),
    ("annotations:benchmark-detail", more_prompts),
    ("training:model-list", one_more),
    ("training:run-list", another_in_each_state),
    ("training:run-new", one_more),
    ("training:run-detail", more_items),
    ("training:item-list", more_items),
    ("training:item-detail", more_items),
]


@pytest.mark.parametrize("person", ["ada", "grace"])
@pytest.mark.parametrize(("name", "add"), PAGES, ids=[name for name, _ in PAGES])
def test_many_rows_ask_as_often_as_one(name, add, person):
    place, client = make_place(one_more(0)), client_of(person)
    first = queries(client, place.url(name))
    for number in range(1, MANY):
        add(number)
    assert first <= MOST
    assert queries(client, place.url(name)) == first
