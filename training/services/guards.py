"""Rules of the tables of machines that the database itself holds and no table constraint can say."""

from typing import Any

from annotations.services import guards

CHECKPOINTS_NEVER_CHANGE = "A checkpoint never changes; it is promoted or archived."
CHECKPOINTS_STAY = "A checkpoint is never deleted; archive it."

_KEEPS = ("model_id", "run_id", "step", "folder", "sha256", "size")
_CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _KEEPS)
# PostgreSQL compares no json, and SQLite keeps it as text
_TEXTS = " OR ".join(f"CAST(NEW.{name} AS text) <> CAST(OLD.{name} AS text)" for name in ("files", "lineage"))
UNCHANGING = (("training_checkpoint", f"{_CHANGED} OR {_TEXTS}", CHECKPOINTS_NEVER_CHANGE),)
KEPT = (("training_checkpoint", "1 = 1", CHECKPOINTS_STAY),)


def keep_guards(using: str = "default", **_: Any) -> None:
    """Nothing; the database refuses updates and deletions that break a guard, with its sentence as the error."""
    guards.keep(using, UNCHANGING, KEPT)
