"""A test with real transactions leaves the database as it found it, guards and all; each runs twice to see that."""

import pytest
from django.db import DatabaseError, connection, transaction

from annotations.models import AuditEvent, RiskCategory
from annotations.services import audit
from tests.factories import make_config, make_person

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
twice = pytest.mark.parametrize("turn", [1, 2])


@twice
def test_rows_that_are_never_deleted_are_gone_and_the_guard_over_them_stands(turn: int) -> None:
    assert not AuditEvent.objects.exists()
    audit.record(actor=make_person("ada"), action="edit", obj=make_config(), after={"title": "Sieges"})
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotations_auditevent")
    assert AuditEvent.objects.count() == 1


@twice
def test_what_a_migration_wrote_is_back(turn: int) -> None:
    assert RiskCategory.objects.count() == 8 and not RiskCategory.objects.filter(name="Anything").exists()
    audit.record(actor=make_person("ada"), action="edit", obj=make_config(), after={"title": "Sieges"})
    RiskCategory.objects.filter(slug="weapons").update(name="Anything")


@twice
def test_a_guard_that_was_taken_away_is_back(turn: int) -> None:
    place = " ON annotations_auditevent" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER annotations_auditevent_kept{place}")
