"""`python -m tests.real_run URL ITEMS` makes a run over a real database and prints its number; nobody is told of it.

An empty database gets its tables first, as `manage.py migrate` makes them.
"""

import sys

import django
from django.core.management import call_command
from django.db import connection


def make(base_url: str, items: int) -> int:
    """A queued run whose answers and verdicts come from the models `ok` and `judge-rating` at the address."""
    from tests.factories import make_benchmark, make_candidate, make_judge, make_model, make_run
    from training.models import EvaluationRun

    served = {"engine": "openai_http", "base_url": base_url, "max_concurrency": 8, "patience": 60}
    candidate = make_candidate(make_model("ok", model="ok", **served))
    judge = make_judge("helpfulness", make_model("judge-rating", model="judge-rating", **served))
    benchmark = make_benchmark(f"bench-{EvaluationRun.objects.count()}")
    return make_run(items, candidate=candidate, judges=[judge], benchmark=benchmark).pk


if __name__ == "__main__":
    django.setup()
    if not connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    sys.stdout.write(str(make(sys.argv[1], int(sys.argv[2]))))
