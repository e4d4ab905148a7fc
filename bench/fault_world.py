"""The evaluation of a drill and what is left of it, through Django: `os.environ` says where the database is."""

from typing import NamedTuple

from bench.fault_checks import Bill, Item

JUDGES = ("heuristic", "helpfulness")
RATED = "judge-rating"
"""The stub's model that says 4 of 5 to everything; `judge-quoted` says 5."""


class World(NamedTuple):
    """A run to be worked on, and the cookie of somebody who may look at it."""

    run: int
    cookie: str


def make(address: str, items: int, width: int) -> World:
    """A queued run over so many prompts: each is answered with its own text, and read by two judges.

    One judge is a program. The other is a model that gives every other answer 4 of 5 points, and the rest 5.
    """
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    from annotations.models import Prompt
    from tests import factories

    served = {"engine": "openai_http", "base_url": address, "max_concurrency": width, "plumbing": False}
    served |= {"timeout": 5, "patience": 120}
    answers = factories.make_model("answers", model="echo", **served)
    rater = factories.make_model("rater", model="by-prompt", **served)
    benchmark, config = factories.make_benchmark(), factories.make_config()
    factories.make_version(config)
    fixed = {"benchmark": benchmark, "config": config, "kind": "safe"}
    Prompt.objects.bulk_create(
        Prompt(text=f"Question {n} mode:{(RATED, 'judge-quoted')[n % 2]}", position=n, digest=f"{n:064d}", **fixed)
        for n in range(items)
    )
    judges = [factories.make_judge(JUDGES[0]), factories.make_judge(JUDGES[1], rater)]
    run = factories.make_run(0, judges=judges, candidate=factories.make_candidate(answers), benchmark=benchmark)
    client = Client()
    client.force_login(factories.make_person("grace"), backend="django.contrib.auth.backends.ModelBackend")
    return World(run.pk, f"sessionid={client.cookies['sessionid'].value}")


def state(run: int) -> tuple[str, str]:
    """The run's state, and why it does not go on."""
    from django.db import connection

    from training.models import EvaluationRun

    connection.close()  # the database was restarted since
    return EvaluationRun.every.values_list("state", "reason").get(pk=run)


def rows(run: int) -> list[Item]:
    """Every item of the run with what came of it, counted in the tables and not in what the run says of itself."""
    from django.db.models import Count

    from annotations.models import Response
    from training.models import Judgement, RunItem

    responses = dict(Response.objects.order_by().values_list("prompt").annotate(Count("pk")))
    verdicts = dict(Judgement.objects.filter(item__run=run).order_by().values_list("item").annotate(Count("pk")))
    fields = ("pk", "prompt", "state", "prompt__text", "response__text", "helpfulness", "follows_config")
    return [
        Item(state, responses.get(prompt, 0), verdicts.get(pk, 0), asked == said, helpfulness, follows)
        for pk, prompt, state, asked, said, helpfulness, follows in RunItem.objects.filter(run=run).values_list(*fields)
    ]


def bills(run: int) -> tuple[Bill, Bill]:
    """What the run says it spent, and what its rows come to."""
    from django.db.models import Count, F, Sum

    from training.models import Call, EvaluationRun

    said = EvaluationRun.every.get(pk=run)
    tokens = Sum(F("tokens_in") + F("tokens_out"), default=0)
    real = Call.objects.filter(item__run=run, reused=False).aggregate(calls=Count("pk"), tokens=tokens)
    return Bill(said.calls, said.spent_tokens), Bill(real["calls"], real["tokens"])


def figure(run: int) -> float | None:
    """The score the run tells of itself."""
    from training import queries
    from training.models import EvaluationRun

    return queries.scores(EvaluationRun.objects.get(pk=run)).mean


def errors(run: int) -> list[str]:
    """How items failed, in words, with how many."""
    from training import queries
    from training.models import EvaluationRun

    return [f"{one.items} × {one.kind}: {one.message}" for one in queries.errors(EvaluationRun.objects.get(pk=run))]
