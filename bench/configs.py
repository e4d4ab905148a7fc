"""How long the pages of a big config take: 200 versions of a policy of 20,000 signs with 60 rules, 60 comments on one.

    python -m bench.configs [--versions 200] [--signs 20000] [--rounds 9]

The policy is English with Arabic and emoji on some 400 lines; the newest version is a draft, the one before waits for
a review after an approved one, with a finished run as evidence. Everything is in an SQLite file of its own, and each
page is asked for as its reader would, through the whole of Django but without a server. Prints the median and the
worst round, the median of CPU time, which a busy machine disturbs less, how often the page asks the database, and how
long it is. The limit is 300 ms.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.diff import LIMIT_MS, edited, policy

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from annotations.models import ConfigVersion, SafetyConfig

RULES, COMMENTS, PROMPTS = 60, 60, 120
STATES = {0: "draft", 1: "submitted", 2: "approved"}


def rules(number: int) -> list[dict[str, str]]:
    """The rules of that version; one in ten says something else in each."""
    kinds = ("allow", "disallow", "conditional")
    return [
        {
            "id": f"r{n}",
            "kind": kinds[n % 3],
            "text": f"What rule {n} is about is told to adults who ask for it, سؤال {number if n % 10 == 0 else n} 🎓.",
            "example": f"A question that rule {n} answers.",
        }
        for n in range(1, RULES + 1)
    ]


def fill(versions: int, signs: int) -> "SafetyConfig":
    """The config with its versions, and a review that waits with comments and evidence."""
    from tests import factories

    config = factories.make_config(title="A desk for long reports", use_case="Reports.", audience="Adults.")
    sentences = policy(1, signs, breaks=True)
    for number in range(1, versions + 1):
        changed = edited(sentences, 0.05) if number % 2 else list(sentences)
        changed[number % len(changed)] = f"Version {number} says this in a line of its own. نعم 👍🏽\n"
        state = STATES.get(versions - number, "set_aside")
        text = "".join(changed)[:signs].strip()
        factories.make_version(config, state=state, number=number, policy=text, rules=rules(number))
    waits = config.versions.get(state="submitted")
    _talk(waits)
    _evidence(waits)
    return config


def _talk(version: "ConfigVersion") -> None:
    from annotations.services import reviews
    from tests import factories

    ada, bob = factories.make_person("ada"), factories.make_person("bob")
    version.authors.add(ada)
    for number in range(1, COMMENTS // 2 + 1):
        thread = reviews.comment(version=version, author=bob, text=f"Which ones, {number}?", anchor=f"p{number * 9}")
        reviews.comment(version=version, author=ada, text="Those of the line above it.", parent=thread)


def _evidence(version: "ConfigVersion") -> None:
    from tests import factories, version_runs

    for number in range(PROMPTS):
        factories.make_prompt(config=version.config, kind=version_runs.KINDS[number % 4], rule=f"r{number % 60 + 1}")
    version_runs.run_of(version, [(1.0, True)] * PROMPTS)


class Work(NamedTuple):
    """One thing to measure: its name and what does it once."""

    name: str
    once: Callable[[], Any]


def pages(config: "SafetyConfig", versions: int) -> Iterator[Work]:
    """Each page of the config as its reader opens it, and one save."""
    from django.urls import reverse

    ada, bob = browser("ada"), browser("bob")
    waits, served = versions - 1, versions - 2

    def page(name: str, client: "Client", address: str, *place: int, query: str = "") -> Work:
        url = reverse(address, args=[config.pk, *place]) if address != "home" else "/"
        return Work(name, lambda: client.get(url + query))

    yield page("home, author", ada, "home")
    yield Work("config list", lambda: ada.get(reverse("annotations:config-list")))
    yield page("version page", ada, "annotations:version-detail", waits)
    yield page("version list", ada, "annotations:version-list")
    yield page("version diff, inline", ada, "annotations:version-diff", served, waits)
    yield page("version diff, side by side", ada, "annotations:version-diff", served, waits, query="?view=side")
    yield page("review page", bob, "training:review-detail", waits)
    yield page("rule tests", bob, "training:version-tests", waits)
    yield page("editor", ada, "annotations:config-edit")
    yield Work("save of the draft", lambda: save(config, ada))


def browser(person: str) -> "Client":
    """A browser in which that person is logged in."""
    from django.test import Client

    from tests.factories import make_person

    client = Client(headers={"host": "localhost"})
    client.force_login(make_person(person))
    return client


def save(config: "SafetyConfig", client: "Client") -> "HttpResponse":
    """The answer to the draft saved with one word more, as the editor saves it."""
    from django.urls import reverse

    draft = config.versions.get(state="draft")
    typed = {
        **{name: getattr(config, name) for name in ("title", "use_case", "audience", "language")},
        **{f"rule-{field}": [rule[field] for rule in draft.rules] for field in ("id", "kind", "text", "example")},
        "policy": f"{draft.policy} More."[-20_000:],
        "allowed": draft.allowed,
        "number": draft.number,
        "revision": draft.revision,
    }
    answer = client.post(
        reverse("annotations:config-save", args=[config.pk]), typed, headers={"accept": "application/json"}
    )
    assert answer.json().get("digest") not in {None, draft.digest}, answer.content[:300]
    return answer


class Taken(NamedTuple):
    """Wall and CPU milliseconds of each round; how often the page asks the database; its kilobytes."""

    walls: list[float]
    cpus: list[float]
    queries: int
    size: int


def measure(work: Work, rounds: int) -> Taken:
    """What so many rounds take after one that warms up."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = work.once()
    count = len(asked)
    assert answer.status_code == 200, f"{work.name}: {answer.status_code}"
    taken = Taken([], [], count, len(answer.content) // 1024)
    for _ in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        work.once()
        taken.walls.append(1000 * (time.perf_counter() - start))
        taken.cpus.append(1000 * (time.process_time() - cpu))
    return taken


def run(options: argparse.Namespace) -> None:
    """Fill a database and print the table; leaves with 1 where the CPU time is over the limit."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "cosa_web.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    config, slow = fill(options.versions, options.signs), []
    for work in pages(config, options.versions):
        taken = measure(work, options.rounds)
        median, cpu = statistics.median(taken.walls), statistics.median(taken.cpus)
        print(
            f"{work.name:28} {median:6.1f} ms median {max(taken.walls):6.1f} worst {cpu:6.1f} CPU "
            f"{taken.queries:3} queries {taken.size:4} KB"
        )
        slow += [work.name] if cpu > LIMIT_MS else []
    if slow:
        raise SystemExit(f"Over {LIMIT_MS} ms: {'; '.join(slow)}.")


def main() -> None:
    """Measure in a process with a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=200)
    parser.add_argument("--signs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return run(options)
    with tempfile.TemporaryDirectory() as var:
        command = [sys.executable, "-m", "bench.configs", "--here", *sys.argv[1:]]
        raise SystemExit(subprocess.run(command, env=os.environ | {"COSA_VAR": var}, check=False).returncode)


if __name__ == "__main__":
    main()
