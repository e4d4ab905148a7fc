"""Where a stage stands: what came before it, under which settings and which taxonomy."""

from annotations.core import recipe
from annotations.core.recipe import RecipeSettings
from annotations.core.taxonomies import Taxonomy, built_in, of_rows
from annotations.models import TaxonomyVersion
from training.models import Stage


def before(stage: Stage, kind: str) -> Stage:
    """The stage of that kind in the chain that leads to this one, itself included. Raises LookupError without one."""
    at: Stage | None = stage
    while at is not None and at.kind != kind:
        at = at.after
    if at is None:
        raise LookupError(f"No {kind} stage comes before stage {stage.pk}.")
    return at


def whole(stage: Stage) -> list[Stage]:
    """The chain that leads to the stage, from the first to itself."""
    found = [stage]
    while found[0].after is not None:
        found.insert(0, found[0].after)
    return found


def settings(stage: Stage) -> RecipeSettings:
    """The settings the stage was started with. Raises BadRecipe."""
    return recipe.read(stage.settings)


def taxonomy(version: TaxonomyVersion | None) -> Taxonomy:
    """The categories of a taxonomy's version; the built-in ones for None."""
    return of_rows(str(version), version.categories) if version else built_in()


def trained(stage: Stage) -> tuple[str, ...]:
    """The slugs that the stage's training configs draw from."""
    return settings(stage).labelling.trained or taxonomy(stage.taxonomy).trained
