"""The OpenAPI document, the page that shows it, and what docs/api.md says: all of it is what the code does."""

import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from annotations.api import document, problems
from annotations.services import tokens
from cosa_web.api import resources
from tests.markup import inline
from tests.test_access import LISTED

DOC = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")


def operations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Method and operation by the operation's id."""
    paths = document.document()["paths"].values()
    return {one["operationId"]: (method, one) for methods in paths for method, one in methods.items()}


def rows(words: str) -> list[list[str]]:
    """The cells of the table of docs/api.md whose head begins with these words."""
    table = re.search(rf"^\| {re.escape(words)} .*\n\|-.*\n((?:\|.*\n)+)", DOC, re.MULTILINE)
    assert table
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def properties(schema: Any, place: str) -> Iterator[tuple[str, Any]]:
    for name, inside in schema.get("properties", {}).items():
        yield f"{place}.{name}", inside


def test_the_document_is_valid_and_made_without_a_warning(capsys):
    with capsys.disabled(), redirect_stderr(StringIO()) as said:
        GENERATOR_STATS.reset()
        document.document.cache_clear()
        validate_schema(document.document())
    assert (bool(GENERATOR_STATS), said.getvalue()) == (False, "")


def test_every_operation_has_an_id_of_its_own_and_a_summary():
    assert len(operations()) == sum(len(methods) for methods in document.document()["paths"].values())
    assert [id for id, (_, one) in operations().items() if not 8 <= len(one.get("summary", "")) <= 160] == []
    assert [id for id in operations() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", id)] == []


def test_every_group_of_operations_says_what_it_is_and_nothing_is_the_generators_own():
    told = {one["name"]: one["description"] for one in document.document()["tags"]}
    assert {tag for _, one in operations().values() for tag in one["tags"]} <= set(told)
    assert all(told.values())
    assert b"x-spec-" not in document.written().body


def test_every_parameter_says_what_it_is():
    silent = [
        (id, parameter["name"])
        for id, (_, operation) in operations().items()
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


def test_every_property_says_what_it_is():
    found = (
        pair
        for name, schema in document.document()["components"]["schemas"].items()
        for pair in properties(schema, name)
    )
    assert [place for place, schema in found if not schema.get("description")] == []


def test_every_operation_names_its_scope_and_every_scope_is_used():
    used = {id: one["security"][0]["accessToken"] for id, (_, one) in operations().items()}
    assert {scope for scopes in used.values() for scope in scopes} == set(tokens.SCOPES)
    assert {id: scopes for id, scopes in used.items() if len(scopes) != 1} == {"me_get": [], "organisations_list": []}


def test_every_operation_lists_the_problems_everybody_can_have():
    for id, (method, operation) in operations().items():
        always = {"400", "401", "403", "429"} | ({"413", "415", "422"} if method != "get" else set())
        assert always <= operation["responses"].keys(), id


def test_what_makes_something_takes_an_idempotency_key():
    made = {id for id, (_, one) in operations().items() if "201" in one["responses"]}
    keyed = {id for id, (_, one) in operations().items() if "Idempotency-Key" in str(one.get("parameters"))}
    assert made == keyed and "configs_create" in made


def test_every_operation_has_its_row_in_the_table_of_access():
    views = [(one, one.callback.cls(**one.callback.initkwargs)) for one in resources()]
    offered = {(f"api:{one.name}", method) for one, view in views for method in view.allowed_methods}
    assert {pair for pair in offered if pair[1] != "HEAD"} - set(LISTED) == set()


def test_the_docs_have_every_scope_with_its_roles():
    assert [(cells[0], cells[2]) for cells in rows("scope")] == [
        (scope, ", ".join(sorted(who))) for scope, who in tokens.SCOPES.items()
    ]


def test_the_docs_have_every_problem():
    assert [(int(cells[0]), cells[1]) for cells in rows("status")] == [
        (status, kind) for status, (kind, _) in problems.KINDS.items()
    ]


def test_the_docs_name_the_figures_of_the_code(settings):
    assert f"may send {settings.API_PER_MINUTE} requests" in DOC
    assert f"say who it is {settings.API_PER_MINUTE_ANONYMOUS} (" in DOC
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 13_000_000


@pytest.mark.django_db
def test_the_document_is_open_to_everybody_and_sent_once():
    first = Client().get("/api/v1/openapi.json")
    assert (first.status_code, first.json()["info"]["title"]) == (200, "CoSA Web")
    again = Client().get("/api/v1/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
def test_the_page_of_the_api_names_every_operation_without_javascript_too():
    page = Client().get("/api/").content.decode()
    assert inline(page) == [] and page.count('<td class="mono">') == len(operations())
