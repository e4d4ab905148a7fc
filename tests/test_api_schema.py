"""The whole document of the API, walked by schemathesis as a person of each role and as a program without a token.

One walk makes the requests, for each operation some that fit the document, with ids that exist and with any others, and
some that do not fit it; the tests look at what came back. Every request is taken back before the next one. All of them
are made by the first person whom the table of roles lets in, as whom they reach what is behind the door; by everybody
else only the first.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.urls import resolve
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from annotations.models import AccessToken, PreferenceSet
from annotations.services import tokens
from tests.addresses import Place, make_place, names
from tests.collecting import later
from tests.databases import kept_for_a_file
from tests.factories import make_node, make_organisation, make_person, make_token
from tests.test_access import ROWS

schemathesis = later("schemathesis")
pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DOCUMENT = "/api/v1/openapi.json"
PEOPLE = {"expert": "ada", "lead": "lea", "admin": "grace", "reviewer": "bob", "annotator": "carol", "anonymous": ""}
TABLE = {(row.name, row.method): row.answers for row in ROWS}
HIDDEN = {"expert", "annotator"}
"""For whom a 404 of the table is never what somebody put away before, in the walk that the table is tested by."""
UNTOLD = {"api:document", "api:unknown"}
FITTING, ANY_IDS, UNFITTING = 2, 1, 1
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


class Seen(NamedTuple):
    """What came back for one request."""

    who: str
    operation: str
    name: str
    method: str
    real: bool
    status: int
    wrong: list[str]


class Errors(logging.Handler):
    """The errors that the application logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


def denied(who: str, name: str, method: str) -> bool:
    """Whether the table keeps this from them."""
    answer = TABLE[name, method][PEOPLE[who] or "anonymous"]
    return answer in {"401", "403"} or (answer == "404" and who in HIDDEN)


def let_in(name: str, method: str) -> str:
    """The first of the people for whom the address is open."""
    return next(who for who in PEOPLE if (name, method) not in TABLE or not denied(who, name, method))


def real_ids(place: Place) -> dict[str, tuple[str, list[Any]]]:
    """By the document's path without its words: the address's name, and values with which there is something there."""
    found = {}
    for name in (name for name in names() if name.startswith("api:")):
        match = resolve(place.url(name))
        found["/" + re.sub(r"<[^>]+>", "{}", match.route)] = name, list(match.kwargs.values())
    return found


def drawn(strategy: Any, count: int) -> list[Any]:
    """So many requests, the same ones every time."""
    made: list[Any] = []

    @hypothesis_settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def take(case: Any) -> None:
        made.append(case)

    take()
    return made


def bodies_ids(place: Place) -> dict[str, Any]:
    """Values for the fields of bodies that name something there is."""
    item = place.run.items.order_by("position").first()
    config, model, benchmark = item.version.config_id, place.run.candidate.model_id, place.run.benchmark_id
    one = {"organisation": make_organisation().pk, "config": config, "source": config, "version": item.version.number}
    one |= {"benchmark": benchmark, "model": model, "node": make_node().pk, "parent": None, "judges": ["heuristic"]}
    one |= {"preference_set": PreferenceSet.objects.values_list("pk", flat=True).first()}
    return one | {"configs": [config], "models": [model], "judge_models": []}


def with_ids(case: Any, ids: Mapping[str, Any]) -> Any:
    """The request, now about things there are wherever its body names some."""
    if isinstance(case.body, dict):
        case.body = {name: ids.get(name, value) for name, value in case.body.items()}
    return case


def requests(operation: Any, ids: Mapping[str, Any], inside: Mapping[str, Any]) -> Iterator[tuple[Any, bool]]:
    """The requests of an operation, and whether the ids of its address are real; half of those have them inside too."""
    real = {"path_parameters": dict(ids)} if ids else {}
    fitting = drawn(operation.as_strategy(**real), FITTING)
    yield from ((case if number % 2 else with_ids(case, inside), True) for number, case in enumerate(fitting))
    if ids:
        yield from ((case, False) for case in drawn(operation.as_strategy(), ANY_IDS))
    if operation.body or operation.query:
        unfitting = operation.as_strategy(schemathesis.GenerationMode.NEGATIVE, **real)
        yield from ((case, True) for case in drawn(unfitting, UNFITTING))


