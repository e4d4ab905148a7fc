"""The risk categories of the database, kept equal to the data file."""

from typing import Any

from annotations.core import taxonomy
from annotations.models import RiskCategory


def keep_categories(using: str = "default", **_: Any) -> None:
    """Write every category of the data file by its slug; none is ever deleted, because numbers depend on them."""
    rows = [
        RiskCategory(position=position, **category._asdict()) for position, category in enumerate(taxonomy.categories())
    ]
    fields = ["name", "full_name", "definition", "can_be_allowed", "trained", "position"]
    RiskCategory.objects.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=["slug"], update_fields=fields
    )
