"""Preference sets on their way to a training program: a shape, a format, all splits or one of them."""

from django.utils.text import slugify

from annotations import exports
from annotations.exports import Table, _training
from annotations.exports._pair_rows import SPLIT
from annotations.exports._training import SHAPES, TARGETS, Column, Wanted
from annotations.models import PreferenceSet
from annotations.queries import preference_card
from annotations.services.preferences import path

SPLIT_COLUMN = Column(SPLIT, "text", "the part of the set it belongs to")
ONE_EACH = "Each system prompt and prompt has one row in a split: {target}."
LONGEST_NAME = 60


def formats(shape: str) -> list[tuple[str, str]]:
    """Names and labels of the formats that can hold the shape."""
    return [(name, exports.load(name).LABEL) for name in SHAPES[shape].formats]


def table(row: PreferenceSet, wanted: Wanted, *, divided: bool = False) -> Table:
    """The pairs of a finished set in the shape that is wanted, the splits one after the other.

    The name of the split stands in front of each row; of one split alone it is left out, unless `divided` says that
    the format puts it into the names of files. Raises OSError when the set's file is not there.
    """
    file = path(row)
    columns = (SPLIT_COLUMN, *_training.columns(file, wanted.shape))
    taken = _training.take(file, wanted)
    rows = taken.rows if divided or not wanted.split else (values[1:] for values in taken.rows)
    shown = columns if divided or not wanted.split else columns[1:]
    return Table(
        columns=tuple(column.name for column in shown),
        rows=rows,
        name=_name(row, wanted),
        split=SPLIT if divided else "",
        card=preference_card.card(row, columns=columns[1:], note=_note(wanted)),
        types=tuple(column.type for column in shown),
        counts=taken.counts,
    )


def _name(row: PreferenceSet, wanted: Wanted) -> str:
    title = slugify(row.title)[:LONGEST_NAME] or f"preferences-{row.pk}"
    shape = "" if wanted.shape == _training.PAIRS else wanted.shape.replace("_", "-")
    return "-".join(part for part in (title, shape, slugify(wanted.split)) if part)


def _note(wanted: Wanted) -> str:
    shape = SHAPES[wanted.shape]
    target = ONE_EACH.format(target=TARGETS[wanted.target]) if shape.one_each else ""
    return f"{shape.about} {target}".strip()
