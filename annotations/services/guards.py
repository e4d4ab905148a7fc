"""Rules the database itself holds and no table constraint can say: what is written once stays, and stays as it is.

Made anew after every migrate, because a table that is rebuilt loses its triggers.
"""

from typing import Any

from django.db import connections

Guard = tuple[str, str, str]
"""A table, the condition under which the database refuses, and the sentence it refuses with."""

SUBMITTED_NEVER_CHANGES = "A submitted version never changes; make a new one."
EVENTS_NEVER_CHANGE = "The audit record never changes."
DECISIONS_NEVER_CHANGE = "A decision on a version never changes."
FLOOR_NEVER_CHANGES = "A published floor never changes; publish a new version."
PROMPTS_NEVER_CHANGE = "The text and the labels of a prompt never change; an edit is its next wording."
LABELS_NEVER_CHANGE = "A label of a prompt never changes; withdraw it and give another."
RULINGS_NEVER_CHANGE = "A decision on a prompt never changes; withdraw it and decide again."
GUIDELINES_NEVER_CHANGE = "A guideline never changes; write its next version."
RATINGS_NEVER_CHANGE = "A rating never changes; withdraw it and give another."
ADJUDICATIONS_NEVER_CHANGE = "A decision on a response never changes; withdraw it and decide again."
RELEASES_NEVER_CHANGE = "A release never changes; make the next one."
VERSIONS_STAY = "A version that was submitted, tested or set aside is never deleted."
EVENTS_STAY = "The audit record is never deleted."
DECISIONS_STAY = "A decision on a version is never deleted."
FLOOR_STAYS = "A published floor is never deleted."
PROMPTS_STAY = "A prompt is never deleted; take it out of its benchmark."
LABELS_STAY = "A label of a prompt is never deleted."
RULINGS_STAY = "A decision on a prompt is never deleted."
GUIDELINES_STAY = "A guideline is never deleted."
RATINGS_STAY = "A rating is never deleted."
ADJUDICATIONS_STAY = "A decision on a response is never deleted."
ANSWERED_STAY = "A slot that was answered stays answered."
RELEASES_STAY = "A release is never deleted."
TAXONOMY_NEVER_CHANGES = "A published taxonomy never changes; publish a new version."
TAXONOMY_STAYS = "A published taxonomy is never deleted."


def _said_again(*others: str) -> str:
    """What must not happen to a row that says points and whether the config is followed, but for withdrawing it."""
    said = ("points", "follows_config", "broken_rules", "item_id", *others)
    return " OR ".join(["OLD.withdrawn_at IS NOT NULL", *(f"NEW.{one} <> OLD.{one}" for one in said)])


_PROMPT_KEEPS = ("benchmark_id", "config_id", "uid", "text", "digest", "kind", "risks", "rule", "language", "extra")
_RELEASE_TABLES = ("benchmarkrelease", "benchmarkrelease_prompts", "benchmarkrelease_versions")
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
    ("annotations_taxonomyversion", "OLD.state = 'published'", TAXONOMY_NEVER_CHANGES),
    (
        "annotations_prompt",
        f"(NOT OLD.pending) AND (NEW.pending OR {' OR '.join(f'NEW.{name} <> OLD.{name}' for name in _PROMPT_KEEPS)}"
        " OR NEW.position <> OLD.position OR COALESCE(NEW.situation, 0) <> COALESCE(OLD.situation, 0)"
        " OR COALESCE(NEW.previous_id, 0) <> COALESCE(OLD.previous_id, 0))",
        PROMPTS_NEVER_CHANGE,
    ),
    *(
        (
            f"annotations_{table}",
            "OLD.withdrawn_at IS NOT NULL OR NEW.kind <> OLD.kind OR NEW.prompt_id <> OLD.prompt_id"
            f" OR NEW.{text} <> OLD.{text} OR NEW.{person}_id <> OLD.{person}_id"
            " OR COALESCE(NEW.situation, 0) <> COALESCE(OLD.situation, 0)",
            sentence,
        )
        for table, person, text, sentence in (
            ("promptcheck", "rater", "note", LABELS_NEVER_CHANGE),
            ("promptruling", "created_by", "reason", RULINGS_NEVER_CHANGE),
        )
    ),
    *((f"annotations_{table}", "1 = 1", RELEASES_NEVER_CHANGE) for table in _RELEASE_TABLES),
    ("annotations_guideline", "1 = 1", GUIDELINES_NEVER_CHANGE),
    (
        "annotations_rating",
        _said_again("assignment_id", "rater_id", "guideline_id", "comment", "token"),
        RATINGS_NEVER_CHANGE,
    ),
    ("annotations_adjudication", _said_again("created_by_id", "cause", "note"), ADJUDICATIONS_NEVER_CHANGE),
    (
        "annotations_assignment",
        "OLD.state = 'done' AND (NEW.state <> 'done' OR NEW.rater_id <> OLD.rater_id OR NEW.item_id <> OLD.item_id)",
        ANSWERED_STAY,
    ),
)
_KEPT = (
    ("annotations_configversion", "OLD.state <> 'draft' OR OLD.frozen_at IS NOT NULL", VERSIONS_STAY),
    ("annotations_auditevent", "1 = 1", EVENTS_STAY),
    ("annotations_review", "1 = 1", DECISIONS_STAY),
    ("annotations_floorversion", "OLD.state = 'published'", FLOOR_STAYS),
    ("annotations_taxonomyversion", "OLD.state = 'published'", TAXONOMY_STAYS),
    ("annotations_prompt", "NOT OLD.pending", PROMPTS_STAY),
    ("annotations_promptcheck", "1 = 1", LABELS_STAY),
    ("annotations_promptruling", "1 = 1", RULINGS_STAY),
    *((f"annotations_{table}", "1 = 1", RELEASES_STAY) for table in _RELEASE_TABLES),
    ("annotations_guideline", "1 = 1", GUIDELINES_STAY),
    ("annotations_rating", "1 = 1", RATINGS_STAY),
    ("annotations_adjudication", "1 = 1", ADJUDICATIONS_STAY),
    ("annotations_assignment", "OLD.state = 'done'", ANSWERED_STAY),
)


def keep_guards(using: str = "default", **_: Any) -> None:
    """Nothing; the database refuses updates and deletions that break a guard, with its sentence as the error."""
    keep(using, _GUARDS, _KEPT)


def keep(using: str, unchanging: tuple[Guard, ...], kept: tuple[Guard, ...]) -> None:
    """Nothing; rows of these tables are never updated, or deleted, where the condition beside the table holds."""
    connection = connections[using]
    make = _postgresql if connection.vendor == "postgresql" else _sqlite
    with connection.cursor() as cursor:
        for verb, guards in (("UPDATE", unchanging), ("DELETE", kept)):
            for table, condition, sentence in guards:
                for statement in make(table, verb, condition, sentence):
                    cursor.execute(statement)


def _trigger(table: str, verb: str) -> str:
    return f"{table}_{'unchanging' if verb == 'UPDATE' else 'kept'}"


def _sqlite(table: str, verb: str, condition: str, sentence: str) -> list[str]:
    name = _trigger(table, verb)
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
    ]


def _postgresql(table: str, verb: str, condition: str, sentence: str) -> list[str]:
    name = _trigger(table, verb)
    made = [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW WHEN ({condition}) "
        f"EXECUTE FUNCTION {name}()",
    ]
    # TRUNCATE deletes without asking the rows.
    whole = f"CREATE OR REPLACE TRIGGER {name}_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {name}()"
    return [*made, whole] if verb == "DELETE" else made
