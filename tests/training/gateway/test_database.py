"""The threads that ask the database for the gateway."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError, connection

from tests.factories import make_key, make_organisation
from training.gateway.database import Away, Database
from training.models import ApiKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


class PoolTimeout(Exception):
    """What a pool raises that has no connection to give."""


def without_a_connection() -> None:
    raise OperationalError("no connection") from PoolTimeout()


def pool() -> Any:
    return getattr(connection, "pool", None)


def test_questions_go_to_threads_and_what_they_raise_comes_back() -> None:
    make_key(organisation=make_organisation())

    async def scenario() -> list[Any]:
        database = Database(2)
        try:
            asked = (database.ask(ApiKey.objects.count) for _ in range(5))
            return await asyncio.gather(*asked, database.ask(without_a_connection), return_exceptions=True)
        finally:
            await database.close()

    *counts, problem = asyncio.run(scenario())
    assert counts == [1] * 5 and isinstance(problem, Away)


def test_a_pool_that_has_nothing_to_give_is_made_anew_and_then_used() -> None:
    async def scenario() -> tuple[Any, Any, int]:
        database = Database()
        before = await database.ask(pool)
        with pytest.raises(OperationalError):
            await database.ask(without_a_connection)
        after, count = await database.ask(pool), await database.ask(ApiKey.objects.count)
        await database.close()
        return before, after, count

    before, after, count = asyncio.run(scenario())
    assert count == 0 and (before is None or before is not after)
