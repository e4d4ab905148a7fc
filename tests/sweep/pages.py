"""Every page with its address in the world of the sweep, and the person who looks at it most."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.test import Client

from tests.addresses import Place
from tests.test_pages import PAGES, READ
from training.models import EvaluationRun, TrainingRun

LOGGED_IN_BY = "django.contrib.auth.backends.ModelBackend"
PEOPLE = ("ada", "lea", "bob", "carol", "grace", "mallory")
FIRST = {
    "rate": "carol", "check-": "carol", "review-": "bob", "campaign": "lea", "adjudication": "lea", "guideline": "lea",
    "validation": "lea", "flag-": "lea", "group-": "lea", "person-": "grace", "organisation-": "grace",
    "audit-": "grace", "floor-": "grace", "model-": "grace", "node-": "grace", "worker-": "grace",
    "deployment-": "grace", "key-": "grace",
    "training-": "grace", "loop-": "grace", "merge-": "grace", "checkpoint-": "grace",
}  # fmt: skip
"""Who looks at the pages whose short name begins so; Ada, or the first who may, at all others."""
FOR_NOBODY = ("login", "password-set")
NO_PAGES = ("preference-file", "checkpoint-card", "checkpoint-export", "checkpoint-file", "map-points")
"""What is sent as a file or as data."""


class Sight(NamedTuple):
    """A page: its URL name, its address with the question, and who looks at it ("anonymous": nobody is logged in)."""

    name: str
    url: str
    person: str

    @property
    def file(self) -> str:
        """The name without what a file's name may not have."""
        return self.name.rpartition(":")[2]


def client(person: str) -> Client:
    """A browser of Django's, in which the person is logged in."""
    made = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
    if person != "anonymous":
        made.force_login(get_user_model().objects.get(username=person), backend=LOGGED_IN_BY)
    return made


def sights(place: Place, only: Iterable[str] = ()) -> list[Sight]:
    """Every page, or those whose names contain one of the words, as the person who looks at it most and may."""
    asked, wanted = _questions(), list(only)
    found = [
        Sight(name, place.url(name) + asked.get(name, ""), _looker(name))
        for name in PAGES
        if not name.endswith(NO_PAGES)
    ]
    return [one for one in found if not wanted or any(word in one.name for word in wanted)]


def _looker(name: str) -> str:
    answers = next(row.answers for row in READ if row.name == name)
    short = name.rpartition(":")[2]
    first = next((person for start, person in FIRST.items() if short.startswith(start)), "ada")
    if short in FOR_NOBODY:
        return "anonymous"
    return next(person for person in (first, *PEOPLE) if answers.get(person) in ("200", "302"))


def _questions() -> dict[str, str]:
    """What the address asks besides, where the page is empty without it, by URL name."""
    finished = list(EvaluationRun.objects.filter(state="finished").order_by("pk").values_list("pk", flat=True)[:2])
    trainings = list(TrainingRun.objects.filter(phase="train").order_by("pk").values_list("pk", flat=True)[:2])
    compared = urlencode({"run": finished}, doseq=True)
    return {
        "training:run-compare": f"?{compared}",
        "training:run-changes": f"?{compared}",
        "training:run-changed": f"?{compared}",
        "training:training-compare": f"?{urlencode({'runs': trainings}, doseq=True)}",
    }
