"""What a loop would take, before it is launched: steps and time of each stage, calls and money of both evaluations."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from annotations.models import LanguageModel, PreferenceSet, User
from training.recipes.settings import BadSettings
from training.services import estimate
from training.services.estimate import Estimate
from training.services.run_items import RunProblem
from training.services.trainer import ground
from training.services.trainer.loop_steps import SAMPLING, WORDS
from training.services.trainer.loops import Evaluated, LoopProblem, Trained


class LoopEstimate(NamedTuple):
    """The stages by their words, each as `ground.estimated` tells it, and both evaluations together.

    The trained model does not exist yet, so the base stands for it.
    """

    stages: list[tuple[str, dict[str, Any]]]
    evaluation: Estimate

    @property
    def seconds(self) -> float | None:
        """How long the training takes; None where it is not known of a stage."""
        known = [told["seconds"] for _, told in self.stages]
        return None if None in known else sum(known)


def estimated(
    *,
    base: LanguageModel,
    preference_set: PreferenceSet,
    trained: Trained,
    evaluated: Evaluated,
    judged_by: Sequence[tuple[str, LanguageModel | None]],
    actor: User | None,
) -> LoopEstimate:
    """What the loop would take; nothing is stored. Raises LoopProblem for what could not be."""
    terms = evaluated.terms()
    asked = estimate.Asked(base, settings={}, **{name: terms[name] for name in SAMPLING})
    where = {name: getattr(evaluated, name) for name in ("benchmark", "release", "per_kind", "samples", "use_cache")}
    chosen = {"sft": trained.sft, "dpo": trained.dpo}
    try:
        stages = [
            (WORDS[kind], ground.estimated(ground.Asked(kind, one, base, preference_set, trained.node, trained.gpus)))
            for kind, one in chosen.items()
            if one
        ]
        both = estimate.estimate(candidates=[asked, asked], judged_by=judged_by, actor=actor, **where)
    except (BadSettings, RunProblem) as problem:
        raise LoopProblem(str(problem)) from problem
    return LoopEstimate(stages, both)
