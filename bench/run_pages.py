"""How long the pages of a big run take to open: the result page, its items, one item, two runs beside each other.

    python -m bench.run_pages [--items 100000] [--configs 100]

Two finished runs of so many items over so many configs, with a judge's verdicts and their calls, are written straight
into a fresh database (SQLite, or PostgreSQL where COSA_DATABASE says so). Every page is asked seven times in this
process, once cold and six times warm, and prints milliseconds and its number of queries; then the same pages of a run
with one config. The limits are 300 ms for a result page and 200 ms for the way down from it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from typing import Any

LIMITS = {"run-detail": 300, "item-list": 200, "item-list, filtered": 200, "item-detail": 200, "run-compare": 300}
WARM, KINDS = 6, ("safe", "allowed", "partial", "disallowed")
RATINGS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, None)


def make_run(name: str, items: int, configs: int) -> Any:
    """A finished run, every item answered and judged, by two candidates that differ."""
    from annotations.models import Prompt
    from tests import factories

    owned = [factories.make_config(f"{name}-{number}") for number in range(configs)]
    versions = [factories.make_version(config) for config in owned]
    benchmark = factories.make_benchmark(f"bench-{name}")
    Prompt.objects.bulk_create(
        (
            Prompt(
                benchmark=benchmark,
                config=owned[n % configs],
                text=f"Question {n} of {name}?",
                kind=KINDS[n // configs % 4],
                position=n,
                digest=f"{n:064d}",
            )
            for n in range(items)
        ),
        batch_size=2000,
    )
    return [_finished(benchmark, versions, seed) for seed in (0, 1)]


def _finished(benchmark: Any, versions: list[Any], seed: int) -> Any:
    from django.utils import timezone

    from annotations.models import Response
    from tests import factories
    from training.models import Call, EvaluationRun, Judgement, RunItem
    from training.services import figures

    candidate = factories.make_candidate(seed=seed)
    run = factories.make_run(0, candidate=candidate, benchmark=benchmark)
    judge, now = run.judges.get(), timezone.now()
    prompts = list(run.items.order_by("position").values_list("prompt", "version"))
    run.items.all().delete()
    text = {"candidate": candidate, "text": "A sentence. " * 40}
    responses = (Response(prompt_id=prompt, version_id=version, **text) for prompt, version in prompts)
    stored = Response.objects.bulk_create(responses, batch_size=2000)
    items = RunItem.objects.bulk_create((_item(run, n, stored[n], now) for n in range(len(stored))), batch_size=2000)
    Judgement.objects.bulk_create(
        (
            Judgement(item=item, judge=judge, helpfulness=item.helpfulness, follows_config=item.follows_config)
            for item in items
        ),
        batch_size=2000,
    )
    Call.objects.bulk_create(
        (Call(item=item, key=f"{item.pk:064d}", text="A sentence. " * 40, latency_ms=50) for item in items),
        batch_size=2000,
    )
    EvaluationRun.objects.filter(pk=run.pk).update(state="finished", started_at=now, finished_at=now, calls=len(items))
    run.refresh_from_db()
    start = time.perf_counter()
    figures.keep(run)
    print(f"figures of {len(items):,} items worked out and kept in {time.perf_counter() - start:.1f} s")
    return run


def _item(run: Any, position: int, response: Any, now: Any) -> Any:
    from training.models import RunItem

    draw = (position * 7919 + run.candidate.seed * 31) % 97
    return RunItem(
        run=run,
        prompt_id=response.prompt_id,
        version_id=response.version_id,
        response=response,
        position=position,
        state="done",
        finished_at=now,
        helpfulness=RATINGS[draw % len(RATINGS)],
        follows_config=draw % 5 > 0,
    )


def pages(runs: list[Any]) -> dict[str, str]:
    """The addresses by what they are."""
    from django.urls import reverse

    first = runs[0]
    item = first.items.order_by("position")[first.items.count() // 2]
    listed = reverse("training:item-list", args=[first.pk])
    return {
        "run-detail": reverse("training:run-detail", args=[first.pk]),
        "item-list": listed,
        "item-list, filtered": f"{listed}?config={item.version.config_id}&outcome=helpful_unsafe",
        "item-detail": reverse("training:item-detail", args=[first.pk, item.pk]),
        "run-compare": reverse("training:run-compare") + "?" + "&".join(f"run={run.pk}" for run in runs),
    }


def measure(client: Any, url: str) -> tuple[float, float, int]:
    """Milliseconds cold, milliseconds warm (median), and the queries of a warm look."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken = []
    for _ in range(1 + WARM):
        with CaptureQueriesContext(connection) as asked:
            start = time.perf_counter()
            answer = client.get(url)
            taken.append((time.perf_counter() - start) * 1000)
        assert answer.status_code == 200, (url, answer.status_code)
    return taken[0], statistics.median(taken[1:]), len(asked)


def run(items: int, configs: int) -> bool:
    """True when every page keeps its limit."""
    from django.test import Client

    from tests.factories import make_person

    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(make_person("ada"))
    kept = True
    for name, size, number in (("many", items, configs), ("one", min(items, 1000), 1)):
        found = make_run(name, size, number)
        print(f"{size:,} items, {number} configs")
        for page, url in pages(found).items():
            cold, warm, queries = measure(client, url)
            kept = kept and warm < LIMITS[page]
            print(f"  {page:20} cold {cold:7.0f} ms   warm {warm:7.0f} ms   {queries:3} queries   limit {LIMITS[page]}")
    return kept


def main() -> None:
    """Make the runs, measure, and end with 1 when a page is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--configs", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as var:
        os.environ |= {
            "COSA_VAR": var,
            "DJANGO_SETTINGS_MODULE": "cosa_web.settings",
            "COSA_HOSTS": "testserver",
        }
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        sys.exit(0 if run(options.items, options.configs) else 1)


if __name__ == "__main__":
    main()
