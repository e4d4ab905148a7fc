"""What a database holds, in figures that two copies of it must share."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cosa_web.backup.manifest import File, Manifest, Table

Ask = Callable[[str], Iterable[tuple[Any, ...]]]
EMPTIED = ("django_session",)
"""Open log-ins are left out: who has the key of one is that person, and they are over soon anyway."""
MARKS = ("annotations_user", "annotations_safetyconfig", "annotations_benchmark", "annotations_languagemodel")
"""Tables that migrations leave empty, and that are empty wherever nobody has begun."""
MODULUS = 1 << 64


class Facts(NamedTuple):
    """A database in figures; the fields mean what they mean in the manifest."""

    version: str
    tables: dict[str, Table]
    migrations: tuple[str, ...]
    things: str
    sealed: int
    artifacts: dict[str, File]


def of(ask: Ask, version: str, tables: dict[str, Table], things: Iterable[tuple[Any, ...]]) -> Facts:
    """The facts of the database that answers `ask`."""
    applied = ask("SELECT app, name FROM django_migrations") if "django_migrations" in tables else ()
    sealed, artifacts = 0, {}
    if "annotations_artifact" in tables:
        rows = ask("SELECT key, kind, bytes, sha256 FROM annotations_artifact ORDER BY key")
        artifacts = {key: File(kind, size, sha256) for key, kind, size, sha256 in rows}
        ((sealed,),) = ask("SELECT COUNT(*) FROM annotations_languagemodel WHERE sealed_key <> ''")
    names = sorted("|".join(map(str, one)) for one in things)
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    return Facts(version, tables, tuple(sorted({f"{app}.{name}" for app, name in applied})), digest, sealed, artifacts)


def differences(manifest: Manifest, facts: Facts) -> list[str]:
    """A line for each thing of the database that is not as the manifest says; empty when all is."""
    lines = []
    for name in sorted(manifest.tables.keys() | facts.tables.keys()):
        wanted, found = manifest.tables.get(name), facts.tables.get(name)
        if wanted != found:
            lines.append(f"table {name}: {_told(wanted)} in the manifest, {_told(found)} here")
    if manifest.migrations != facts.migrations:
        lines.append("migrations: those that were applied are not those of the manifest")
    if manifest.things != facts.things:
        lines.append("rules: indexes, constraints or triggers are not those of the manifest")
    return lines


def _told(table: Table | None) -> str:
    return f"{table.rows:,} rows ({table.digest[:8]})" if table else "no such table"
