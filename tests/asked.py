"""How often an address of the API asks the database."""

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.programs import Program


def asked(program: Program, address: str) -> tuple[int, int]:
    """How many rows the list has, and how often it asks, with nothing in the cache and the token noted already."""
    program.get(address)
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        rows = len(program.get(address).json()["results"])
    return rows, len(queries)
