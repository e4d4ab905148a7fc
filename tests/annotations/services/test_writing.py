"""Short transactions: one after the other on SQLite, whole or not at all everywhere."""

from threading import Event, Lock

import pytest
from django.db import connection

from annotations.models import Organisation
from annotations.services import writing
from annotations.services.writing import short_write
from tests.databases import at_once


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_what_fails_inside_is_not_written() -> None:
    with pytest.raises(ValueError, match="no"), short_write():
        Organisation.objects.create(slug="half", name="Half")
        raise ValueError("no")
    assert not Organisation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_on_sqlite_a_second_thread_waits_at_the_door_and_not_inside_the_database() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("others let several write")
    inside, tried = Event(), Event()

    def first() -> bool:
        with short_write():
            inside.set()
            return tried.wait(5)

    def second() -> bool:
        inside.wait(5)
        waits = not writing._DOOR.acquire(blocking=False)
        tried.set()
        return waits

    assert at_once(first, second) == [True, True]


@pytest.mark.django_db(transaction=True)
def test_who_writes_already_does_not_wait_for_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Lock()
    monkeypatch.setattr(writing, "_DOOR", door)
    with short_write(), short_write():
        assert door.locked() == (connection.vendor == "sqlite")
    assert not door.locked()
