"""How long every page takes in a big installation: all of them, for each role, with the biggest objects.

    COSA_DATABASE=… python -m bench.pages [--times 20] [--only WORD] [--roles ROLE …] [--uncached] [--seed RESPONSES]

With --seed a made-up installation of that size is written into an empty database first; without COSA_DATABASE into
a fresh SQLite file. Every address that docs/access.md says a role may open is asked by that role in this process:
without filters, then its second and its last page where it is a list, and with the filters of FILTERED. With --uncached
every look is a first one: what the process remembers of figures is forgotten before it. Prints
milliseconds (median, 95th percentile), CPU milliseconds (median, with those of PostgreSQL on this machine) and queries,
the slowest first, and ends with 1 when a page needs 300 ms or more (95th percentile), or more than 25 queries. Figures
that come after their page may take longer; they are looks of their own.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from bench.processes import cpu_seconds

MOST_MS, MOST_QUERIES = 300, 25
ROLES = {"expert": "ada", "reviewer": "bob", "annotator": "carol", "admin": "grace", "lead": "lea"}
LEFT_OUT = re.compile(r"export|download|file|points|^api:|logout|password|living|static|healthz|readyz|metrics$|schema")
"""Files that are streamed and what no person opens; the API has its own limits."""
FILTERED = {
    "training:item-list": ("kind=safe", "outcome=helpful_unsafe", "outcome=failed"),
    "training:run-list": ("state=finished",),
    "annotations:audit-list": (
        "action=start",
        "kind=evaluationrun",
        "words=policy",
        "since=2026-01-01",
        "person=system",
    ),
    "annotations:benchmark-detail": ("kind=partial", "words=siege", "words=zzzz"),
    "annotations:campaign-items": ("show=open", "show=done"),
    "annotations:person-list": ("words=rater",),
    "annotations:adjudication-list": ("state=open", "state=decided"),
    "training:deployment-traffic": ("days=30", "days=7"),
}
LATER = "figures=1"
"""What a page of many rows asks for after it is shown: it may take longer."""
BIG = (
    "training:campaign-results",
    "training:run-correction",
    "annotations:campaign-agreement",
    "annotations:validation",
    "annotations:card-edit",
)
FILTERED |= {name: (*FILTERED.get(name, ()), LATER) for name in BIG}


class Seen(NamedTuple):
    """How one address did for one role."""

    page: str
    role: str
    p50: float
    p95: float
    cpu: float
    queries: int
    status: int

    @property
    def over(self) -> bool:
        """True when it needs too long or asks too often."""
        return (self.p95 >= MOST_MS and LATER not in self.page) or self.queries > MOST_QUERIES


def places(home: int) -> dict[str, list[Any]]:
    """What stands in addresses, by the first word of the path and by the names of its parts: the biggest there is."""
    from django.db.models import Count

    from annotations.models import (
        Benchmark,
        Campaign,
        LanguageModel,
        Membership,
        Prompt,
        SafetyConfig,
    )
    from training.models import ApiKey, Deployment, EvaluationRun, Judge

    big = Benchmark.objects.filter(organisation=home).annotate(size=Count("prompts")).order_by("-size")[0]
    prompt = Prompt.objects.filter(benchmark=big)[big.size // 2]
    run = EvaluationRun.objects.filter(benchmark=big).order_by("-pk")[0]
    item = run.items.order_by("position")[big.size // 2]
    campaign = Campaign.objects.filter(organisation=home, state="open").order_by("pk")[0]
    config = SafetyConfig.objects.filter(organisation=home)[0]
    someone = Membership.objects.filter(organisation=home, role="annotator")[0].user_id
    model = LanguageModel.objects.filter(slug="scale-1")[0]
    deployment = Deployment.objects.filter(organisation=home)[0]
    slot = campaign.assignments.filter(state="done").order_by("pk")[0]
    middle = campaign.items.order_by("position")[campaign.items.count() // 2].pk
    return {
        "benchmarks": [big.pk, {"uid": prompt.uid}],
        "configs": [config.pk, {"number": 5, "old": 1, "new": 5}],
        "runs": [run.pk, {"item": item.pk}],
        "campaigns": [campaign.pk, {"item": middle, "number": 1, "enrolment": campaign.enrolments.all()[0].pk}],
        "rate": [campaign.pk, {"key": slot.key, "item": middle}],
        "models": [model.pk, {}],
        "judges": [Judge.objects.order_by("pk")[0].pk, {}],
        "deployments": [deployment.pk, {}],
        "keys": [ApiKey.objects.filter(deployment=deployment)[0].pk, {}],
        "people": [someone, {}],
        "organisations": [home, {}],
        "checks": [big.pk, {}],
        "reviews": [config.pk, {"number": 5}],
    }


def addresses(home: int) -> dict[str, str]:
    """The address of each name whose objects are there; a name that needs one that is not made up is left out."""
    from django.urls import NoReverseMatch, get_resolver, reverse

    from tests.addresses import names

    known, found = places(home), {}
    for name in names():
        if LEFT_OUT.search(name):
            continue
        short, resolver = name, get_resolver()
        if ":" in name:
            space, short = name.split(":")
            resolver = resolver.namespace_dict[space][1]
        (path, keys), *_ = resolver.reverse_dict.getlist(short)[0][0]
        pk, more = known.get(path.partition("/")[0], [None, {}])
        values = {key: pk if key in ("pk", "campaign", "benchmark", "run") else more.get(key) for key in keys}
        if None not in values.values():
            try:
                found[name] = reverse(name, kwargs=values)
            except NoReverseMatch:
                print(f"no address for {name}", file=sys.stderr)
    return found


def measure(client: Any, url: str, times: int, forget: Callable[[], None]) -> tuple[list[float], list[float], int, Any]:
    """Milliseconds and CPU milliseconds, the database's too, of each look, the queries of one, and the last answer.

    `forget` is called before each look.
    """
    from django.db import connection

    asked: list[str] = []

    def noted(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    walls, cpus = [], []
    forget()
    with connection.execute_wrapper(noted):
        answer = client.get(url)
    server = _server(connection)
    before = cpu_seconds(server) if server else 0.0
    for _ in range(times):
        forget()
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(url)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    own = (cpu_seconds(server) - before) * 1000 / times if server else 0.0
    return walls, [cpu + own for cpu in cpus], len(asked), answer


def _server(connection: Any) -> int:
    """The process of PostgreSQL that answers this one, where it runs on this machine; 0 without."""
    if connection.vendor != "postgresql":
        return 0
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def beside(url: str, html: str) -> list[tuple[str, str]]:
    """The second and the last page of a list, by what they are."""
    on = re.search(r'rel="next" href="([^"]+)"', html)
    if not on or "after=" not in on[1]:
        return []
    return [("second", url.partition("?")[0] + on[1].replace("&amp;", "&")), ("last", f"{url}?before=")]


def look(
    client: Any, role: str, page: str, url: str, times: int, forget: Callable[[], None] = lambda: None
) -> tuple[Seen, str]:
    """How the address did, and what it answered."""
    walls, cpus, queries, answer = measure(client, url, times, forget)
    p95 = sorted(walls)[max(0, round(0.95 * len(walls)) - 1)]
    html = "" if answer.streaming else answer.content.decode(errors="replace")
    return Seen(page, role, statistics.median(walls), p95, statistics.median(cpus), queries, answer.status_code), html


def walk(times: int, only: str, roles: list[str], uncached: bool = False) -> list[Seen]:
    """Every page for each role, one after the other; without what was remembered where `uncached`."""
    from django.core.cache import cache
    from django.test import Client

    import cosa_web.wsgi  # noqa: F401  as the process is behind its server
    from annotations.models import Membership
    from tests.test_access import table

    home = Membership.objects.order_by("organisation")[0].organisation_id
    urls, seen, forget = addresses(home), [], cache.clear if uncached else lambda: None
    may = {
        (row.name, role): row.answers[who] == "200"
        for row in table()
        if row.method == "GET"
        for role, who in ROLES.items()
    }
    for role in roles:
        client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
        client.force_login(Membership.objects.filter(organisation=home, role=role)[0].user)
        for name, url in urls.items():
            if not may.get((name, role)) or only not in name:
                continue
            one, html = look(client, role, name, url, times, forget)
            seen.append(one)
            more = [*beside(url, html), *((wanted, f"{url}?{wanted}") for wanted in FILTERED.get(name, ()))]
            seen += [look(client, role, f"{name}, {what}", address, times, forget)[0] for what, address in more]
    return seen


def told(seen: list[Seen]) -> bool:
    """True when every page keeps its limits; all of them are printed, the slowest first."""
    for one in sorted(seen, key=lambda one: -one.p95):
        over = " OVER" if one.over else ""
        what = "" if one.status == 200 else f" ({one.status})"
        numbers = f"{one.p50:8.0f} {one.p95:8.0f} {one.cpu:8.0f} {one.queries:4}"
        print(f"{numbers}  {one.role:9} {one.page}{what}{over}")
    wrong = [one for one in seen if one.over]
    print(f"{len(seen)} looks, {len(wrong)} over the limits: p95 {MOST_MS} ms, {MOST_QUERIES} queries")
    return not wrong


def main() -> None:
    """Seed where asked to, walk, and end with 1 when a page is over its limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="only pages with this word in their name")
    parser.add_argument("--roles", nargs="+", choices=ROLES, default=list(ROLES))
    parser.add_argument("--uncached", action="store_true", help="forget what was worked out before each look")
    parser.add_argument("--seed", type=int, default=0, help="write an installation with so many responses first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as var:
        os.environ |= {"COSA_VAR": var, "DJANGO_SETTINGS_MODULE": "cosa_web.settings", "COSA_DEMO": "1"}
        import django
        from django.core.management import call_command

        django.setup()
        if options.seed:
            call_command("migrate", verbosity=0)
            sizes = {"judgements": 3 * options.seed, "ratings": options.seed * 3 // 10}
            call_command("seed_scale", responses=options.seed, **sizes)
        sys.exit(0 if told(walk(options.times, options.only, options.roles, options.uncached)) else 1)


if __name__ == "__main__":
    main()
