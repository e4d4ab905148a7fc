"""The dataset card and the manifest of a preference set as it stands."""

from collections.abc import Sequence
from typing import Any

from annotations.core import preference_card
from annotations.core.preference_card import Facts
from annotations.exports._training import EVERY, Column
from annotations.models import PreferenceSet
from annotations.services import leakage


def card(row: PreferenceSet, *, columns: Sequence[Column] = EVERY, note: str = "") -> str:
    """The card in Markdown; it changes when the set is compared with benchmarks again, or overruled.

    `columns` are those of the shape it goes with, and `note` says what shape that is.
    """
    facts = Facts(
        title=row.title,
        about="\n\n".join(part for part in (row.about, note) if part),
        licence=row.licence,
        source=row.source,
        rows=row.rows,
        splits=row.splits,
        figures=row.figures,
        manifest=row.manifest,
        leaks=leakage.words(row),
        sha256=row.sha256,
        size=row.size,
        columns=columns,
    )
    return preference_card.card(facts)


def manifest(row: PreferenceSet) -> dict[str, Any]:
    """The manifest as it was frozen, and what is known of leaks since; a set older than manifests has less."""
    told = row.manifest or {
        "title": row.title,
        "origin": row.origin,
        "source": row.source,
        "licence": row.licence,
        "file": {"sha256": row.sha256, "bytes": row.size, "rows": row.rows},
        "splits": row.splits,
    }
    overruled = {
        "why": row.overruled_why,
        "by": str(row.overruled_by),
        "at": row.overruled_at.isoformat() if row.overruled_at else None,
    }
    return {**told, "leaks": row.leaks, "overruled": overruled if row.overruled_at else None}