def answered(case: Any, token: str) -> tuple[int, list[str]]:
    """The status of the answer, and what about it the document does not say. The request leaves nothing behind."""
    checks = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
    with transaction.atomic():
        response = case.call(headers={"Authorization": f"Bearer {token}"} if token else {})
        transaction.set_rollback(True)
    try:
        case.validate_response(response, checks=checks)
    except schemathesis.failures.FailureGroup as found:
        return response.status_code, [f"{one.title}: {one.message}" for one in found.exceptions]
    return response.status_code, []


def walked(place: Place, secrets: Mapping[str, str], errors: Errors) -> Iterator[Seen]:
    """Every operation, as everybody."""
    document, ids = schemathesis.openapi.from_wsgi(DOCUMENT, get_wsgi_application()), real_ids(place)
    inside = bodies_ids(place)
    for operation in (found.ok() for found in document.get_all_operations()):
        name, values = ids[re.sub(r"{\w+}", "{}", operation.path)]
        here = dict(zip(re.findall(r"{(\w+)}", operation.path), values, strict=True))
        cases, first = list(requests(operation, here, inside)), let_in(name, operation.method.upper())
        for who, secret in secrets.items():
            for case, real in cases if who == first else cases[:1]:
                errors.said.clear()
                status, wrong = answered(case, secret)
                wrong += errors.said if status >= 500 else []
                yield Seen(who, operation.label, name, operation.method.upper(), real, status, wrong)


@contextmanager
def connection_kept() -> Iterator[None]:
    """Requests leave the connection to the database, and its open transaction, as they are."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Seen]]:
    """The walk."""
    errors = Errors()
    with kept_for_a_file(django_db_blocker), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "API_PER_MINUTE", 0)
        patch.setattr(settings, "API_PER_MINUTE_ANONYMOUS", 0)
        place = make_place().with_campaign().with_recipe().with_api()
        secrets = {
            who: make_token(make_person(person), *tokens.SCOPES)[1] if person else "" for who, person in PEOPLE.items()
        }
        AccessToken.objects.update(last_used_at=timezone.now())  # else each request notes it, and takes that back
        logging.getLogger().addHandler(errors)
        try:
            with connection_kept():
                yield list(walked(place, secrets, errors))
        finally:
            logging.getLogger().removeHandler(errors)


def test_the_walk_comes_to_every_address_of_the_api(seen: list[Seen]) -> None:
    assert {one.name for one in seen} == {name for name in names() if name.startswith("api:")} - UNTOLD


def test_no_answer_is_an_error_of_the_application(seen: list[Seen]) -> None:
    assert [one for one in seen if one.status >= 500] == []


def test_every_answer_is_one_that_the_document_tells_of(seen: list[Seen]) -> None:
    assert [one for one in seen if one.wrong] == []


def test_nobody_is_given_what_the_table_of_roles_denies(seen: list[Seen]) -> None:
    given = [one for one in seen if one.status < 400]
    assert given
    assert not {(one.operation, one.who, one.status) for one in given if denied(one.who, one.name, one.method)}


def test_what_the_table_gives_an_expert_is_reached_with_ids_that_exist(seen: list[Seen]) -> None:
    given = {row.name for row in ROWS if row.method == "GET" and row.answers["ada"] == "200"}
    reached = {one.name for one in seen if one.who == "expert" and one.method == "GET" and one.status == 200}
    assert {name for name in given if name.startswith("api:")} - reached <= UNTOLD


def test_a_program_without_a_token_is_told_to_send_one(seen: list[Seen]) -> None:
    assert {one.status for one in seen if one.who == "anonymous"} == {401}
