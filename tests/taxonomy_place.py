"""A taxonomy of an organisation's own, published."""

from annotations.models import TaxonomyVersion
from annotations.services import taxonomies
from tests.factories import make_organisation, make_person

FIELDS = ("slug", "name", "full_name", "definition", "trained")
ROWS = [
    dict(zip(FIELDS, values, strict=True))
    for values in (
        ("maps", "Maps", "Maps of places", "Where somebody is.", True),
        ("walls", "Walls", "Walls of towns", "How a wall is made.", False),
    )
]


def make_taxonomy(title: str = "Ours") -> TaxonomyVersion:
    """Version 1 of a new taxonomy."""
    about = {"title": title, "about": ""}
    draft = taxonomies.create(organisation=make_organisation(), about=about, rows=ROWS, actor=make_person())
    return taxonomies.publish(draft=draft, revision=draft.revision, note="First.", actor=make_person())
