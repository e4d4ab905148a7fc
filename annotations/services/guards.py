"""Rules the database itself holds and no table constraint can say: what is written once stays as it is.

Made anew after every migrate, because a table that is rebuilt loses its triggers.
"""

from typing import Any

from django.db import connections

SUBMITTED_NEVER_CHANGES = "A submitted version never changes; make a new one."
EVENTS_NEVER_CHANGE = "The audit record never changes."
DECISIONS_NEVER_CHANGE = "A decision on a version never changes."
FLOOR_NEVER_CHANGES = "A published floor never changes; publish a new version."

_GUARDS = (
    (
        "annotations_configversion",
        "(OLD.state <> 'draft' AND NEW.state = 'draft') OR (OLD.frozen_at IS NOT NULL AND NEW.frozen_at IS NULL)"
        " OR ((OLD.state <> 'draft' OR OLD.frozen_at IS NOT NULL) AND (NEW.policy <> OLD.policy"
        " OR NEW.rules <> OLD.rules OR NEW.allowed <> OLD.allowed OR NEW.digest <> OLD.digest"
        " OR NEW.number <> OLD.number OR NEW.config_id <> OLD.config_id))",
        SUBMITTED_NEVER_CHANGES,
    ),
    ("annotations_auditevent", "1 = 1", EVENTS_NEVER_CHANGE),
    ("annotations_review", "1 = 1", DECISIONS_NEVER_CHANGE),
    ("annotations_floorversion", "OLD.state = 'published'", FLOOR_NEVER_CHANGES),
)


def keep_guards(using: str = "default", **_: Any) -> None:
    """Nothing; the database refuses updates that break a guard, with its sentence as the error."""
    connection = connections[using]
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        for table, condition, sentence in _GUARDS:
            for statement in make(table, condition, sentence):
                cursor.execute(statement)


def _sqlite(table: str, condition: str, sentence: str) -> list[str]:
    return [
        f"DROP TRIGGER IF EXISTS {table}_unchanging",
        f"CREATE TRIGGER {table}_unchanging BEFORE UPDATE ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
    ]


def _postgresql(table: str, condition: str, sentence: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {table}_unchanging() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER {table}_unchanging BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) "
        f"EXECUTE FUNCTION {table}_unchanging()",
    ]
