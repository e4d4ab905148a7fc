"""The step that freezes: built pairs and people's, mixed, compared with benchmarks, and kept as a preference set."""

from collections.abc import Iterator
from itertools import chain as one_after_another
from pathlib import Path
from typing import cast

from django.db import transaction

from annotations.core.preference_pairs import Pair
from annotations.core.recipe import RecipeSettings
from annotations.models import PreferenceSet
from annotations.models.work import FINISHED
from annotations.services import freezing, human_pairs, leakage, pair_files, preferences
from annotations.services.chores import ChoreProblem, Hold
from annotations.services.freezing import Frozen
from training.models import Stage
from training.models.recipes import PAIR
from training.services.building import chain, lineage

GONE = "The file of pairs of stage {stage} is gone. Build the pairs again from there."


def job(hold: Hold) -> str:
    """Finished, once the set is there with its file, its manifest and what of it stands in benchmarks.

    Raises ChoreProblem when there is nothing to freeze, BadRecipe, Stopped.
    """
    stage = cast(Stage, hold.row)
    if stage.preference_set_id:
        return FINISHED
    part = pair_files.part(f"stage-{stage.pk}", hold.fence)
    try:
        frozen = _freeze(hold, stage, part)
        leaks = leakage.check(part, stage.organisation_id, lambda done, total: hold.beat(done, total))
        hold.beat(frozen.written.rows, now=True)  # whoever was stopped meanwhile leaves no file
        pair_files.keep(part, frozen.written)
    finally:
        part.unlink(missing_ok=True)
    _keep(hold, stage, frozen, leaks)
    return FINISHED


def _freeze(hold: Hold, stage: Stage, part: Path) -> Frozen:
    settings = chain.settings(stage)
    return freezing.freeze(
        part,
        _rows(stage, settings),
        beat=hold.beat,
        taxonomy=chain.taxonomy(stage.taxonomy),
        shares=settings.mixture,
        seed=settings.seed,
    )


def _rows(stage: Stage, settings: RecipeSettings) -> Iterator[Pair]:
    """Pairs of the kinds that have a share: the built ones first, in the order of their file, then people's."""
    source = chain.before(stage, PAIR)
    file = pair_files.path(source.sha256)
    if not file.is_file():
        raise ChoreProblem(GONE.format(stage=source.pk))
    mixture = settings.mixture
    built = pair_files.read(file) if mixture.built else iter(())
    peoples = human_pairs.rows(mixture.campaigns, settings.weights) if mixture.people else iter(())
    return one_after_another(built, peoples)


@transaction.atomic
def _keep(hold: Hold, stage: Stage, frozen: Frozen, leaks: dict[str, object]) -> None:
    recipe = stage.recipe
    row = PreferenceSet(
        organisation=stage.organisation,
        title=f"{recipe.title[:270]}, set {stage.pk}",
        about=recipe.about,
        licence=recipe.benchmark.licence,
        source=f"Recipe “{recipe.title}”"[:300],
        settings=stage.settings,
        created_by=stage.created_by,
    )
    told = lineage.of(stage)
    made = preferences.built(row=row, frozen=frozen, lineage=told, taxonomy=chain.taxonomy(stage.taxonomy), leaks=leaks)
    figures = frozen.law | {"splits": frozen.splits, "moved": frozen.moved, "leaks": leakage.found(made)}
    hold.save(preference_set=made, figures=figures, done=made.rows, total=made.rows)
