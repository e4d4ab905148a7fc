"""Rules of the tables of machines that the database itself holds and no table constraint can say."""

from typing import Any

from annotations.services import guards

CHECKPOINTS_NEVER_CHANGE = "A checkpoint never changes; it is promoted or archived."
CHECKPOINTS_STAY = "A checkpoint is never deleted; archive it."
DEPLOYMENTS_STAY_RETIRED = "A retired deployment never comes back, and none changes its address; make a new one."
DEPLOYMENTS_STAY = "A deployment is never deleted; retire it."
KEYS_STAY_REVOKED = "A key keeps its secret and its place, and a revoked one never comes back; make a new one."
KEYS_STAY = "A key is never deleted; revoke it."

_KEEPS = ("model_id", "run_id", "step", "folder", "sha256", "size")
_CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _KEEPS)
# PostgreSQL compares no json, and SQLite keeps it as text
_TEXTS = " OR ".join(f"CAST(NEW.{name} AS text) <> CAST(OLD.{name} AS text)" for name in ("files", "lineage"))
UNCHANGING = (
    ("training_checkpoint", f"{_CHANGED} OR {_TEXTS}", CHECKPOINTS_NEVER_CHANGE),
    (
        "training_deployment",
        "OLD.retired_at IS NOT NULL OR NEW.slug <> OLD.slug OR NEW.organisation_id <> OLD.organisation_id",
        DEPLOYMENTS_STAY_RETIRED,
    ),
    (
        "training_apikey",
        "NEW.digest <> OLD.digest OR NEW.organisation_id <> OLD.organisation_id"
        " OR COALESCE(NEW.deployment_id, 0) <> COALESCE(OLD.deployment_id, 0)"
        " OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)",
        KEYS_STAY_REVOKED,
    ),
)
KEPT = (
    ("training_checkpoint", "1 = 1", CHECKPOINTS_STAY),
    ("training_deployment", "1 = 1", DEPLOYMENTS_STAY),
    ("training_apikey", "1 = 1", KEYS_STAY),
)


def keep_guards(using: str = "default", **_: Any) -> None:
    """Nothing; the database refuses updates and deletions that break a guard, with its sentence as the error."""
    guards.keep(using, UNCHANGING, KEPT)
