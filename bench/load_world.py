"""The world of the load: people with passwords, a campaign, a deployment with a key, and an evaluation that runs."""

import sys
from typing import NamedTuple

from bench.fault_place import Place
from bench.gateway_servers import LIMITS, free_port

PASSWORD = "lantern-siege-harbour"  # noqa: S105  of people who are thrown away
OVERLAP, WIDTH, MOST_RATE = 3, 16, 40
STREAM_LATENCY, STREAM_PAUSE = 0.3, 0.05


class World(NamedTuple):
    """What the clients need to know, and the run that goes on beside them."""

    run: int
    campaign: int
    gateway_port: int
    slug: str
    key: str


def make(here: Place, people: int, seconds: float, think: float) -> World:
    """A campaign with items enough for so many people and seconds, and a run that is long enough."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from annotations.models import User
    from cosa_web import stress_world as stress

    raters = stress.make_raters(people)
    User.objects.filter(pk__in=[one.user.pk for one in raters]).update(password=make_password(PASSWORD))
    answers = people * (seconds / max(think, 0.05) + 4) / OVERLAP
    campaign = stress.make_campaign(stress.make_responses(stress.some_rows(int(answers))), raters, OVERLAP)
    slug, key = _deployment(here)
    return World(_run(here, int(seconds * MOST_RATE)), campaign.pk, free_port(), slug, key)


def _deployment(here: Place) -> tuple[str, str]:
    from tests import factories

    slow = [sys.executable, "-m", "bench.slow_model", "--latency", str(STREAM_LATENCY), "--pause", str(STREAM_PAUSE)]
    address = f"http://127.0.0.1:{here.start_printing('streams', slow)}/v1"
    reached = {"engine": "openai_http", "base_url": address, "max_concurrency": 512, "plumbing": False}
    version = factories.make_version(policy="We write games for adults. Be helpful. " * 40)
    deployment = factories.make_deployment(
        "lantern", version, model=factories.make_model("slow", model="slow", **reached)
    )
    return deployment.slug, factories.make_key(deployment, **LIMITS)[1]


def _run(here: Place, items: int) -> int:
    from annotations.models import Prompt
    from tests import factories

    served = {"engine": "openai_http", "base_url": here.model_address, "max_concurrency": WIDTH, "plumbing": False}
    answers = factories.make_model("answers", model="echo", **served)
    rater = factories.make_model("rater", model="judge-rating", **served)
    fixed = {"benchmark": factories.make_benchmark(), "config": factories.make_config(), "kind": "safe"}
    Prompt.objects.bulk_create(
        (Prompt(text=f"Question {n}", position=n, digest=f"{n:064d}", **fixed) for n in range(items)), batch_size=1000
    )
    judges = [factories.make_judge("heuristic"), factories.make_judge("helpfulness", rater)]
    what = {"benchmark": fixed["benchmark"], "candidate": factories.make_candidate(answers)}
    return factories.make_run(0, judges=judges, **what).pk


def connections() -> int:
    """Connections to the database now, those of its own helpers left out."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return int(cursor.fetchone()[0])


def left(run: int) -> dict[str, int]:
    """How the run stands, and what is stored of the answers: doubled are pairs of a rater and an item with two."""
    from cosa_web.stress_world import look
    from training import queries
    from training.models import EvaluationRun

    far, stored = queries.progress(EvaluationRun.objects.get(pk=run)), look()
    told = {"done": far.done, "failed": far.failed, "queued": far.queued}
    return told | {"stored": stored.tokens.total(), "doubled": stored.twice + stored.over + stored.neither}
