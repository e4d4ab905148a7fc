"""The demonstrations of a run: kept when it starts, so that a later edit changes no figure."""

import json
from collections.abc import Iterable

from django.utils.translation import gettext

from annotations import access
from annotations.core.config_text import digest
from annotations.models import Candidate, ConfigVersion, User
from annotations.services import demonstrations
from annotations.services.demonstrations import DemonstrationProblem
from training import strategies
from training.models import EvaluationRun, RunDemonstrations

MOST_SHOTS = 15


class ShotsProblem(ValueError):
    """Why a run has nothing to show, and what to do about it."""


def keep(run: EvaluationRun, candidate: Candidate, versions: Iterable[ConfigVersion]) -> None:
    """Nothing; what the candidate's strategy shows under each version is kept with the run, if it shows anything.

    Raises ShotsProblem, once for all configs that have nothing to show, and when whoever starts the run may not read
    the preference set.
    """
    strategy = strategies.load(candidate.strategy)
    if not strategy.shows:
        return
    shots, source = wanted(strategy, candidate.settings)
    refuse_set(run.created_by, source)
    made, missing = [], []
    for version in versions:
        try:
            rows = demonstrations.chosen(version, shots, source, candidate.seed)
        except DemonstrationProblem as problem:
            missing.append(str(problem))
            continue
        whole = json.dumps(rows, ensure_ascii=False, sort_keys=True)
        made.append(RunDemonstrations(run=run, version=version, rows=rows, digest=digest(whole)))
    if missing:
        raise ShotsProblem(" ".join(dict.fromkeys(missing)))
    RunDemonstrations.objects.bulk_create(made)


def refuse_set(person: User | None, source: int) -> None:
    """Nothing for a set the person may read, as its pairs stand on the run's pages; nobody is the command line.

    Raises ShotsProblem, in the same words for a set that does not exist.
    """
    if source and person and not access.preference_sets(person).filter(pk=source).exists():
        raise ShotsProblem(
            gettext("There is no preference set %(source)s that you may read. Its address ends with its number.")
            % {"source": source}
        )


def shortage(run: EvaluationRun) -> list[str]:
    """A sentence for each version of the run for which fewer demonstrations were there than its candidate shows."""
    strategy = strategies.load(run.candidate.strategy)
    if not strategy.shows:
        return []
    shots, _ = wanted(strategy, run.candidate.settings)
    kept = run.demonstrations.select_related("version__config").order_by("version__config__title", "version")
    there = [(row.version.config, len(row.rows)) for row in kept if len(row.rows) < shots]
    return [f"“{config}” has {number} of the {shots} demonstrations to show." for config, number in there]


def wanted(strategy: strategies.Strategy, given: strategies.Settings) -> tuple[int, int]:
    """How many demonstrations stand before a prompt, and where they come from: 0 or the number of a preference set."""
    settings = strategy.read_settings(given)
    return int(settings.get("shots", MOST_SHOTS)), int(settings.get("preference_set", 0))
